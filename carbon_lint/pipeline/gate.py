"""Judge a record, in one place for `run`, `gate`, `report`, the step and its comment: the same verdict everywhere."""

from __future__ import annotations

from dataclasses import replace

from carbon_lint.errors import MeasurementError
from carbon_lint.gate import baseline as baselines
from carbon_lint.gate.budget import is_failing, judge
from carbon_lint.gate.exceptions import excuse, used_in
from carbon_lint.gate.verdict import Status
from carbon_lint.gate.window import with_budget
from carbon_lint.pipeline.baseline import unless_it_is
from carbon_lint.pipeline.limits import Limits
from carbon_lint.pipeline.plan import RunPlan
from carbon_lint.pipeline.windows import spent_with
from carbon_lint.records.record import Outcome, Record
from carbon_lint.report.run.run_report import RunReport

_BY_ITS_OWN_LIMIT = (
    "the record says that the run went over a limit that it was measured under\n"
    "measure again under a wider limit: a limit that is given afterwards changes nothing"
)


def judge_run(record: Record, plan: RunPlan) -> RunReport:
    """Judge a record by a plan's limits, baseline and exceptions, and return the report of that alone.

    The record of the report names the exceptions that let the run through.
    A run that went over a limit it was measured under fails, also under wider limits or none, unless an exception lifts
    it.
    Raises MeasurementError if the record holds no figure for one of the limits, InputError if the ledger of a window
    cannot be read.
    """
    limits, comparison = plan.limits.own, None
    baseline = unless_it_is(plan.baseline, record, plan.record_path)
    if isinstance(baseline, baselines.RunFigures):
        current = baselines.figures_of_record(record, "this run")
        comparison = baselines.compare(current, baseline, max_age_s=limits.max_age_s)
    missing = baseline if isinstance(baseline, str) else None
    if not limits.asks and not record.over_budget:
        return RunReport(record=record, comparison=comparison)
    verdict = judge(record, limits.budget, uncertainty=limits.uncertainty)
    if limits.asks:
        _check_figures(record, limits)
    for increase in limits.increases:
        verdict = baselines.with_increase(verdict, comparison, increase, missing or "no baseline is named")
    for spent in spent_with(record, limits, plan.ledger):
        verdict = with_budget(verdict, spent)
    excused = excuse(verdict, limits.exceptions, limits.today)
    is_over = is_failing(excused.verdict, limits.on_modelled, [exception.limit for exception in excused.used])
    is_by_its_own = record.over_budget and not is_over and not excused.used
    used = used_in(excused)
    return RunReport(
        record=replace(record, exceptions=used) if used else record,
        verdict=replace(excused.verdict, status=Status.FAIL) if is_by_its_own else excused.verdict,
        comparison=comparison,
        excused=excused,
        is_limited=limits.asks,
        is_over_budget=is_over or is_by_its_own,
        failures=(_BY_ITS_OWN_LIMIT,) if is_by_its_own else (),
    )


def _check_figures(record: Record, limits: Limits) -> None:
    """Raise MeasurementError if the record lacks a figure for one of the limits that compare it with other runs."""
    if record.outcome is Outcome.UNMEASURED or record.energy_kwh.total is None:
        raise MeasurementError(
            "the record holds no energy, so no limit can be judged",
            hint="the run was not measured: its warnings say why",
        )
    if record.emissions_g is None and any(increase.emissions_g is not None for increase in limits.increases):
        raise MeasurementError(
            "the record holds no emissions, so max-increase in grams cannot be judged",
            hint="measure again at a place, or limit the increase of the energy",
            suggest=(("location", "FRA"), ("max-increase", "10% and 1 kWh")),
        )


def reason_not_to_publish(report: RunReport) -> str | None:
    """Say why nothing may be published: a figure without evidence, a run over its budget, a card with errors."""
    record = report.record
    if record is not None and record.outcome is not Outcome.COMPLETED:
        return f"the run's outcome is {record.outcome}"
    if report.is_over_budget:
        return "the run is over its budget"
    if report.lint is not None and report.lint.is_failing:
        return "the card has findings"
    return None
