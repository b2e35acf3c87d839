"""Check whether the last reading is a number to be trusted: CodeCarbon swallows its failures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carbon_lint.records.intensity import find_disagreement

if TYPE_CHECKING:
    from carbon_lint.measurement.meter import Meter, Reading

RELATIVE_TOLERANCE = 1e-6  # sums of float deltas over a day of ticks stay well inside
SILENT_S = 10.0  # an idle GPU draws 5 W and more: over this time any counter moves


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
    parts = {name: getattr(energy, name) for name in ("cpu", "gpu", "ram")}
    for name, value in parts.items():
        has_method = getattr(meter.methods, name) is not None
        if has_method and (value is None or not math.isfinite(value) or value < 0):
            return f"the energy of {name} is {value}, expected a finite figure"
        if has_method and value == 0 and reading.elapsed_s > SILENT_S:
            return f"the energy of {name} was still 0 after {reading.elapsed_s:.0f} s"
        if not has_method and value is not None:
            return f"{name} has an energy but no method"
    total = sum(value for value in parts.values() if value is not None)
    if not math.isclose(total, energy.total, rel_tol=RELATIVE_TOLERANCE):
        return f"the components sum to {total} kWh, the total is {energy.total} kWh"
    return _find_emissions_flaw(reading, meter)


def _find_emissions_flaw(reading: Reading, meter: Meter) -> str | None:
    if meter.intensity is None:
        return None if reading.emissions_g is None else "emissions were computed although no location was given"
    if reading.emissions_g is None:
        return "no emissions were computed although a location was given"
    expected = (reading.energy_kwh.total or 0.0) * meter.intensity.g_per_kwh
    if not math.isclose(reading.emissions_g, expected, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12):
        implied = reading.emissions_g / (reading.energy_kwh.total or math.nan)
        return f"the implied intensity is {implied:.6g} g/kWh, expected {meter.intensity.g_per_kwh:.6g}"
    total_kwh = reading.energy_kwh.total or 0.0
    return find_disagreement(meter.intensity, total_kwh, reading.emissions_g, tolerance=RELATIVE_TOLERANCE)
