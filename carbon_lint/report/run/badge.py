"""Say one run on a badge: its grams, its share of the budget, and how much of it was measured."""

from __future__ import annotations

from carbon_lint.gate.budget import used_share
from carbon_lint.gate.verdict import INCREASE
from carbon_lint.records.ranges import measured_share
from carbon_lint.records.record import Outcome
from carbon_lint.report.badge import Badge, Tone, how_found
from carbon_lint.report.run import phrases
from carbon_lint.report.run.headline import headline
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.units import format_emissions, format_energy

_TONES = {"✅": Tone.GOOD, "❌": Tone.BAD, "⚠️": Tone.UNDECIDED, "📏": Tone.PLAIN}
_ENDED = {Outcome.FAILED: "job failed", Outcome.INTERRUPTED: "cancelled"}


def of_run(report: RunReport) -> Badge:
    """Return the badge of a run. Raises ValueError without a record."""
    record = report.record
    if record is None:
        raise ValueError("there is no record to show")
    head, grams, energy_kwh = headline(report), record.emissions_g, record.energy_kwh.total
    if record.outcome is Outcome.UNMEASURED or energy_kwh is None:
        return Badge(label="CO2eq", message="not measured", title=head.text, tone=Tone.UNKNOWN)
    found = how_found(measured_share(record))
    figure = format_energy(energy_kwh) if grams is None else format_emissions(grams)
    parts = (figure, _budget(report), _ENDED.get(record.outcome), found)
    figures = f"{phrases.emissions_with_range(record)}, {phrases.energy_with_range(record)}"
    return Badge(
        label="energy" if grams is None else "CO2eq",
        message=", ".join(part for part in parts if part),
        title=f"{head.text}. {figures}, {found}.",
        tone=_TONES.get(head.mark, Tone.UNKNOWN),
    )


def _budget(report: RunReport) -> str | None:
    """Return the used share of the tightest limit; `None` if the run has no budget."""
    limits = () if report.verdict is None else report.verdict.limits
    share = used_share(tuple(limit for limit in limits if limit.name != INCREASE))
    if share is None:
        return None
    return "over a budget of 0" if share == float("inf") else f"{phrases.percent(share)} of budget"
