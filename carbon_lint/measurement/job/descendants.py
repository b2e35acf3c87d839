"""Find the processes below this one and end them. The caller must be their subreaper, or orphans are missed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_S = 0.005
_HUNT_S = 5.0  # a process in the kernel's D state cannot be ended: do not wait for it without limit


def become_subreaper(*, is_wanted: bool = True) -> None:
    """Make orphaned descendants children of this process from now on, not of PID 1. Works on Linux only."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(is_wanted))


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends. Works on Linux only."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process(NamedTuple):
    """What /proc/PID/stat says, proc(5): `columns` are those behind the name.

    `parent` is 0 if it is outside of this PID namespace.
    """

    pid: int
    name: str
    parent: int
    columns: Sequence[bytes]


def find_process(pid: int, root: Path = Path("/")) -> Process | None:
    """Return a process; `None` if it has ended. `root`: the file tree that holds /proc."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"{root}/proc/{pid}/stat", "rb") as file:
        head, _, rest = file.read().rpartition(b")")
        columns = rest.split()
        return Process(pid, head.partition(b"(")[2].decode(errors="replace"), int(columns[1]), columns)
    return None


def below(pid: int, *, excluding: Collection[int] = (), root: Path = Path("/")) -> list[Process]:
    """Return every descendant of a process, zombies too, but `excluding` and what is below those."""
    children: dict[int, list[Process]] = {}
    # One pass over the table: asking each process for its children takes seconds among thousands.
    for entry in os.listdir(root / "proc"):
        process = find_process(int(entry), root) if entry.isdecimal() else None
        if process is not None and process.pid not in excluding:
            children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [pid]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += [process.pid for process in mine]
    return found


def living(*, excluding: Collection[int] = ()) -> list[tuple[int, str]]:
    """Return (pid, name) of every living descendant of this process but `excluding` and what is below those."""
    found = below(os.getpid(), excluding=excluding)
    return [(process.pid, process.name) for process in found if process.columns[0] != b"Z"]


def ignores(pid: int, signum: int) -> bool:
    """Return whether a process ignores a signal, as a script's `command &` ignores SIGINT: SigIgn of proc(5)."""
    with (
        contextlib.suppress(OSError, StopIteration),
        open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file,
    ):
        ignored = next(line for line in file if line.startswith("SigIgn:"))
        return bool(int(ignored.split()[1], 16) >> (signum - 1) & 1)
    return False


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


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
