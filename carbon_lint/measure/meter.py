"""What the loop asks of a meter. CodeCarbon and the replay of a recording stand behind the same three calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from carbon_lint.records.record import CodeCarbonEnergy, Energy, Hardware, Intensity, Methods
    from carbon_lint.records.uncertainty import Assumptions, Uncertainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Cumulative since `start()`.

    Attributes:
        elapsed_s: seconds on a monotonic clock.
        energy_kwh: by component, PUE included; `None` where not measured.
        emissions_g: `None` if no intensity is known (an energy-only run).
        power_w: mean power over the last interval, all components; `None` before the second reading.
        intensity: if an hour of it is new, that hour and the one before, for the journal; else `None`.
        uncertainty: the bounds of the figures; `None` if they follow from the methods (`records.ranges`).
        assumptions: what the modelled figures were computed from.
        codecarbon: what CodeCarbon's own models give.
        job_cpu_s: CPU seconds of the job's own processes.
        machine_cpu_s: busy CPU seconds of the threads that are counted.
    """

    elapsed_s: float
    energy_kwh: Energy
    emissions_g: float | None
    power_w: float | None = None
    intensity: Intensity | None = None
    uncertainty: Uncertainty | None = None
    assumptions: Assumptions | None = None
    codecarbon: CodeCarbonEnergy | None = None
    job_cpu_s: float | None = None
    machine_cpu_s: float | None = None


class Meter(Protocol):
    """Counts from `start()` to `stop()`. Not thread-safe: one loop drives it.

    `last_failure` says why the last reading was `None`.
    """

    last_failure: str | None

    @property
    def intensity(self) -> Intensity | None:
        """That of the last reading; `None` where energy only is measured."""

    @property
    def pue(self) -> float:
        """Power usage effectiveness."""

    @property
    def hardware(self) -> Hardware:
        """What is counted."""

    @property
    def methods(self) -> Methods:
        """How it is counted."""

    @property
    def software(self) -> dict[str, str]:
        """What counts it, name -> version."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the number should know; may grow while it counts."""

    def start(self) -> None:
        """Begin to count. Raises MeasurementError where no trustworthy number could come of it."""

    def read(self) -> Reading | None:
        """The figures so far; `None` where this reading failed."""

    def stop(self) -> Reading | None:
        """The last figures. Nothing can be read afterwards."""
