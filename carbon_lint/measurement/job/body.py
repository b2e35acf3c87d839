"""Stand for a job that is code of this very process: the body of a `with measure(...)`.

It starts when the meter has started, and ends when somebody calls `finish`. It cannot be stopped from outside: `end`
asks it to stop, and its caller reads `asked_to_end`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping

from carbon_lint.measurement.job.cpu_time import JobCpu
from carbon_lint.measurement.job.job import JobState
from carbon_lint.records.record import StoppedBy

_RUNNING: list[Body] = []
"""The bodies that run in this process, by their start. They may end in any order, as threads do."""
_RUNNING_LOCK = threading.Lock()


class Body:
    """See `job.Job`, whose place it takes in the loop."""

    def __init__(self) -> None:
        self.started = threading.Event()  # set when the body may begin
        self.asked_to_end: StoppedBy | None = None  # why the loop wants it to end
        self.stopped_by: StoppedBy | None = None  # what in truth ended it before its own end
        self.environ: Mapping[str, str] = {}  # added to this process's environment while the body runs
        self.state = JobState.WAITING
        self.exit_status: int | None = None
        self.notices: list[str] = []
        self.cpu_s: float | None = None
        self.pid = os.getpid()
        self.before: dict[str, str | None] = {}  # what to put back there; `None` for a variable that is to go
        self._lock = threading.Lock()
        self._ended = os.eventfd(0, os.EFD_CLOEXEC)

    def start(self) -> None:
        """Let the body begin, in the environment of a job; one that has been given up stays so."""
        with self._lock:
            if self.state is JobState.WAITING:
                with _RUNNING_LOCK:
                    self.before = {name: os.environ.get(name) for name in self.environ}
                    os.environ.update(self.environ)
                    _RUNNING.append(self)
                self.state = JobState.RUNNING
        self.started.set()

    def finish(self, exit_status: int, stopped_by: StoppedBy | None = None) -> None:
        """Say that the body has ended, and how; its environment is as it was before."""
        with self._lock:
            self._restore_environ()
            self.exit_status, self.stopped_by = exit_status, stopped_by
            self.state = JobState.GONE
        os.eventfd_write(self._ended, 1)

    def _restore_environ(self) -> None:
        """Put back what was there before, or let the body that started within this one do so."""
        with _RUNNING_LOCK:
            if self not in _RUNNING:
                return
            later = _RUNNING[_RUNNING.index(self) + 1 :]
            _RUNNING.remove(self)
            for name, value in self.before.items():
                heir = next((body for body in later if name in body.before), None)
                if heir is not None:
                    heir.before[name] = value
                elif value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def fileno(self) -> int:
        """Return the descriptor for poll: readable when the body has ended."""
        return self._ended

    def poll(self) -> JobState:
        """Return how far the body is."""
        return self.state

    def signal(self, signum: int) -> None:
        """Do nothing: the signals of this process are its own."""

    def cancel(self, signum: int, grace_s: float) -> None:
        """Do nothing: the signals of this process are its own."""

    def end(self, _grace_s: float, reason: StoppedBy) -> str:
        """Ask the body to end, and return what to tell the user."""
        self.asked_to_end = reason
        return "the next check() ends the body; without one it goes on to its own end"

    def watch_cpu(self) -> JobCpu:
        """Return the count of the CPU seconds of this process and its children."""
        return OwnCpu(self.pid)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._ended)


class OwnCpu(JobCpu):
    """The CPU seconds of this process and its children from now on, those of the measurement's own threads included."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.sample()
        self._before_s = time.process_time() + self._processes_s

    def finish(self, processes_s: float | None) -> None:
        """See JobCpu."""
        self._due_s = 0.0
        self.sample()
        super().finish(processes_s)

    @property
    def seconds(self) -> float | None:
        """See JobCpu."""
        return time.process_time() + self._processes_s - self._before_s
