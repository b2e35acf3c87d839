"""What the gate says of a record. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """`inconclusive`: the verdict hangs on a modelled part within its stated uncertainty."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one run. `None` is no limit."""

    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None

    def __bool__(self) -> bool:
        """True where there is any limit."""
        return self.max_emissions_g is not None or self.max_energy_kwh is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitResult:
    """One limit against what was measured, both in `unit` (`g` or `kWh`)."""

    name: str  # max-emissions | max-energy
    unit: str
    measured: float
    allowed: float

    @property
    def margin(self) -> float:
        """What is left, in `unit`; negative when over."""
        return self.allowed - self.measured

    @property
    def is_over(self) -> bool:
        """True where more was measured than is allowed."""
        return self.measured > self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer: the worst of its limits."""

    status: Status
    limits: tuple[LimitResult, ...]
    reasons: tuple[str, ...] = ()
