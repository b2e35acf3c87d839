"""Decide whose processes are on a GPU: the job's, or somebody else's."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from carbon_lint.measurement.job.descendants import Process, find_process

_INITS = {"systemd", "init"}
_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh"}
_MPS_SERVER = "nvidia-cuda-mps"
"""Begins the name of what stands on a GPU in the place of its clients; its own daemon started it."""


def roots(*, is_launched: bool) -> tuple[int, ...]:
    """Return from whom the job's processes descend: this process; if it is a launcher's, that launcher too.

    The other ranks of a node are the job as much as this one. A shell between the launcher and us is skipped. What
    adopts processes is not a launcher: all others of the machine descend from it too.
    """
    own = os.getpid()
    above = _line(own)[1:] if is_launched else []
    launcher = next((process for process in above if process.name not in _SHELLS), None)
    is_machine = [each.name for each in _line(2)] == ["kthreadd"]  # a container sees none of the kernel's threads
    # A container's first process may be a launcher.
    adopts = launcher is None or launcher.name in _INITS or (launcher.pid == 1 and is_machine)
    return (own,) if launcher is None or adopts else (own, launcher.pid)


def others(pids: Iterable[int], roots: Collection[int]) -> set[int]:
    """Return those of `pids` that are here and do not descend from `roots`.

    A process that is not here has ended, or is numbered by another PID namespace: it cannot be judged, and is not
    called another's.
    """
    return {pid for pid in pids if _is_ours(pid, roots) is False}


def not_ours(pids: Iterable[int], roots: Collection[int]) -> set[int]:
    """Return all but what descends from `roots`, also what cannot be judged: for a look before the job has started."""
    return {pid for pid in pids if not _is_ours(pid, roots)}


def _is_ours(pid: int, roots: Collection[int]) -> bool | None:
    """Return whether it descends from `roots`, or serves all; `None` if it, or one above it, has just ended."""
    line = _line(pid)
    if line and line[0].name.startswith(_MPS_SERVER):
        return True
    if any(process.pid in roots for process in line):
        return True
    return None if not line or line[-1].parent else False


def _line(pid: int) -> list[Process]:
    """Return a process and all above it, as far as they are here."""
    line = []
    while pid and (process := find_process(pid)) is not None:
        line.append(process)
        pid = process.parent
    return line
