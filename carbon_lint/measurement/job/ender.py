"""End the containers of a job from its guardian, which must not wait for a container engine that hangs.

Each call of the engine is made by a short-lived process of its own. The guardian waits for those as for the job.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from carbon_lint.measurement.job.containers import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbon_lint.measurement.job.containers import Containers

_PAUSE_S = 0.25
_SHORT_ID = 12


class Ender:
    """Ends containers in forked processes. `pids` are those processes, which are none of the job's.

    Args:
        containers: the job's.
        environ: the job's, for the engine's client.
        tell: sends a message to carbon-lint.
    """

    def __init__(self, containers: Containers, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self.pids: dict[int, int] = {}
        self.relays = containers.relays
        self.was_asked = False
        self._containers = containers
        self._environ = environ
        self._tell = tell

    def ask(self, signum: int) -> None:
        """Send a signal to the containers. If the engine cannot, `take_back` returns it for the clients."""
        self.was_asked = True
        self._fork(lambda: bool(self._containers.send(signum, self._environ)), signum)

    def kill(self) -> None:
        """Kill the containers."""
        self._fork(lambda: bool(self._containers.send(signal.SIGKILL, self._environ)), 0)

    def end_leftovers(self, grace_s: float) -> None:
        """Look for containers that outlive the command, and end them: ask unless that was done, then kill."""
        self._fork(lambda: self._end_leftovers(grace_s), 0)
        self.was_asked = True

    def take_back(self, pid: int, status: int) -> int:
        """Forget a process that has ended. Returns the signal that it could not deliver, else 0."""
        signum = self.pids.pop(pid, 0)
        return signum if status else 0

    def _fork(self, work: Callable[[], bool], signum: int) -> None:
        pid = os.fork()
        if pid:
            self.pids[pid] = signum
            return
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            status = 0 if work() else 1
        except EngineError as error:
            if not signum:
                self._tell(f"unsure {error}")
        finally:
            os._exit(status)

    def _end_leftovers(self, grace_s: float) -> bool:
        deadline = time.monotonic() + grace_s
        ids = self._containers.running(self._environ)
        if not ids:
            return True
        if not self.was_asked:
            self._tell(f"left {_names(ids)}")
            self._containers.send(signal.SIGTERM, self._environ)
        while ids and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            ids = self._containers.running(self._environ)
        if ids:
            self._containers.send(signal.SIGKILL, self._environ)
            time.sleep(_PAUSE_S)
            ids = self._containers.running(self._environ)
        if ids:
            self._tell(f"survived {_names(ids)}")
        return not ids


def _names(ids: tuple[str, ...]) -> str:
    return " ".join(f"container_{name[:_SHORT_ID]}" for name in ids)
