"""The first half of the step: measure and gate.

Whatever is found goes into a `Result` at once, so that a step which is cancelled or fails halfway can still tell it.
"""

from __future__ import annotations

import contextlib
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import ExitCode, InputError, MeasurementError, OutputError, SecondCardError, UsageError
from carbon_lint.github import advice, gating, measuring, paths, policy
from carbon_lint.github.grid import grid_of
from carbon_lint.github.jobfiles import private_files
from carbon_lint.measure.grid.electricity_maps import ElectricityMaps
from carbon_lint.measure.grid.hourly import hourly
from carbon_lint.measure.grid.location import resolve
from carbon_lint.measure.request import RunRequest
from carbon_lint.measure.run import RecordNotWrittenError, exit_code, measure
from carbon_lint.pipeline import story as pipeline
from carbon_lint.places import custom_place
from carbon_lint.records.attempts import check_name
from carbon_lint.records.folder import check_group
from carbon_lint.records.journal import journal_path
from carbon_lint.records.origin import check_origin
from carbon_lint.records.provenance import provenance_from_environ
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, record_file, render_record
from carbon_lint.report.run import text as run_text
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.github.jobfiles import JobFiles
    from carbon_lint.github.limits import Limits
    from carbon_lint.github.results import Step
    from carbon_lint.measure.meter import Meter
    from carbon_lint.places import Place
    from carbon_lint.records.record import Record

DEFAULT_RECORD = "carbon-lint-record.json"
CANCEL_GRACE_S = 5.0
"""Of the 7.5 s between the runner's SIGINT and SIGTERM; card, outputs and summary take the better part of one more."""
_NEEDS_ITS_OWN = (
    "\n  it asked the Hub without a token: a Trainer that pushes needs one, and `hf-token` is never handed to it; add\n"
    "  `env: {HF_TOKEN: ${{ secrets.HF_TRAIN_TOKEN }}}` and `pass-env: HF_TOKEN`; one that may only open pull requests "
    "is enough"
)


