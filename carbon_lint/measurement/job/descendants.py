"""Find the processes below this one and end them. The caller must be their subreaper, or orphans are missed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_S = 0.005
_HUNT_S = 5.0  # a process in the kernel's D state cannot be ended: do not wait for it without limit


def become_subreaper(*, is_wanted: bool = True) -> None:
    """Make orphaned descendants children of this process from now on, not of PID 1. Does nothing but on Linux."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(is_wanted))


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends. Does nothing but on Linux."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def living(*, excluding: Collection[int] = ()) -> list[tuple[int, str]]:
    """Return (pid, name) of every living descendant of this process but `excluding` and what is below those."""
    import psutil  # noqa: PLC0415  20 ms that a job without stragglers need not pay

    # One pass over the table: asking each process for its children takes seconds among thousands.
    processes = {process.pid: process.info for process in psutil.process_iter(["ppid", "name", "status"])}
    children: dict[int, list[int]] = {}
    for pid, info in processes.items():
        children.setdefault(info["ppid"], []).append(pid)
    found = []
    waiting = [os.getpid()]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in excluding:
                waiting.append(pid)
                if processes[pid]["status"] != psutil.STATUS_ZOMBIE:
                    found.append((pid, processes[pid]["name"] or "?"))
    return found


def send(signum: int, pids: Collection[int]) -> None:
    """Send a signal to each process, and pass over one that has gone or belongs to somebody else."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def kill_all(*, excluding: Collection[int] = ()) -> list[tuple[int, str]]:
    """Kill every descendant, also those that fork meanwhile. Returns those that could not be ended."""
    deadline = time.monotonic() + _HUNT_S
    left = living(excluding=excluding)
    while left and time.monotonic() < deadline:
        pids = [pid for pid, _ in left]
        send(signal.SIGSTOP, pids)  # what is stopped forks no more
        send(signal.SIGKILL, pids)
        time.sleep(_PAUSE_S)
        left = living(excluding=excluding)
    return left


def children() -> set[int]:
    """Return the children of this process, zombies too; none but on Linux."""
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(map(int, listing.read_text().split()))
    return found


def reap(pids: Collection[int]) -> None:
    """Collect the status of those of `pids` that are children of this process and have ended."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
