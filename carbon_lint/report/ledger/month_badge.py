"""Say a team's month on a badge: its grams or its share of the budget, and how they were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.report.badge import Badge, Tone, how_found
from carbon_lint.report.ledger.answer import Answer
from carbon_lint.report.ledger.words import answer
from carbon_lint.report.run.phrases import percent
from carbon_lint.units import format_emissions, format_energy

if TYPE_CHECKING:
    from carbon_lint.report.ledger.month import Month

_TONES = {
    Answer.YES: Tone.GOOD,
    Answer.LIKELY: Tone.GOOD,
    Answer.EARLY: Tone.PLAIN,
    Answer.UNKNOWN: Tone.UNKNOWN,
    Answer.LIKELY_NOT: Tone.UNDECIDED,
    Answer.NO: Tone.BAD,
}


def of_month(month: Month) -> Badge:
    """Return the badge: the tightest budget's used share, else the sum."""
    total = month.total
    found = how_found(total.measured_share) if total.runs else ""
    worst = next((_TONES[each] for each in Answer for one in month.budgets if one.answer is each), Tone.PLAIN)
    used = max((one.used for one in month.budgets if one.used is not None), default=None)
    at_least = "at least " if total.without_emissions or month.broken else ""
    said = (f"{at_least}{_figure(month)}", "" if used is None else f"{percent(used)} of budget", found)
    return Badge(
        label=f"CO2eq {month.period.name}",
        message=", ".join(part for part in said if part),
        title=f"{answer(month)}.",
        tone=worst,
    )


def _figure(month: Month) -> str:
    total = month.total
    if total.emissions_g is not None:
        return format_emissions(total.emissions_g.likely)
    if total.energy_kwh is not None:
        return format_energy(total.energy_kwh.likely)
    return "not measured" if total.runs or month.broken else "no runs"
