"""Draw figures over time as SVG that stands in a page, and say the same in words and in a table."""

from __future__ import annotations

import re
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import UsageError
from carbon_lint.project import install_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LABELS = 6
_ROWS = 12
# pygal writes the date into a comment and its settings into a script: the page is the same each time, without script.
_DROPPED = re.compile(r"<!--.*?-->|<script\b.*?</script>", re.DOTALL)
_LOOKS = {
    "js": (),
    "disable_xml_declaration": True,
    "show_dots": False,
    "width": 720,
    "height": 300,
    "legend_at_bottom": True,
    "legend_at_bottom_columns": 4,
    "include_x_axis": True,
    "show_minor_x_labels": False,
    "truncate_label": -1,
    "truncate_legend": -1,
}


def _pygal() -> Any:
    """Import pygal without the hook that it leaves in `sys.meta_path`: Python 3.11 warns of it at each import."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)
            import pygal  # noqa: PLC0415  an extra
            import pygal.style  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("the html format needs pygal: the package is missing", hint=install_hint("html")) from error
    finally:
        sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return pygal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One chart: the same labels along time for each series.

    Attributes:
        title: what is shown.
        show: writes one value with its unit.
        labels: one for each point, such as `1 min 5 s` or `2026-W48`.
        series: the values by name; each has as many as there are labels, `None` for what is not known.
        limit: drawn as a dashed line, if there is one.
        is_stacked: the series are parts of a whole.
        is_bars: a bar for each label, as the sum of a day.
    """

    title: str
    show: Callable[[float], str]
    labels: tuple[str, ...]
    series: Mapping[str, tuple[float | None, ...]]
    limit: float | None = None
    is_stacked: bool = False
    is_bars: bool = False

    def svg(self) -> str:
        """Draw it. Colours are variables of the page, for its light and dark theme. Raises UsageError without pygal."""
        pygal = _pygal()
        style = pygal.style.Style(
            background="transparent",
            plot_background="transparent",
            foreground="var(--ink)",
            foreground_strong="var(--ink)",
            foreground_subtle="var(--line)",
            guide_stroke_color="var(--line)",
            major_guide_stroke_color="var(--line)",
            colors=(*(f"var(--{name})" for name in ("one", "two", "three")[: len(self.series)]), "var(--error)"),
            opacity=".55",
            font_family="system-ui, sans-serif",
            label_font_size=13,
            major_label_font_size=13,
            legend_font_size=14,
            stroke_width=2,
        )
        kind = pygal.StackedBar if self.is_bars else pygal.StackedLine if self.is_stacked else pygal.Line
        chart = kind(style=style, fill=self.is_stacked, value_formatter=self.show, **_LOOKS)
        chart.x_labels = self.labels
        chart.x_labels_major_every = max(1, len(self.labels) // _LABELS)
        for name, values in self.series.items():
            chart.add(name, list(values))
        if self.limit is not None:
            chart.add("limit", [self.limit] * len(self.labels), stroke_style={"width": 3, "dasharray": "6, 4"})
        return _DROPPED.sub("", str(chart.render(is_unicode=True)))

    def words(self) -> str:
        """Say what the chart shows, for a reader who does not see it."""
        parts = [f"{name} {self.show(min(known))} to {self.show(max(known))}" for name, known in self._known() if known]
        allowed = "" if self.limit is None else f"; the limit is {self.show(self.limit)}"
        return f"{self.title}: {', '.join(parts)}{allowed}."

    def rows(self) -> list[list[str]]:
        """Return about a dozen rows of the figures, label first."""
        chosen = range(0, len(self.labels), max(1, len(self.labels) // _ROWS))
        return [[self.labels[at], *(self._shown(values[at]) for values in self.series.values())] for at in chosen]

    def _known(self) -> list[tuple[str, list[float]]]:
        return [(name, [value for value in values if value is not None]) for name, values in self.series.items()]

    def _shown(self, value: float | None) -> str:
        return "" if value is None else self.show(value)
