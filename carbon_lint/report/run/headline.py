"""How a run or a step ended, in one line: the same for its comment, its summary, its annotation and the terminal.

The line follows the exit status: what failed leads it, and nothing that failed is ever headed by a tick.
"""

from __future__ import annotations

from typing import NamedTuple

from carbon_lint.errors import ExitCode
from carbon_lint.gate.baseline import Comparison, changes, format_change
from carbon_lint.gate.budget import figure, used_share
from carbon_lint.gate.verdict import INCREASE, LimitResult, Status, Verdict
from carbon_lint.lint.diagnostic import SEVERITIES
from carbon_lint.records.record import Outcome, Record, StoppedBy
from carbon_lint.report.findings.reporters import by_severity, counted
from carbon_lint.report.run import phrases
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import plural, shortened

_SAME_GRID = 0.005
_MOST_CHARACTERS = 300
_ENDED: dict[int | None, str] = {
    ExitCode.NOT_MEASURED: "Not measured",
    ExitCode.NOT_PUBLISHED: "Not published",
    ExitCode.NOTHING_TO_CHECK: "Nothing to check",
}


class Headline(NamedTuple):
    """One character for the eye, and the words that say the same."""

    mark: str
    text: str


def headline(end: RunReport) -> Headline:
    """Return how it ended, in one line of plain text."""
    mark, lead, figures = _failed(end) if end.has_failed else _passed(end)
    findings = _findings(end)
    parts = [
        f"{lead}: {figures}" if lead and figures else lead or figures,
        _change(end.comparison),
        "" if lead.startswith(findings) else findings,
    ]
    return Headline(mark, ", ".join(part for part in parts if part))


def gives_failure(end: RunReport) -> bool:
    """Return whether the headline gives the whole first line of the first failure, which need not be repeated."""
    is_of_run = not end.has_failed or _failed_run(end) is not None
    return bool(end.failures) and not (is_of_run or _is_of_findings(end)) and len(_first_line(end)) <= _MOST_CHARACTERS


def _passed(end: RunReport) -> tuple[str, str, str]:
    record, verdict = end.record, end.verdict
    if record is None:
        return _linted(end)
    if end.let_through:
        by = "; ".join({one.limit: phrases.amount(one.unit, one.over) for one in end.let_through}.values())
        who = ", ".join(dict.fromkeys(f"{one.owner} until {one.until}" for one in end.let_through))
        return "⚠️", f"Over budget by {by}, let through by {who}", ""
    if verdict is None or not verdict.limits:
        return "📏", "", _unlimited(end, record)
    if verdict.status is Status.INCONCLUSIVE:
        return "⚠️", "Undecided", _undecided(record, verdict)
    return "✅", "Within budget", "; ".join(map(_within, verdict.limits))


def _linted(end: RunReport) -> tuple[str, str, str]:
    if end.lint is None:
        return "✅", "Done", ""
    found = counted(by_severity(end.lint))
    return "⚠️" if found else "✅", f"{plural(end.lint.files_checked, 'card')} checked", found or "no findings"


def _failed(end: RunReport) -> tuple[str, str, str]:
    of_run = _failed_run(end)
    if of_run is not None:
        return of_run
    _, lead, figures = _passed(end)
    cause = _cause(end)
    if end.record is None:
        return "❌", cause, ""
    return "❌", f"{cause}; {lead[0].lower()}{lead[1:]}" if lead else f"{cause}; {figures}", figures if lead else ""


def _failed_run(end: RunReport) -> tuple[str, str, str] | None:
    """Return how a run failed; `None` if something else did."""
    record = end.record
    is_measured = record is not None and record.energy_kwh.total is not None
    figures = _figures(record, end.verdict) if is_measured and record is not None else ""
    if end.is_cancelled or (record is not None and record.outcome is Outcome.INTERRUPTED):
        return "❌", "Cancelled", figures and f"{figures} until then"
    if record is not None and record.outcome is Outcome.FAILED:
        over = ", over budget" if is_measured and end.is_over else ""
        return "❌", f"The job failed with exit status {record.exit_status}{over}", figures
    if record is not None and (record.outcome is Outcome.UNMEASURED or not is_measured):
        return "❌", "Not measured", "there is no trustworthy figure"
    if record is not None and (end.is_over or record.stopped_by is StoppedBy.BUDGET):
        return "❌", *_over(end, record)
    return None


