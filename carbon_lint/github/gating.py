"""The gate of the step: limits, baseline and exceptions together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from carbon_lint.gate import baseline as baselines
from carbon_lint.gate.budget import is_failing, judge
from carbon_lint.gate.exceptions import excuse
from carbon_lint.gate.verdict import Status
from carbon_lint.github import policy
from carbon_lint.github.baselines import find_baseline, states_run
from carbon_lint.limits import LIMITS, BudgetException

if TYPE_CHECKING:
    from carbon_lint.gate.budget import OnModelled
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step
    from carbon_lint.limits import MaxIncrease
    from carbon_lint.records.record import Record

LABEL = "carbon-budget-exception"
"""A label of this name on a pull request excepts it from its limits, where somebody set it who may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a record will be held against. Made before the job, so that a wrong baseline costs no energy."""

    budget: Budget
    increases: tuple[MaxIncrease, ...]
    max_age_s: float | None
    on_modelled: OnModelled
    baseline: baselines.Figures | str | None
    exceptions: tuple[BudgetException, ...]
    today: date

    @property
    def hard_budget(self) -> Budget:
        """The limits that stop a running job: those that no exception lifts today."""
        lifted = {exception.limit for exception in self.exceptions if exception.until >= self.today}
        return replace(
            self.budget,
            max_emissions_g=None if "max-emissions" in lifted else self.budget.max_emissions_g,
            max_energy_kwh=None if "max-energy" in lifted else self.budget.max_energy_kwh,
        )

    @property
    def asks(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self.budget or self.increases)


_BY_ITS_OWN_LIMIT = (
    "the record says that the run went over a limit that it was measured under; those given here are wider\n"
    "measure again under the wider limits, or raise the limit where the run is measured"
)


def prepare(step: Step, limits: Limits) -> Gate:
    """Read limits, baseline and exceptions. Raises UsageError, ConfigError, InputError."""
    settings = limits.settings
    today = datetime.now(UTC).date()
    exceptions = settings.exception
    return Gate(
        budget=limits.budget,
        increases=policy.increases(step.inputs, settings),
        max_age_s=policy.baseline_max_age_s(step.inputs, settings),
        on_modelled=policy.on_modelled(step.inputs, settings),
        baseline=find_baseline(step, limits),
        exceptions=(*exceptions, *_by_label(step, today)),
        today=today,
    )


def pronounce(step: Step, gate: Gate, record: Record) -> None:
    """Judge the record: verdict, comparison, exceptions and what failed go into the result. Raises MeasurementError."""
    result = step.result
    baseline = gate.baseline
    if isinstance(baseline, baselines.Figures) and states_run(baseline, record):
        baseline = f"{baseline.origin} states this run's own figure"
    if isinstance(baseline, baselines.Figures):
        current = baselines.figures_of_record(record, "this run")
        result.comparison = baselines.compare(current, baseline, max_age_s=gate.max_age_s)
    if not gate.asks:
        return
    verdict = judge(record, gate.budget)
    for allowed in gate.increases:
        missing = baseline if isinstance(baseline, str) else "no baseline is named"
        verdict = baselines.with_increase(verdict, result.comparison, allowed, missing)
    result.excused = excuse(verdict, gate.exceptions, gate.today)
    result.verdict = result.excused.verdict
    stands = is_failing(result.verdict, gate.on_modelled)
    result.is_failing = stands or (record.over_budget and not result.excused.used)
    for exception in result.excused.expired:
        step.console.warning(f"an exception has expired: {exception}")
    if result.is_failing:
        result.statuses.append(1)
        if result.verdict.status is Status.PASS:
            result.failures.append(_BY_ITS_OWN_LIMIT)


def _by_label(step: Step, today: date) -> tuple[BudgetException, ...]:
    number = step.context.pull_request
    if number is None or LABEL not in step.context.labels:
        return ()
    from carbon_lint.github import api  # noqa: PLC0415  PyGithub takes 0.2 s

    try:
        login = api.who_labelled(step, number, LABEL)
    except api.ApiError as error:
        step.console.warning(f"the label {LABEL} does not count: who set it could not be found out: {error}")
        return ()
    if login is None:
        step.console.warning(f"the label {LABEL} does not count: it was not set by anyone with write access")
        return ()
    reason = f"label {LABEL} on pull request {number}"
    return tuple(BudgetException(limit=name, owner=f"@{login}", reason=reason, until=today) for name in LIMITS)
