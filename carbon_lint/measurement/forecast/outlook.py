"""Set up what a forecast, and a list of phases, need around a job: a file for its progress, and its output."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carbon_lint import redact
from carbon_lint.measurement.forecast.forecaster import Forecaster
from carbon_lint.measurement.forecast.job_files import PhaseFile, TrainerState
from carbon_lint.measurement.forecast.listening import Listening
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.job.environment import PROGRESS_VARIABLE
from carbon_lint.measurement.job.signals import CANCELLING, SignalInbox
from carbon_lint.measurement.phases import MOST_MARKS_A_TICK, Mark
from carbon_lint.measurement.request import RunRequest


class Marks:
    """Bring together the boundaries that the job's progress file and its output name. Either may be `None`."""

    def __init__(self, file: PhaseFile | None, printed: PrintedProgress | None) -> None:
        self._file = file
        self._printed = printed
        self._dropped = 0

    def look(self, now_s: float) -> list[Mark]:
        """Return what was named since the last look, at most `MOST_MARKS_A_TICK` boundaries, the last ones."""
        marks = [] if self._file is None else self._file.look()
        if self._printed is not None:
            self._printed.look(now_s)
            marks += self._printed.epoch_marks.take()
        self._dropped += max(0, len(marks) - MOST_MARKS_A_TICK)
        return marks[-MOST_MARKS_A_TICK:]

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which boundaries were not counted, one line each."""
        notes = []
        dropped = self._dropped + (0 if self._file is None else self._file.dropped)
        if dropped:
            notes.append(
                f"at least {dropped} epochs or phases are not listed: over {MOST_MARKS_A_TICK} began within one tick"
            )
        if self._printed is not None and self._printed.epoch_marks.problem is not None:
            notes.append(self._printed.epoch_marks.problem)
        return tuple(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """`environ` is added to the job's; `listening` stands around the job, also if it reads nothing."""

    listening: Listening
    marks: Marks
    forecaster: Forecaster | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def open_outlook(request: RunRequest, printed: PrintedProgress | None, inbox: SignalInbox) -> Iterator[Outlook]:
    """Open what a forecast needs; `printed` is given if the output is read already. The progress file goes away.

    Without a forecast the job is given the file too, for its phases, if there is a folder for temporary files.
    """
    with contextlib.ExitStack() as stack:
        is_wanted = request.forecast and printed is None
        listening = stack.enter_context(
            Listening(lambda: any(signum in CANCELLING for signum in inbox.take()), is_wanted=is_wanted)
        )
        output = listening.printed if is_wanted else printed
        path = _progress_file(stack)
        secrets = (*request.secrets, *redact.secrets_of(request.environ))
        forecaster = Forecaster(
            progress_file=path,
            trainer_state=TrainerState(Path.cwd(), time.time()),
            printed=output,
            expected_duration_s=request.expected_duration_s,
        )
        yield Outlook(
            listening=listening,
            marks=Marks(None if path is None else PhaseFile(path, secrets), output),
            forecaster=forecaster if request.forecast else None,
            environ={} if path is None else {PROGRESS_VARIABLE: str(path)},
        )


def _progress_file(stack: contextlib.ExitStack) -> Path | None:
    """Make the file that the job writes its progress and its phases to; `None` if no folder takes it."""
    try:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carbon-lint-"))) / "progress"
        path.touch()
    except OSError:
        return None
    return path
