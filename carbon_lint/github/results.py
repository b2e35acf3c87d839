"""What is known of the step so far, and the outputs that say it. Filled phase by phase, so that any end can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from carbon_lint.gate.budget import used_share
from carbon_lint.gate.verdict import Status
from carbon_lint.github.jobfiles import OUTPUTS
from carbon_lint.lint.diagnostic import Severity
from carbon_lint.records.record import Outcome
from carbon_lint.report.run.headline import Ending, headline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from carbon_lint.config import Change
    from carbon_lint.gate.baseline import Comparison
    from carbon_lint.gate.exceptions import Excused
    from carbon_lint.gate.verdict import Verdict
    from carbon_lint.github.commands import Console
    from carbon_lint.github.context import Context
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.measure.meter import Reading
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.headline import Headline
    from carbon_lint.report.run.sections import Publication


@dataclass(slots=True, kw_only=True)
class Result:
    """`None` is not known, or not asked for.

    Attributes:
        record_path: as the output says it; `record_file` is the same, absolute.
        statuses: exit statuses in the order of their causes; the first that is not 0 is the step's.
        is_unmeasured: a measurement was asked for and could not begin, so there is no record.
        is_setup_failed: `setup` failed, and the exit status is its own.
        written: files of ours, to be handed over to the workspace's owner.
        readings: the run over time, for the chart.
        failures: what failed, in words for the annotations and the summary.
        failed_at: file, line and column of what stopped the step, as an annotation takes them.
        job_summary: what the job wrote for the step's summary; it stands below ours.
        publication: what became of the card on the Hub, where that was asked for.
        annotations: the linter's findings as workflow commands.
    """

    record: Record | None = None
    record_path: str | None = None
    record_file: Path | None = None
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    excused: Excused | None = None
    limit_changes: tuple[Change, ...] = ()
    is_failing: bool = False
    lint: LintReport | None = None
    card_changed: bool | None = None
    card_url: str | None = None
    is_cancelled: bool = False
    is_unmeasured: bool = False
    is_setup_failed: bool = False
    statuses: list[int] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    failed_at: dict[str, str] = field(default_factory=dict)
    annotations: str = ""
    job_summary: str = ""
    publication: Publication | None = None

    @property
    def exit_status(self) -> int:
        """The step's."""
        return next((status for status in self.statuses if status), 0)

    @property
    def head(self) -> Headline:
        """How the step ended, in the one line that heads annotation, summary and comment."""
        return headline(
            Ending(
                exit_status=self.exit_status,
                record=self.record,
                verdict=self.verdict,
                excused=self.excused,
                comparison=self.comparison,
                lint=self.lint,
                failures=tuple(self.failures),
                is_over_budget=self.is_failing,
                is_cancelled=self.is_cancelled,
                is_setup_failed=self.is_setup_failed,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of the action: what was asked for, where it runs, and what is known of it so far."""

    inputs: ActionInputs
    context: Context
    environ: Mapping[str, str]
    console: Console
    result: Result = field(default_factory=Result)


def outputs(result: Result) -> dict[str, str]:
    """The value of every output; "" where it is not known."""
    record, verdict, lint = result.record, result.verdict, result.lint
    has_limits = verdict is not None and bool(verdict.limits)
    # A run that was cut short is within its budget only because it was cut short.
    is_cut_short = record is not None and record.outcome is Outcome.INTERRUPTED and not _is_over(result)
    used = used_share(verdict.limits) if verdict is not None else None
    values = {
        "outcome": str(record.outcome) if record else str(Outcome.UNMEASURED) if result.is_unmeasured else "",
        "verdict": str(verdict.status) if verdict is not None and has_limits and not is_cut_short else "",
        "emissions-g": number(record.emissions_g if record else None),
        "energy-kwh": number(record.energy_kwh.total if record else None),
        "budget-used": number(used),
        "over-budget": boolean(_is_over(result)),
        "undecided": boolean(
            verdict.status is Status.INCONCLUSIVE if verdict and has_limits and not is_cut_short else None
        ),
        "card-changed": boolean(result.card_changed),
        "card-url": result.card_url or "",
        "record": result.record_path or "",
        "errors": "" if lint is None else str(lint.count(Severity.ERROR)),
        "warnings": "" if lint is None else str(lint.count(Severity.WARNING)),
    }
    return {name: values[name] for name in OUTPUTS}


def number(value: float | None) -> str:
    """A number that every reader of workflow expressions takes for one: no exponent; "" for `None`."""
    if value is None:
        return ""
    return f"{Decimal(repr(value)):f}"


def boolean(value: bool | None) -> str:
    """`true` or `false`, as workflow expressions compare it; "" for `None`."""
    return "" if value is None else str(value).lower()


def _is_over(result: Result) -> bool | None:
    if result.verdict is not None and any(limit.is_over for limit in result.verdict.limits):
        return True
    return None if result.record is None else result.record.over_budget
