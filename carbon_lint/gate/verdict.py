"""Hold what the gate says of a record. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from carbon_lint.records.uncertainty import Bounds

INCREASE = "max-increase"
"""The limit on what a run takes more than its baseline."""


class Status(StrEnum):
    """`pass`: the whole range is within the limit; `fail`: the whole range is over it; `inconclusive`: neither."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


def worst(*statuses: Status) -> Status:
    """Return the status of a verdict on limits that come to these."""
    return next(each for each in (Status.FAIL, Status.INCONCLUSIVE, Status.PASS) if each in statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one run, each with its source: a flag, an input, a line of the configuration. `None` means no limit."""

    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None
    emissions_source: str | None = field(default=None, compare=False)
    energy_source: str | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        """Return whether there is any limit."""
        return self.max_emissions_g is not None or self.max_energy_kwh is not None

    def tightened(self, other: Budget) -> Budget:
        """Take the smaller of two limits each; of two equal ones this budget's."""
        tighter = self
        if _is_tighter(other.max_emissions_g, self.max_emissions_g):
            tighter = replace(tighter, max_emissions_g=other.max_emissions_g, emissions_source=other.emissions_source)
        if _is_tighter(other.max_energy_kwh, self.max_energy_kwh):
            tighter = replace(tighter, max_energy_kwh=other.max_energy_kwh, energy_source=other.energy_source)
        return tighter


def _is_tighter(limit: float | None, than: float | None) -> bool:
    return limit is not None and (than is None or limit < than)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitResult:
    """One limit against what was measured, both in `unit` (`g` or `kWh`).

    Attributes:
        source: who set the limit: `--max-emissions`, `input max-emissions`, `carbon-lint.toml:3`.
        measured_share: the part of `measured` that a sensor read, 0 to 1; `None` if that is not known.
        bounds: the least and the most that it may be, in `unit`; `None` holds the figure as it stands.
        is_of_window: it limits all runs of a window of time together, and not one run.
        is_incomplete: a run has no figure, so more was used than `measured` says.
    """

    name: str  # max-emissions | max-energy | max-increase | `budget NAME, PERIOD`
    unit: str
    measured: float
    allowed: float
    source: str | None = field(default=None, compare=False)
    measured_share: float | None = field(default=None, compare=False)
    bounds: Bounds | None = field(default=None, compare=False)
    is_of_window: bool = False
    is_incomplete: bool = False

    @property
    def margin(self) -> float:
        """Return what is left, in `unit`; negative if over."""
        return self.allowed - self.measured

    def is_exceeded_by(self, amount: float) -> bool:
        """Return whether an amount in `unit` is over the limit: the one comparison by which runs are judged."""
        return amount > self.allowed

    @property
    def is_over(self) -> bool:
        """Return whether more was measured than is allowed."""
        return self.is_exceeded_by(self.measured)

    @property
    def status(self) -> Status:
        """Return what this limit alone comes to: inconclusive if the truth may lie on its other side."""
        low = self.measured if self.bounds is None else min(self.bounds.low, self.measured)
        high = self.measured if self.bounds is None else max(self.bounds.high, self.measured)
        if self.is_exceeded_by(low):
            return Status.FAIL
        return Status.INCONCLUSIVE if self.is_exceeded_by(high) or self.is_incomplete else Status.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer: the worst of its limits."""

    status: Status
    limits: tuple[LimitResult, ...]
    reasons: tuple[str, ...] = ()
