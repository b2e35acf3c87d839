"""Run the action: environment in, exit status out. The outputs are written whatever happens between."""

from __future__ import annotations

import os
import platform
import signal
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from carbon_lint import __version__, debug
from carbon_lint.errors import (
    CarbonLintError,
    ExitCode,
    MeasurementError,
    MissingFigureError,
    OutputError,
    exit_code_of,
)
from carbon_lint.github import closing
from carbon_lint.github.commands import Console
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import OUR_VARIABLES, ActionInputs, unknown_inputs
from carbon_lint.github.measuring import SetupFailedError
from carbon_lint.github.results import Step
from carbon_lint.github.wording import users_paths, worded
from carbon_lint.measurement.job.environment import GRID_TOKEN_VARIABLE

CANCELLING = (signal.SIGINT, signal.SIGTERM)


def trusted_environ(environ: Mapping[str, str], *, in_job: bool) -> dict[str, str]:
    """Return `environ` without what only in-job/run.sh may set, unless it started us.

    An earlier step can write any variable to GITHUB_ENV, and so could replace every input of the container action.
    Of a composite action the inputs are the JSON alone: GitHub gives it no `INPUT_*`, so those are somebody else's.
    """
    if in_job:
        return {name: value for name, value in environ.items() if not name.startswith("INPUT_")}
    return {name: value for name, value in environ.items() if name not in OUR_VARIABLES}


def main(environ: Mapping[str, str]) -> int:
    """Run the step and return its exit status. Raises only what ends the interpreter."""
    context = StepContext.from_environ(environ)
    if debug.wanted_by(environ):
        debug.switch_on(environ)
    console = Console(os.dup(1), words=lambda text: users_paths(context, text))
    # If the inputs cannot be read, the step still reports its end.
    step = Step(inputs=ActionInputs.readable(environ), context=context, environ=environ, console=console)
    result = step.result
    try:
        with _cancellable():
            step = replace(step, inputs=ActionInputs.from_environ(environ))
            _run(step)
    except KeyboardInterrupt as interrupt:
        result.know(is_cancelled=True)
        # While a card was on its way to the Hub, what is known of it.
        cancelled = ": ".join(["the step was cancelled", *filter(None, [str(interrupt)])])
        result.fails_with(ExitCode.INTERRUPTED, cancelled)
    except CarbonLintError as error:
        debug.log("error", "%s", type(error).__name__, error=error)
        result.know(
            is_unmeasured=isinstance(error, MeasurementError | MissingFigureError),
            is_setup_failed=isinstance(error, SetupFailedError),
        )
        if error.path is not None and error.line is not None:
            column = {} if error.column is None else {"col": str(error.column)}
            result.failed_at = {"file": users_paths(context, error.path), "line": str(error.line), **column}
        result.fails_with(exit_code_of(error, "step"), worded(error))
    except Exception as error:  # noqa: BLE001  the one place here where an exception becomes text
        _report_bug(error, step)
    _close(step)
    _comment(step)
    return result.report.exit_status or 0


def _run(step: Step) -> None:
    from carbon_lint.github.step import run_step  # noqa: PLC0415  so that a wrong input is reported at once

    inputs = step.inputs
    named = (step.environ.get(name) for name in (GRID_TOKEN_VARIABLE, *inputs.pass_env))
    for secret in (*inputs.tokens, *named):
        step.console.mask(secret)
    for name in unknown_inputs(step.environ):
        step.console.notice(f"`{name}` is not an input of carbon-lint; is it for another action?")
    if inputs.without_effect:
        names = ", ".join(f"`{name}`" for name in inputs.without_effect)
        own = "; the record keeps the place and the figures of its own run" if inputs.record is not None else ""
        how = "" if inputs.record is not None else "; add `command: python train.py` to measure a training"
        step.console.warning(f"without `command` nothing is measured, so this has no effect: {names}{own}{how}")
    run_step(step)


def _report_bug(error: Exception, step: Step) -> None:
    step.console.line("".join(traceback.format_exception(error)).rstrip("\n"))
    step.result.fails_with(
        ExitCode.DID_NOT_RUN,
        f"this is a bug in carbon-lint {__version__} (Python {platform.python_version()}): {type(error).__name__}; "
        "please report it with the traceback in the log",
    )


def _close(step: Step) -> None:
    """Write outputs, annotations and summary, and hand files over. The outputs come first: all else may fail."""
    step.result.know(failures=tuple(map(step.console.said, step.result.report.failures)))
    closing.announce(step)
    try:
        closing.write_outputs(step)
        closing.close(step)
    except OutputError as error:
        step.console.error(error.message)
        step.result.fails_with(int(error.exit_code))


def _comment(step: Step) -> None:
    """Comment after everything that must be written: an API that hangs may cost the comment, and nothing else."""
    try:
        with _cancellable():
            closing.comment(step)
    except KeyboardInterrupt:
        step.console.notice("`pr-comment`: cancelled before anything was commented")
    except Exception as error:  # noqa: BLE001  what was measured and judged stands, whatever a comment trips over
        step.console.line("".join(traceback.format_exception(error)).rstrip("\n"))
        step.console.warning(
            f"`pr-comment`: {type(error).__name__} in carbon-lint; please report the traceback in the log"
        )


@contextmanager
def _cancellable() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first SIGINT or SIGTERM; ignore both afterwards, and after the block.

    The few seconds that the runner leaves belong to the outputs: a second signal must not cut them short. While a job
    is measured `measure` listens to them itself.
    """

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        _ignore_signals()
        raise KeyboardInterrupt

    for signum in CANCELLING:
        signal.signal(signum, interrupt)
    try:
        yield
    finally:
        _ignore_signals()


def _ignore_signals() -> None:
    for signum in CANCELLING:
        signal.signal(signum, signal.SIG_IGN)
