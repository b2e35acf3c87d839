"""Define what the loop asks of a meter, be it CodeCarbon's or the replay of a recording, and check what it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

from carbon_lint.records.fields import Amount, Share
from carbon_lint.records.intensity import find_disagreement
from carbon_lint.records.ranges import LEFT_OUT, uncertainty_at
from carbon_lint.records.record import COMPONENTS, CodeCarbonEnergy, Energy, Hardware, Intensity, Methods, Record
from carbon_lint.records.uncertainty import Assumptions, Range, Uncertainty
from carbon_lint.units import mean_power_w

RELATIVE_TOLERANCE = 1e-6  # sums of float deltas over a day of ticks stay well inside
SAME_READING_S = 0.06  # readings closer than this are one and the same to CodeCarbon, and to a counter between updates
SILENT_S = 10.0  # an idle GPU draws 5 W and more: over this time any counter moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Cumulative since `start()`. Without `uncertainty` the bounds of the energy follow from the methods."""

    elapsed_s: Amount  # on a monotonic clock
    energy_kwh: Energy  # by component, PUE included; `None` if not measured
    emissions_g: Amount | None  # `None` if no intensity is known (an energy-only run)
    intensity: Intensity | None = None  # if an hour of it is new, all hours so far, for the journal
    uncertainty: Uncertainty | None = None
    cpu_mean_load: Share | None = None  # of the threads that are counted, 0 to 1, without stolen time
    left_out: Range | None = None  # drawn beside the counted energy, as shares of it; `None` for `ranges.LEFT_OUT`
    codecarbon: CodeCarbonEnergy | None = None  # what CodeCarbon's own models give
    job_cpu_s: Amount | None = None  # CPU seconds of the job's own processes
    machine_cpu_s: Amount | None = None  # busy CPU seconds of the threads that are counted


class Meter(Protocol):
    """Counts from `start()` to `stop()`. Not thread-safe: one loop drives it."""

    last_failure: str | None  # why the last reading was `None`
    pue: float  # power usage effectiveness
    methods: Methods
    software: dict[str, str]  # what counts it, name -> version

    @property
    def intensity(self) -> Intensity | None:
        """That of the last reading; `None` if energy only is measured."""

    @property
    def hardware(self) -> Hardware:
        """What is counted."""

    @property
    def assumptions(self) -> Assumptions | None:
        """What the modelled figures are computed from, without the mean load; `None` if nothing is modelled."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the number should know; may grow while it counts."""

    def start(self) -> None:
        """Begin to count. Raises MeasurementError if no trustworthy number could come of it."""

    def read(self) -> Reading | None:
        """Return the figures so far; `None` if this reading failed."""

    def note_job_cpu(self, seconds: float | None, *, outside: str | None) -> None:
        """Take in the CPU seconds of the job so far, so that a job outside of the CPUs that are counted is noticed.

        `outside`: how it is known to run outside of this process's control group or affinity, after "the job".
        """

    def stop(self) -> Reading | None:
        """Return the last figures. Nothing can be read afterwards."""


def power_between_w(before: Reading | None, now: Reading, component: str = "total") -> float | None:
    """Return the mean power in W since a reading, or the start; `None` if they are too close, or lack an energy."""
    early, since_s = (0.0, 0.0) if before is None else (getattr(before.energy_kwh, component), before.elapsed_s)
    late = getattr(now.energy_kwh, component)
    if early is None or late is None or now.elapsed_s - since_s < SAME_READING_S:
        return None
    return mean_power_w(late - early, now.elapsed_s - since_s)


def with_evidence(record: Record, reading: Reading) -> Record:
    """Return the record with what the reading says of its figures: their bounds, and what they were made of."""
    return replace(
        record,
        uncertainty=uncertainty_at(reading.energy_kwh, record.methods, reading.emissions_g, reading.uncertainty),
        assumptions=record.assumptions and replace(record.assumptions, cpu_mean_load=reading.cpu_mean_load),
        left_out=reading.left_out or LEFT_OUT,
        codecarbon=reading.codecarbon,
        job_cpu_s=reading.job_cpu_s,
        machine_cpu_s=reading.machine_cpu_s,
    )


def is_finite(reading: Reading) -> bool:
    """Return whether the figures that a limit is compared with are numbers. An energy-only reading has no grams."""
    total, grams = reading.energy_kwh.total, reading.emissions_g
    return total is not None and math.isfinite(total) and (grams is None or math.isfinite(grams))


def find_flaw(reading: Reading | None, meter: Meter) -> str | None:
    """Return why the reading cannot be trusted, in one line; `None` if it can."""
    if reading is None:
        return "the last reading failed"
    energy = reading.energy_kwh
    if energy.total is None or not math.isfinite(energy.total) or energy.total <= 0:
        return f"the energy is {energy.total}, expected a finite figure above 0"
    for name in COMPONENTS:
        value = getattr(energy, name)
        has_method = getattr(meter.methods, name) is not None
        if has_method and (value is None or not math.isfinite(value) or value < 0):
            return f"the energy of {name} is {value}, expected a finite figure"
        if has_method and value == 0 and reading.elapsed_s > SILENT_S:
            return f"the energy of {name} was still 0 after {reading.elapsed_s:.0f} s"
        if not has_method and value is not None:
            return f"{name} has an energy but no method"
    total = sum(energy.parts.values())
    if not math.isclose(total, energy.total, rel_tol=RELATIVE_TOLERANCE):
        return f"the components sum to {total} kWh, the total is {energy.total} kWh"
    return _find_emissions_flaw(reading, meter)


def _find_emissions_flaw(reading: Reading, meter: Meter) -> str | None:
    if meter.intensity is None:
        return None if reading.emissions_g is None else "emissions were computed although no location was given"
    if reading.emissions_g is None:
        return "no emissions were computed although a location was given"
    total_kwh = reading.energy_kwh.total or 0.0
    expected = total_kwh * meter.intensity.g_per_kwh
    if not math.isclose(reading.emissions_g, expected, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12):
        implied = reading.emissions_g / (total_kwh or math.nan)
        return f"the implied intensity is {implied:.6g} g/kWh, expected {meter.intensity.g_per_kwh:.6g}"
    return find_disagreement(meter.intensity, total_kwh, reading.emissions_g, tolerance=RELATIVE_TOLERANCE)
