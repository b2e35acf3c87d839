"""Whether CodeCarbon's figures can be believed. It swallows its own failures, so each answer is checked. Pure."""

from __future__ import annotations

import math
from typing import Protocol

from carbon_lint.units import grams_from_kilograms

_RELATIVE_TOLERANCE = 1e-6
# A RAPL counter that was reset (resume, migration) is booked as a wrap: 212 kJ in one tick were seen. No machine that
# trains on its CPUs draws so much by them.
PLAUSIBLE_CPU_W = 4000.0


# CodeCarbon leaves out the time that a measurement of its own takes, and nothing else is left out of a constant power.
_UNCOUNTED_S = 1.0
_UNCOUNTED_SHARE = 0.02


def uncounted(ram_kwh: float, ram_w: float, elapsed_s: float) -> tuple[str, ...]:
    """A warning where what is modelled as power times time lacks time: memory, at constant power, tells how much."""
    counted_s = ram_kwh * 3.6e6 / ram_w
    lost_s = elapsed_s - counted_s
    if lost_s <= max(_UNCOUNTED_S, _UNCOUNTED_SHARE * elapsed_s):
        return ()
    warning = (
        f"memory, and a CPU that is modelled, are counted for {counted_s:.1f} of {elapsed_s:.1f} s: CodeCarbon leaves "
        "out the time that its own measurements take, and they took long; a longer --tick loses less"
    )
    return (warning,)


class Figures(Protocol):
    """What is used of CodeCarbon's EmissionsData: kWh, kg, and the PUE it applied."""

    cpu_energy: float
    gpu_energy: float
    ram_energy: float
    energy_consumed: float
    emissions: float
    pue: float


class FigureCheck:
    """Judges cumulative figures, one after the other.

    Args:
        g_per_kwh: the intensity that grams over energy must come out at.
        pue: as given to CodeCarbon.
    """

    def __init__(self, *, g_per_kwh: float, pue: float) -> None:
        self._g_per_kwh = g_per_kwh
        self._pue = pue
        self._last_s: float | None = None
        self._last_cpu_kwh = 0.0
        self._spoilt: str | None = None

    def problem(self, figures: Figures, now_s: float) -> str | None:
        """Why these figures cannot be believed, or `None`. Once a counter has jumped, all later ones are wrong too."""
        if self._spoilt is not None:
            return self._spoilt
        found = self._sums(figures) or self._price(figures)
        if found is None:
            self._spoilt = found = self._jump(figures, now_s)
        return found

    def _sums(self, figures: Figures) -> str | None:
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
        return None

    def _price(self, figures: Figures) -> str | None:
        implied = grams_from_kilograms(figures.emissions) / figures.energy_consumed
        if not math.isclose(implied, self._g_per_kwh, rel_tol=_RELATIVE_TOLERANCE):
            return f"CodeCarbon's grams imply {implied:g} g/kWh where {self._g_per_kwh:g} is right"
        if figures.pue != self._pue:
            return f"CodeCarbon took a PUE of {figures.pue} where {self._pue} was given"
        return None

    def _jump(self, figures: Figures, now_s: float) -> str | None:
        before_s, before_kwh = self._last_s, self._last_cpu_kwh
        self._last_s, self._last_cpu_kwh = now_s, figures.cpu_energy
        if before_s is None:
            return None
        watts = (figures.cpu_energy - before_kwh) * 3.6e6 / max(1.0, now_s - before_s)
        if 0 <= watts <= PLAUSIBLE_CPU_W * self._pue:
            return None
        return f"the CPU's energy moved at {watts:.0f} W since the last reading: its counter was reset"
