"""Judge a record, in one place for `run`, `gate`, `report`, the step and its comment: the same verdict everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from carbon_lint.errors import CarbonLintError
from carbon_lint.gate import baseline as baselines
from carbon_lint.gate.baseline import Comparison
from carbon_lint.gate.budget import is_failing, judge
from carbon_lint.gate.exceptions import Excused, excuse
from carbon_lint.gate.verdict import Status, Verdict
from carbon_lint.gate.window import with_budget
from carbon_lint.pipeline.baseline import unless_it_is
from carbon_lint.pipeline.card import whole_group
from carbon_lint.pipeline.plan import RunPlan
from carbon_lint.pipeline.windows import spent_with
from carbon_lint.records.record import Record
from carbon_lint.report.run.run_report import RunReport

BY_ITS_OWN_LIMIT = (
    "the record says that the run went over a limit that it was measured under; those given here are wider\n"
    "measure again under the wider limits, or raise the limit where the run is measured"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the gate says of a record.

    Attributes:
        verdict: after the exceptions; `None` if there is no limit.
        comparison: the run beside its baseline, if it has one.
        missing: why there is nothing to compare with.
        excused: the exceptions that bear on the verdict.
        is_failing: the build fails.
    """

    verdict: Verdict | None = None
    comparison: Comparison | None = None
    missing: str | None = None
    excused: Excused | None = None
    is_failing: bool = False

    @property
    def is_over_its_own_limit(self) -> bool:
        """True if only the limit that the run was measured under fails it."""
        return self.is_failing and self.verdict is not None and self.verdict.status is Status.PASS

    def report(self, record: Record) -> RunReport:
        """Return the report of a record that was judged and nothing else."""
        return RunReport(
            record=record,
            verdict=self.verdict,
            comparison=self.comparison,
            excused=self.excused,
            is_over_budget=self.is_failing,
            failures=(BY_ITS_OWN_LIMIT,) if self.is_over_its_own_limit else (),
        )


def judge_run(record: Record, plan: RunPlan) -> Judgement:
    """Judge a record by a plan's limits, baseline and exceptions.

    A run that went over a limit it was measured under fails, also under wider limits, unless an exception lifts it.
    Raises MeasurementError if the record holds no figure for one of the limits, InputError if the ledger of a window
    cannot be read.
    """
    limits, comparison = plan.limits, None
    baseline = unless_it_is(plan.baseline, _sum_for_card(record, plan.record_path))
    if isinstance(baseline, baselines.RunFigures):
        current = baselines.figures_of_record(record, "this run")
        comparison = baselines.compare(current, baseline, max_age_s=limits.max_age_s)
    missing = baseline if isinstance(baseline, str) else None
    if not limits.asks:
        return Judgement(comparison=comparison, missing=missing)
    verdict = judge(record, limits.budget, uncertainty=limits.uncertainty)
    for increase in limits.increases:
        verdict = baselines.with_increase(verdict, comparison, increase, missing or "no baseline is named")
    for spent in spent_with(record, limits, plan.ledger):
        verdict = with_budget(verdict, spent)
    excused = excuse(verdict, limits.exceptions, limits.today)
    stands = is_failing(excused.verdict, limits.on_modelled)
    return Judgement(
        verdict=excused.verdict,
        comparison=comparison,
        missing=missing,
        excused=excused,
        is_failing=stands or (record.over_budget and not excused.used),
    )


def _sum_for_card(record: Record, path: str | None) -> Record:
    """Return what a card would state of the record; the record alone if its group cannot be summed."""
    try:
        return whole_group(record, path).record
    except CarbonLintError:
        return record
