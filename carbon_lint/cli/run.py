r"""Run a command, measure its energy, and keep it within a budget.

  carbon-lint run --location FRA -- python train.py
  carbon-lint run --location FRA --max-emissions '1 kg' --record r.json \
    -- python train.py
  carbon-lint run --max-energy '2 kWh' --record r.json -- python train.py

Grams need the place of the machine; a limit in kWh needs none. A job that
goes over a limit is stopped.

Exit status: the command's own (128+n for a signal), 1 if it went over a
limit, 125 if it could not be measured, 126 or 127 if it cannot be started.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.cli import run_options
from carbon_lint.cli.flags import say
from carbon_lint.config import load
from carbon_lint.errors import CarbonLintError, OutputError
from carbon_lint.measurement.job.environment import describe_program, describe_withheld, job_environ, own_venv
from carbon_lint.measurement.meter import Meter
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.system import need_linux
from carbon_lint.pipeline.front_end import FrontEnd
from carbon_lint.pipeline.plan import RunPlan, check_outputs, group_note, recover_attempts
from carbon_lint.records.provenance import name_of_card, provenance_of
from carbon_lint.records.record import Record, exit_code
from carbon_lint.records.store import render_record
from carbon_lint.report.run.progress import LiveLine, LogLines
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.text import render
from carbon_lint.text import json_literals, terminal

if TYPE_CHECKING:
    from carbon_lint.hub.pushes.watch import Watch


add_arguments = run_options.add_arguments
_WHOLE_JOB = (
    "limits of the whole job: join the nodes' records by `carbon-lint merge`, and judge them by `carbon-lint gate`"
)


def run(arguments: Namespace) -> int:
    """Run one job through the pipeline, and return the exit status."""
    need_linux()
    from carbon_lint.measurement.job.ranks import become, describe_idle, is_measuring, whole_node
    from carbon_lint.measurement.run import RecordNotWrittenError
    from carbon_lint.pipeline.plan import meter_of
    from carbon_lint.pipeline.story import Story

    card = None if arguments.card is None else name_of_card(arguments.card)
    provenance = replace(provenance_of(os.environ, os.getcwd()), model=arguments.pushes_to or card)
    plan = run_options.plan_from(arguments, load(), provenance)
    request = run_options.request_from(arguments, plan, provenance)
    for line in recover_attempts(plan, request.provenance):
        _say(line)
    # Every rank checks what the first one does, or the others would run unmeasured after it has given up.
    _check(plan, request)
    watch = _watch(arguments.pushes_to)
    if not is_measuring(request.environ):
        _say(describe_idle(request.environ))
        become(request.command, _job_environ(request)[0])
    meter = meter_of(plan, dict(whole_node(os.environ)[0]))
    withheld = _job_environ(request)[1]
    if withheld:
        _say(f"not handed to the job: {describe_withheld(withheld)} (--pass-env NAME hands one on)")
    known = RunReport(statuses=(), is_share=plan.limits.is_share)
    story = Story(plan, _Terminal(request, meter, watch), known)
    try:
        story.run()
    except RecordNotWrittenError as error:
        return _print_record(error.record, error)
    except CarbonLintError as error:
        if not story.report.exit_status:
            raise
        raise error.again(exit_code=story.report.exit_status) from error  # the job's own failure wins
    return story.report.exit_status or 0


class _Terminal(FrontEnd):
    """See FrontEnd. `check` lints, and `publish` publishes, if somebody asks for it."""

    pushes_option = "--pushes-to"
    may_skip = True

    def __init__(self, request: RunRequest, meter: Meter, watch: Watch | None) -> None:
        super().__init__(_say, lambda text: _say(text, "warning: "))
        self.watch = watch
        self._request = request
        self._meter = meter

    def measure(self) -> Record:
        from carbon_lint.measurement.run import measure

        return measure(self._request, self._meter, _show())

    def show(self, report: RunReport) -> None:
        _write(render(report, colour=sys.stderr.isatty() and "NO_COLOR" not in os.environ))
        if self._request.record_path is not None:
            _say(f"the record is in {self._request.record_path}")


def _check(plan: RunPlan, request: RunRequest) -> None:
    """Find out before the job what could not be done during it or after it. Raises CarbonLintError."""
    if check_outputs(plan):
        _say(f"{plan.card} is not there, so a new card will be made")
    own = own_venv(sys.prefix, sys.base_prefix, request.environ, os.getcwd())
    program = describe_program(request.command[0], request.environ, own, sys.prefix)
    how = None if plan.place is None else plan.place.shown
    whole_job = _WHOLE_JOB if plan.limits.is_share else None
    for line in filter(None, (program, how, group_note(plan), whole_job)):
        _say(line)


def _watch(target: str | None) -> Watch | None:
    """Return the model that the job may push to, if one is named. It is asked when the job is about to start."""
    if target is None:
        return None
    from carbon_lint.hub.client.endpoint import notes_on
    from carbon_lint.hub.pushes.watch import Watch

    watch = Watch(target, os.environ)
    say(*notes_on(watch.endpoint))
    return watch


def _job_environ(request: RunRequest) -> tuple[dict[str, str], tuple[str, ...]]:
    return job_environ(request.environ, pass_env=request.pass_env, own_prefix=request.own_prefix)


def _show() -> LiveLine | LogLines:
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return LiveLine(_write, _terminal_size, is_dim="NO_COLOR" not in os.environ)
    return LogLines(_write)


def _terminal_size() -> os.terminal_size:
    """Return nothing in the background, or when the terminal has gone: the line would be drawn over the shell."""
    descriptor = sys.stderr.fileno()
    is_in_front = True
    with suppress(OSError):  # a terminal, but not the one that controls us
        is_in_front = os.tcgetpgrp(descriptor) == os.getpgrp()
    with suppress(OSError):
        if is_in_front:
            return os.get_terminal_size(descriptor)
    return os.terminal_size((0, 0))


def _print_record(record: Record, error: OutputError) -> int:
    """Print the record that could not be written: on stderr it is not lost."""
    _say(f"{error.message}; the record follows, save it to a file")
    encoded = json.dumps(json.loads(render_record(record)), indent=2)
    _write(json_literals(encoded) + "\n")
    return exit_code(record) or int(error.exit_code)


def _say(text: str, mark: str = "") -> None:
    for line in text.splitlines():
        _write(f"carbon-lint: {mark}{terminal(line)}\n")


def _write(text: str) -> None:
    """Write to stderr, at once and in one piece. A reader that went away must not end the measurement."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (BrokenPipeError, ValueError, OSError):
        return
