"""The model that `hub-repo` names, while a job runs: what was pushed to it by a job that did not complete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.errors import CarbonLintError, UsageError
from carbon_lint.measure.run import was_stopped
from carbon_lint.records.store import rewrite_record

if TYPE_CHECKING:
    from carbon_lint.github.results import Step
    from carbon_lint.hub.pushes.watch import Told, Watch
    from carbon_lint.records.record import Record


class Watching:
    """Asks the Hub before the job and after it, where there is a `command` and a `hub-repo`; else does nothing."""

    def __init__(self, step: Step) -> None:
        """Raises UsageError where `hub-repo` names no model."""
        self._step = step
        self._watch = None
        if step.inputs.command is not None and step.inputs.hub_repo is not None:
            self._watch = _watch(step, step.inputs.hub_repo)

    def begin(self) -> None:
        """Before the job: see where every branch is."""
        warning = None if self._watch is None else self._watch.begin()
        if warning is not None:
            self._step.console.notice(f"`hub-repo`: {warning}")

    def tell(self, record: Record) -> None:
        """After it: what came is said, and goes into the record, the summary and the comment with its warnings."""
        if self._watch is None:
            if self._step.inputs.command is not None and was_stopped(record) and record.exit_status == 0:
                self._step.console.notice("with `hub-repo: OWNER/MODEL` the Hub is asked what such a job has pushed")
            return
        self._step.console.line(f"asking the Hub what was pushed to {self._watch.repo_id}")
        told = self._watch.tell(record, was_stopped=was_stopped(record))
        self._say(told)
        noted = replace(record, warnings=(*record.warnings, *told.notes))
        self._step.result.record = noted
        if self._step.result.record_file is not None:
            try:
                rewrite_record(noted, str(self._step.result.record_file))
            except CarbonLintError as error:
                self._step.console.warning(f"the record does not say what was pushed: {error.message}")

    def _say(self, told: Told) -> None:
        text = "\n".join(told.notes)
        if told.has_pushed is False:
            self._step.console.line(text)
        else:
            self._step.console.warning(text)


def _watch(step: Step, target: str) -> Watch:
    from carbon_lint.hub.pushes.watch import Watch  # noqa: PLC0415  huggingface_hub takes half a second; most runs need none

    try:
        return Watch(target, step.environ, token=step.inputs.hf_token)
    except UsageError as error:
        raise UsageError(f"input 'hub-repo': {error.message}", hint="`hub-repo: OWNER/MODEL`") from error
