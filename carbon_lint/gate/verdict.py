"""What the gate says of a record. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

INCREASE = "max-increase"
"""The limit on what a run takes more than its baseline."""


class Status(StrEnum):
    """`inconclusive`: the verdict depends on an estimated part, within its stated error."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one run, each with its source: a flag, an input, or a line of the configuration. `None` is no limit."""

    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None
    emissions_source: str | None = field(default=None, compare=False)
    energy_source: str | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        """True if there is any limit."""
        return self.max_emissions_g is not None or self.max_energy_kwh is not None

    def tightened(self, other: Budget) -> Budget:
        """Take the smaller of two limits each; of two equal ones this budget's."""
        emissions = _tighter(
            (self.max_emissions_g, self.emissions_source), (other.max_emissions_g, other.emissions_source)
        )
        energy = _tighter((self.max_energy_kwh, self.energy_source), (other.max_energy_kwh, other.energy_source))
        return Budget(
            max_emissions_g=emissions[0],
            max_energy_kwh=energy[0],
            emissions_source=emissions[1],
            energy_source=energy[1],
        )


def _tighter(
    mine: tuple[float | None, str | None], other: tuple[float | None, str | None]
) -> tuple[float | None, str | None]:
    if other[0] is None or (mine[0] is not None and mine[0] <= other[0]):
        return mine
    return other


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitResult:
    """One limit against what was measured, both in `unit` (`g` or `kWh`).

    Attributes:
        source: who set the limit: `--max-emissions`, `input max-emissions`, `carbon-lint.toml:3`.
        estimated_share: the part of `measured` that no sensor read, 0 to 1; `None` if that is not known.
        below: by how much the truth may lie below `measured`, in `unit`.
        above: by how much the truth may lie above `measured`, in `unit`.
    """

    name: str  # max-emissions | max-energy | max-increase
    unit: str
    measured: float
    allowed: float
    source: str | None = field(default=None, compare=False)
    estimated_share: float | None = field(default=None, compare=False)
    below: float = field(default=0.0, compare=False)
    above: float = field(default=0.0, compare=False)

    @property
    def margin(self) -> float:
        """What is left, in `unit`; negative when over."""
        return self.allowed - self.measured

    @property
    def is_over(self) -> bool:
        """True if more was measured than is allowed."""
        return self.measured > self.allowed

    @property
    def status(self) -> Status:
        """What this limit alone comes to: inconclusive if the truth may lie on its other side."""
        if abs(self.margin) < (self.below if self.is_over else self.above):
            return Status.INCONCLUSIVE
        return Status.FAIL if self.is_over else Status.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer: the worst of its limits."""

    status: Status
    limits: tuple[LimitResult, ...]
    reasons: tuple[str, ...] = ()
