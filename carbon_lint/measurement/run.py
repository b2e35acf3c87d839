"""Measure one run, from request to record. Whatever becomes of the job, its record is written."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from carbon_lint import __version__, debug, redact
from carbon_lint.errors import CommandNotRunnableError, InputError, MeasurementError, OutputError
from carbon_lint.files import check_writable, make_folder_for
from carbon_lint.measurement import nested
from carbon_lint.measurement.finish import finish, named
from carbon_lint.measurement.forecast.outlook import Outlook, open_outlook
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.job import containers, environment
from carbon_lint.measurement.job.body import Body
from carbon_lint.measurement.job.job import Job
from carbon_lint.measurement.job.ranks import unseen_gpus
from carbon_lint.measurement.job.shims import Shims, finder, open_shims
from carbon_lint.measurement.job.signals import CANCELLING, SignalInbox
from carbon_lint.measurement.journal import HURRIED_BYTES, NEEDS_A_FOLDER, Journal
from carbon_lint.measurement.loop import Loop
from carbon_lint.measurement.meter import Meter
from carbon_lint.measurement.progress import RunProgress
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.system import need_linux
from carbon_lint.measurement.wall_clock import utc_now
from carbon_lint.measurement.whole_job import WholeJob
from carbon_lint.records.document import record_to_json
from carbon_lint.records.folder import Earlier, find_earlier, keep_earlier
from carbon_lint.records.journal import journal_path
from carbon_lint.records.record import Energy, Outcome, Record, StoppedBy
from carbon_lint.records.store import as_stored, check_replaceable_by_record, rewrite_record, write_record

_NAME_ANOTHER = "name a file of its own, like record.json"


class RecordNotWrittenError(OutputError):
    """The run has ended and its record could not be written. `record` is not lost with it."""

    def __init__(self, message: str, record: Record, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.record = record


def measure(
    request: RunRequest,
    meter: Meter,
    on_progress: Callable[[RunProgress], None],
    printed: PrintedProgress | None = None,
    body: Body | None = None,
) -> Record:
    """Run the command of `request` under `meter`, judge its budget, write and return its record.

    Main thread only: it listens to signals. `on_progress` is called once a tick and must not raise. `printed` is given
    if the caller reads the job's output; else it is read here, if a forecast is asked for. With a `body` no command is
    run: any thread may measure it, and `printed` must be given.

    Raises:
        CommandNotRunnableError: the command is not there, or cannot be executed. Nothing was measured.
        MeasurementError: the meter cannot start, or states no grams and a limit is in grams, or this is not Linux. The
            job was not started.
        OutputError: the record's folder cannot be written to, or another run holds it. The job was not started.
        RecordNotWrittenError: the record could not be written at the end.
    """
    need_linux()
    if request.budget.max_emissions_g is not None and meter.intensity is None:
        raise MeasurementError("a limit in grams needs a carbon intensity", suggest=(("location", "FRA"),))
    run_id = str(uuid.uuid4())
    command = containers.job_command(request.command, request.environ, run_id, is_remote_ok=request.remote_ok)
    with contextlib.ExitStack() as stack:
        inbox = stack.enter_context(SignalInbox(listens=body is None))
        outlook = stack.enter_context(open_outlook(request, printed, inbox))
        job, shims = _make_job(request, command, outlook, run_id, stack, body=body)
        journal = _open_journal(request)
        earlier = None
        if journal is not None:
            stack.callback(journal.close)
            earlier = find_earlier(request.record_path or "")
        folder = request.budget_folder
        whole_job = None if folder is None else WholeJob(folder, request.environ, request.tick_s)
        meter.start()
        found = _warnings_at_start(request, meter, journal, earlier)
        request = replace(request, warnings=(*request.warnings, *command.warnings, *found))
        blank = _redacted(_blank_record(request, meter, run_id), request)
        if journal is not None:
            journal.write_header(record_to_json(blank), _limits(request))
        loop = Loop(request, job, meter, inbox, on_progress, outlook=outlook, journal=journal, whole_job=whole_job)
        outlook.listening.start()
        started = time.monotonic()
        if not _start_unless_cancelled(job, loop, inbox, meter, earlier):
            blank = _without_group(blank, request, journal)
        loop.take_last(meter.stop())
        loop.state.warnings += [] if shims is None else shims.elsewhere(request.environ)
        record = finish(blank, meter, loop.state, job.exit_status, time.monotonic() - started)
        record = _kept(record, request, journal)
        outlook.listening.finish(is_hurried=loop.state.stopped_by is StoppedBy.CANCEL)
    return record


def _make_job(
    request: RunRequest,
    command: containers.JobCommand,
    outlook: Outlook,
    run_id: str,
    stack: contextlib.ExitStack,
    *,
    body: Body | None,
) -> tuple[Job | Body, Shims | None]:
    """Return the job, which waits for its start, and the shims of its containers."""
    if body is not None:
        body.environ = {environment.RUN_ID_VARIABLE: run_id, **outlook.environ}
        return body, None
    environ, _ = environment.job_environ(request.environ, pass_env=request.pass_env, own_prefix=request.own_prefix)
    environ |= {environment.RUN_ID_VARIABLE: run_id, **outlook.environ}
    # The clients of engines get what the job gets: no secret that is withheld from it.
    own = command.containers and replace(command.containers, environ=environ)
    shims = None if request.leave_containers or command.is_client else open_shims(environ, run_id)
    if shims is not None:
        environ = stack.enter_context(shims).on_path(environ)
    debug.log("job", "run %s: %s", run_id, " ".join(redact.command(command.words)))
    debug.log("job", "containers of scripts: %s", "left alone" if shims is None else "labelled")
    progress = outlook.environ.get(environment.PROGRESS_VARIABLE)
    folders = [os.path.dirname(progress)] if progress else []
    folders += [os.fspath(shims.folder)] if shims is not None else []
    with outlook.listening.lent():
        job = Job(command.words, environ, request.pass_fds, finder(own, shims), folders=folders)
    stack.callback(job.close)
    return job, shims


def _kept(record: Record, request: RunRequest, journal: Journal | None) -> Record:
    """Write the record, with all notes, then put its journal into its last form. Return the record as written."""
    record = _with_notes_on_nested(_write(record, request, journal), request, journal)
    if journal is not None:
        journal.compress(most_bytes=HURRIED_BYTES if record.outcome is Outcome.INTERRUPTED else None)
    return record


def _with_notes_on_nested(record: Record, request: RunRequest, journal: Journal | None) -> Record:
    """Write the record once more, with notes on the job's own CodeCarbon, if there are any, and return it."""
    try:
        notes = nested.notes(record, os.getcwd())
    except FileNotFoundError:  # the job removed the folder
        return record
    if not notes:
        return record
    record = as_stored(_redacted(replace(record, warnings=(*record.warnings, *notes)), request))
    if request.record_path is not None and journal is not None:
        journal.write_record(record_to_json(record))
        try:
            rewrite_record(record, request.record_path)
        except (InputError, OutputError) as error:
            unsaid = f"could not add the note about the job's own CodeCarbon to the record: {error.message}"
            return replace(record, warnings=(*record.warnings, unsaid))
    return record


