"""How busy the CPUs are that this process may use, in place of CodeCarbon's load of the whole machine.

In a container that may use half a CPU of 64, the machine's load says nothing of the job.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from carbon_lint.measure import cgroup

if TYPE_CHECKING:
    from pathlib import Path


class GroupLoad:
    """The load of this process's control group, with CodeCarbon's two calls.

    Args:
        usable_threads: what the group may use at most.
        root: the file tree that holds /proc and /sys.
    """

    def __init__(self, usable_threads: float, root: Path) -> None:
        self._usable_threads = usable_threads
        self._root = root
        self._last_s = 0.0
        self._last_usage_s = 0.0
        self.reset()

    def reset(self) -> None:
        """Begin a new interval."""
        self._last_s, self._last_usage_s = time.monotonic(), self._usage_s()

    def percent(self) -> float:
        """0 to 100 since the last call or `reset`."""
        before_s, before_usage_s = self._last_s, self._last_usage_s
        self.reset()
        seconds = self._last_s - before_s
        if seconds <= 0:
            return 0.0
        busy = (self._last_usage_s - before_usage_s) / (seconds * self._usable_threads)
        return min(max(100 * busy, 0.0), 100.0)

    def _usage_s(self) -> float:
        """Raises OSError where the kernel no longer says: the reading is then lost, and told of."""
        usage_s = cgroup.cpu_usage_s(self._root)
        if usage_s is None:
            raise OSError("the control group's CPU usage cannot be read")
        return usage_s
