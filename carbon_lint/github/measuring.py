"""`setup` and `command`: run by bash, their output made harmless, the second one measured."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from carbon_lint.errors import CarbonLintError, ExitCode
from carbon_lint.github import advice
from carbon_lint.github.commands import Console
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import OUR_VARIABLES
from carbon_lint.github.jobfiles import JobFiles
from carbon_lint.github.ownership import trusting_git
from carbon_lint.github.pump import JobOutput
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.job.environment import job_environ, private_prefix
from carbon_lint.measurement.meter import Meter, Reading
from carbon_lint.measurement.progress import RunProgress
from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import measure
from carbon_lint.records.record import Record
from carbon_lint.report.run.progress import LogLines

SHELL = ("bash", "-euo", "pipefail", "-c")
"""How `command` and `setup` are run, and nothing else is."""

OWN_PREFIX = private_prefix(sys.prefix, sys.base_prefix)
"""Our venv, if it is private and must leave the job's PATH."""

MAX_READINGS = 3600
# What a Trainer with push_to_hub=True ends with, before a step is trained, if it has no token (huggingface_hub 2).
_NO_TOKEN = re.compile(rb"Invalid username or password|Token is required|LocalTokenNotFoundError|401 Client Error")
SETUP_GRACE_S = 5.0
_POLL_S = 0.05
_TAIL_BYTES = 200  # of a piece of output are read together with the next

# As bash says it; `-e` ends the script there.
_NOT_FOUND = re.compile(rb"(?:bash|sh): (?:line \d+: |\d+: )?([^\s:]{1,100}): (?:command not found|not found)")
QUIET_PIP = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
"""For `setup` in the container, which is thrown away: no advice on root, on a newer pip and on a cache's owner."""


class JobWords:
    """What the job's output shows that explains its failure.

    Attributes:
        lacks_token: it asked the Hub without a token.
        missing: the last command that bash did not find; `None` if it found all.
    """

    def __init__(self) -> None:
        self.lacks_token = False
        self.missing: str | None = None
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take the output, piece by piece."""
        output = self._tail + data
        self.lacks_token = self.lacks_token or _NO_TOKEN.search(output) is not None
        if b"not found" in output:  # much faster than the pattern, which rarely has anything to find
            for match in _NOT_FOUND.finditer(output):
                self.missing = match[1].decode("utf-8", "replace")
        self._tail = output[-_TAIL_BYTES:]


class SetupFailedError(CarbonLintError):
    """`setup` failed: the command was not run. The exit status is the script's."""

    def __init__(self, status: int, missing: str | None = None) -> None:
        hint = "its output is above; `setup` runs as `bash -euo pipefail`"
        if status == ExitCode.COMMAND_NOT_FOUND:
            hint = advice.not_found(missing)
        super().__init__(f"`setup` failed with exit status {status}, so `command` was not run", hint=hint)
        self.exit_code = status


class MeterWithOutput:
    """A meter that lets the job's output flow from when it starts, and keeps its readings for the chart."""

    def __init__(self, meter: Meter, output: JobOutput, readings: list[Reading]) -> None:
        self._meter = meter
        self._output = output
        self._readings = readings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._meter, name)

    def start(self) -> None:
        """See Meter. The job's guardian is forked by now, so threads may begin."""
        self._output.start()
        self._meter.start()

    def read(self) -> Reading | None:
        """See Meter."""
        return self._kept(self._meter.read())

    def stop(self) -> Reading | None:
        """See Meter."""
        return self._kept(self._meter.stop())

    def _kept(self, reading: Reading | None) -> Reading | None:
        if reading is not None:
            self._readings.append(reading)
        if len(self._readings) > MAX_READINGS:
            del self._readings[::2]  # every other: a chart of a week needs no second
        return reading


def base_environ(environ: Mapping[str, str], context: StepContext, files: JobFiles) -> dict[str, str]:
    """Return what the job's environment is made from: ours, with the private files in place of the step's."""
    base = {name: value for name, value in environ.items() if name not in OUR_VARIABLES}
    if environ.get("CARBON_LINT_PYTHONPATH"):
        base["PYTHONPATH"] = environ["CARBON_LINT_PYTHONPATH"]
    return {**base, **trusting_git(base, context.workspace), **files.environ()}


def run_setup(script: str, environ: Mapping[str, str], pass_env: tuple[str, ...], console: Console) -> None:
    """Run `setup`, not measured. Raises SetupFailedError; its processes are ended if this is interrupted."""
    child_environ, _ = job_environ(environ, pass_env=pass_env, own_prefix=OWN_PREFIX)
    words = JobWords()
    with console.group("carbon-lint: setup"), JobOutput(console.write, words.feed) as output:
        output.start()
        status = _wait_for(
            subprocess.Popen([*SHELL, script], env=child_environ, stdin=subprocess.DEVNULL, start_new_session=True)
        )
    if status:
        raise SetupFailedError(128 - status if status < 0 else status, words.missing)


def _wait_for(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    except BaseException:
        _end_group(process)
        raise


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a script and what it started, which a shell does not wait for when it gets SIGTERM."""
    # Nothing of the group is left, or only what `sudo` runs, which we may not signal: the step is cancelled anyway.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + SETUP_GRACE_S
        while time.monotonic() < deadline_s:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(_POLL_S)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def measured(request: RunRequest, meter: Meter, readings: list[Reading], console: Console) -> tuple[Record, JobWords]:
    """Measure the job while its output goes to the log. Return the record, and what the output shows of the cause."""
    lines = LogLines(lambda text: console.line(text.removesuffix("\n")))
    printed, words = PrintedProgress(), JobWords()

    def show(progress: RunProgress) -> None:
        if progress.forecast_warning is not None:
            console.warning(progress.forecast_warning)
        lines(replace(progress, forecast_warning=None))

    def read(data: bytes) -> None:
        printed.feed(data)
        words.feed(data)

    with JobOutput(console.write, read) as output:
        # The wrapper answers for every attribute of the meter that it wraps.
        record = measure(request, cast("Meter", MeterWithOutput(meter, output, readings)), show, printed)
    return record, words