def _without_group(blank: Record, request: RunRequest, journal: Journal | None) -> Record:
    """Take the group off a run whose job was not started: without energy it would stop each sum over the group."""
    if blank.run_group is None:
        return blank
    warning = f"the job was never started, so this record is left out of group {blank.run_group!r}"
    blank = replace(blank, run_group=None, warnings=(*blank.warnings, warning))
    if journal is not None:
        journal.write_header(record_to_json(blank), _limits(request))
    return blank


def _start_unless_cancelled(
    job: Job | Body, loop: Loop, inbox: SignalInbox, meter: Meter, earlier: Earlier | None
) -> bool:
    """Start the job and see it through; whether it was started.

    A Ctrl-C while the meter was starting means: do not start it at all.
    """
    if any(signum in CANCELLING for signum in inbox.take()):
        loop.state.stopped_by = StoppedBy.CANCEL
        return False
    try:
        job.start()
    except CommandNotRunnableError:
        meter.stop()
        raise
    if earlier is not None:
        with contextlib.suppress(OSError):  # it fails again when the record is written
            earlier.make_way()
    loop.run()
    return True


def _blank_record(request: RunRequest, meter: Meter, run_id: str) -> Record:
    """Return the record as it is known at the start: of a run that was killed before its first reading."""
    # What UTF-8 cannot write is not part of a record.
    words = (word.encode(errors="surrogateescape").decode(errors="replace") for word in request.command)
    software = {"carbon-lint": __version__, "python": platform.python_version(), "os": platform.platform()}
    return Record(
        run_id=run_id,
        outcome=Outcome.INTERRUPTED,
        exit_status=None,
        over_budget=False,
        emissions_g=None,
        energy_kwh=Energy(total=None),
        methods=meter.methods,
        intensity=meter.intensity,
        pue=meter.pue,
        duration_s=0.0,
        started_at=utc_now(),
        ended_at=utc_now(),
        hardware=named(meter.hardware),
        software={**software, **meter.software},
        command=redact.command(words, _secrets(request)),
        provenance=request.provenance,
        warnings=(*request.warnings, *meter.warnings),
        run_group=request.run_group,
        assumptions=meter.assumptions,
    )


