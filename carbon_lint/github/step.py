"""The step: measure -> gate -> write card -> lint -> publish, each where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.errors import OutputError, UsageError
from carbon_lint.files import check_writable, make_folder_for
from carbon_lint.github import paths
from carbon_lint.github.card_step import Finishing
from carbon_lint.github.limits import limits_of
from carbon_lint.github.measure_step import Measuring
from carbon_lint.github.publishing import check_can_publish
from carbon_lint.github.watching import Watching
from carbon_lint.pipeline import story as pipeline
from carbon_lint.report.run.earlier import check_replaceable

if TYPE_CHECKING:
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step
    from carbon_lint.records.record import Record


def run_step(step: Step) -> None:
    """Fill `step.result`, phase by phase. Raises CarbonLintError, and KeyboardInterrupt where cancelled."""
    _check_asked(step.inputs)
    _check_sarif_file(step)
    check_can_publish(step)
    pipeline.run(_StepsOf(step))


class _StepsOf(pipeline.Steps):
    """How the GitHub step does each step of the pipeline. What is found goes into `step.result` at once."""

    def __init__(self, step: Step) -> None:
        inputs = step.inputs
        self._measuring: Measuring | None = None
        limits = limits_of(step)
        _say_changes(step, limits)
        if inputs.command is not None or inputs.record is not None:
            self._measuring = Measuring(step, limits)
        self._finishing = Finishing(step, limits)
        self._watching = Watching(step)

    def measure(self) -> Record | None:
        if self._measuring is None:
            return None
        self._watching.begin()
        return self._measuring.measure()

    def gate(self, record: Record) -> bool:
        return self._measuring is not None and self._measuring.judge(record)

    def write_card(self, record: Record) -> None:  # noqa: ARG002  the result holds it
        self._finishing.write_card()

    def tell_pushed(self, record: Record) -> None:
        self._watching.tell(record)

    def lint(self) -> bool:
        return self._finishing.lint()

    def publish(self, record: Record | None) -> None:  # noqa: ARG002  the result holds it
        self._finishing.publish()

    def leave_unpublished(self, reason: str) -> None:
        self._finishing.leave_unpublished(reason)


def _say_changes(step: Step, limits: Limits) -> None:
    step.result.limit_changes = limits.changes
    for note in limits.notes:
        step.console.notice(note)
    if limits.changes:
        rows = "".join(f"\n  {change}" for change in limits.changes)
        step.console.notice(
            f"this pull request changes the configuration; that of the merge base holds until it is merged:{rows}"
        )


def _check_asked(inputs: ActionInputs) -> None:
    if inputs.command is None and inputs.record is None and not inputs.lint and inputs.hub_repo is None:
        raise UsageError(
            "nothing is asked for: there is no `command`, no `record`, no `hub-repo`, and `lint` is false",
            hint="add `command: python train.py`, or leave `lint: false` out",
        )


def _check_sarif_file(step: Step) -> None:
    """Raise UsageError or OutputError if the findings may not be written to `sarif-file`; its folder is made."""
    name = step.inputs.sarif_file
    if name is None:
        return
    path = paths.inside(step.context, "sarif-file", name, may_be_temporary=True)
    hint = "name a file of its own: `sarif-file: carbon-lint.sarif`"
    if path.is_dir():
        raise OutputError(f"input 'sarif-file': {name} is a folder", hint=hint)
    try:
        check_replaceable(str(path), "sarif")
        make_folder_for(path, hint=hint)
        check_writable(path, hint=hint)
    except OutputError as error:
        raise OutputError(f"input 'sarif-file': {error.message}", hint=hint) from error
