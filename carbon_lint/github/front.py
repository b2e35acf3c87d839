"""What the step does of the pipeline's story itself: runs the job, lints the workspace, publishes, and says so."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import ExitCode, NoCardsError, SecondCardError, UsageError
from carbon_lint.github import advice, measuring, paths
from carbon_lint.github.configuration import Configuration
from carbon_lint.github.jobfiles import VARIABLES, JobFiles, private_files
from carbon_lint.github.publishing import publish_card, publish_mode
from carbon_lint.github.record import DEFAULT_RECORD, model_of, provenance_of, write_predicate
from carbon_lint.github.results import Step
from carbon_lint.github.wording import users_paths
from carbon_lint.lint.batch import lint_paths
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.lint.engine import LintRequest
from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps
from carbon_lint.measurement.meter import Meter, Reading
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import RecordNotWrittenError
from carbon_lint.pipeline.front_end import FrontEnd
from carbon_lint.pipeline.options import naming
from carbon_lint.pipeline.plan import RunPlan, check_outputs, meter_of, request_of
from carbon_lint.records.journal import compressed_path, journal_path
from carbon_lint.records.record import Outcome, Record
from carbon_lint.records.store import render_record
from carbon_lint.report.findings.outputs import write_outputs
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from carbon_lint.report.run import text as run_text
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.sections import Publication
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.hub.pushes.watch import Watch

CANCEL_GRACE_S = 5.0
"""Of the 7.5 s between the runner's SIGINT and SIGTERM; card, outputs and summary take the better part of one more."""
_NEEDS_ITS_OWN = (
    "\n  it asked the Hub without a token: a Trainer that pushes needs one, and `hf-token` is never handed to it; add\n"
    "  `env: {HF_TOKEN: ${{ secrets.HF_TRAIN_TOKEN }}}` and `pass-env: HF_TOKEN`; one that may only open pull requests "
    "is enough"
)


