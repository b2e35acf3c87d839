"""Count the CPU seconds of the job itself, so that a reader knows whose energy the machine's is.

Every process of the job is below its guardian, daemons too, so one look at /proc finds them all; what a process has
reaped is in its own account. The containers of the job are below their engine: their control groups count them.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.job.containers import EngineError, Find
from carbon_lint.measurement.job.descendants import below, find_process
from carbon_lint.units import format_duration

_MOST_SHARE = 1 / 10_000  # of one core, for looking at all processes: every 20 s or so
_LEAST_OTHERS_S = 0.5
_LEAST_OTHERS_SHARE = 0.05  # of one core: what an idle machine needs for itself
_OWN_SHARE = 0.5
# Columns of /proc/PID/stat, proc(5).
_CPU = 36
_OWN_AND_REAPED, _REAPED = slice(11, 15), slice(13, 15)


class JobCpu:
    """The CPU seconds of a job. Driven by the loop; only the search for containers has a thread of its own.

    `pid` is the guardian's, `interval_s` the least time between two looks at the processes.
    """

    def __init__(
        self,
        pid: int,
        find_containers: Find = lambda: None,
        *,
        interval_s: float = 1.0,
        root: Path = Path("/"),
    ) -> None:
        self._pid = pid
        self._root = root
        self._interval_s = interval_s
        self._due_s = 0.0
        self._processes_s = 0.0
        self._seen: frozenset[int] = frozenset()
        self._cpus: frozenset[int] = frozenset()
        self._find_containers = find_containers
        self.containers: ContainerCpu | None = None
        self._look_for_containers()

    def sample(self) -> None:
        """Look at the job if it is time to. Call it once a tick."""
        self._look_for_containers()
        if self.containers is not None:
            self.containers.sample(excluding=self._seen)
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        spent_s = time.thread_time()
        tree = look_at_tree(self._pid, self._root)
        self._seen, self._cpus = tree.pids, self._cpus | tree.cpus
        self._processes_s = max(self._processes_s, tree.cpu_s)
        self._due_s = now_s + max(self._interval_s, (time.thread_time() - spent_s) / _MOST_SHARE)

    def finish(self, processes_s: float | None) -> None:
        """Take the guardian's account of all that it has reaped, and stop looking."""
        self._processes_s = max(self._processes_s, processes_s or 0.0)
        self._look_for_containers()
        if self.containers is not None:
            self.containers.stop()

    def _look_for_containers(self) -> None:
        if self.containers is None and self._find_containers() is not None:
            self.containers = ContainerCpu(self._find_containers, self._root)

    @property
    def seconds(self) -> float | None:
        """Return the CPU seconds so far; `None` if those of a container cannot be read."""
        if self.containers is None:
            return self._processes_s
        of_containers_s = self.containers.seconds
        return None if of_containers_s is None else self._processes_s + of_containers_s

    @property
    def outside(self) -> str | None:
        """Return how the job runs outside of this process's control group or affinity; `None` if it is not seen to."""
        if self.containers is not None:
            return "runs in containers"
        return "runs on other CPUs than it was given" if self._cpus - os.sched_getaffinity(0) else None


class ContainerCpu:
    """The CPU seconds of a job's containers, by their control groups. The engine is asked on a thread: it may hang."""

    def __init__(self, find: Find, root: Path) -> None:
        self._find = find
        self._root = root
        self._used_s: dict[str, float] = {}
        self._groups: dict[str, Path] = {}
        self._first: dict[str, int] = {}
        self._is_done = threading.Event()
        self.is_unread = False
        self._thread = threading.Thread(target=self._search, name="carbon-lint-containers", daemon=True)
        self._thread.start()

    def sample(self, *, excluding: frozenset[int] = frozenset()) -> None:
        """Read each control group; one that has gone keeps its last figure. `excluding`: processes counted already."""
        for name, group in list(self._groups.items()):
            if self._first[name] in excluding:
                self._used_s[name] = 0.0  # Podman's containers are our descendants
                continue
            used_s = cgroup.usage_s(group)
            if used_s is not None:
                self._used_s[name] = max(used_s, self._used_s.get(name, 0.0))

    @property
    def seconds(self) -> float | None:
        """Return the sum over all containers that were seen; `None` if none was, or one cannot be read."""
        return None if self.is_unread or not self._used_s else sum(self._used_s.values())

    def stop(self) -> None:
        """End the search."""
        self._is_done.set()

    def _search(self) -> None:
        pause_s = 0.1
        while not self._is_done.wait(pause_s):
            if any(group.exists() for group in list(self._groups.values())) and pause_s < _LONGEST_PAUSE_S:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            with contextlib.suppress(EngineError):
                containers = self._find()
                self._note({} if containers is None else containers.processes())
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S if self._groups else _LONGEST_WAIT_S)

    def _note(self, processes: Mapping[str, int]) -> None:
        for name, pid in processes.items():
            group = cgroup.group_of(self._root, pid)
            # In a container of our own the number is another process's; the group's name shows it.
            if group is None or name not in str(group):
                self.is_unread = True
            elif name not in self._groups:
                self._first[name] = pid
                self._groups[name] = group


_LONGEST_WAIT_S = 3.0  # until a container is there: its image may have to be pulled
_LONGEST_PAUSE_S = 20.0  # between two looks for further ones


class Tree(NamedTuple):
    """The descendants of a process, and the CPUs they last ran on. `cpu_s` has what they and it have reaped, too."""

    cpu_s: float
    pids: frozenset[int]
    cpus: frozenset[int]


def look_at_tree(pid: int, root: Path = Path("/")) -> Tree:
    """Look at all processes once, and return what is below this one."""
    # In this order: a child that is reaped between the two is missed once, and else would be counted twice.
    own, found = find_process(pid, root), below(pid, root=root)
    ticks = sum(sum(map(int, process.columns[_OWN_AND_REAPED])) for process in found)
    ticks += 0 if own is None else sum(map(int, own.columns[_REAPED]))
    return Tree(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        pids=frozenset(process.pid for process in found),
        cpus=frozenset(int(process.columns[_CPU]) for process in found if len(process.columns) > _CPU),
    )


def warn_of_others(job_cpu_s: float | None, machine_cpu_s: float | None, duration_s: float) -> str | None:
    """Return a warning if less than half of the busy CPU seconds were the job's own."""
    if job_cpu_s is None or machine_cpu_s is None or job_cpu_s >= _OWN_SHARE * machine_cpu_s:
        return None
    others_s = machine_cpu_s - job_cpu_s
    if others_s < max(_LEAST_OTHERS_S, _LEAST_OTHERS_SHARE * duration_s):
        return None
    return (
        f"of {machine_cpu_s:.1f} s that CPUs were busy the job itself used {job_cpu_s:.1f} s "
        f"({job_cpu_s / machine_cpu_s:.0%}) in {format_duration(duration_s)}: the energy of others is in this figure"
    )
