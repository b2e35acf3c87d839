"""End the containers of a job from its guardian, which must not wait for a container engine that hangs.

Each call of the engine is made by a short-lived process of its own. The guardian waits for those as for the job.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from carbon_lint.measurement.job.containers import Containers, EngineError, Find

_PAUSE_S = 0.25
_SHORT_ID = 12


@dataclass(slots=True)
class Ender:
    """Ends containers in forked processes. `tell` sends a message to carbon-lint."""

    find: Find
    tell: Callable[[str], None]
    pids: dict[int, int] = field(default_factory=dict)  # of those processes, each with the signal that it delivers
    was_asked: bool = False
    is_by_itself: bool = True  # the job was not asked to end

    @property
    def has_containers(self) -> bool:
        """Return whether the job has started a container."""
        return self.find() is not None

    @property
    def relays(self) -> frozenset[str]:
        """Return the names of the processes that pass a signal to a container."""
        found = self.find()
        return frozenset() if found is None else found.relays

    def ask(self, signum: int) -> None:
        """Send a signal to the containers. If the engine cannot, `take_back` returns it for the clients."""
        self.was_asked = True
        self.is_by_itself = False
        self._fork(lambda found: bool(found.send(signum)), signum)

    def kill(self) -> None:
        """Kill the containers; those that are detached only if the job did not end by itself."""

        def work(found: Containers) -> bool:
            only_attached = self.is_by_itself and found.leaves_detached
            return bool(found.send(signal.SIGKILL, only_attached=only_attached))

        self._fork(work, 0)

    def end_leftovers(self, grace_s: float) -> None:
        """Look for containers that outlive the command, and end them: ask unless that was done, then kill."""
        self._fork(lambda found: self._end_leftovers(found, grace_s), 0)
        self.was_asked = True

    def take_back(self, pid: int, status: int) -> int:
        """Forget a process that has ended. Returns the signal that it could not deliver, else 0."""
        signum = self.pids.pop(pid, 0)
        return signum if status else 0

    def _fork(self, work: Callable[[Containers], bool], signum: int) -> None:
        found = self.find()
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
                self.tell(f"unsure {error}")
        finally:
            os._exit(status)

    def _end_leftovers(self, containers: Containers, grace_s: float) -> bool:
        deadline = time.monotonic() + grace_s
        ids = containers.running()
        spares = bool(ids) and containers.leaves_detached and self.is_by_itself
        if spares:
            detached = tuple(sorted({*ids} - {*containers.attached()}))
            if detached:
                self.tell(f"detached {_names(detached)}")
        look = containers.attached if spares else containers.running
        ids = look()
        if not ids:
            return True
        if not self.was_asked:
            self.tell(f"left {_names(ids)}")
            containers.send(signal.SIGTERM, only_attached=spares)
        while ids and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
            ids = look()
        if ids:
            containers.send(signal.SIGKILL, only_attached=spares)
            time.sleep(_PAUSE_S)
            ids = look()
        if ids:
            self.tell(f"survived {_names(ids)}")
        return not ids


def _names(ids: tuple[str, ...]) -> str:
    return " ".join(f"container_{name[:_SHORT_ID]}" for name in ids)
