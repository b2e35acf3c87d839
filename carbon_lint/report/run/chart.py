"""A run over time as a Mermaid chart, which GitHub draws in summaries and comments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from carbon_lint.measurement.meter import Reading, power_between_w
from carbon_lint.units import significant

_POINTS = 60
# Mermaid's own first colour is too pale to see; this one stands out on GitHub's light and dark pages alike.
_STYLE = '%%{init: {"xyChart": {"height": 340}, "themeVariables": {"xyChart": {"plotColorPalette": "#2f81f7"}}}}%%'
_LEAST_READINGS = 10  # of fewer the curve shows when we looked, and not what the job took
_POWER_SCALES = (("kW", 1e3), ("W", 1.0), ("mW", 1e-3))
_EMISSIONS_SCALES = (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3), ("µg", 1e-6))
_TIME_SCALES = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


def render(readings: Sequence[Reading]) -> str:
    """Return power and cumulative grams as two Mermaid blocks; empty if fewer than ten readings hold a figure.

    Mermaid's xychart spaces its points evenly, so both are drawn on an even grid of at most 60 steps: power as the mean
    over each step, grams as last read before each point.
    """
    pairs = zip([None, *readings], readings, strict=False)
    watts = [(now.elapsed_s, power_between_w(before, now)) for before, now in pairs]
    so_far = [(reading.elapsed_s, reading.emissions_g) for reading in readings]
    power = _chart(watts, "Power", _POWER_SCALES, _means)
    grams = _chart(so_far, "Cumulative emissions", _EMISSIONS_SCALES, _held)
    return "\n".join(block for block in (power, grams) if block)


def _chart(
    known: Sequence[tuple[float, float | None]],
    title: str,
    scales: Sequence[tuple[str, float]],
    spread: Callable[[Sequence[tuple[float, float]], int], list[float]],
) -> str:
    samples = [(elapsed_s, value) for elapsed_s, value in known if value is not None]
    if len(samples) < _LEAST_READINGS or samples[-1][0] <= 0:
        return ""
    points = spread(samples, min(_POINTS, len(samples)))
    top = max(points)
    unit, size = _scale(top, scales)
    time_unit, time_size = _scale(samples[-1][0], _TIME_SCALES)
    shown = ", ".join(significant(point / size) for point in points)
    height = significant((top or size) * 1.1 / size)
    return (
        "```mermaid\n"
        f"{_STYLE}\n"
        "xychart-beta\n"
        f'  title "{title} ({unit})"\n'
        f'  x-axis "{time_unit}" 0 --> {significant(samples[-1][0] / time_size)}\n'
        f'  y-axis "{unit}" 0 --> {height}\n'
        f"  line [{shown}]\n"
        "```\n"
    )


def _means(samples: Sequence[tuple[float, float]], steps: int) -> list[float]:
    """Return the mean over each of `steps` equal steps of time. A step without a sample keeps the value before it."""
    end_s = samples[-1][0]
    within: list[list[float]] = [[] for _ in range(steps)]
    for elapsed_s, value in samples:
        within[min(steps - 1, int(elapsed_s / end_s * steps))].append(value)
    points: list[float] = []
    for values in within:
        points.append(sum(values) / len(values) if values else (points[-1] if points else samples[0][1]))
    return points


def _held(samples: Sequence[tuple[float, float]], steps: int) -> list[float]:
    """Return the value last read at the start and at the end of each of `steps` equal steps of time."""
    times = [elapsed_s for elapsed_s, _ in samples]
    at = [step / steps * times[-1] for step in range(steps)]
    return [samples[max(0, bisect_right(times, time_s) - 1)][1] for time_s in at] + [samples[-1][1]]


def _scale(value: float, scales: Sequence[tuple[str, float]]) -> tuple[str, float]:
    return next((scale for scale in scales if value >= scale[1]), scales[-1])