def _secrets(request: RunRequest) -> tuple[str, ...]:
    return (*request.secrets, *redact.secrets_of(request.environ))


def _redacted(record: Record, request: RunRequest) -> Record:
    """Return the record with warnings that hold no secret: some quote the job or the system."""
    secrets, reason = _secrets(request), record.unmeasured_because
    return replace(
        record,
        warnings=tuple(redact.text(warning, secrets) for warning in record.warnings),
        unmeasured_because=reason and replace(reason, message=redact.text(reason.message, secrets)),
        phases=tuple(replace(phase, name=redact.text(phase.name, secrets)) for phase in record.phases),
    )


def prepare_record_path(path: str) -> None:
    """Make the record's folder, and find out before the job what would keep the record from being written.

    Raises OutputError, also if a file is there that is not a record.
    """
    if not path:
        raise OutputError("the record's path is empty", hint="name a file, like record.json")
    if os.path.isdir(path):
        raise OutputError(f"{path} is a folder", hint="name a file, like record.json")
    check_replaceable_by_record(path, hint=_NAME_ANOTHER)
    make_folder_for(path, hint=NEEDS_A_FOLDER)
    check_writable(path, hint=NEEDS_A_FOLDER)


def _open_journal(request: RunRequest) -> Journal | None:
    path = request.record_path
    if path is None:
        return None
    prepare_record_path(path)
    # Of a link, the journal of what it points to: two runs may know one record by two names.
    return Journal(journal_path(os.path.realpath(path) if os.path.islink(path) else path), path)


def _warnings_at_start(
    request: RunRequest, meter: Meter, journal: Journal | None, earlier: Earlier | None
) -> list[str]:
    unseen = unseen_gpus(request.environ, len(meter.hardware.gpus))
    warnings = [] if unseen is None else [unseen]
    outer = request.environ.get(environment.RUN_ID_VARIABLE)
    if outer is not None:
        warnings.append(
            f"this run was inside run {outer} of carbon-lint, which counts the same energy: never add the two"
        )
    if journal is not None and journal.kept_aside is not None:
        kept = os.fspath(journal.kept_aside)
        warnings.append(
            f"an earlier run with this record was killed, or its record is not there: its journal is kept in {kept} "
            f"(carbon-lint recover {shlex.quote(kept)} -o NEW.json)"
        )
    if earlier is not None and earlier.is_attempt:
        warnings.append(_kept_aside(earlier.aside))
    return warnings


def _kept_aside(aside: Path) -> str:
    return f"an earlier run had this record's name and is kept in {aside.name}"


def _limits(request: RunRequest) -> dict[str, float | None]:
    return {"max_emissions_g": request.budget.max_emissions_g, "max_energy_kwh": request.budget.max_energy_kwh}


def _write(record: Record, request: RunRequest, journal: Journal | None) -> Record:
    """Write the record without its secrets and return it as it was written."""
    record = as_stored(_redacted(record, request))
    if request.record_path is None or journal is None:
        return record
    record = replace(record, journal_sha256=journal.sha256())
    journal.write_record(record_to_json(record))
    try:
        kept = keep_earlier(record, request.record_path)
        if kept is not None and kept.is_attempt and _kept_aside(kept.aside) not in record.warnings:
            record = replace(record, warnings=(*record.warnings, _kept_aside(kept.aside)))
        check_replaceable_by_record(request.record_path, hint=_NAME_ANOTHER)
        write_record(record, request.record_path)
    except OutputError as error:
        raise RecordNotWrittenError(error.message, record, hint=error.hint) from error
    return record
