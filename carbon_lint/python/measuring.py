"""Measure a part of a Python program: `with measure(location="FRA") as run:`, or `@measure(location="FRA")`.

The same meter, loop, journal, gate and record as `carbon-lint run`: the pipeline runs on a thread, and the
body of the `with` is its job.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import signal
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self, TypeVar

from carbon_lint.errors import CarbonLintError, ConfigError, MeasurementError, UsageError
from carbon_lint.gate.budget import format_limit
from carbon_lint.limits import as_key
from carbon_lint.measurement.system import need_linux
from carbon_lint.records.record import Outcome, StoppedBy

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from carbon_lint.gate.verdict import Verdict
    from carbon_lint.measurement.job.body import Body
    from carbon_lint.pipeline.story import Story
    from carbon_lint.python.front import BlockFront
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.run_report import RunReport

_LOG = logging.getLogger("carbon_lint")
_FAILED, _INTERRUPTED = 1, 130
_STARTING = threading.Lock()
"""Held while a meter starts: folder and variables of the process are others then, and a second start would see them."""
_RETURN_EARLY = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
_Function = TypeVar("_Function", bound="Callable[..., Any]")


class BudgetExceeded(CarbonLintError):  # noqa: N818  what happened, as KeyboardInterrupt
    """The run is over its budget. `record` is the run's record; `None` in the body, which has not ended yet."""

    def __init__(self, message: str, *, record: Record | None = None) -> None:
        super().__init__(message)
        self.record = record


def measure(
    *,
    location: str | None = None,
    carbon_intensity: float | None = None,
    intensity_source: str | None = None,
    energy_only: bool = False,
    max_emissions: str | None = None,
    max_energy: str | None = None,
    on_exceed: str | None = None,
    record: str | os.PathLike[str] | None = None,
    run_group: str | None = None,
    card: str | os.PathLike[str] | None = None,
    training_type: str | None = None,
    pue: float | None = None,
    cpu_power: str | None = None,
    ram_power: str | None = None,
    require: tuple[str, ...] = (),
    forecast: bool = False,
    expected_duration: str | None = None,
    tick: str = "1s",
) -> Measurement:
    """Measure the body of a `with`, or each call of a function that this decorates.

    Each argument is the flag of `carbon-lint run` of its name, and a `carbon-lint.toml` is read as `run` reads it.

    Args:
        location: `FRA`, `USA/virginia`, `gcp/us-central1`, ...; needed for grams.
        carbon_intensity: g/kWh, in place of a location's.
        intensity_source: whose figure that is.
        energy_only: measure energy, state no emissions.
        max_emissions: a limit, like `'1 kg'`.
        max_energy: a limit, like `'2 kWh'`.
        on_exceed: `stop` (default) lets `check()` end a body that is over a limit, `finish` lets it go on.
        record: where the record goes, its journal beside it; a folder gets a file for each run.
        run_group: name of the runs that count together.
        card: the model card that the figures go into.
        training_type: for the card.
        pue: power usage effectiveness of the building, 1 to 10.
        cpu_power: power of the CPU at full load, like `'65 W'`.
        ram_power: power of the memory, like `'6 W'`.
        require: of `gpu`, `cpu-counter`, `none`: what must be measured, or the body does not begin.
        forecast: log a warning if the run is heading over a limit, by the file that `CARBON_LINT_PROGRESS` names.
        expected_duration: for the forecast, like `'2h'`.
        tick: time between two readings.
    """
    return Measurement(dict(locals()))


