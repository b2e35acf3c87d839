"""Hold the result of a run or a step in one value, from which terminal, log, summary and comment are written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carbon_lint.config import KeyChange
from carbon_lint.gate.baseline import Comparison
from carbon_lint.gate.exceptions import Excused, used_in
from carbon_lint.gate.verdict import Status, Verdict
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Outcome, Record, UsedException
from carbon_lint.report.run.sections import Publication

if TYPE_CHECKING:
    from carbon_lint.card.from_record import CardChange


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The result of a run or a step. `None` is not known, or was not asked for.

    Attributes:
        verdict: the gate's, after the exceptions.
        excused: the exceptions that bear on it.
        comparison: the run beside its baseline.
        is_limited: limits were given, whether or not the run could be judged by them.
        is_over_budget: the gate fails the run, whatever the figures alone would say.
        limit_changes: what a pull request changes in the configuration; its merge base's was used.
        readings: the run over time, oldest first, for the chart.
        failures: what failed, in words, in the order of the causes.
        statuses: exit statuses in the order of their causes; `None` if there is only a record to go by.
        is_cancelled: somebody cancelled the step.
        is_unmeasured: a measurement was asked for and could not begin.
        is_setup_failed: `setup` failed, and the exit status is its own.
        is_share: the limits are those of a whole job, and this is the record of one of its nodes.
    """

    record: Record | None = None
    verdict: Verdict | None = None
    excused: Excused | None = None
    comparison: Comparison | None = None
    is_limited: bool = False
    is_over_budget: bool = False
    limit_changes: tuple[KeyChange, ...] = ()
    card: CardChange | None = None
    lint: LintReport | None = None
    publication: Publication | None = None
    readings: tuple[Reading, ...] = ()
    failures: tuple[str, ...] = ()
    statuses: tuple[int, ...] | None = None
    is_cancelled: bool = False
    is_unmeasured: bool = False
    is_setup_failed: bool = False
    is_share: bool = False

    def failing(self, status: int, *failures: str) -> RunReport:
        """Return the report with one more exit status, and what failed."""
        return replace(self, statuses=(*(self.statuses or ()), status), failures=(*self.failures, *failures))

    @property
    def failure_lines(self) -> tuple[str, ...]:
        """What failed, line by line."""
        return tuple(line.strip() for failure in self.failures for line in failure.split("\n"))

    @property
    def exit_status(self) -> int | None:
        """The first status that is not 0; `None` if there is only a record to go by."""
        return None if self.statuses is None else next((status for status in self.statuses if status), 0)

    @property
    def has_failed(self) -> bool:
        """True if the step failed, or would have failed with this record."""
        if self.statuses is not None:
            return self.exit_status != 0
        if self.record is None:
            return False
        is_over_alone = self.record.outcome is Outcome.OVER_BUDGET and self.record.stopped_by is None
        return self.is_over or not (is_over_alone or self.record.outcome is Outcome.COMPLETED)

    @property
    def let_through(self) -> tuple[UsedException, ...]:
        """The exceptions that let the run through: by the gate, or without a verdict by what the record says."""
        if self.excused is not None:
            return used_in(self.excused)
        return self.record.exceptions if self.record is not None and self.verdict is None else ()

    @property
    def is_over(self) -> bool:
        """True if the run is over a limit that no exception lifts."""
        if self.is_over_budget:
            return True
        if self.excused is not None and self.excused.used:
            return False
        is_failing = self.verdict is not None and self.verdict.status is Status.FAIL
        return is_failing or (self.record is not None and self.record.over_budget)
