"""Hold what a user asked for, by flags or by inputs, as one typed value."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carbon_lint.errors import PlaceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carbon_lint.limits import MaxIncrease, Source

FLAG = "--{}"
INPUT = "input {!r}"
"""How a front end spells an option: `--location` or `input 'location'`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a front end was given. `None`, empty or False is "not given".

    Attributes:
        spelling: how the front end spells an option (`FLAG`, `INPUT`).
        typed: option name -> the text that the user typed for it.
        carbon_intensity: g/kWh.
        publishes: the card goes to the Hub, so the run must state grams.
        grid_token_hint: what to do if a grid is named without its token.
        ledger: folder or URL of the ledger; the front end has read its variable.
        uncertainty: a fraction for every modelled component, instead of the gate's own.
    """

    spelling: str = FLAG
    typed: Mapping[str, str] = field(default_factory=dict)
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
    training_type: str | None = None
    publishes: bool = False
    pass_env: tuple[str, ...] = ()

    def named(self, option: str) -> str:
        """Return the option as the user typed it: `--location` or `input 'location'`."""
        return self.spelling.format(option)

    def source(self, option: str) -> str:
        """Return the option as the source of a value: `--max-emissions` or `input max-emissions`."""
        return self.named(option).replace("'", "")


@contextmanager
def naming(option: str, value: str | None = None, *, where: str | None = None) -> Iterator[None]:
    """Raise an error in the value of an option as one about that option; `where` is the line that states it."""
    try:
        yield
    except (UsageError, PlaceError) as error:
        if where is not None:
            raise error.again(message=f"{where}: {error.message}", option=None) from error
        raise error.again(option=option, value=value) from error
