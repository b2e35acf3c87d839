"""Find where the step's record is: made by `command`, or read from `record`."""

from __future__ import annotations

import json
from pathlib import Path

from carbon_lint.errors import InputError, OutputError
from carbon_lint.files import check_is_ours, write_atomically
from carbon_lint.github import paths
from carbon_lint.github.results import Step
from carbon_lint.records.document import predicate
from carbon_lint.records.provenance import check_origin, name_of_card, provenance_from_environ, scheduled
from carbon_lint.records.record import Provenance, Record
from carbon_lint.records.store import load_record, record_file
from carbon_lint.text import quoted

DEFAULT_RECORD = "carbon-lint-record.json"


def model_of(step: Step) -> str | None:
    """Return the model that the step is for: that of `hub-repo`, else its card by the path in the repository."""
    card = step.inputs.card
    return step.inputs.hub_repo or (None if card is None else name_of_card(card, step.context.workspace))


def provenance_of(step: Step) -> Provenance:
    """Return what the runner says of this step, and the scheduler or Kubernetes of the machine that it runs on."""
    return scheduled(provenance_from_environ({"GITHUB_ACTIONS": "true", **step.environ}), step.environ)


def read_record(step: Step) -> Record | None:
    """Return the record that `record` names; `None` if it names none. Raises InputError, also for a foreign one."""
    name = step.inputs.record
    if name is None:
        return None
    path = paths.inside(step.context, "record", name, may_be_temporary=True)
    if not path.exists():
        raise InputError(
            f"input 'record': there is no file {quoted(name)}",
            hint="it comes from the job that measured: `uses: actions/download-artifact` before this step, and "
            "the path that it gives",
        )
    record = load_record(record_path_of(step))
    if not step.inputs.allow_foreign:
        environ = {"GITHUB_ACTIONS": "true", **step.environ}
        check_origin(record, name, environ, switch="`allow-foreign: true`")
    return record


def write_predicate(step: Step, record: Record, record_path: Path) -> None:
    """Write what the workflow's next step signs, beside the record. A failure is a warning and costs no run."""
    path = record_path.with_suffix(".predicate.json")
    try:
        check_is_ours(path, "a predicate of carbon-lint", lambda data: b'"record_sha256"' in data)
        write_atomically(path, json.dumps(predicate(record), indent=2).encode() + b"\n")
    except OutputError as error:
        step.console.warning(f"`attestations`: nothing can be signed: {error.message}")
        return
    step.result.written.append(path)
    step.result.predicate_path = paths.relative(step.context, path)


def record_path_of(step: Step) -> Path:
    """Return the record's file. A folder means one file in it: this run's own, or the one that is there.

    Raises UsageError, InputError, OutputError.
    """
    given = step.inputs.record or DEFAULT_RECORD
    path = paths.inside(step.context, "record", given, may_be_temporary=True)
    if step.inputs.command is None:
        return Path(record_file(path))
    if not (given.endswith("/") or path.is_dir()):
        return path
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"input 'record': {quoted(given)} cannot be made: {error.strerror}") from error
    where = provenance_of(step)
    parts = (where.run_id, where.run_attempt, where.job, step.inputs.job_index)
    return path / f"{'-'.join(str(part) for part in parts if part is not None) or 'record'}.json"
