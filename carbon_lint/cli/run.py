"""Run a command under CodeCarbon, hold it to a budget, write its record.

  carbon-lint run --location FRA --max-emissions '1 kg' --record r.json -- python train.py

The command's own exit status passes through (128+n for a signal, 126/127 as a shell). A job that goes over a limit is
stopped and the exit status is 1; 125 says that no trustworthy number could be had.
"""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER
from typing import TYPE_CHECKING

from carbon_lint.cli.place import add_place_arguments, place_from
from carbon_lint.errors import MeasurementError, OutputError, UsageError
from carbon_lint.text import quoted, terminal
from carbon_lint.units import parse_duration_s, parse_emissions_g, parse_energy_kwh, parse_power_w

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from carbon_lint.cli.progress import Show
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.measure.meter import Meter
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.places import Place
    from carbon_lint.records.record import Record

LEAST_TICK_S = 0.01


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint run`."""
    where = parser.add_argument_group("where the energy comes from (required wherever grams are)")
    add_place_arguments(where)
    where.add_argument("--energy-only", action="store_true", help="measure energy, state no emissions")
    where.add_argument("--pue", metavar="N", help="power usage effectiveness of the building, 1 or more")
    where.add_argument(
        "--require",
        action="append",
        choices=("gpu", "cpu-counter", "none"),
        help="do not start unless this is measured; none: go on without a GPU that is here and cannot be read",
    )
    where.add_argument("--cpu-power", metavar="QUANTITY", help="power of the CPU at full load, e.g. '15 W'")

    limits = parser.add_argument_group("the budget")
    limits.add_argument("--max-emissions", metavar="QUANTITY", help="e.g. '1 kg', '500 g'")
    limits.add_argument("--max-energy", metavar="QUANTITY", help="e.g. '2 kWh', '250 Wh'")
    limits.add_argument("--on-exceed", choices=("stop", "finish"), help="stop the job over a limit (default), or not")
    limits.add_argument("--on-unmeasured", choices=("stop", "finish"), help="the same when readings fail")
    limits.add_argument("--grace", metavar="DURATION", help="from SIGTERM to SIGKILL (default 30s)")
    limits.add_argument("--forecast", action="store_true", help="warn when the job is heading over the limit")
    limits.add_argument(
        "--expected-duration", metavar="DURATION", help="for --forecast, where the job states no progress"
    )

    out = parser.add_argument_group("what is written")
    out.add_argument("--record", metavar="FILE", help="the run's evidence, as JSON; its journal lies beside it")
    out.add_argument("--card", metavar="FILE", help="model card to write the figures into when the job has completed")
    out.add_argument("--training-type", metavar="TEXT", help="for the card: pre-training or fine-tuning")
    out.add_argument("--run-group", metavar="NAME", help="joins resumed, retried and failed runs")

    job = parser.add_argument_group("the job")
    job.add_argument(
        "--pass-env", metavar="NAME", action="append", help="hand on a variable that is withheld, HF_TOKEN say"
    )
    job.add_argument("--tick", metavar="DURATION", default="1s", help="between two readings (default 1s)")
    job.add_argument("command", nargs=REMAINDER, metavar="-- COMMAND ...", help="the program and its arguments")


def run(arguments: Namespace) -> int:
    """Measure, say what came of it, write the card, and return the exit status."""
    from carbon_lint.measure.ranks import become, is_measuring
    from carbon_lint.measure.run import RecordNotWrittenError, exit_code, measure

    request = _request(arguments)
    if not is_measuring(request.environ):
        become(request.command, _job_environ(request)[0])
    _check_card(arguments.card)
    meter = _meter(arguments, _place(arguments, request.budget))
    _say_withheld(request)
    try:
        record = measure(request, meter, _show())
    except RecordNotWrittenError as error:
        return _print_record(error.record, error)
    code = exit_code(record)
    _say_result(record, request.budget)
    if arguments.card is not None and record.outcome == "completed":
        _write_card(record, arguments)
    return code


def _request(arguments: Namespace) -> RunRequest:
    from carbon_lint.measure.environment import private_prefix
    from carbon_lint.measure.request import OnLoss, RunRequest
    from carbon_lint.records.provenance import provenance_from_environ

    tick_s = parse_duration_s(arguments.tick)
    if tick_s < LEAST_TICK_S:
        raise UsageError(f"--tick {arguments.tick!r} is too short", hint="a reading takes 1 to 15 ms; 1s is plenty")
    expected_s = _given(parse_duration_s, arguments.expected_duration)
    if arguments.forecast and expected_s is None and not _budget(arguments):
        raise UsageError("--forecast needs a limit to forecast", hint="give --max-emissions or --max-energy")
    return RunRequest(
        command=_command(arguments),
        environ=dict(os.environ),
        own_prefix=private_prefix(sys.prefix, sys.base_prefix),
        pass_env=tuple(arguments.pass_env or ()),
        budget=_budget(arguments),
        on_exceed=OnLoss(arguments.on_exceed or "stop"),
        on_unmeasured=OnLoss(arguments.on_unmeasured or "stop"),
        grace_s=parse_duration_s(arguments.grace or "30s"),
        tick_s=tick_s,
        record_path=arguments.record,
        run_group=arguments.run_group,
        forecast=arguments.forecast,
        expected_duration_s=expected_s,
        provenance=provenance_from_environ(os.environ),
    )


def _command(arguments: Namespace) -> tuple[str, ...]:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise UsageError("no command to run", hint="carbon-lint run --location FRA -- python train.py")
    return tuple(command)


def _budget(arguments: Namespace) -> Budget:
    from carbon_lint.gate.verdict import Budget

    return Budget(
        max_emissions_g=_given(parse_emissions_g, arguments.max_emissions),
        max_energy_kwh=_given(parse_energy_kwh, arguments.max_energy),
    )


def _place(arguments: Namespace, budget: Budget) -> Place | None:
    """Where the energy comes from; `None` where no grams are asked for. Raises MeasurementError, UsageError."""
    wants_grams = budget.max_emissions_g is not None or arguments.card is not None
    if arguments.energy_only and wants_grams:
        raise UsageError("--energy-only states no grams", hint="leave it out, or limit the energy by --max-energy")
    place = place_from(arguments)
    if place is not None:
        return place
    if arguments.energy_only or (budget.max_energy_kwh is not None and not wants_grams):
        return None
    raise MeasurementError(
        "no location was given, and grams depend on it (France 56 g/kWh, Poland 662)",
        hint="--location FRA (or USA/virginia, gcp/us-central1, ...), --carbon-intensity 56.04, or --energy-only",
    )


def _meter(arguments: Namespace, place: Place | None) -> Meter:
    from carbon_lint.measure.codecarbon_meter import CodeCarbonMeter

    return CodeCarbonMeter(
        None if arguments.energy_only else place,
        pue=1.0 if arguments.pue is None else _number(arguments, "pue"),
        cpu_power_w=_given(parse_power_w, arguments.cpu_power),
        environ=os.environ,
        require=arguments.require or (),
    )


def _check_card(path: str | None) -> None:
    """Find out before the job, and not after hours of it, that the card cannot be written."""
    if path is None:
        return
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise OutputError(f"{path} is a folder", hint="--card names a file, like README.md")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: its folder is missing or read-only", hint="make the folder first")


def _write_card(record: Record, arguments: Namespace) -> None:
    from carbon_lint import pipeline

    pipeline.write_card(record, arguments.card, training_type=arguments.training_type)
    _say(f"the figures are in {arguments.card}")


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
        return LiveLine(_write, lambda: os.get_terminal_size(sys.stderr.fileno()))
    return LogLines(_write)


def _say_result(record: Record, budget: Budget) -> None:
    from carbon_lint.gate.budget import judge
    from carbon_lint.report.run_text import render

    # A hard limit is held against the figure as it stands; `gate` weighs how it was found.
    verdict = judge(record, budget, uncertainty=0.0) if budget and record.energy_kwh.total is not None else None
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    _write(render(record, verdict, colour=colour))


def _print_record(record: Record, error: OutputError) -> int:
    """The record could not be written: on stderr it is not lost."""
    from carbon_lint.records.store import render_record

    _say(f"{error.message}; the record follows")
    _write(render_record(record))
    return int(error.exit_code)


def _number(arguments: Namespace, name: str) -> float:
    text = getattr(arguments, name)
    try:
        return float(text)
    except ValueError:
        flag = "--" + name.replace("_", "-")
        raise UsageError(f"{flag} {quoted(text)} is not a number", hint=f"write a number, like {flag} 1.2") from None


def _given(parse: Callable[[str], float], text: str | None) -> float | None:
    return None if text is None else parse(text)


def _say(text: str) -> None:
    _write(f"carbon-lint: {terminal(text)}\n")


def _write(text: str) -> None:
    """To stderr, at once and in one piece. A reader that went away must not end the measurement."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (BrokenPipeError, ValueError, OSError):
        return