class StepFront(FrontEnd):
    """See FrontEnd."""

    pushes_option = "hub-repo"

    def __init__(self, step: Step, plan: RunPlan, configuration: Configuration, record: Record | None) -> None:
        """Take the `record` that was read, if one was. Raises UsageError if `hub-repo` names no model."""
        super().__init__(step.console.line, step.console.warning, step.console.notice)
        self.watch = _watch(step)
        self.readings: list[Reading] = []
        self._step = step
        self._plan = plan
        self._configuration = configuration
        self._record = record
        self._words = measuring.JobWords()

    def measure(self) -> Record | None:
        """Run `command`, or read the record that `record` names; `None` if neither is given."""
        command, path = self._step.inputs.command, self._plan.record_path
        if command is not None:
            self._record = self._measured(command)
            if path is not None:
                journal = journal_path(path)
                self._step.result.written += [Path(path), journal, compressed_path(journal)]
        if self._record is not None and path is not None:
            self._step.result.record_path = paths.relative(self._step.context, Path(path))
            if self._step.inputs.attestations:
                write_predicate(self._step, self._record, Path(path))
        return self._record

    def why(self, record: Record, status: int) -> tuple[str, ...]:
        """Say why the record fails the step, with what a workflow can do about it; nothing if it does not."""
        if record.outcome is Outcome.FAILED:
            why = ""
            if self._words.lacks_token and "HF_TOKEN" not in self._step.inputs.pass_env:
                why = _NEEDS_ITS_OWN
            elif status == ExitCode.COMMAND_NOT_FOUND:
                why = f"\n{advice.not_found(self._words.missing)}"
            return (f"`command` failed with exit status {status}; its output is in the log{why}",)
        if record.outcome is Outcome.INTERRUPTED:
            return ("the run was cancelled; what it had emitted until then is in the record",)
        if record.outcome is Outcome.UNMEASURED:
            reason = record.unmeasured_because
            why = "the record does not say why" if reason is None else reason.message
            return (f"no trustworthy figure: {why}",)
        return ()

    def show(self, report: RunReport) -> None:
        """Write the record with its verdict to the step's log."""
        self.say(run_text.render(replace(report, statuses=None, comparison=None)).rstrip("\n"))

    def lint(self) -> LintReport | None:
        """Lint the cards: annotations, the list in the log, SARIF; nothing with `lint: false`."""
        inputs = self._step.inputs
        if self._plan.card is not None and self._record is not None and self._record.emissions_g is not None:
            self._step.result.written.append(Path(self._plan.card))
        if not inputs.lint:
            return None
        named = inputs.cards or ((inputs.card,) if inputs.card else ())
        for name in named:
            paths.inside(self._step.context, "cards" if inputs.cards else "card", name)
        request = LintRequest(
            tuple(named) or (".",),
            settings=self._configuration.settings if inputs.config else None,
            settings_in=self._configuration.settings_in,
            overrides={"fail-on": inputs.fail_on} if inputs.fail_on else {},
            ceilings=self._limits_of_cards(),
            ceilings_from="the step's input",
            exceptions=self._plan.limits.exceptions,
        )
        with contextlib.chdir(self._step.context.workspace):
            try:
                report, _ = lint_paths(request)
            except NoCardsError:
                if named or self._record is None:
                    raise
                return None  # a training without a card in the repository has nothing to lint
            shown = (found.but(message=users_paths(self._step.context, found.message)) for found in report.diagnostics)
            report = report.but(diagnostics=tuple(shown))
            self._show_findings(report)
        return report

    def publish(self, report: RunReport, why_not: str | None) -> Publication | None:
        """Commit the card to the Hub as `publish` says; `None` if no `hub-repo` is given."""
        if publish_mode(self._step) is None:
            return None
        if why_not is None and report.record is None and self._step.inputs.card is None:
            why_not = "there is neither a `card` nor a `record`"
        if why_not is None and report.exit_status:
            why_not = "the step has failed"
        if why_not is None:
            return publish_card(self._step, self._plan, self._configuration.settings, report.record)
        self.notice(f"not published: {why_not}")
        return Publication(why_not=why_not)

    def _measured(self, command: str) -> Record:
        """Run `setup` and `command` among files of their own. Raises CarbonLintError."""
        step, plan = self._step, self._plan
        folder = paths.working_directory(step.context, step.inputs.working_directory)
        self._check_outputs()
        place = plan.place
        if place is not None and isinstance(place.place, ElectricityMaps) and step.inputs.setup is not None:
            place.place.first()  # or `setup` would run in vain
        if place is not None and place.shown is not None:
            step.console.line(place.shown)
        self._warn_of_what_is_not_passed()
        with private_files(step.context.temporary) as files, contextlib.chdir(folder):
            base = measuring.base_environ(step.environ, step.context, files)
            try:
                request = self._prepared(command, base, files)
                return self._run(request, self._meter(request))
            finally:
                step.result.job_summary = files.summary()
                for refused in files.copy_to(step.context):
                    step.console.warning(f"not passed to later steps: {refused}")

    def _check_outputs(self) -> None:
        """Find out before the job whether record and card can be written, and no other card is meant."""
        name = self._step.inputs.card
        path = None if self._plan.card is None else Path(self._plan.card)
        if path is not None and not path.parent.is_dir():
            raise UsageError(
                f"input 'card': there is no folder {quoted(paths.relative(self._step.context, path.parent))}",
                hint=f"`card: {path.name}`, or make the folder in a step before this one",
            )
        try:
            is_new = check_outputs(self._plan)
        except SecondCardError as error:
            hint = f"`card: {paths.relative(self._step.context, Path(error.other))}`; {error.how_else}"
            raise UsageError(f"input 'card': {error.message}", hint=hint) from error
        except UsageError as error:
            hint = f"name the record otherwise: `record: {DEFAULT_RECORD}`"
            raise UsageError(f"input 'card': {error.message}", hint=hint) from error
        if is_new:
            self.warn(f"`card: {name}` is not there, so a new card will be made")

    def _prepared(self, command: str, base: dict[str, str], files: JobFiles) -> RunRequest:
        """Run `setup`, and make the request from what it left."""
        inputs, hard_budget = self._step.inputs, self._plan.limits.hard_budget
        pass_env = (*inputs.pass_env, *VARIABLES)
        if inputs.setup is not None:
            quiet = {} if self._step.context.in_job else measuring.QUIET_PIP
            measuring.run_setup(inputs.setup, {**quiet, **base}, pass_env, self._step.console)
            changes = files.changes(base)
            lost = advice.lost_venv(inputs.setup, command, changes.get("PATH", ""))
            if lost is not None:
                self.warn(lost)
            base.update(changes)
        if inputs.expected_duration_s is not None and not hard_budget:
            self.notice("`expected-duration` has no effect without a hard limit")
        return request_of(
            self._plan,
            command=(*measuring.SHELL, command),
            environ=base,
            own_prefix=measuring.OWN_PREFIX,
            pass_env=pass_env,
            cancel_grace_s=CANCEL_GRACE_S,
            secrets=inputs.tokens,
            forecast=bool(hard_budget),
            provenance=replace(provenance_of(self._step), job_index=inputs.job_index, model=model_of(self._step)),
            warnings=self._configuration.notes,
        )

    def _meter(self, request: RunRequest) -> Meter:
        hidden = advice.hidden_gpus()
        if hidden and not self._step.context.in_job:
            self.say("This host has a GPU that a container action is not given. Use the in-job action:\n")
            self.say(advice.in_job_yaml(self._step.inputs, self._step.environ))
        return meter_of(self._plan, request.environ)

    def _run(self, request: RunRequest, meter: Meter) -> Record:
        try:
            record, self._words = measuring.measured(request, meter, self.readings, self._step.console)
        except RecordNotWrittenError as error:
            # In the log it is not lost.
            self.say(f"{error.message}; the record follows\n{render_record(error.record)}")
            raise
        return record

    def _warn_of_what_is_not_passed(self) -> None:
        for name in self._step.inputs.pass_env:
            if not self._step.environ.get(name):
                self.warn(
                    f"`pass-env: {name}` names a variable that the step does not have\n"
                    f"add to the step: `env: {{{name}: ${{{{ secrets.{name} }}}}}}`"
                )

    def _limits_of_cards(self) -> dict[str, str]:
        """Return the step's limits if there is no run to hold to them. A card may state the sum of many runs."""
        if self._record is not None:
            return {}
        limits = {
            "max-emissions": (self._step.inputs.max_emissions_g, "g"),
            "max-energy": (self._step.inputs.max_energy_kwh, "kWh"),
        }
        return {name: f"{limit!r} {unit}" for name, (limit, unit) in limits.items() if limit is not None}

    def _show_findings(self, report: LintReport) -> None:
        options = RenderOptions(base=str(self._step.context.workspace), folder=str(self._step.context.workspace))
        with self._step.console.group("carbon-lint: findings"):
            self.say(REPORTERS["text"](report, options).rstrip("\n"))
        if report.diagnostics:
            self._step.result.annotations = REPORTERS["github"](report, options)
        if self._step.inputs.sarif_file is not None:
            path = paths.inside(self._step.context, "sarif-file", self._step.inputs.sarif_file, may_be_temporary=True)
            write_outputs(report, [("sarif", str(path))], options)
            self._step.result.written.append(path)


def _watch(step: Step) -> Watch | None:
    """Return the model that `hub-repo` names, if a job may push to it."""
    target = step.inputs.hub_repo
    if step.inputs.command is None or target is None:
        return None
    from carbon_lint.hub.pushes.watch import Watch  # noqa: PLC0415  huggingface_hub takes half a second; most runs need none

    with naming("hub-repo", target):
        return Watch(target, step.environ, token=step.inputs.hf_token)
