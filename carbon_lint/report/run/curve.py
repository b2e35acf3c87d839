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
        power_w: mean watts over each step, by component (`gpu`, `cpu`, `ram`); only components that have energy.
        energy_kwh: energy so far at the end of each step.
        emissions_g: grams so far at the end of each step; empty if the run has no carbon intensity.
    """

    ends_s: tuple[float, ...]
    power_w: dict[str, tuple[float, ...]]
    energy_kwh: tuple[float, ...]
    emissions_g: tuple[float, ...]


def curve_of(readings: Sequence[Reading], steps: int = STEPS) -> Curve | None:
    """Return the run on at most `steps` steps, or None if fewer than ten readings hold a total."""
    known = [reading for reading in readings if reading.energy_kwh.total is not None]
    if len(known) < LEAST_READINGS or known[-1].elapsed_s <= known[0].elapsed_s:
        return None
    times = [reading.elapsed_s for reading in known]
    count = min(steps, len(known) - 1)
    length_s = times[-1] - times[0]
    edges = [known[max(0, bisect_right(times, times[0] + length_s * step / count) - 1)] for step in range(count + 1)]
    edges = [edge for edge, before in zip(edges, [None, *edges], strict=False) if edge is not before]
    pairs = list(pairwise(edges))
    ends = [after for _, after in pairs]
    grams = [end.emissions_g for end in ends if end.emissions_g is not None]
    return Curve(
        ends_s=tuple(end.elapsed_s for end in ends),
        power_w={name: watts for name in _COMPONENTS if (watts := _watts(pairs, name)) is not None},
        energy_kwh=tuple(end.energy_kwh.total for end in ends if end.energy_kwh.total is not None),
        emissions_g=tuple(grams) if len(grams) == len(pairs) else (),
    )


def _watts(pairs: Sequence[tuple[Reading, Reading]], component: str) -> tuple[float, ...] | None:
    """Return the component's mean watts over each step, or None if one of its energies is not known."""
    energies = [
        (getattr(before.energy_kwh, component), getattr(after.energy_kwh, component)) for before, after in pairs
    ]
    if any(first is None or last is None for first, last in energies):
        return None
    return tuple(
        max(0.0, (last - first) * JOULES_PER_KWH / (after.elapsed_s - before.elapsed_s))
        for (before, after), (first, last) in zip(pairs, energies, strict=True)
    )


def sparkline(readings: Sequence[Reading]) -> str | None:
    """Return `▁▃█… 3.2 to 8.1 W`, from 0 W to the highest; `None` without enough readings or without power."""
    curve = curve_of(readings, steps=_SPARKS)
    if curve is None or not curve.power_w:
        return None
    watts = [sum(parts) for parts in zip(*curve.power_w.values(), strict=True)]
    top = max(watts)
    if top <= 0:
        return None
    blocks = "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value / top * len(_BLOCKS)))] for value in watts)
    return f"{blocks} {format_power(min(watts))} to {format_power(top)}"
