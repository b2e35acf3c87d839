"""Run a command under CodeCarbon, hold it to a budget, write its record.

  carbon-lint run --location FRA --max-emissions '1 kg' --record r.json -- python train.py

The command's own exit status passes through (128+n for a signal, 126/127 as a shell). A job that goes over a limit is
stopped and the exit status is 1; 125 says that no trustworthy number could be had.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from carbon_lint.cli import run_options
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.cli.run_steps import RunSteps
    from carbon_lint.errors import OutputError
    from carbon_lint.hub.pushes.watch import Watch
    from carbon_lint.measure.meter import Meter
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.progress import Show


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint run`."""
    run_options.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Tell the pipeline's story of one job: measure, say what came of it, write the card. Returns the exit status."""
    from carbon_lint.config import load
    from carbon_lint.measure.job.ranks import become, describe_idle, is_measuring
    from carbon_lint.measure.run import RecordNotWrittenError, exit_code
    from carbon_lint.pipeline import story as pipeline

    _fill_standard_streams()
    settings = load()
    request = run_options.request_from(arguments, settings)
    # Every rank checks what the first one does, or the others would run unmeasured after it has given up.
    _check_outputs(arguments, request)
    _say_program(request)
    place = run_options.place_for(arguments, settings, request.budget)
    watch = _watch(arguments.hub_repo)
    if not is_measuring(request.environ):
        _say(describe_idle(request.environ))
        become(request.command, _job_environ(request)[0])
    steps = _steps(
        request,
        run_options.meter_for(arguments, settings, place),
        card=arguments.card,
        training_type=arguments.training_type or settings.training_type,
        watch=watch,
    )
    _say_withheld(request)
    try:
        pipeline.run(steps)
    except RecordNotWrittenError as error:
        return _print_record(error.record, error)
    return 0 if steps.record is None else exit_code(steps.record)


def _check_outputs(arguments: Namespace, request: RunRequest) -> None:
    """Find out before the job what could not be written after it. Raises UsageError, InputError, OutputError."""
    from carbon_lint.measure.run import prepare_record_path
    from carbon_lint.pipeline import story as pipeline
    from carbon_lint.records.folder import check_group

    if request.record_path is not None:
        prepare_record_path(request.record_path)
    if arguments.card is None:
        return
    if pipeline.check_card_can_be_written(arguments.card, record_path=request.record_path):
        _say(f"{arguments.card} is not there, so a new card will be made")
    if request.run_group is not None and request.record_path is not None:
        check_group(request.run_group, request.record_path)


def _say_program(request: RunRequest) -> None:
    """Raise CommandNotRunnableError if the command is nowhere but in our own venv."""
    from carbon_lint.measure.job.environment import describe_program, own_venv

    own = own_venv(sys.prefix, sys.base_prefix, request.environ, os.getcwd())
    said = describe_program(request.command[0], request.environ, own, sys.prefix)
    if said is not None:
        _say(said)


def _steps(
    request: RunRequest, meter: Meter, *, card: str | None, training_type: str | None, watch: Watch | None
) -> RunSteps:
    from carbon_lint.cli.run_steps import RunSteps

    return RunSteps(request, meter, _show(), _write, card=card, training_type=training_type, watch=watch)


def _watch(target: str | None) -> Watch | None:
    """The model that the job may push to, where one is named. It is asked when the job is about to start."""
    if target is None:
        return None
    from carbon_lint.cli.hub_extra import need_hub, show_endpoint
    from carbon_lint.errors import PublishError, UsageError

    try:
        need_hub("run --hub-repo")
    except PublishError as error:
        raise UsageError(error.message, hint=error.hint) from None  # nothing was to be published
    from carbon_lint.hub.pushes.watch import Watch

    watch = Watch(target, os.environ)
    show_endpoint(watch.endpoint)
    return watch


def _fill_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed: or a socket of ours gets its number, and the job the socket."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  a number, for good


def _say_withheld(request: RunRequest) -> None:
    from carbon_lint.measure.job.environment import describe_withheld

    _, names = _job_environ(request)
    if names:
        _say(f"not handed to the job: {describe_withheld(names)} (--pass-env NAME hands one on)")


def _job_environ(request: RunRequest) -> tuple[dict[str, str], tuple[str, ...]]:
    from carbon_lint.measure.job.environment import job_environ

    return job_environ(request.environ, pass_env=request.pass_env, own_prefix=request.own_prefix)


def _show() -> Show:
    from carbon_lint.report.run.progress import LiveLine, LogLines

    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return LiveLine(_write, _terminal_size, is_dim="NO_COLOR" not in os.environ)
    return LogLines(_write)


def _terminal_size() -> os.terminal_size:
    """Nothing where we are in the background, or the terminal has gone: the line would be drawn over the shell."""
    descriptor = sys.stderr.fileno()
    try:
        return os.get_terminal_size(descriptor) if _is_in_front(descriptor) else os.terminal_size((0, 0))
    except OSError:
        return os.terminal_size((0, 0))


def _is_in_front(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # a terminal, but not the one that controls us
        return True


def _print_record(record: Record, error: OutputError) -> int:
    """The record could not be written: on stderr it is not lost."""
    import json

    from carbon_lint.measure.run import exit_code
    from carbon_lint.records.store import render_record
    from carbon_lint.text import json_literals

    _say(f"{error.message}; the record follows, save it to a file")
    encoded = json.dumps(json.loads(render_record(record)), indent=2)
    _write(json_literals(encoded) + "\n")
    return exit_code(record) or int(error.exit_code)


def _say(text: str) -> None:
    _write(f"carbon-lint: {terminal(text)}\n")


def _write(text: str) -> None:
    """To stderr, at once and in one piece. A reader that went away must not end the measurement."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (BrokenPipeError, ValueError, OSError):
        return
