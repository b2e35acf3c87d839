"""The step as a front end: inputs -> options and plan -> the pipeline's story -> what the step ends with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from carbon_lint.errors import InputError, OutputError
from carbon_lint.files import check_writable, make_folder_for
from carbon_lint.github import api, paths
from carbon_lint.github.base import BaseUnknownError, MergeBase, read_at
from carbon_lint.github.configuration import Configuration, configuration_of
from carbon_lint.github.front import StepFront
from carbon_lint.github.publishing import check_can_publish
from carbon_lint.github.record import model_of, read_record, record_path_of
from carbon_lint.github.results import Step
from carbon_lint.limits import LIMITS, BudgetException
from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE
from carbon_lint.pipeline.options import Options, Surroundings
from carbon_lint.pipeline.plan import RunPlan, plan_run
from carbon_lint.pipeline.story import Story
from carbon_lint.records.comparable import Identity, identity_of
from carbon_lint.records.ledger_url import LEDGER_FOLDER
from carbon_lint.records.record import Record
from carbon_lint.records.store import load_record, parse_record
from carbon_lint.report.earlier import check_replaceable

LABEL = "carbon-budget-exception"
"""The label that excepts a pull request from its limits, if somebody with write access set it."""

_ADD_IT = f"add `electricity-maps-token: ${{{{ secrets.{GRID_TOKEN_VARIABLE} }}}}`, or use `location: FRA`"
_FORK = (
    "a pull request from a fork is given no secrets: `location: FRA` needs none; docs/github.md has the lines that use "
    "it for forks alone"
)


def run_step(step: Step) -> None:
    """Run the step, and put the result into `step.result`. Raises CarbonLintError, KeyboardInterrupt."""
    _check_sarif_file(step)
    check_can_publish(step)
    options = options_of(step)
    configuration = configuration_of(step, options)
    step.result.know(limit_changes=configuration.changes)
    for note in configuration.notes:
        step.console.notice(note)
    if configuration.changes:
        rows = "".join(f"\n  {change}" for change in configuration.changes)
        step.console.notice(
            f"this pull request changes the configuration; that of the merge base holds until it is merged:{rows}"
        )
    record = read_record(step) if step.inputs.command is None else None
    plan = plan_of(step, options, configuration, record)
    front = StepFront(step, plan, configuration, record)
    story = Story(plan, front, step.result.report)
    try:
        story.run()
    finally:
        step.result.report = replace(story.report, readings=tuple(front.readings))


def options_of(step: Step) -> Options:
    """Return the options of the run: the inputs, with what the step knows besides."""
    inputs = step.inputs
    return replace(
        inputs,
        grid_token=inputs.electricity_maps_token or step.environ.get(GRID_TOKEN_VARIABLE),
        grid_token_hint=_FORK if step.context.is_fork else _ADD_IT,
        baseline_card=inputs.card,
        publishes=inputs.hub_repo is not None and inputs.publish != "never",
    )


def plan_of(step: Step, options: Options, configuration: Configuration, record: Record | None) -> RunPlan:
    """Return the plan of the step. Raises CarbonLintError."""
    inputs, context = step.inputs, step.context
    is_measuring = inputs.command is not None
    before = Identity(
        repository=context.repository,
        job=context.job,
        job_index=inputs.job_index,
        model=model_of(step),
        run_group=inputs.run_group or configuration.settings.run_group,
    )
    path = record_path_of(step) if is_measuring or record is not None else None
    around = Surroundings(
        run=before if record is None else identity_of(record),
        environ=step.environ,
        is_measuring=is_measuring,
        files=_StepFiles(step, configuration.base),
        hub_token=inputs.hf_token,
        ledger_folder=str(context.workspace / LEDGER_FOLDER),
        exceptions=_exceptions_by_label(step),
        only_own_group=not is_measuring and not inputs.allow_foreign,
        record_path=None if path is None else str(path),
        card=None if inputs.card is None else str(paths.inside(context, "card", inputs.card)),
    )
    return plan_run(options, configuration.settings, around)


def _exceptions_by_label(step: Step) -> tuple[BudgetException, ...]:
    """Return the exceptions that the label makes for today; none, with a warning, if it does not count."""
    number = step.context.pull_request
    if number is None or LABEL not in step.context.labels:
        return ()
    try:
        login = api.who_labelled(step, number, LABEL)
    except api.ApiError as error:
        step.console.warning(f"the label {LABEL} does not count: who set it could not be found out: {error}")
        return ()
    if login is None:
        step.console.warning(f"the label {LABEL} does not count: it was not set by anyone with write access")
        return ()
    reason, today = f"label {LABEL} on pull request {number}", datetime.now(UTC).date()
    return tuple(BudgetException(limit=name, owner=f"@{login}", reason=reason, until=today) for name in LIMITS)


class _StepFiles:
    """See pipeline.options.Files: of the workspace, on a pull request of its merge base."""

    def __init__(self, step: Step, base: MergeBase | None) -> None:
        self._step = step
        self._base = base

    def card(self, name: str) -> tuple[bytes | None, str]:
        path = paths.inside(self._step.context, "card", name)
        name = paths.relative(self._step.context, path)
        if self._base is not None:
            return self._at_base(path), f"{name} of the merge base"
        return path.read_bytes() if path.is_file() else None, name

    def record(self, name: str) -> tuple[Record | None, str]:
        path = paths.inside(self._step.context, "baseline", name, may_be_temporary=True)
        name = paths.relative(self._step.context, path)
        data = self._at_base(path)
        if data is not None:
            return parse_record(data, f"{name} of the merge base"), name
        return load_record(path) if path.is_file() else None, name

    def _at_base(self, path: Path) -> bytes | None:
        try:
            return None if self._base is None else read_at(self._base, path)
        except BaseUnknownError as error:
            raise InputError(
                f"{path.name} of the merge base cannot be read: {error}",
                hint="give `actions/checkout` `fetch-depth: 0`",
            ) from error


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
