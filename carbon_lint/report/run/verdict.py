"""Write the gate's verdict, as text and as JSON: what `carbon-lint gate` prints."""

from __future__ import annotations

from carbon_lint.gate.baseline import Comparison, changes
from carbon_lint.gate.budget import OnModelled, format_limit
from carbon_lint.gate.verdict import LimitResult, Status
from carbon_lint.report.layout import json_text
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.text import terminal

_DECIDED = {"figure": "the figure decides", "fail": "undecided fails", "pass": "undecided passes"}


def render_text(report: RunReport, on_modelled: OnModelled) -> str:
    """Return what fails the run beside its limits, a line for each limit, and below it what bears on the verdict."""
    verdict, comparison = report.verdict, report.comparison
    if verdict is None:
        return "no limit\n"
    reasons, failures = list(verdict.reasons), report.failure_lines
    lines = [f"{verdict.status}: {failures[0]}", *(f"  {line}" for line in failures[1:])] if failures else []
    lines += [f"{_word(report, limit)}: {format_limit(limit)}" for limit in verdict.limits]
    if not lines:
        lines = [f"{verdict.status}: {reasons.pop(0) if reasons else 'no limit'}"]
    if comparison is not None:
        lines.append(f"  baseline: {changes(comparison)}, against {comparison.baseline.origin}")
    lines += [f"  {reason}" for reason in reasons]
    if verdict.status is Status.INCONCLUSIVE:
        outcome = "over budget" if report.is_over_budget else "passes"
        lines.append(f"  {_DECIDED[on_modelled]} (on-modelled: {on_modelled}): {outcome}")
    return "\n".join(terminal(line) for line in lines) + "\n"


def _word(report: RunReport, limit: LimitResult) -> str:
    """Return the limit's own status, as one may pass and another fail; an exception's limit is not shown as a pass."""
    used = () if report.excused is None else report.excused.used
    lifts = next((one for one in used if one.limit == limit.name), None)
    if limit.is_over and lifts is not None:
        return f"allowed until {lifts.until.isoformat()} ({lifts.owner})"
    return str(limit.status)


def render_json(report: RunReport, on_modelled: OnModelled) -> str:
    """Return the same as JSON."""
    verdict, excused = report.verdict, report.excused
    document = {
        "format": 1,
        "status": None if verdict is None else str(verdict.status),
        "failed": report.is_over_budget,
        "on_modelled": str(on_modelled),
        "limits": [] if verdict is None else [_limit(limit) for limit in verdict.limits],
        "reasons": [*(() if verdict is None else verdict.reasons), *report.failure_lines],
        "exceptions": [] if excused is None else [str(exception) for exception in excused.used],
        "baseline": None if report.comparison is None else _comparison(report.comparison),
    }
    return json_text(document)


def _comparison(comparison: Comparison) -> dict[str, object]:
    """Return a comparison; changes are shares: 0.02 is +2 %, null is not known."""
    return {
        "origin": comparison.baseline.origin,
        "energy_change": comparison.energy_change,
        "grid_change": comparison.grid_change,
        "basis": {"baseline": comparison.baseline.basis, "current": comparison.current.basis},
        "emissions_change": comparison.emissions_change,
        "obstacles": list(comparison.obstacles),
        "stale": comparison.is_stale,
    }


def _limit(limit: LimitResult) -> dict[str, object]:
    return {
        "name": limit.name,
        "unit": limit.unit,
        "measured": limit.measured,
        "range": None if limit.bounds is None else [limit.bounds.low, limit.bounds.high],
        "measured_share": limit.measured_share,
        "allowed": limit.allowed,
        "margin": limit.margin,
        "over": limit.is_over,
        "source": limit.source,
    }
