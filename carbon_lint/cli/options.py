"""Turn the flags of a verb into the options of the pipeline."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from carbon_lint.errors import UsageError
from carbon_lint.limits import parse_age_s, parse_max_increase, parse_source
from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
from carbon_lint.pipeline.options import FLAG, Options, naming
from carbon_lint.text import quoted
from carbon_lint.units import parse_duration_s, parse_emissions_g, parse_energy_kwh, parse_power_w


def options_from(arguments: Namespace, *, without: tuple[str, ...] = ()) -> Options:
    """Return what the flags of any verb ask for, `without` those that mean something else to it. Raises UsageError."""
    typed = {
        name.replace("_", "-"): text
        for name, text in vars(arguments).items()
        if name in _PARSERS and isinstance(text, str)
    }
    values: dict[str, Any] = {}
    for name, (attribute, parse) in _PARSERS.items():
        text = None if name in without else getattr(arguments, name, None)
        if text is not None:
            with naming(name.replace("_", "-"), typed.get(name.replace("_", "-"))):
                values[attribute] = parse(text)
    return Options(
        spelling=FLAG,
        typed=typed,
        grid_token=os.environ.get(GRID_TOKEN_VARIABLE),
        grid_token_hint=f"set {GRID_TOKEN_VARIABLE}, or use --location FRA",
        **values,
    )


def number(text: str) -> float:
    """Read a number. Raises UsageError."""
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{quoted(text)} is not a number", hint="write a number, like 1.2") from None


def fraction(text: str) -> float:
    """Read `'20%'` as 0.2. Raises UsageError unless it is a percentage of zero or more."""
    percent = number(text.removesuffix("%")) if text.endswith("%") else -1.0
    if not 0 <= percent < float("inf"):
        raise UsageError(f"{quoted(text)} is not a percentage", hint="write it like --uncertainty 20%")
    return percent / 100


def _itself(value: Any) -> Any:
    return value


_PARSERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "location": ("location", _itself),
    "carbon_intensity": ("carbon_intensity", number),
    "intensity_source": ("intensity_source", _itself),
    "electricity_maps": ("electricity_maps", _itself),
    "allow_unusual_intensity": ("allow_unusual_intensity", bool),
    "energy_only": ("energy_only", bool),
    "pue": ("pue", number),
    "cpu_power": ("cpu_power_w", parse_power_w),
    "ram_power": ("ram_power_w", parse_power_w),
    "require": ("require", tuple),
    "max_emissions": ("max_emissions_g", parse_emissions_g),
    "max_energy": ("max_energy_kwh", parse_energy_kwh),
    "max_increase": ("max_increase", lambda text: parse_max_increase(text, "--max-increase")),
    "baseline": ("baseline", parse_source),
    "baseline_max_age": ("baseline_max_age_s", parse_age_s),
    "baseline_card": ("baseline_card", _itself),
    "ledger": ("ledger", _itself),
    "uncertainty": ("uncertainty", fraction),
    "on_exceed": ("on_exceed", _itself),
    "stop_when": ("stop_when", _itself),
    "on_unmeasured": ("on_unmeasured", _itself),
    "on_modelled": ("on_modelled", _itself),
    "grace": ("grace_s", parse_duration_s),
    "tick": ("tick_s", parse_duration_s),
    "forecast": ("forecast", bool),
    "remote_ok": ("remote_ok", bool),
    "leave_containers": ("leave_containers", bool),
    "expected_duration": ("expected_duration_s", parse_duration_s),
    "record": ("record", _itself),
    "run_group": ("run_group", _itself),
    "budget_folder": ("budget_folder", _itself),
    "card": ("card", _itself),
    "training_type": ("training_type", _itself),
    "pass_env": ("pass_env", tuple),
}
"""Flag (as argparse stores it) -> attribute of `Options`, and how its text is read."""
