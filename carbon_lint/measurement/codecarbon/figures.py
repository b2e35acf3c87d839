"""Check that CodeCarbon's figures can be believed: it swallows its own failures. Pure."""

from __future__ import annotations

import math
from typing import Protocol

from carbon_lint.units import JOULES_PER_KWH, grams_from_kilograms

_RELATIVE_TOLERANCE = 1e-6
# CodeCarbon's readings of the counters and ours are some milliseconds apart, at up to some hundred watts.
_APART_SHARE = 0.03
_APART_KWH = 20 / JOULES_PER_KWH


def differing_counters(codecarbon_kwh: float | None, ours_kwh: float | None) -> tuple[str, ...]:
    """Return a warning if CodeCarbon read the CPU's counters and came to another figure than carbon-lint."""
    if codecarbon_kwh is None or ours_kwh is None:
        return ()
    if abs(codecarbon_kwh - ours_kwh) <= _APART_SHARE * ours_kwh + _APART_KWH:
        return ()
    theirs_j, ours_j = codecarbon_kwh * JOULES_PER_KWH, ours_kwh * JOULES_PER_KWH
    return (f"CodeCarbon counts {theirs_j:.0f} J for the CPU; its counters moved by {ours_j:.0f} J, which is counted",)


class EmissionsData(Protocol):
    """Name what is used of CodeCarbon's EmissionsData: kWh, kg, and the PUE that it applied."""

    cpu_energy: float
    gpu_energy: float
    ram_energy: float
    energy_consumed: float
    emissions: float
    pue: float


def find_flaw(figures: EmissionsData, *, g_per_kwh: float, pue: float) -> str | None:
    """Return why cumulative figures cannot be believed; `None` if they can.

    Args:
        figures: CodeCarbon's.
        g_per_kwh: the intensity that grams over energy must come out at.
        pue: as given to CodeCarbon.
    """
    parts = {"cpu": figures.cpu_energy, "gpu": figures.gpu_energy, "ram": figures.ram_energy}
    total_kwh, kg = figures.energy_consumed, figures.emissions
    if not all(math.isfinite(value) for value in (*parts.values(), total_kwh, kg)):
        return f"CodeCarbon's figures are not finite: {parts}, {total_kwh} kWh, {kg} kg"
    if not (total_kwh > 0 and kg > 0 and parts["ram"] > 0 and parts["cpu"] >= 0):
        return f"CodeCarbon counts no energy: {parts}, {total_kwh} kWh, {kg} kg"
    if parts["gpu"]:
        return f"CodeCarbon counts a GPU, {parts['gpu']} kWh, which is counted here already"
    if not math.isclose(sum(parts.values()), total_kwh, rel_tol=_RELATIVE_TOLERANCE):
        return f"CodeCarbon's parts {parts} do not add up to its {total_kwh} kWh"
    implied = grams_from_kilograms(kg) / total_kwh
    if not math.isclose(implied, g_per_kwh, rel_tol=_RELATIVE_TOLERANCE):
        return f"CodeCarbon's grams imply {implied:g} g/kWh, and {g_per_kwh:g} was given"
    return None if figures.pue == pue else f"CodeCarbon took a PUE of {figures.pue}, and {pue} was given"
