"""Count the seconds that CPUs were busy: all CPUs that this process may use, or its control group alone.

Stolen time, which a hypervisor gave to others, does not count as load. In a container with half a CPU of 64, the
machine's load does not show the job's.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.cpu import Limit

# /proc/stat, proc(5): user nice system idle iowait irq softirq steal; guest time is in user's already.
_BUSY_COLUMNS = (0, 1, 2, 5, 6)


class BusyTime(Protocol):
    """Busy CPU seconds since some moment in the past."""

    def seconds(self) -> float:
        """Return them. Raises OSError if the kernel does not say."""


class GroupTime:
    """The busy seconds of this process's control group, whose other processes are the job."""

    def __init__(self, root: Path) -> None:
        self._folder = cgroup.cpu_folder(root)

    def seconds(self) -> float:
        """Return them. Raises OSError if the kernel no longer states it: the reading is lost, with its cause."""
        usage_s = None if self._folder is None else cgroup.usage_s(self._folder)
        if usage_s is None:
            raise OSError("the control group's CPU usage cannot be read")
        return usage_s


class CpusTime:
    """The busy seconds of the machine's CPUs, or of some of them by number, without stolen time."""

    def __init__(self, root: Path, cpus: Collection[int] | None = None) -> None:
        self._names = {b"cpu"} if cpus is None else {b"cpu%d" % number for number in cpus}
        self._path = os.fspath(root / "proc/stat")
        self._hertz = os.sysconf("SC_CLK_TCK")

    def seconds(self) -> float:
        """Return them. Raises OSError if the kernel does not say."""
        ticks, left = 0, len(self._names)
        with open(self._path, "rb") as file:
            for line in file:  # the machine's is the first, and the CPUs' follow it
                name, _, rest = line.partition(b" ")
                if name in self._names:
                    columns = rest.split()
                    ticks += sum(int(columns[number]) for number in _BUSY_COLUMNS if number < len(columns))
                    left -= 1
                if not left:
                    break
        if left == len(self._names):
            raise OSError(f"{self._path} does not state the load of the CPUs")
        return ticks / self._hertz


def busy_time(limit: Limit | None, root: Path) -> BusyTime:
    """Return the busy time that belongs to a limit; without one the machine's."""
    if limit is Limit.QUOTA and cgroup.cpu_folder(root) is not None:
        return GroupTime(root)
    return CpusTime(root, os.sched_getaffinity(0) if limit is not None else None)


class LoadMeter:
    """The load between two questions, 0 to 100, by CodeCarbon's two calls: it replaces CodeCarbon's own.

    It reads nothing itself: `take` gives it what the host's energy is computed from.
    """

    def __init__(self, threads: float) -> None:
        self._threads = threads
        self._elapsed_s = self._busy_s = self._asked_s = self._asked_busy_s = self._percent = 0.0

    def take(self, busy_s: float, elapsed_s: float) -> None:
        """Take the busy CPU seconds and the seconds since the start."""
        self._busy_s, self._elapsed_s = busy_s, elapsed_s

    def reset(self) -> None:
        """Begin a new interval."""
        self._asked_s, self._asked_busy_s = self._elapsed_s, self._busy_s

    def percent(self) -> float:
        """Return the load since the last call or `reset`; the last one if nothing was taken since then."""
        if self._elapsed_s > self._asked_s:
            load = mean_load(self._busy_s - self._asked_busy_s, self._elapsed_s - self._asked_s, self._threads)
            self._percent = 100 * load
        self.reset()
        return self._percent


def mean_load(busy_s: float, elapsed_s: float, threads: float) -> float:
    """Return the mean load of so many threads, 0 to 1."""
    return min(max(busy_s / (elapsed_s * threads), 0.0), 1.0) if elapsed_s > 0 else 0.0
