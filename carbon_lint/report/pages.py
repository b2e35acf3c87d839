"""Render pages: every text is escaped, and harmless in a log that it is printed to.

Charts are SVG within a page, and state the same in words and in a table.
"""

from __future__ import annotations

import re
import sys
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from carbon_lint import __version__
from carbon_lint.errors import UsageError
from carbon_lint.project import install_hint
from carbon_lint.text import shortened, terminal

_ROWS = 12
_UNKNOWN = "not measured"
_COLOURS = ("one", "two", "three", "four")
_MOST_NAME = 28  # characters of a bar's name
_BAR_HEIGHT, _BARS_MARGIN = 26, 90
# pygal writes the date into a comment and its settings into a script: the page is the same each time, without script.
# Its names for the parts of the legend would come again in the next chart of the page.
_DROPPED = re.compile(r'<!--.*?-->|<script\b.*?</script>| id="activate-serie-\d+"', re.DOTALL)
_LOOKS = {
    "js": (),
    "disable_xml_declaration": True,
    "show_dots": False,
    "legend_at_bottom": True,
    "legend_box_size": 11,
    "include_x_axis": True,
    "show_minor_x_labels": False,
    "truncate_label": -1,
    "truncate_legend": -1,
    "margin": 6,
    "margin_right": 30,
    "spacing": 8,
    "max_scale": 6,
    "allow_interruptions": True,  # what is not known is a gap
}
_DASHED = {"width": 2.5, "dasharray": "6, 4"}


class Size(NamedTuple):
    """How a chart is drawn for one width of the page; texts keep their size, so that a phone shows them legibly."""

    width: int
    height: int
    labels: int
    columns: int


