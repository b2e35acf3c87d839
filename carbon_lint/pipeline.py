"""measure -> gate -> write card -> lint -> publish: the whole story on one page.

Each step is a function here and a verb of its own; `run` tells them in order. It yields what is known after every step,
so that a door which is cancelled or fails halfway can still say it. Doors (the command line, the GitHub step) make the
`Plan`, print, and turn a `Result` into an exit status; what one step means for the next is decided here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carbon_lint.card.edit import write_block
from carbon_lint.card.figures import card_with_record
from carbon_lint.card.read import read_card
from carbon_lint.errors import ExitCode, OutputError
from carbon_lint.files import check_replaceable, read_file, write_atomically
from carbon_lint.gate.budget import OnModelled, is_failing, judge
from carbon_lint.lint.engine import lint_paths
from carbon_lint.measure import run as measuring
from carbon_lint.records.folder import group_sum
from carbon_lint.records.merge import Merged
from carbon_lint.records.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbon_lint.card.figures import CardChange
    from carbon_lint.gate.verdict import Budget, Verdict
    from carbon_lint.hub.publish import Published
    from carbon_lint.lint.diagnostic import LintReport
    from carbon_lint.lint.engine import LintRequest
    from carbon_lint.measure.meter import Meter
    from carbon_lint.measure.progress import Progress
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The budget, and what an inconclusive verdict does. `uncertainty` is relative; `None` takes the method's own."""

    budget: Budget
    on_modelled: OnModelled = OnModelled.WARN
    uncertainty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlan:
    """The card to write, and what is asked for beside the figures.

    A run that did not complete made no weights, so its figure is not put on the card of others, unless `of_any_outcome`
    says that the card is nobody else's yet.
    """

    path: str
    training_type: str | None = None
    of_any_outcome: bool = False

    def takes(self, record: Record) -> bool:
        """Whether this record's figures go onto the card."""
        return record.emissions_g is not None and (self.of_any_outcome or record.outcome is Outcome.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do. `None` leaves a step out; without `job` the story begins with `record`."""

    job: RunRequest | None = None
    record: Record | None = None
    gate: Gate | None = None
    card: CardPlan | None = None
    lint: LintRequest | None = None
    publish: Callable[[Record | None], Published] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is known so far. `None` is not known, or not asked for."""

    record: Record | None = None
    verdict: Verdict | None = None
    is_over_budget: bool = False
    card: CardChange | None = None
    findings: LintReport | None = None
    published: Published | None = None
    left_out: str | None = None  # why there was no publishing though it was asked for


def run(plan: Plan, meter: Meter | None, on_progress: Callable[[Progress], None]) -> Iterator[Result]:
    """Tell the story, yielding what is known after each step. Raises CarbonLintError, where a step cannot be done."""
    result = Result(record=plan.record)
    if plan.job is not None and meter is not None:
        result = replace(result, record=measuring.measure(plan.job, meter, on_progress))
        yield result
    if plan.gate is not None and result.record is not None and result.record.energy_kwh.total is not None:
        verdict = gate(result.record, plan.gate)
        is_over = result.record.over_budget or is_failing(verdict, plan.gate.on_modelled)
        result = replace(result, verdict=verdict, is_over_budget=is_over)
        yield result
    if plan.card is not None and result.record is not None and plan.card.takes(result.record):
        whole = whole_group(result.record, plan.job.record_path if plan.job else None)
        change = write_card(whole.record, plan.card.path, training_type=plan.card.training_type)
        result = replace(result, card=replace(change, notes=(*whole.notes, *change.notes)))
        yield result
    if plan.lint is not None:
        result = replace(result, findings=lint_paths(plan.lint)[0])
        yield result
    if plan.publish is not None:
        reason = reason_not_to_publish(result)
        result = replace(result, left_out=reason)
        if reason is None:
            result = replace(result, published=plan.publish(result.record))
        yield result


def gate(record: Record, limits: Gate) -> Verdict:
    """Hold a record against its budget. Raises MeasurementError where it holds no figure for a limit."""
    return judge(record, limits.budget, uncertainty=limits.uncertainty)


def whole_group(record: Record, path: str | None) -> Merged:
    """What the card states: the sum over the run group, of the records that lie beside this one at `path`.

    A failed or cancelled attempt took energy for the same weights. Raises InputError or MeasurementError where the
    records cannot be added up.
    """
    if record.run_group is None or path is None:
        return Merged(record=record, notes=())
    merged = group_sum(record, path)
    count = len(merged.record.merged_from)
    said = (f"the card states the sum of {count} runs of group {record.run_group!r}",) if count else ()
    return replace(merged, notes=(*merged.notes, *said))


def write_card(
    record: Record,
    path: str,
    *,
    training_type: str | None = None,
    location_name: str | None = None,
    replace: bool = False,
    is_dry: bool = False,
) -> CardChange:
    """Put the record's figures into the card, atomically, no other byte changed; a card that is not there is made.

    What a failed or cancelled run emitted counts too. Raises MeasurementError where the record holds no figure,
    UsageError, InputError or OutputError where the card cannot be written; the card is then as it was.
    """
    change = card_with_record(
        read_file(path, "card"),
        path,
        record,
        training_type=training_type,
        location_name=location_name,
        replace=replace,
    )
    if change.is_changed and not is_dry:
        write_atomically(path, change.after)
    return change


def reason_not_to_publish(result: Result) -> str | None:
    """Why nothing may be published: a figure nobody vouches for, a run over its budget, a card with errors."""
    if result.record is not None and result.record.outcome is not Outcome.COMPLETED:
        return f"the run's outcome is {result.record.outcome}"
    if result.is_over_budget:
        return "the run is over its budget"
    if result.findings is not None and result.findings.is_failing:
        return "the card has findings"
    return None


def exit_code(result: Result) -> int:
    """The exit status of the whole. The job's own failure wins, then the budget, then what the linter found."""
    if result.record is not None:
        status = measuring.exit_code(result.record)
        if status:
            return status
    if result.is_over_budget or (result.findings is not None and result.findings.is_failing):
        return ExitCode.FINDINGS
    return ExitCode.CLEAN


def check_card_can_be_written(path: str) -> None:
    """Find out before the job, and not after hours of it. Raises InputError or OutputError."""
    card = read_card(read_file(path, "card") or b"", path)
    write_block(card, {"emissions": 1.0})
    check_replaceable(path)
    if not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        raise OutputError(f"cannot write {path}: its folder is missing or read-only", hint="make the folder first")
