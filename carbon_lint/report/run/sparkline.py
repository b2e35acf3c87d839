"""Draw a run's power over time in one line of block characters, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from carbon_lint.measurement.meter import Reading
from carbon_lint.report.run.curve import curve_of
from carbon_lint.units import format_power

WIDTH = 40
_BLOCKS = "▁▂▃▄▅▆▇█"


def power(readings: Sequence[Reading], *, width: int = WIDTH) -> str | None:
    """Return `▁▃█… 3.2 to 8.1 W`, from 0 W to the highest; `None` without enough readings or without power."""
    curve = curve_of(readings, steps=width)
    if curve is None or not curve.power_w:
        return None
    watts = [sum(parts) for parts in zip(*curve.power_w.values(), strict=True)]
    top = max(watts)
    if top <= 0:
        return None
    blocks = "".join(_BLOCKS[min(len(_BLOCKS) - 1, int(value / top * len(_BLOCKS)))] for value in watts)
    return f"{blocks} {format_power(min(watts))} to {format_power(top)}"
