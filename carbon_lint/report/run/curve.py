"""Bring a run's readings onto an even grid of time, for charts: mean watts by component, and sums so far.

A terminal is shown the power alone, in one line of block characters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from carbon_lint.measurement.meter import Reading
from carbon_lint.units import JOULES_PER_KWH, format_power

STEPS = 240
"""Steps of the grid: a chart on a page is about 700 pixels wide, so one step is about 3 pixels."""

LEAST_READINGS = 10  # fewer show when the readings were taken, and not what the job used
_COMPONENTS = ("gpu", "cpu", "ram")
_SPARKS = 40  # characters of the line
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A run on an even grid.

    Attributes:
        ends_s: end of each step in seconds since the start.
        total_w: mean watts over each step.
        power_w: the same by component (`gpu`, `cpu`, `ram`); only components that have energy.
        energy_kwh: energy so far, as last read before the end of each step.
        emissions_g: grams so far, likewise; empty if the run has no carbon intensity.
    """

    ends_s: tuple[float, ...]
    total_w: tuple[float, ...]
    power_w: dict[str, tuple[float, ...]]
    energy_kwh: tuple[float, ...]
    emissions_g: tuple[float, ...]


def curve_of(readings: Sequence[Reading], steps: int = STEPS) -> Curve | None:
    """Return the run on at most `steps` steps, or None if fewer than ten readings hold a total.

    Between two readings the power is taken to be even, so the steps have the energy of the run, also over a gap.
    """
    known = [reading for reading in readings if reading.energy_kwh.total is not None]
    if len(known) < LEAST_READINGS or known[-1].elapsed_s <= known[0].elapsed_s:
        return None
    times = [reading.elapsed_s for reading in known]
    count = min(steps, len(known) - 1)
    length_s = times[-1] - times[0]
    grid = [*(times[0] + length_s * step / count for step in range(count)), times[-1]]
    held = [known[bisect_right(times, end_s) - 1] for end_s in grid[1:]]
    grams = [reading.emissions_g for reading in held if reading.emissions_g is not None]
    return Curve(
        ends_s=tuple(grid[1:]),
        total_w=_watts(known, grid, "total") or (),
        power_w={name: watts for name in _COMPONENTS if (watts := _watts(known, grid, name)) is not None},
        energy_kwh=tuple(reading.energy_kwh.total for reading in held if reading.energy_kwh.total is not None),
        emissions_g=tuple(grams) if len(grams) == count else (),
    )


def _watts(known: Sequence[Reading], grid: Sequence[float], part: str) -> tuple[float, ...] | None:
    """Return the mean watts of a component or of all over each step, or None if one of the energies is not known."""
    energies = [getattr(reading.energy_kwh, part) for reading in known]
    if None in energies:
        return None
    times = [reading.elapsed_s for reading in known]
    at = [_between(times, energies, time_s) for time_s in grid]
    return tuple(
        max(0.0, (last - first) * JOULES_PER_KWH / (end_s - start_s))
        for (first, last), (start_s, end_s) in zip(pairwise(at), pairwise(grid), strict=True)
    )


def _between(times: Sequence[float], values: Sequence[float], at_s: float) -> float:
    """Return the value at a time, on the straight line between the readings around it."""
    after = bisect_right(times, at_s, hi=len(times) - 1)
    start_s, end_s = times[after - 1], times[after]
    share = (at_s - start_s) / (end_s - start_s) if end_s > start_s else 1.0
    return values[after - 1] + (values[after] - values[after - 1]) * share


def sparkline(readings: Sequence[Reading]) -> str | None:
    """Return `▁▃█… 3.2 to 8.1 W`, from 0 W to the highest; `None` without enough readings or without power."""
    curve = curve_of(readings, steps=_SPARKS)
    top = max(curve.total_w) if curve is not None else 0.0
    if curve is None or top <= 0:
        return None
    blocks = "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value / top * len(_BLOCKS)))] for value in curve.total_w)
    return f"{blocks} {format_power(min(curve.total_w))} to {format_power(top)}"