def _over(end: RunReport, record: Record) -> tuple[str, str]:
    """Return lead and figures of a run over budget; a job that was stopped says so."""
    verdict = end.verdict
    if record.stopped_by is StoppedBy.BUDGET:
        return "Stopped over budget", _figures(record, verdict)
    if verdict is not None and verdict.status is Status.INCONCLUSIVE:
        is_over = any(limit.is_over for limit in verdict.limits)
        lead = "Over budget by the estimate" if is_over else "Undecided, which fails here"
        return lead, _undecided(record, verdict)
    if verdict is not None and verdict.limits and not any(limit.is_over for limit in verdict.limits):
        return "Over the budget that it was measured under, though within this one", _figures(record, verdict)
    return "Over budget", _figures(record, verdict)


def _cause(end: RunReport) -> str:
    """Return what failed, if it is not the run."""
    if _is_of_findings(end):
        return _findings(end)
    if not end.failures:
        return f"Failed with exit status {end.exit_status}"
    first = shortened(_first_line(end), _MOST_CHARACTERS)
    known = _ENDED.get(end.exit_status)
    if end.exit_status == ExitCode.DID_NOT_RUN and end.record is None:
        known = "Did not run"
    return f"{known}: {first}" if known and not end.is_setup_failed else f"{first[:1].upper()}{first[1:]}"


def _is_of_findings(end: RunReport) -> bool:
    return end.lint is not None and end.lint.is_failing and (not end.failures or end.exit_status == ExitCode.FINDINGS)


def _first_line(end: RunReport) -> str:
    return end.failures[0].split("\n", 1)[0]


def _findings(end: RunReport) -> str:
    """Return the lint errors, or what else failed by `fail-on`."""
    if end.lint is None or (end.record is None and not end.lint.is_failing):
        return ""
    counts = by_severity(end.lint)
    errors = counts[SEVERITIES[0]]
    if errors or not end.lint.is_failing:
        return plural(errors, "lint error") if errors else ""
    return counted({f"lint {severity}": count for severity, count in counts.items()})


def _change(compared: Comparison | None) -> str:
    """Return `+410 % vs main`; energy and grid apart if the grid has changed."""
    if compared is None or not compared.can_be_judged or compared.emissions_change is None:
        return ""
    before = compared.baseline.name or compared.baseline.origin
    is_same_grid = compared.grid_change is None or abs(compared.grid_change) <= _SAME_GRID
    change = format_change(compared.emissions_change) if is_same_grid else changes(compared)
    return f"{change} vs {before}"


def _unlimited(end: RunReport, record: Record) -> str:
    energy = phrases.energy(record.energy_kwh.total)
    budget = "not judged" if end.is_limited else "no budget given"
    if end.is_share:
        budget = "a part of the budgeted job"
    if record.emissions_g is None:
        return f"{energy}, energy only, {budget}"
    return f"{phrases.emissions(record.emissions_g)}, {energy}, {budget}"


def _figures(record: Record, verdict: Verdict | None) -> str:
    if verdict is None or not verdict.limits:
        is_energy_only = record.emissions_g is None
        return phrases.energy(record.energy_kwh.total) if is_energy_only else phrases.emissions(record.emissions_g)
    over = [limit for limit in verdict.limits if limit.is_over]
    return "; ".join(map(_beside, over or verdict.limits))


def _undecided(record: Record, verdict: Verdict) -> str:
    """Return `703 µg (320 to 1100), limit 800 µg` for each limit that lies within the range of its figure."""
    parts = [
        f"{figure(limit)}, limit {phrases.amount(limit.unit, limit.allowed)}"
        for limit in verdict.limits
        if limit.name != INCREASE and limit.status is Status.INCONCLUSIVE
    ]
    return "; ".join(parts) or "; ".join(verdict.reasons) or _figures(record, verdict)


def _within(limit: LimitResult) -> str:
    share = None if limit.name == "max-increase" else used_share((limit,))
    return _beside(limit) + (f" ({phrases.percent(share)})" if share is not None else "")


def _beside(limit: LimitResult) -> str:
    """Return `4.19 of 4 mg`: measured of allowed, the unit once if it is the same."""
    measured, allowed = (phrases.amount(limit.unit, value) for value in (limit.measured, limit.allowed))
    if limit.name == "max-increase":
        more = "more" if limit.measured >= 0 else "less"
        return f"{phrases.amount(limit.unit, abs(limit.measured))} {more} than the baseline, {allowed} more allowed"
    name = f"{limit.name}: " if limit.is_of_window else ""
    by = f", over by {phrases.amount(limit.unit, -limit.margin)}" if limit.is_over and measured == allowed else ""
    return f"{name}{phrases.amount_of(limit.unit, limit.measured, limit.allowed)}{by}"