class Measurement:
    """One run. Its figures are those so far while the body runs, and those of the record afterwards.

    Attributes:
        record: the run's record, after the body; `None` if another rank of this node measures.
        report: what the gate made of it.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._owner: int | None = None
        self._front: BlockFront | None = None
        self._body: Body | None = None
        self._story: Future[RunReport] = Future()
        self._thread: threading.Thread | None = None
        self._previous_handler: Any = None
        self.report: RunReport | None = None
        self.record: Record | None = None

    @property
    def emissions_g(self) -> float | None:
        """Grams of CO2 equivalent so far, or of the run; `None` is not measured."""
        return self._so_far("emissions_g") if self.record is None else self.record.emissions_g

    @property
    def energy_kwh(self) -> float | None:
        """Energy in kWh so far, or of the run; `None` is not measured."""
        return self._so_far("energy_kwh") if self.record is None else self.record.energy_kwh.total

    def _so_far(self, name: str) -> float | None:
        progress = None if self._front is None else self._front.progress
        return getattr(progress, name, None)

    @property
    def verdict(self) -> Verdict | None:
        """Return the gate's verdict on the run, after the body; `None` if there is no limit."""
        return None if self.report is None else self.report.verdict

    def check(self) -> None:
        """End the body if the run is over a limit, or can no longer be measured; call it once a step.

        Raises BudgetExceeded, MeasurementError. Neither is raised with `on_exceed='finish'`, nor in a forked process.
        """
        body = self._body
        if body is None or body.asked_to_end is None or self._owner != os.getpid():
            return
        if body.asked_to_end is StoppedBy.BUDGET:
            raise BudgetExceeded("the run is over its budget, and was ended by check()")
        raise MeasurementError("the run can no longer be measured, and was ended by check()")

    def __enter__(self) -> Self:
        if self._owner is not None:
            raise UsageError("this measurement has been used", hint="call measure() once for each run")
        self._owner = os.getpid()
        try:
            need_linux()
            with _STARTING:
                self._begin()
        except CarbonLintError as error:
            raise _with_advice(error) from error.__cause__
        return self

    def _begin(self) -> None:
        from carbon_lint.measurement.job.body import Body
        from carbon_lint.measurement.job.ranks import describe_idle, is_measuring
        from carbon_lint.pipeline.story import Story
        from carbon_lint.python.front import BlockFront, ask

        if not is_measuring(os.environ):
            _LOG.info(describe_idle(os.environ))
            return
        plan, request, meter = ask(self._given)
        body = self._body = Body()
        front = self._front = BlockFront(request, meter, body)
        self._story.add_done_callback(lambda _: body.started.set())
        self._thread = threading.Thread(
            target=_run, args=(Story(plan, front), self._story), name="carbon-lint", daemon=True
        )
        try:
            self._thread.start()
            body.started.wait()
            has_failed = self._story.done()
            is_main = threading.current_thread() is threading.main_thread()
            # SIGTERM would end this process at once: as an exception it lets the record be written. A handler of the
            # program's own stays.
            if not has_failed and is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                self._previous_handler = signal.signal(signal.SIGTERM, self._terminate)
        except KeyboardInterrupt:  # before the body: it ends as soon as it has begun
            self._end(_INTERRUPTED, StoppedBy.CANCEL)
            raise
        if has_failed:
            self._end(_FAILED, None)
            self._body = None
            self._story.result()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._body is None or self._owner != os.getpid():  # another rank measures, or this is a fork
            return
        if self._previous_handler is not None:
            signal.signal(signal.SIGTERM, self._previous_handler)
        self._end(*self._how_it_ended(error))
        failure = self._story.exception()
        if failure is None:
            failure = self._judge()
        elif isinstance(failure, CarbonLintError):
            failure = _with_advice(failure)
        if failure is None:
            return
        if error is None:
            raise failure
        if isinstance(error, BudgetExceeded) and error.record is None:
            said, cause = (failure, error) if isinstance(failure, BudgetExceeded) else (error, failure)
            raise BudgetExceeded(str(said), record=self.record) from cause
        error.add_note(f"carbon-lint: {failure}")

    def _end(self, status: int, stopped_by: StoppedBy | None) -> None:
        """End the body and wait for the record, which takes some tenths of a second. Ctrl-C waits for it, too."""
        body, thread = self._body, self._thread
        if body is None or thread is None:
            return
        body.finish(status, stopped_by)
        interrupted: KeyboardInterrupt | None = None
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt as error:
                interrupted = error
        body.close()
        failure = self._story.exception()
        shown = None if self._front is None else self._front.report
        self.report = self._story.result() if failure is None else shown
        # A record that could not be written is with the error that says so.
        self.record = getattr(failure, "record", None) if self.report is None else self.report.record
        if interrupted is not None:
            raise interrupted

    def _how_it_ended(self, error: BaseException | None) -> tuple[int, StoppedBy | None]:
        """Return exit status, as a command would have had it, and what ended the body before its own end."""
        asked = None if self._body is None else self._body.asked_to_end
        if error is None:
            return 0, None
        if isinstance(error, KeyboardInterrupt):
            return _INTERRUPTED, StoppedBy.CANCEL
        if isinstance(error, _Terminated):
            return 128 + signal.SIGTERM, StoppedBy.CANCEL
        if isinstance(error, SystemExit):
            return (error.code or 0) if isinstance(error.code, int | None) else _FAILED, None
        is_ours = isinstance(error, BudgetExceeded | MeasurementError) and asked is not None
        return _FAILED, asked if is_ours else None

    def _judge(self) -> CarbonLintError | None:
        """Return the error that a run over its budget, or without figures, ends in; `None` if all is well."""
        report, record = self._story.result(), self.record
        if record is not None and record.outcome is Outcome.UNMEASURED:
            why = record.unmeasured_because
            return MeasurementError("the run was not measured" if why is None else why.message)
        if not report.is_over_budget:
            return None
        limits = () if report.verdict is None else report.verdict.limits
        over = "; ".join(format_limit(limit) for limit in limits if limit.is_over)
        return BudgetExceeded(f"over budget: {over}" if over else "over budget", record=record)

    def _terminate(self, signum: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a fork, such as a worker that loads data
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        raise _Terminated(128 + signum)

    def __call__(self, function: _Function) -> _Function:
        """Return `function`, each call of which is a run of its own."""
        work = inspect.unwrap(function)
        if any(is_kind(one) for is_kind in _RETURN_EARLY for one in (function, work)):
            name = getattr(function, "__name__", "the function")
            raise UsageError(f"{name} returns before its work is done", hint="use `with measure(...)` in it")

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            with Measurement(self._given):
                return function(*args, **kwargs)

        return measured  # type: ignore[return-value]  # it takes and returns what the function does

    def __str__(self) -> str:
        """Return the report that `carbon-lint run` prints at the end."""
        from carbon_lint.report.run.text import render

        return "not measured yet" if self.report is None else render(self.report, colour=False)


class _Terminated(SystemExit):
    """SIGTERM came."""


def _run(story: Story, report: Future[RunReport]) -> None:
    try:
        report.set_result(story.run())
    except BaseException as error:  # noqa: BLE001  it is raised again in the thread that waits
        report.set_exception(error)


def _spelled(option: str, value: str) -> str:
    """Return an option as it is typed in Python, `max_energy='2 kWh'`, `pue=1.2`, else as carbon-lint.toml does."""
    name = option.replace("-", "_")
    if name not in measure.__annotations__:
        return f"{as_key(option, value)} in carbon-lint.toml"
    is_text = "str" in measure.__annotations__[name] and value != "..."
    return f"{name}={value!r}" if is_text else f"{name}={value or True}"


def _with_advice(error: CarbonLintError) -> CarbonLintError:
    """Return another such error with its hint as a note, which a traceback shows."""
    noted, advice = error.again().with_traceback(error.__traceback__), error.advice(_spelled)
    noted.__cause__ = error.__cause__
    if error.option is not None and not isinstance(error, ConfigError):  # its message names the key
        noted.add_note(f"in measure({_spelled(error.option, error.value or '...')})")
    if advice is not None:
        noted.add_note(advice)
    return noted
