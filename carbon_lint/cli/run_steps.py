"""How `carbon-lint run` does each step of the pipeline, and says what came of it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.errors import CarbonLintError
from carbon_lint.gate.budget import judge
from carbon_lint.measure.run import measure, was_stopped
from carbon_lint.pipeline import story as pipeline
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import rewrite_record
from carbon_lint.report.run.text import render
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.hub.pushes.watch import Told, Watch
    from carbon_lint.measure.meter import Meter
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.progress import Show


class RunSteps(pipeline.Steps):
    """One job from the command line. `record` is what was measured, once it is."""

    def __init__(
        self,
        request: RunRequest,
        meter: Meter,
        show: Show,
        write: Callable[[str], None],
        *,
        card: str | None,
        training_type: str | None,
        watch: Watch | None,
    ) -> None:
        self.record: Record | None = None
        self._request = request
        self._meter = meter
        self._show = show
        self._write = write
        self._card = card
        self._training_type = training_type
        self._watch = watch

    def measure(self) -> Record:
        """See Steps."""
        warning = None if self._watch is None else self._watch.begin()
        if warning is not None:
            self._say(f"warning: {warning}")
        self.record = measure(self._request, self._meter, self._show)
        return self.record

    def gate(self, record: Record) -> bool:
        """See Steps. A hard limit is held against the figure as it stands; the verb `gate` weighs how it was found."""
        budget = self._request.budget
        verdict = judge(record, budget, uncertainty=0.0) if budget and record.energy_kwh.total is not None else None
        self._write(render(record, verdict, colour=sys.stderr.isatty() and "NO_COLOR" not in os.environ))
        if self._request.record_path is not None:
            self._say(f"the record is in {self._request.record_path}")
        return record.over_budget

    def write_card(self, record: Record) -> None:
        """See Steps. A run that did not complete made no weights, and its figure is not put on the card of others."""
        if self._card is None:
            return
        if record.outcome is not Outcome.COMPLETED:
            self._say(
                f"{self._card} is unchanged: the run's outcome is {record.outcome}, and it made no finished model"
            )
            return
        whole = pipeline.whole_group(record, self._request.record_path)
        change = pipeline.write_card(whole.record, self._card, training_type=self._training_type)
        for note in (*whole.notes, *change.notes):
            self._say(note)
        done = f"the figures are in {self._card}" if change.is_changed else f"{self._card} holds the figures already"
        self._say(f"{self._card} was not there and was made, with the figures" if change.before is None else done)

    def tell_pushed(self, record: Record) -> None:
        """See Steps. The record is safe by now, and is replaced by one that says this too."""
        if self._watch is None:
            if was_stopped(record) and record.exit_status == 0:
                self._say("with --hub-repo OWNER/MODEL the Hub is asked what such a job has pushed")
            return
        self._say(f"asking the Hub what was pushed to {self._watch.repo_id} (Ctrl-C skips it)")
        told = self._told(self._watch, record)
        self._write("".join(f"  warning: {terminal(note)}\n" for note in told.notes))
        self.record = replace(record, warnings=(*record.warnings, *told.notes))
        if self._request.record_path is not None:
            try:
                rewrite_record(self.record, self._request.record_path)
            except CarbonLintError as error:
                self._say(f"warning: the record does not say so: {error.message}")

    def _told(self, watch: Watch, record: Record) -> Told:
        stopped = was_stopped(record)
        try:
            return watch.tell(record, was_stopped=stopped)
        except KeyboardInterrupt:
            return watch.interrupted(record, was_stopped=stopped)

    def _say(self, text: str) -> None:
        self._write(f"carbon-lint: {terminal(text)}\n")
