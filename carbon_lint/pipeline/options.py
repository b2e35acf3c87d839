"""Hold what a front end hands in: what the user asked for, by flags or by inputs, and what it alone knows."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import chain, count
from typing import Any, Protocol

from carbon_lint.config import Settings
from carbon_lint.config_keys import KEYS
from carbon_lint.errors import PlaceError, UsageError
from carbon_lint.limits import BudgetException, MaxIncrease, Source, parse_max_increase
from carbon_lint.records.comparable import Identity
from carbon_lint.records.ledger_url import LEDGER_FOLDER
from carbon_lint.records.record import Record
from carbon_lint.records.storage import is_url
from carbon_lint.text import quoted
from carbon_lint.units import check_intensity, check_pue, parse_duration_s

FLAG = "--{}"
INPUT = "input {!r}"
ARGUMENT = "{}"
"""How a front end spells an option: `--run-group`, `input 'run-group'` or, in Python, `run_group`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a front end was given. `None`, empty or False is "not given".

    Attributes:
        spelling: how the front end spells an option (`FLAG`, `INPUT`, `ARGUMENT`).
        typed: option name -> the text that the user typed for it.
        carbon_intensity: g/kWh.
        publishes: the card goes to the Hub, so the run must state grams.
        grid_token_hint: what to do if a grid is named without its token.
        ledger: folder or URL of the ledger; the front end has read its variable.
        uncertainty: a fraction for every modelled component, instead of the gate's own.
    """

    spelling: str = FLAG
    typed: Mapping[str, str] = field(default_factory=dict, compare=False)
    location: str | None = None
    carbon_intensity: float | None = None
    intensity_source: str | None = None
    allow_unusual_intensity: bool = False
    electricity_maps: str | None = None
    grid_token: str | None = field(default=None, repr=False)
    grid_token_hint: str | None = None
    energy_only: bool = False
    pue: float | None = None
    cpu_power_w: float | None = None
    ram_power_w: float | None = None
    require: tuple[str, ...] = ()
    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None
    max_increase: MaxIncrease | None = None
    baseline: Source | None = None
    baseline_max_age_s: float | None = None
    baseline_card: str | None = None
    ledger: str | None = None
    uncertainty: float | None = None
    on_exceed: str | None = None
    stop_when: str | None = None
    remote_ok: bool = False
    leave_containers: bool = False
    on_unmeasured: str | None = None
    on_modelled: str | None = None
    grace_s: float | None = None
    tick_s: float = 1.0
    forecast: bool = False
    expected_duration_s: float | None = None
    budget_folder: str | None = None
    record: str | None = None
    run_group: str | None = None
    card: str | None = None
    card_body: bool = False
    training_type: str | None = None
    publishes: bool = False
    pass_env: tuple[str, ...] = ()

    def named(self, option: str) -> str:
        """Return the option as the user typed it: `--run-group`, `input 'run-group'` or `run_group`."""
        return self.spelling.format(option.replace("-", "_") if self.spelling == ARGUMENT else option)

    def source(self, option: str) -> str:
        """Return the option as the source of a value: `--max-emissions` or `input max-emissions`."""
        return self.named(option).replace("'", "")


class Files(Protocol):
    """Reads what a baseline names: on a pull request the merge base's, so that no baseline is raised on the way."""

    def card(self, name: str) -> tuple[bytes | None, str]:
        """Return a card and how to call it; `None` if it is not there."""

    def record(self, name: str) -> tuple[Record | None, str]:
        """Return a record and how to call it; `None` if it is not there. Raises InputError for what is not a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What only the front end knows.

    Attributes:
        run: which runs the run can be compared with.
        environ: for the Hub and the ledger.
        ledger_folder: the ledger if the user names none.
        exceptions: the front end's own, as by a label.
        only_own_group: see RunPlan.
        needs_windows: the budgets of windows must be judged, so a ledger that is not there is an error.
        record_path, card: the paths, checked by the front end.
        default_group: the run group if neither option nor configuration names one.
    """

    run: Identity
    environ: Mapping[str, str]
    is_measuring: bool = True
    files: Files | None = None
    hub_token: str | None = None
    ledger_folder: str = LEDGER_FOLDER
    exceptions: tuple[BudgetException, ...] = ()
    only_own_group: bool = False
    needs_windows: bool = False
    record_path: str | None = None
    card: str | None = None
    default_group: str | None = None


