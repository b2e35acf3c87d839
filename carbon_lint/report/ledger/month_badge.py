"""Say a team's month on a badge: its grams or its share of the budget, and how they were found."""

from __future__ import annotations

from carbon_lint.report.badge import Badge, Tone, how_found
from carbon_lint.report.ledger.answer import NO_RUNS, Answer, Judged
from carbon_lint.report.ledger.month import Month
from carbon_lint.report.ledger.month_text import answer
from carbon_lint.report.run.phrases import amount, percent
from carbon_lint.units import format_emissions, format_energy

_TONES = {
    Answer.YES: Tone.GOOD,
    Answer.LIKELY: Tone.GOOD,
    Answer.EARLY: Tone.PLAIN,
    Answer.UNKNOWN: Tone.UNKNOWN,
    Answer.LIKELY_NOT: Tone.UNDECIDED,
    Answer.NO: Tone.BAD,
}


def of_month(month: Month) -> Badge:
    """Return the badge: the used share of the budget that is nearest to its limit, else the sum."""
    total, budgets = month.total, month.budgets
    nearest = max(budgets, key=lambda one: one.used or 0.0, default=None)
    worst = next((_TONES[each] for each in Answer for one in budgets if one.answer is each), Tone.PLAIN)
    found = how_found((total if nearest is None else nearest.spent.total).measured_share) if total.runs else ""
    parts = (_figure(month) if nearest is None else _share(nearest, is_alone=len(budgets) == 1), found)
    return Badge(
        label=f"CO2eq {month.period.name}",
        message=", ".join(part for part in parts if part),
        title=f"{answer(month)}.",
        tone=worst,
    )


def _share(one: Judged, *, is_alone: bool) -> str:
    name = "" if is_alone else f"{one.name}: "
    at_least = "at least " if one.missing else ""
    spent, allowed = (amount(one.limit.unit, value) for value in (one.limit.measured, one.limit.allowed))
    if not (one.spent.total.runs or one.missing):
        return f"{name}{NO_RUNS}"
    return f"{name}{at_least}{spent if one.used is None else percent(one.used)} of {allowed}"


def _figure(month: Month) -> str:
    total = month.total
    lacking = total.without_energy if total.emissions_g is None else total.without_emissions
    at_least = "at least " if lacking or month.broken else ""
    if total.emissions_g is not None:
        return at_least + format_emissions(total.emissions_g.likely)
    if total.energy_kwh is not None:
        return at_least + format_energy(total.energy_kwh.likely)
    return "not measured" if total.runs or month.broken else NO_RUNS
