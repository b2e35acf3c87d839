"""Render a team's month as a page that stands alone: no script, no request, for light, dark, paper, narrow screens."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate

from carbon_lint.report import pages
from carbon_lint.report.ledger.answer import DAY_S, QUESTION, Answer
from carbon_lint.report.ledger.month import Month
from carbon_lint.report.ledger.month_text import answer, notes, until
from carbon_lint.report.ledger.tables import facts, tables
from carbon_lint.report.pages import Plot
from carbon_lint.units import format_emissions

_MARKS = {
    Answer.YES: "✅", Answer.LIKELY: "✅", Answer.EARLY: "📏", Answer.UNKNOWN: "⚠️",
    Answer.LIKELY_NOT: "⚠️", Answer.NO: "❌",
}  # fmt: skip


def render(month: Month) -> str:
    """Return the page. Raises UsageError if Jinja2 or pygal is not installed."""
    return pages.render(
        "carbon_lint.report.ledger",
        "month.html.j2",
        question=QUESTION,
        mark=_mark(month),
        answer=answer(month),
        until=until(month),
        facts=facts(month),
        charts=_charts(month),
        tables=tables(month),
        notes=notes(month),
    )


def _mark(month: Month) -> str:
    answers = {one.answer for one in month.budgets}
    return next((_MARKS[each] for each in Answer if each in answers), "📏")


def _charts(month: Month) -> list[Plot]:
    """Return the grams so far beside the budget, and those of each day by model, if there is something to draw."""
    days = tuple(f"{month.period.start + timedelta(days=at):%d %b}" for at in range(len(month.days_g)))
    if not any(month.days_g) or len(days) < 2:  # noqa: PLR2004  one day makes no curve
        return []
    seen = len(days) if month.is_over else int(month.period.elapsed_s(month.now) // DAY_S) + 1  # days that have begun
    ahead = (None,) * (len(days) - seen)  # a day to come is not one without emissions
    models = {name: (*values[:seen], *ahead) for name, values in month.days_by_model_g.items() if any(values)}
    unknown = tuple(at for at in range(seen) if month.days_g[at] is None)
    by_model = Plot(
        title="Each day, by model", show=format_emissions, labels=days, series=models, is_bars=True, of="day",
        unknown=unknown,
    )  # fmt: skip
    return [_course(month, days, seen), by_model]


def _course(month: Month, days: tuple[str, ...], seen: int) -> Plot:
    """Return the sum of the grams day by day, with the outlook and the one budget of all runs, if there is one."""
    so_far = list(accumulate(day or 0.0 for day in month.days_g))[:seen]
    sums = [None if day is None else sum_ for sum_, day in zip(so_far, month.days_g, strict=False)]
    series: dict[str, tuple[float | None, ...]] = {"so far": (*sums, *(None,) * (len(days) - len(sums)))}
    if month.outlook_g is not None and seen < len(days):
        daily_g = (month.outlook_g.end.likely - so_far[-1]) / (len(days) - seen)
        ahead = [so_far[-1] + daily_g * at for at in range(len(days) - seen + 1)]
        series["expected"] = (*(None,) * (seen - 1), *ahead)
    limits = [
        one.limit.allowed
        for one in month.budgets
        if one.limit.unit == "g" and not one.spent.budget.models and one.spent.period == month.period
    ]
    limit = min(limits, default=None)
    return Plot(title="The sum, day by day", show=format_emissions, labels=days, series=series, limit=limit, of="day")