def option_of(field: str) -> str:
    """Return the option that a field of `Options` holds: `max-emissions` for `max_emissions_g`."""
    return re.sub("_(g|kwh|s|w)$", "", field).replace("_", "-")


def read_options(given: Mapping[str, Any], **own: Any) -> Options:
    """Read what a front end was given for each option: a text, or a value that needs no reading.

    `given` has the names of options, with `_`; `own` are fields of `Options` that no option states. Raises UsageError
    that names the option.
    """
    typed: dict[str, str] = {}
    values: dict[str, Any] = {}
    for each in fields(Options):
        option = option_of(each.name)
        value = given.get(option.replace("-", "_"))
        if value is None:
            continue
        if isinstance(value, str):
            typed[option] = value
        with naming(option, typed.get(option)):
            values[each.name] = PARSERS[each.name](value) if each.name in PARSERS else value
            if values[each.name] is None:  # of another type, as Python can give: it must not pass for "not given"
                raise UsageError(f"{quoted(str(value))} is of a type that is not read", hint="write it as a text")
    return Options(typed=typed, **values, **own)


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
        raise UsageError(f"{quoted(text)} is not a percentage", hint="write it like 20%")
    return percent / 100


_AS_CONFIGURED = (
    *("cpu-power", "ram-power", "require", "max-emissions", "max-energy", "baseline", "baseline-max-age"),
    *("on-exceed", "stop-when", "on-modelled", "grace"),
)
PARSERS: dict[str, Callable[[Any], Any]] = {
    **{KEYS[name].attribute: KEYS[name].kind.read for name in _AS_CONFIGURED},
    "carbon_intensity": lambda text: check_intensity(number(text)),
    "pue": lambda text: check_pue(number(text)),
    "max_increase": parse_max_increase,
    "on_unmeasured": KEYS["on-exceed"].kind.read,
    "uncertainty": fraction,
    "tick_s": parse_duration_s,
    "expected_duration_s": parse_duration_s,
    "pass_env": tuple,
}
"""Field of `Options` -> how its text is read; what is not here is taken as it is."""


@contextmanager
def naming(option: str, value: str | None = None, *, configured: Settings | None = None) -> Iterator[None]:
    """Raise an error in the value of an option as one about that option, or about the line of `configured`."""
    try:
        yield
    except (UsageError, PlaceError) as error:
        if configured is not None:
            raise configured.placed(option, error) from error
        raise error.again(option=option, value=value) from error


LEAST_TICK_S = 0.01
MOST_TICK_S = 60.0  # a package's RAPL counter of 65 kJ wraps within 5 minutes, and may do so once between two readings


def check_tick(options: Options) -> None:
    """Raise UsageError if the time between two readings is too short or too long."""
    if LEAST_TICK_S <= options.tick_s <= MOST_TICK_S:
        return
    typed = options.typed.get("tick", f"{options.tick_s:g}s")
    is_short = options.tick_s < LEAST_TICK_S
    raise UsageError(
        f"{options.named('tick')} {typed!r} is too {'short' if is_short else 'long'}",
        hint="a reading takes 1 to 15 ms; 1s is plenty"
        if is_short
        else f"limits are checked once per tick: use {MOST_TICK_S:g}s or less",
    )


def record_path_of(text: str | None, option: str) -> str | None:
    """Return the record's file: a folder means a file of its own in it, so that every node can be given the same.

    Raises UsageError for a URL.
    """
    if text is not None and is_url(text):
        url = text if text.endswith(".json") else f"{text.rstrip('/')}/NAME.json"
        raise UsageError(
            f"{option} {quoted(text)}: the journal beside it is written while the job runs, so it lies on this machine",
            hint=f"use r.json, and when the job has ended: carbon-lint merge r.json -o {url}",
        )
    if text is None or not (text.endswith(os.sep) or os.path.isdir(text)):
        return text
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    base = os.path.join(text, f"{platform.node() or 'node'}-{stamp}-{os.getpid()}")
    names = chain([f"{base}.json"], (f"{base}-{number}.json" for number in count(2)))
    return next(name for name in names if not os.path.exists(name))