WIDE = Size(width=720, height=300, labels=6, columns=4)
NARROW = Size(width=340, height=260, labels=3, columns=2)


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
class _Chart:
    """Figures of several series, with a table of them.

    Attributes:
        show: writes one value with its unit.
        labels: one for each point or bar, such as `1 min 5 s` or `2026-W48`.
        series: the values by name; each has as many as there are labels, `None` for what is not known.
        of: what the labels are, as the head of their column.
    """

    title: str
    show: Callable[[float], str]
    labels: tuple[str, ...]
    series: Mapping[str, tuple[float | None, ...]]
    of: str = "time"

    def heads(self) -> list[str]:
        """Return the heads of the table: what the labels are, then each series."""
        return [self.of, *self._listed()]

    def rows(self) -> list[list[str]]:
        """Return the rows of the table, label first."""
        values = self._listed().values()
        return [
            [self.labels[at], *("" if (value := each[at]) is None else self.show(value) for each in values)]
            for at in self._shown()
        ]

    def _listed(self) -> Mapping[str, tuple[float | None, ...]]:
        return self.series

    def _shown(self) -> Iterable[int]:
        """Return which labels have a row."""
        return range(len(self.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot(_Chart):
    """One chart: the same labels along time for each series.

    Attributes:
        limit: drawn as a dashed line, if there is one.
        limit_name: what the legend calls it.
        expected: dashed too, under its name: what was or is forecast.
        is_stacked: the series are parts of a whole.
        is_bars: a bar for each label, as the sum of a day.
        unknown: the labels, by number from 0, of which nothing is known: a grey band among bars.
    """

    limit: float | None = None
    limit_name: str = "limit"
    expected: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    is_stacked: bool = False
    is_bars: bool = False
    unknown: tuple[int, ...] = ()

    def svg(self, size: Size = WIDE) -> str:
        """Draw it. Colours are variables of the page, for its light and dark theme. Raises UsageError without pygal."""
        pygal = _pygal()
        drawn, band, dashed = self._drawn(), self._band(), dict(self.expected)
        if self.limit is not None:
            dashed[self.limit_name] = (self.limit,) * len(self.labels)
        # The gaps of the limit's dashes show the page's colour: it may cross areas of any colour.
        has_gaps = self.is_stacked and self.limit is not None
        colours = [
            *(colour for _, colour, _ in drawn),
            *["line"] * bool(band),
            *["quiet"] * len(self.expected),
            *["paper"] * has_gaps,
            "error",
        ]
        chart = (pygal.StackedBar if self.is_bars else pygal.Line)(
            style=_style(pygal, colours),
            fill=self.is_stacked,
            value_formatter=self.show,
            width=size.width,
            height=size.height,
            legend_at_bottom_columns=_columns(len(drawn) + len(dashed) + bool(band), size),
            **_LOOKS,
        )
        chart.x_labels = self.labels
        chart.x_labels_major_every = max(1, -(-len(self.labels) // size.labels))
        for name, _, values in drawn:
            chart.add(terminal(name), list(values))
        if band:
            chart.add(_UNKNOWN, band)
        if has_gaps:
            chart.add(None, dashed[self.limit_name], fill=False)
        for name, values in dashed.items():
            chart.add(terminal(name), list(values), stroke_style=_DASHED, fill=False)
        return _rendered(chart, self.title, size)

    def _band(self) -> list[dict[str, Any] | None]:
        """Return a bar of full height for each label of which nothing is known; nothing if there is none."""
        if not (self.is_bars and self.unknown):
            return []
        most = max(sum(value or 0.0 for value in values) for values in zip(*self.series.values(), strict=True))
        bar = {"value": most, "formatter": lambda _: _UNKNOWN}
        return [bar if at in self.unknown else None for at in range(len(self.labels))]

    def _drawn(self) -> list[tuple[str, str, tuple[float | None, ...]]]:
        """Return name, colour and values of each series. Parts of a whole are drawn as sums, the largest behind."""
        coloured = [
            (name, _COLOURS[at % len(_COLOURS)], values) for at, (name, values) in enumerate(self.series.items())
        ]
        if not self.is_stacked:
            return coloured
        sums: list[tuple[str, str, tuple[float | None, ...]]] = []
        so_far = [0.0] * len(self.labels)
        for name, colour, values in coloured:
            so_far = [before + (value or 0.0) for before, value in zip(so_far, values, strict=True)]
            sums.append((name, colour, tuple(so_far)))
        return sums[::-1]

    def words(self) -> str:
        """Say what the chart shows, for a reader who does not see it."""
        lines = [(name, [value for value in values if value is not None]) for name, values in self._listed().items()]
        parts = [f"{name} {self.show(min(known))} to {self.show(max(known))}" for name, known in lines if known]
        allowed = "" if self.limit is None else f"; the {self.limit_name} is {self.show(self.limit)}"
        unknown = f"; {_UNKNOWN}: {', '.join(self.labels[at] for at in self.unknown)}" if self.unknown else ""
        return f"{self.title}: {', '.join(parts)}{allowed}{unknown}."

    def _listed(self) -> Mapping[str, tuple[float | None, ...]]:
        return {**self.series, **self.expected}

    def _shown(self) -> Iterable[int]:
        """Return about a dozen points, the last one among them."""
        last = len(self.labels) - 1
        return [*range(0, last, max(1, len(self.labels) // _ROWS)), last] if self.labels else []


class Bars(_Chart):
    """Amounts by name, one bar each, the first at the top, made up of the series."""

    def svg(self, size: Size = WIDE) -> str:
        """Draw it. Colours are variables of the page, for its light and dark theme. Raises UsageError without pygal."""
        pygal = _pygal()
        is_count = all((value or 0) % 1 == 0 for values in self.series.values() for value in values)
        most = _MOST_NAME if size.width >= WIDE.width else _MOST_NAME // 2
        chart = pygal.HorizontalStackedBar(
            style=_style(pygal, [_COLOURS[at % len(_COLOURS)] for at in range(len(self.series))]),
            value_formatter=self.show,
            width=size.width,
            height=_BARS_MARGIN + _BAR_HEIGHT * len(self.labels),
            legend_at_bottom_columns=_columns(len(self.series), size),
            show_legend=len(self.series) > 1,
            order_min=0 if is_count else None,
            **{**_LOOKS, "max_scale": size.labels, "show_minor_x_labels": True},
        )
        chart.x_labels = [shortened(terminal(name), most) for name in self.labels[::-1]]
        for name, values in self.series.items():
            chart.add(terminal(name), list(values[::-1]))
        return _rendered(chart, self.title, size)

    def words(self) -> str:
        """Say what the chart shows, for a reader who does not see it."""
        sums = [sum(values[at] or 0.0 for values in self.series.values()) for at in range(len(self.labels))]
        return f"{self.title}: {', '.join(f'{n} {self.show(v)}' for n, v in zip(self.labels, sums, strict=True))}."


def _style(pygal: Any, colours: Sequence[str]) -> Any:
    return pygal.style.Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--ink)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--line)",
        guide_stroke_color="var(--line)",
        guide_stroke_dasharray="2, 4",
        major_guide_stroke_color="var(--line)",
        major_guide_stroke_dasharray="2, 4",
        colors=tuple(f"var(--{name})" for name in colours),
        opacity="1",
        font_family="system-ui, sans-serif",
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        stroke_width=2,
    )


def _columns(entries: int, size: Size) -> int:
    """Return the columns of a legend: pygal leaves room for full rows only."""
    return next(count for count in range(size.columns, 0, -1) if entries % count == 0)


def _rendered(chart: Any, title: str, size: Size) -> str:
    """Return the SVG, the same each time: pygal would give it a name by chance."""
    chart.uuid = uuid.uuid5(uuid.NAMESPACE_OID, f"{title} {size.width}")
    return _DROPPED.sub("", str(chart.render(is_unicode=True)))


def render(package: str, template: str, **values: Any) -> str:
    """Return a page by a template of `package` or of all pages. Raises UsageError if there is no Jinja2."""
    try:
        import jinja2  # noqa: PLC0415  an extra, and slow to load
    except ImportError as error:
        raise UsageError("the html format needs Jinja2: the package is missing", hint=install_hint("html")) from error
    templates = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader("carbon_lint.report")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # No text can act in a CI log that the page is printed to.
        finalize=lambda value: terminal(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(template).render(version=__version__, sizes=(WIDE, NARROW), **values)
