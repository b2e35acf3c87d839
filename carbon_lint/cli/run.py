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

    from carbon_lint.cli.progress import Show
    from carbon_lint.config import Settings
    from carbon_lint.errors import OutputError
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.pipeline import Plan, Result
    from carbon_lint.records.record import Record


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint run`."""
    run_options.add_arguments(parser)


def run(arguments: Namespace) -> int:
    """Tell the pipeline's story of one job: measure, say what came of it, write the card. Returns the exit status."""
    from carbon_lint import pipeline
    from carbon_lint.config import load
    from carbon_lint.measure.ranks import become, is_measuring
    from carbon_lint.measure.run import RecordNotWrittenError

    _fill_standard_streams()
    settings = load()
    request = run_options.request_from(arguments, settings)
    if not is_measuring(request.environ):
        become(request.command, _job_environ(request)[0])
    if arguments.card is not None:
        pipeline.check_card_can_be_written(arguments.card)
    place = run_options.place_for(arguments, settings, request.budget)
    meter = run_options.meter_for(arguments, settings, place)
    _say_withheld(request)
    result = pipeline.Result()
    try:
        for result in pipeline.run(_plan(request, arguments, settings), meter, _show()):
            _say_step(result, request, arguments.card)
    except RecordNotWrittenError as error:
        return _print_record(error.record, error)
    return pipeline.exit_code(result)


def _plan(request: RunRequest, arguments: Namespace, settings: Settings) -> Plan:
    from carbon_lint.pipeline import CardPlan, Gate, Plan

    training_type = arguments.training_type or settings.text("training-type")
    return Plan(
        job=request,
        # A hard limit is held against the figure as it stands; the verb `gate` weighs how it was found.
        gate=Gate(budget=request.budget, uncertainty=0.0) if request.budget else None,
        card=CardPlan(path=arguments.card, training_type=training_type) if arguments.card is not None else None,
    )


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
    from carbon_lint.measure.environment import describe_withheld

    _, names = _job_environ(request)
    if names:
        _say(f"not handed to the job: {describe_withheld(names)} (--pass-env NAME hands one on)")


def _job_environ(request: RunRequest) -> tuple[dict[str, str], tuple[str, ...]]:
    from carbon_lint.measure.environment import job_environ

    return job_environ(request.environ, pass_env=request.pass_env, own_prefix=request.own_prefix)


def _show() -> Show:
    from carbon_lint.cli.progress import LiveLine, LogLines

    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return LiveLine(_write, _terminal_size)
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


def _say_step(result: Result, request: RunRequest, card: str | None) -> None:
    """What one more step has made known."""
    from carbon_lint.report.run_text import render

    record = result.record
    if record is None:
        return
    if result.card is not None:
        for note in result.card.notes:
            _say(note)
        _say(f"the figures are in {card}" if result.card.is_changed else f"{card} holds the figures already")
    elif result.verdict is not None or not request.budget or record.energy_kwh.total is None:
        _write(render(record, result.verdict, colour=sys.stderr.isatty() and "NO_COLOR" not in os.environ))
        if request.record_path is not None:
            _say(f"the record is in {request.record_path}")


def _print_record(record: Record, error: OutputError) -> int:
    """The record could not be written: on stderr it is not lost."""
    import json

    from carbon_lint.measure.run import exit_code
    from carbon_lint.records.store import render_record
    from carbon_lint.text import json_literals

    _say(f"{error.message}; the record follows")
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
