"""End the containers of a job from its guardian, which must not wait for a container engine that hangs.

Each call of the engine is made by a short-lived process of its own. The guardian waits for those as for the job.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping

from carbon_lint.measurement.job.containers import Containers, EngineError, Find

_PAUSE_S = 0.25
_SHORT_ID = 12


class Ender:
    """Ends containers in forked processes. `pids` are those processes, which are not the job's.

    Args:
        find: returns the job's containers, as far as they are known by then.
        environ: the job's, for the engine's client.
        tell: sends a message to carbon-lint.
    """

    def __init__(self, find: Find, environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self.pids: dict[int, int] = {}
        self.was_asked = False
        self._is_by_itself = True  # the job was not asked to end
        self._find = find
        self._environ = environ
        self._tell = tell

    @property
    def has_containers(self) -> bool:
        """Return whether the job has started a container."""
        return self._find() is not None

    @property
    def relays(self) -> frozenset[str]:
        """Return the names of the processes that hand a signal on to a container."""
        found = self._find()
        return frozenset() if found is None else found.relays

    def ask(self, signum: int) -> None:
        """Send a signal to the containers. If the engine cannot, `take_back` returns it for the clients."""
        self.was_asked = True
        self._is_by_itself = False
        self._fork(lambda found: bool(found.send(signum, self._environ)), signum)

    def kill(self) -> None:
        """Kill the containers; those that are detached only if the job did not end by itself."""
        only_attached = self._is_by_itself
        self._fork(
            lambda found: bool(
                found.send(signal.SIGKILL, self._environ, only_attached=only_attached and found.leaves_detached)
            ),
            0,
        )

    def end_leftovers(self, grace_s: float) -> None:
        """Look for containers that outlive the command, and end them: ask unless that was done, then kill."""
        self._fork(lambda found: self._end_leftovers(found, grace_s), 0)
        self.was_asked = True

    def take_back(self, pid: int, status: int) -> int:
        """Forget a process that has ended. Returns the signal that it could not deliver, else 0."""
        signum = self.pids.pop(pid, 0)
        return signum if status else 0

    def _fork(self, work: Callable[[Containers], bool], signum: int) -> None:
        found = self._find()
        if found is None:
            return
        pid = os.fork()
        if pid:
            self.pids[pid] = signum
            return
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            status = 0 if work(found) else 1
        except EngineError as error:
            if not signum:
                self._tell(f"unsure {error}")
        finally:
            os._exit(status)

    def _end_leftovers(self, containers: Containers, grace_s: float) -> bool:
        deadline = time.monotonic() + grace_s
        ids = containers.running(self._environ)
        spares = bool(ids) and containers.leaves_detached and self._is_by_itself
        if spares:
            detached = tuple(sorted({*ids} - {*containers.attached(self._environ)}))
            if detached:
                self._tell(f"detached {_names(detached)}")
        look = containers.attached if spares else containers.running
        ids = look(self._environ)
        if not ids:
            return True
        if not self.was_asked:
            self._tell(f"left {_names(ids)}")
            containers.send(signal.SIGTERM, self._environ, only_attached=spares)
        while ids and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            ids = look(self._environ)
        if ids:
            containers.send(signal.SIGKILL, self._environ, only_attached=spares)
            time.sleep(_PAUSE_S)
            ids = look(self._environ)
        if ids:
            self._tell(f"survived {_names(ids)}")
        return not ids


def _names(ids: tuple[str, ...]) -> str:
    return " ".join(f"container_{name[:_SHORT_ID]}" for name in ids)
