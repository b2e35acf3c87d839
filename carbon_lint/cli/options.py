"""Turn the flags of a verb into the options of the pipeline."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from carbon_lint.errors import UsageError
from carbon_lint.limits import parse_age_s, parse_max_increase, parse_source
from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
from carbon_lint.pipeline.options import FLAG, Options, naming, option_of
from carbon_lint.text import quoted
from carbon_lint.units import check_pue, parse_duration_s, parse_emissions_g, parse_energy_kwh, parse_power_w


def options_from(arguments: Namespace, *, without: tuple[str, ...] = ()) -> Options:
    """Return what the flags of any verb ask for, `without` those that mean something else to it. Raises UsageError."""
    typed: dict[str, str] = {}
    values: dict[str, Any] = {}
    for field in fields(Options):
        option = option_of(field.name)
        name = option.replace("-", "_")
        given = None if name in without else getattr(arguments, name, None)
        if given is None:
            continue
        if isinstance(given, str):
            typed[option] = given
        with naming(option, typed.get(option)):
            values[field.name] = _PARSERS[field.name](given) if field.name in _PARSERS else given
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


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "carbon_intensity": number,
    "pue": lambda text: check_pue(number(text)),
    "cpu_power_w": parse_power_w,
    "ram_power_w": parse_power_w,
    "require": tuple,
    "max_emissions_g": parse_emissions_g,
    "max_energy_kwh": parse_energy_kwh,
    "max_increase": lambda text: parse_max_increase(text, "--max-increase"),
    "baseline": parse_source,
    "baseline_max_age_s": parse_age_s,
    "uncertainty": fraction,
    "grace_s": parse_duration_s,
    "tick_s": parse_duration_s,
    "expected_duration_s": parse_duration_s,
    "pass_env": tuple,
}
"""Field of `Options` -> how its flag is read; a flag that is not here is taken as it is."""
