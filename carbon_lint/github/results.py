"""Hold what is known of the step so far, and the outputs that state it, so that any end can be reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from carbon_lint.gate.budget import used_share
from carbon_lint.gate.verdict import Status
from carbon_lint.github.commands import Console
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import ActionInputs
from carbon_lint.lint.diagnostic import ERROR, WARNING
from carbon_lint.records.document import PREDICATE_TYPE
from carbon_lint.records.record import Outcome
from carbon_lint.report.run.run_report import RunReport


@dataclass(slots=True, kw_only=True)
class Result:
    """What is known of the step so far.

    Attributes:
        record_path: as the output says it.
        predicate_path: what is to be signed, as the output says it.
        written: files of ours, whose owner becomes the workspace's.
        failed_at: file, line and column of what stopped the step, as an annotation takes them.
        job_summary: what the job wrote for the step's summary; it stands below ours.
        annotations: the linter's findings as workflow commands.
    """

    report: RunReport = field(default_factory=lambda: RunReport(statuses=()))
    record_path: str | None = None
    predicate_path: str | None = None
    written: list[Path] = field(default_factory=list)
    failed_at: dict[str, str] = field(default_factory=dict)
    job_summary: str = ""
    annotations: str = ""

    def know(self, **known: Any) -> None:
        """Put what is known now into the report."""
        self.report = replace(self.report, **known)

    def fails_with(self, status: int, *failures: str) -> None:
        """Note an exit status, and what failed."""
        self.report = self.report.failing(status, *failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of the action: what was asked for, its place, and what is known of it so far."""

    inputs: ActionInputs
    context: StepContext
    environ: Mapping[str, str]
    console: Console
    result: Result = field(default_factory=Result)


def outputs(step: Step) -> dict[str, str]:
    """Return the value of every output of `interface.OUTPUTS`; "" if it is not known."""
    report = step.result.report
    record, verdict, lint = report.record, report.verdict, report.lint
    has_limits = verdict is not None and bool(verdict.limits)
    # A run that was cut short is within its budget only because it was cut short.
    is_cut_short = record is not None and record.outcome is Outcome.INTERRUPTED and not _is_over(report)
    used = used_share(verdict.limits) if verdict is not None else None
    is_asked = step.inputs.card is not None and record is not None
    card_changed = report.card.is_changed if report.card is not None else False if is_asked else None
    return {
        "outcome": str(record.outcome) if record else str(Outcome.UNMEASURED) if report.is_unmeasured else "",
        "verdict": str(verdict.status) if verdict is not None and has_limits and not is_cut_short else "",
        "emissions-g": number(record.emissions_g if record else None),
        "energy-kwh": number(record.energy_kwh.total if record else None),
        "budget-used": number(used),
        "over-budget": boolean(_is_over(report)),
        "undecided": boolean(
            verdict.status is Status.INCONCLUSIVE if verdict and has_limits and not is_cut_short else None
        ),
        "card-changed": boolean(card_changed),
        "card-url": (report.publication.url if report.publication is not None else None) or "",
        "record": step.result.record_path or "",
        "attestation-predicate": step.result.predicate_path or "",
        "attestation-type": PREDICATE_TYPE if step.result.predicate_path else "",
        "errors": "" if lint is None else str(lint.count(ERROR)),
        "warnings": "" if lint is None else str(lint.count(WARNING)),
    }


def number(value: float | None) -> str:
    """Return a number that every reader of workflow expressions takes for one: no exponent; "" for `None`."""
    return "" if value is None else f"{Decimal(repr(value)):f}"


def boolean(value: bool | None) -> str:
    """Return `true` or `false`, as workflow expressions compare it; "" for `None`."""
    return "" if value is None else str(value).lower()


def _is_over(report: RunReport) -> bool | None:
    if report.verdict is not None and any(limit.is_over for limit in report.verdict.limits):
        return True
    return None if report.record is None else report.record.over_budget
