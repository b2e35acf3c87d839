"""How busy the CPUs are that this process may use, in place of CodeCarbon's load of the whole machine.

In a container that may use half a CPU of 64, the machine's load says nothing of the job.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from carbon_lint.measure.host import cgroup
from carbon_lint.measure.host.cpu import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

# /proc/stat, proc(5): user nice system idle iowait irq softirq steal; guest time is in user's already.
_COLUMNS = 8
_IDLE, _IOWAIT = 3, 4
# Of full power at no load: CodeCarbon 3.3.2, hardware.py, CPU._get_power_from_cpu_load.
_FLOOR = 0.1


class Load(Protocol):
    """CodeCarbon's two calls."""

    def reset(self) -> None:
        """Begin a new interval."""

    def percent(self) -> float:
        """0 to 100 since the last call or `reset`."""


def load_of(limit: Limit | None, usable_threads: float, root: Path) -> Load | None:
    """The load that belongs to a limit; `None`: the machine's, as CodeCarbon reads it."""
    if limit is Limit.QUOTA and cgroup.cpu_usage_s(root) is not None:
        return GroupLoad(usable_threads, root)
    return CpusLoad(os.sched_getaffinity(0), root) if limit is Limit.AFFINITY else None


class LinearWatch:
    """A load, and beside CodeCarbon's cube of it what a straight line would make of the same seconds.

    Args:
        load: the one that is watched.
        clock: seconds.
    """

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._last_s = clock()
        self._cubic_s = 0.0
        self._linear_s = 0.0

    def reset(self) -> None:
        """Begin a new interval; what was watched so far is forgotten."""
        self._load.reset()
        self._last_s, self._cubic_s, self._linear_s = self._clock(), 0.0, 0.0

    def percent(self) -> float:
        """0 to 100 since the last call or `reset`."""
        percent = self._load.percent()
        now_s = self._clock()
        seconds, self._last_s = now_s - self._last_s, now_s
        share = percent / 100
        self._cubic_s += seconds * (_FLOOR + (1 - _FLOOR) * share**3)
        self._linear_s += seconds * (_FLOOR + (1 - _FLOOR) * share)
        return percent

    def factor(self) -> float:
        """Energy by the straight line over energy by the cube, since `reset`: 1 for idle and full load, 3 at most."""
        return self._linear_s / self._cubic_s if self._cubic_s > 0 else 1.0


class GroupLoad:
    """The load of this process's control group, whose other processes are the job.

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


class CpusLoad:
    """The load of some of the machine's CPUs, by number."""

    def __init__(self, cpus: Collection[int], root: Path) -> None:
        self._names = {f"cpu{number}" for number in cpus}
        self._root = root
        self._last = self._ticks()

    def reset(self) -> None:
        """Begin a new interval."""
        self._last = self._ticks()

    def percent(self) -> float:
        """0 to 100 since the last call or `reset`."""
        (before_busy, before_all), (busy, everything) = self._last, self._ticks()
        self._last = busy, everything
        if everything <= before_all:
            return 0.0
        return min(max(100 * (busy - before_busy) / (everything - before_all), 0.0), 100.0)

    def _ticks(self) -> tuple[int, int]:
        """Busy and all ticks of the CPUs. Raises OSError where the kernel does not say."""
        busy = everything = 0
        for line in (self._root / "proc/stat").read_text(encoding="ascii").splitlines():
            name, *columns = line.split()
            if name in self._names:
                ticks = [int(column) for column in columns[:_COLUMNS]]
                everything += sum(ticks)
                busy += sum(ticks) - ticks[_IDLE] - ticks[_IOWAIT]
        return busy, everything
