"""Bring a run's readings onto an even grid of time, for charts: mean watts by component, and sums so far.

GitHub draws it as a Mermaid chart; a terminal is shown the power alone, in one line of block characters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from carbon_lint.measurement.meter import Reading
from carbon_lint.units import JOULES_PER_KWH, format_power, significant

SLICES = 240
"""Slices of the grid: a chart on a page is about 700 pixels wide, so one slice is about 3 pixels."""

LEAST_READINGS = 10  # fewer show when the readings were taken, and not what the job used
_COMPONENTS = ("gpu", "cpu", "ram")
_SPARKS = 40  # characters of the line
_BLOCKS = "▁▂▃▄▅▆▇█"
_POINTS = 60
# Mermaid's own first colour is too pale to see; this one stands out on GitHub's light and dark pages alike.
_STYLE = '%%{init: {"xyChart": {"height": 340}, "themeVariables": {"xyChart": {"plotColorPalette": "#2f81f7"}}}}%%'
_POWER_SCALES = (("kW", 1e3), ("W", 1.0), ("mW", 1e-3))
_EMISSIONS_SCALES = (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3), ("µg", 1e-6))
_TIME_SCALES = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A run on an even grid.

    Attributes:
        ends_s: end of each slice in seconds since the start.
        total_w: mean watts over each slice.
        power_w: the same by component (`gpu`, `cpu`, `ram`); only components that have energy.
        energy_kwh: energy so far, as last read before the end of each slice.
        emissions_g: grams so far, as long as `elapsed_s`; empty if the run has no carbon intensity.
    """

    ends_s: tuple[float, ...]
    total_w: tuple[float, ...]
    power_w: dict[str, tuple[float, ...]]
    energy_kwh: tuple[float, ...]
    emissions_g: tuple[float, ...]


def curve_of(readings: Sequence[Reading], slices: int = SLICES) -> Curve | None:
    """Return the run on at most `slices` slices, or None if fewer than ten readings hold a total.

    Between two readings the power is taken to be even, so the slices have the energy of the run, also over a gap.
    """
    known = [reading for reading in readings if reading.energy_kwh.total is not None]
    if len(known) < LEAST_READINGS or known[-1].elapsed_s <= known[0].elapsed_s:
        return None
    times = [reading.elapsed_s for reading in known]
    count = min(slices, len(known) - 1)
    length_s = times[-1] - times[0]
    grid = [*(times[0] + length_s * number / count for number in range(count)), times[-1]]
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
    """Return the mean watts of a component or of all over each slice, or None if one of the energies is not known."""
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
    curve = curve_of(readings, slices=_SPARKS)
    top = max(curve.total_w) if curve is not None else 0.0
    if curve is None or top <= 0:
        return None
    blocks = "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value / top * len(_BLOCKS)))] for value in curve.total_w)
    return f"{blocks} {format_power(min(curve.total_w))} to {format_power(top)}"


def mermaid(readings: Sequence[Reading]) -> str:
    """Return power and cumulative grams as two Mermaid blocks; empty if fewer than ten readings hold a figure."""
    curve = curve_of(readings, _POINTS)
    if curve is None:
        return ""
    power = _chart(curve, "Power", curve.total_w, _POWER_SCALES)
    grams = _chart(curve, "Cumulative emissions", curve.emissions_g, _EMISSIONS_SCALES) if curve.emissions_g else ""
    return "\n".join(block for block in (power, grams) if block)


def _chart(curve: Curve, title: str, points: Sequence[float], scales: Sequence[tuple[str, float]]) -> str:
    """Return one line. Mermaid's xychart spaces its points evenly, as the slices of a curve are."""
    top = max(points)
    unit, size = _scale(top, scales)
    time_unit, time_size = _scale(curve.ends_s[-1], _TIME_SCALES)
    begin, end = (significant(time_s / time_size) for time_s in (curve.ends_s[0], curve.ends_s[-1]))
    shown = ", ".join(significant(point / size) for point in points)
    height = significant((top or size) * 1.1 / size)
    return (
        "```mermaid\n"
        f"{_STYLE}\n"
        "xychart-beta\n"
        f'  title "{title} ({unit})"\n'
        f'  x-axis "{time_unit}" {begin} --> {end}\n'
        f'  y-axis "{unit}" 0 --> {height}\n'
        f"  line [{shown}]\n"
        "```\n"
    )


def _scale(value: float, scales: Sequence[tuple[str, float]]) -> tuple[str, float]:
    return next((scale for scale in scales if value >= scale[1]), scales[-1])