class Measuring:
    """The record, measured or read, and its verdict."""

    def __init__(self, step: Step, limits: Limits) -> None:
        self._step = step
        self._limits = limits
        self._heard = measuring.Heard()
        self._gate = gating.prepare(step, limits)

    def measure(self) -> Record | None:
        """Fill the result's record, and return it. Raises CarbonLintError."""
        if self._step.inputs.command is not None:
            self._measure(self._step.inputs.command)
        elif self._step.inputs.record is not None:
            path = paths.inside(self._step.context, "record", self._step.inputs.record, may_be_temporary=True)
            if not path.exists():
                raise InputError(
                    f"input 'record': there is no file {quoted(self._step.inputs.record)}",
                    hint="it comes from the job that measured: `uses: actions/download-artifact` before this step, and "
                    "the path that it gives",
                )
            path = Path(record_file(path))  # `record: records/` reads the one record that it wrote there
            record = load_record(path, allow_unusual=self._allows_unusual())
            if not self._step.inputs.allow_foreign:
                environ = {"GITHUB_ACTIONS": "true", **self._step.environ}
                check_origin(record, self._step.inputs.record, environ, switch="`allow-foreign: true`")
            self._step.result.record = record
            self._step.result.record_file = path
            self._step.result.record_path = paths.relative(self._step.context, path)
        return self._step.result.record

    def _measure(self, command: str) -> None:
        record_path = self._record_path()
        if self._run_group() is not None:
            check_name(record_path)
        folder = paths.working_directory(self._step.context, self._step.inputs.working_directory)
        if self._step.inputs.card is not None:
            self._check_card(self._step.inputs.card, record_path)
            if (run_group := self._run_group()) is not None:
                check_group(run_group, record_path)
        place = grid_of(self._step, self._limits.settings) or self._place()
        self._warn_of_what_is_not_passed()
        with private_files(self._step.context.temporary) as files, contextlib.chdir(folder):
            base = measuring.base_environ(self._step.environ, self._step.context, files)
            try:
                request = self._prepared(command, base, files, record_path)
                record = self._measured(request, self._meter(place, request))
            finally:
                self._step.result.job_summary = files.summary()
                for refused in files.copy_to(self._step.context):
                    self._step.console.warning(f"not handed on to later steps: {refused}")
        self._keep(record, record_path)

    def _check_card(self, name: str, record_path: Path) -> None:
        """Before the job: is the card there, or can it be made, and is no other one meant?"""
        path = paths.inside(self._step.context, "card", name)
        if not path.parent.is_dir():
            raise UsageError(
                f"input 'card': there is no folder {quoted(paths.relative(self._step.context, path.parent))}",
                hint=f"`card: {path.name}`, or make the folder in a step before this one",
            )
        try:
            is_new = pipeline.check_card_can_be_written(str(path), record_path=str(record_path))
        except SecondCardError as error:
            hint = f"`card: {paths.relative(self._step.context, Path(error.other))}`; {error.how_else}"
            raise UsageError(f"input 'card': {error.message}", hint=hint) from error
        except UsageError as error:
            hint = f"name the record otherwise: `record: {DEFAULT_RECORD}`"
            raise UsageError(f"input 'card': {error.message}", hint=hint) from error
        if is_new:
            self._step.console.warning(f"`card: {name}` is not there, so a new card will be made")

    def _record_path(self) -> Path:
        """Where the record goes. A folder stands for a file of this run's own in it, beside those of other attempts."""
        given = self._step.inputs.record or DEFAULT_RECORD
        path = paths.inside(self._step.context, "record", given, may_be_temporary=True)
        if not (given.endswith("/") or path.is_dir()):
            return path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"input 'record': {quoted(given)} cannot be made: {error.strerror}") from error
        where = provenance_from_environ({"GITHUB_ACTIONS": "true", **self._step.environ})
        parts = (where.run_id, where.run_attempt, where.job, self._step.inputs.job_index)
        return path / f"{'-'.join(str(part) for part in parts if part is not None) or 'record'}.json"

    def _run_group(self) -> str | None:
        return self._step.inputs.run_group or self._limits.settings.run_group

    def _prepared(self, command: str, base: dict[str, str], files: JobFiles, record_path: Path) -> RunRequest:
        """Run `setup`, and make the request from what it left."""
        pass_env = measuring.passed_names(self._step.inputs)
        if self._step.inputs.setup is not None:
            quiet = {} if self._step.context.in_job else measuring.QUIET_PIP
            self._run_setup(self._step.inputs.setup, {**quiet, **base}, pass_env)
            changes = files.changes(base)
            lost = advice.lost_venv(self._step.inputs.setup, command, changes.get("PATH", ""))
            if lost is not None:
                self._step.console.warning(lost)
            base.update(changes)
        if self._step.inputs.expected_duration_s is not None and not self._gate.hard_budget:
            self._step.console.notice("`expected-duration` is there for a limit, and there is no hard one")
        inputs = self._step.inputs
        provenance = provenance_from_environ({"GITHUB_ACTIONS": "true", **self._step.environ})
        return RunRequest(
            command=(*measuring.SHELL, command),
            environ=base,
            own_prefix=measuring.own_prefix(),
            pass_env=pass_env,
            budget=self._gate.hard_budget,
            on_exceed=policy.on_exceed(self._step.inputs, self._limits.settings),
            grace_s=policy.grace_s(self._step.inputs, self._limits.settings),
            cancel_grace_s=CANCEL_GRACE_S,
            secrets=self._secrets(),
            record_path=str(record_path),
            run_group=self._run_group(),
            forecast=bool(self._gate.hard_budget),
            expected_duration_s=self._step.inputs.expected_duration_s,
            provenance=replace(provenance, job_index=inputs.job_index, model=inputs.hub_repo or inputs.card),
            warnings=self._limits.notes,
        )

    def _run_setup(self, script: str, environ: dict[str, str], pass_env: tuple[str, ...]) -> None:
        try:
            measuring.run_setup(script, environ, pass_env, self._step.console)
        except measuring.SetupFailedError:
            self._step.result.is_setup_failed = True
            raise

    def _secrets(self) -> tuple[str, ...]:
        inputs = self._step.inputs
        tokens = (inputs.hf_token, inputs.github_token, inputs.electricity_maps_token)
        return tuple(token for token in tokens if token)

    def _place(self) -> Place | None:
        settings = self._limits.settings
        given = self._step.inputs.carbon_intensity_g_per_kwh
        location = self._step.inputs.location or (settings.location if given is None else None)
        if given is not None:
            return custom_place(given, allow_unusual=True)  # its input was checked
        if location is not None:
            try:
                found = resolve(location, settings.machine, platform.node())
            except MeasurementError as error:
                where = "input 'location'" if self._step.inputs.location else f"{settings.source('location')}: location"
                raise MeasurementError(f"{where}: {error.message}", hint=f"`location`: {error.hint}") from error
            if found.how is not None:
                self._step.console.line(str(found))
            return found.place
        if (stated := settings.carbon_intensity_g_per_kwh) is not None:
            try:
                return custom_place(stated, allow_unusual=self._allows_unusual())
            except MeasurementError as error:
                where = f"{settings.source('carbon-intensity')}: carbon-intensity"
                raise MeasurementError(f"{where}: {error.message}", hint=error.hint) from error
        inputs = self._step.inputs
        publishes = inputs.hub_repo is not None and inputs.publish != "never"
        wants_grams = self._limits.budget.max_emissions_g is not None or inputs.card is not None or publishes
        if self._limits.budget.max_energy_kwh is not None and not wants_grams:
            return None
        raise MeasurementError(
            "no location is given, and grams depend on it (France 44 g/kWh, Poland 615)",
            hint="add `location: FRA` (or USA/virginia, gcp/us-central1), or `carbon-intensity: 56.04`",
        )

    def _allows_unusual(self) -> bool:
        given: bool = self._step.inputs.allow_unusual_intensity
        return given or self._limits.settings.allow_unusual_intensity

    def _meter(self, place: Place | ElectricityMaps | None, request: RunRequest) -> Meter:
        if isinstance(place, ElectricityMaps):
            return hourly(self._meter(None, request), place)
        from carbon_lint.measure.codecarbon.meter import CodeCarbonMeter  # noqa: PLC0415  a second that lint only saves

        hidden = advice.hidden_gpus()
        if hidden and not self._step.context.in_job:
            self._step.console.line(
                "This host has a GPU that a container action is not given. Use the in-job action:\n"
            )
            self._step.console.line(advice.in_job_yaml(self._step.inputs, self._step.environ))
        return CodeCarbonMeter(
            place,
            pue=self._limits.settings.pue,
            environ=request.environ,
            require=policy.require(self._step.inputs, self._limits.settings),
        )

    def _measured(self, request: RunRequest, meter: Meter) -> Record:
        try:
            record, self._heard = measuring.measured(
                lambda metered, show, printed: measure(request, metered, show, printed),
                meter,
                self._step.result.readings,
                self._step.console,
            )
        except RecordNotWrittenError as error:
            # In the log it is not lost.
            self._step.console.line(f"{error.message}; the record follows\n{render_record(error.record)}")
            self._step.result.record = error.record
            raise
        return record

    def _keep(self, record: Record, record_path: Path) -> None:
        self._step.result.record = record
        self._step.result.record_path = paths.relative(self._step.context, record_path)
        self._step.result.record_file = record_path
        self._step.result.written += [record_path, journal_path(record_path)]
        self._step.result.is_cancelled = record.outcome is Outcome.INTERRUPTED
        status = exit_code(record)
        self._step.result.statuses.append(status)
        if record.outcome is Outcome.FAILED:
            why = ""
            if self._heard.lacks_token and "HF_TOKEN" not in self._step.inputs.pass_env:
                why = _NEEDS_ITS_OWN
            elif status == ExitCode.COMMAND_NOT_FOUND:
                why = f"\n{advice.not_found(self._heard.missing)}"
            self._step.result.failures.append(
                f"`command` failed with exit status {status}; its output is in the log{why}"
            )
        elif record.outcome is Outcome.INTERRUPTED:
            self._step.result.failures.append("the run was cancelled; what it had emitted until then is in the record")
        elif record.outcome is Outcome.UNMEASURED:
            why = record.warnings[-1] if record.warnings else "the record does not say why"
            self._step.result.failures.append(f"no trustworthy number could be had: {why}")

    def judge(self, record: Record) -> bool:
        """Fill the result's verdict; True where it fails. Raises MeasurementError."""
        result = self._step.result
        if record.energy_kwh.total is None and self._gate.asks:
            result.is_failing = True
            result.statuses.append(MeasurementError.exit_code)
        elif record.energy_kwh.total is not None:
            gating.pronounce(self._step, self._gate, record)
        said = run_text.render(record, result.verdict, excused=result.excused, is_over_budget=result.is_failing)
        self._step.console.line(said.rstrip("\n"))
        return result.is_failing

    def _warn_of_what_is_not_passed(self) -> None:
        for name in self._step.inputs.pass_env:
            if not self._step.environ.get(name):
                self._step.console.warning(
                    f"`pass-env: {name}` names a variable that the step does not have\n"
                    f"add to the step: `env: {{{name}: ${{{{ secrets.{name} }}}}}}`"
                )
