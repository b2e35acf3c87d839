"""A run over time as a Mermaid chart, which GitHub draws in summaries and comments."""

from __future__ import annotations

from collections.abc import Sequence

from carbon_lint.measurement.meter import Reading
from carbon_lint.report.run.curve import Curve, curve_of
from carbon_lint.units import significant

_POINTS = 60
# Mermaid's own first colour is too pale to see; this one stands out on GitHub's light and dark pages alike.
_STYLE = '%%{init: {"xyChart": {"height": 340}, "themeVariables": {"xyChart": {"plotColorPalette": "#2f81f7"}}}}%%'
_POWER_SCALES = (("kW", 1e3), ("W", 1.0), ("mW", 1e-3))
_EMISSIONS_SCALES = (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3), ("µg", 1e-6))
_TIME_SCALES = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


def render(readings: Sequence[Reading]) -> str:
    """Return power and cumulative grams as two Mermaid blocks; empty if fewer than ten readings hold a figure."""
    curve = curve_of(readings, _POINTS)
    if curve is None:
        return ""
    power = _chart(curve, "Power", curve.total_w, _POWER_SCALES)
    grams = _chart(curve, "Cumulative emissions", curve.emissions_g, _EMISSIONS_SCALES) if curve.emissions_g else ""
    return "\n".join(block for block in (power, grams) if block)


def _chart(curve: Curve, title: str, points: Sequence[float], scales: Sequence[tuple[str, float]]) -> str:
    """Return one line. Mermaid's xychart spaces its points evenly, as the steps of a curve are."""
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
