"""measure -> gate -> write card -> lint -> publish: the whole story of a run or a step, on one page.

A front end resolves a `RunPlan` and runs it part by part. What it does itself (start the job, print, ask the Hub with
its own token) is a `FrontEnd`; what one part means for the next is here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint import debug
from carbon_lint.errors import CarbonLintError, ExitCode, HubError, InputError, MeasurementError
from carbon_lint.files import write_atomically
from carbon_lint.measurement.run import RecordNotWrittenError
from carbon_lint.pipeline.card import card_bytes, whole_group
from carbon_lint.pipeline.front_end import FrontEnd
from carbon_lint.pipeline.gate import judge_run, reason_not_to_publish
from carbon_lint.pipeline.plan import RunPlan
from carbon_lint.records.record import Outcome, Record, exit_code, was_stopped
from carbon_lint.records.store import rewrite_record
from carbon_lint.report.run.pushes import pushes_in_words
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.sections import Publication

if TYPE_CHECKING:  # huggingface_hub takes half a second
    from carbon_lint.hub.pushes.watch import Pushes, Watch


class Story:
    """One run or step. `report` holds what is known so far, whatever ends the story."""

    def __init__(self, plan: RunPlan, front: FrontEnd, report: RunReport | None = None) -> None:
        self.plan = plan
        self.report = replace(report or RunReport(statuses=()), is_limited=plan.limits.asks)
        self._front = front

    def run(self) -> RunReport:
        """Run the steps in order. Raises CarbonLintError if a step cannot be done; `report` has the steps before it."""
        if isinstance(self.plan.baseline, str):
            self._front.notice(f"nothing to compare with: {self.plan.baseline}")
        record = self._measure()
        if record is not None:
            try:
                record = self._gate(record)
            except CarbonLintError:
                self._front.show(self.report)  # whatever keeps the run from being judged
                try:
                    self._write_card(record)
                except CarbonLintError as error:  # the first error is the one to raise
                    self._front.warn(error.message)
                raise
            self._write_card(record)
            if record.outcome is Outcome.INTERRUPTED:
                return self.report  # a runner leaves a few seconds, and nothing is published of a cancelled run
            if record.outcome is not Outcome.COMPLETED:
                self._show_pushed(record)
        findings = self._front.lint()
        self._know(lint=findings)
        if findings is not None and findings.is_failing:
            self._fail(ExitCode.FINDINGS)
        try:
            self._know(publication=self._front.publish(self.report, reason_not_to_publish(self.report)))
        except HubError as error:
            self._know(publication=Publication(why_not=error.message))
            raise
        return self.report

    def _fail(self, status: int, *failures: str) -> None:
        """Note an exit status and what failed."""
        debug.log("story", "exit status %s: %s", status, "; ".join(failures) or "the verdict or the job's own")
        self.report = self.report.failing(status, *failures)

    def _know(self, **known: object) -> None:
        self.report = replace(self.report, **known)  # type: ignore[arg-type]  # dataclasses checks the names

    def _measure(self) -> Record | None:
        watch = None if self.plan.place is None else self._front.watch
        if watch is not None and (warning := watch.begin()) is not None:
            self._front.warn(warning)
        try:
            record = self._front.measure()
        except RecordNotWrittenError as error:
            self._know(record=error.record)
            raise
        self._know(record=record)
        if record is not None and self.plan.place is not None:
            self._know(is_cancelled=record.outcome is Outcome.INTERRUPTED)
            status = exit_code(record)
            self._fail(status, *self._front.why(record, status))
        return record

    def _gate(self, record: Record) -> Record:
        """Judge the record; return it with the exceptions that let it through."""
        if record.energy_kwh.total is None:
            if self.plan.limits.asks:
                self._know(is_over_budget=True)
                self._fail(MeasurementError.exit_code)
        else:
            judged = judge_run(record, self.plan)
            debug.log("story", "verdict: %s", judged.verdict)
            if judged.record is not None and judged.record is not record:
                record = judged.record
                if self.plan.place is not None:  # one that was measured before stays as it is: it may be attested
                    self._rewrite(record, "which exception let the run through")
            self._know(
                record=record,
                verdict=judged.verdict,
                comparison=judged.comparison,
                excused=judged.excused,
                is_over_budget=judged.is_over_budget,
            )
            for exception in () if judged.excused is None else judged.excused.expired:
                self._front.warn(f"an exception has expired: {exception}")
            if judged.is_over_budget:
                self._fail(ExitCode.FINDINGS, *judged.failures)
        self._front.show(self.report)
        return record

    def _rewrite(self, record: Record, what: str) -> None:
        if self.plan.record_path is not None:
            try:
                rewrite_record(record, self.plan.record_path)
            except CarbonLintError as error:
                self._front.warn(f"the record does not say {what}: {error.message}")

    def _write_card(self, record: Record) -> None:
        """Write the card, also of a run that failed or was cancelled: energy that was spent counts.

        Raises InputError if the record, of a run that ended before, holds no grams: nothing else would say so.
        """
        path, name = self.plan.card, self.plan.options.card
        if path is None or name is None:
            return
        if record.emissions_g is None and self.plan.place is None:
            raise InputError(
                f"{name} was left as it is: the record holds no grams",
                hint="name the record of a run that was measured at a place, or leave the card out",
            )
        if record.emissions_g is None:
            self._front.warn(f"{name} was left as it is: no emissions were measured")
            return
        from carbon_lint.card.from_record import card_with_record  # noqa: PLC0415  YAML is read only if there is a card

        whole = whole_group(record, self.plan.record_path, only_own=self.plan.only_own_group)
        change = card_with_record(
            card_bytes(path),
            path,
            whole.record,
            training_type=self.plan.training_type,
            with_body=self.plan.card_body,
        )
        if change.is_changed:
            write_atomically(path, change.after)
        self._know(card=change)
        for note in (*whole.notes, *change.notes):
            self._front.notice(f"{name}: {note}")
        done = "holds the figures" if change.is_changed else "holds the figures already"
        self._front.say(
            f"{name} was not there and was made, with the figures" if change.before is None else f"{name} {done}"
        )

    def _show_pushed(self, record: Record) -> None:
        """Say what a job that did not complete has pushed to the Hub, half-trained weights perhaps."""
        watch, stopped = self._front.watch, was_stopped(record)
        if self.plan.place is None:
            return
        if watch is None:
            option = self._front.pushes_option
            if stopped and record.exit_status == 0 and option is not None:
                self._front.notice(f"name the model as `{option}` to list what such a job has pushed")
            return
        self._front.say(f"asking the Hub what was pushed to {watch.repo_id}")
        pushes = self._pushes(watch)
        notes = pushes_in_words(pushes, record, was_stopped=stopped)
        (self._front.say if pushes.has_pushed is False else self._front.warn)("\n".join(notes))
        noted = replace(record, warnings=(*record.warnings, *notes))
        self._know(record=noted)
        self._rewrite(noted, "what was pushed")

    def _pushes(self, watch: Watch) -> Pushes:
        try:
            return watch.look()
        except KeyboardInterrupt:
            if not self._front.may_skip:
                raise
            return watch.interrupted()
