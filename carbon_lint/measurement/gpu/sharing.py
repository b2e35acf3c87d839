"""Decide whose processes are on a GPU: the job's, or somebody else's."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from carbon_lint.files import text_at

PROC = Path("/proc")
_PARENT_FIELD = 1  # of /proc/PID/stat after the name, proc(5): state, ppid
_INITS = {"systemd", "init"}
_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh"}
# Stands on the card in the place of its clients, and was started by its own daemon; a name in /proc is cut at 15.
_MPS_SERVER = "nvidia-cuda-mps"


def roots(*, is_launched: bool, proc: Path = PROC) -> tuple[int, ...]:
    """Return from whom the job's processes descend: this process; if it is a launcher's, that launcher too.

    The other ranks of a node are the job as much as this one. A shell between the launcher and us is skipped. What
    adopts processes is not a launcher: all others of the machine descend from it too.
    """
    own = os.getpid()
    if not is_launched:
        return (own,)
    above = _parent(own, proc)
    while above is not None and _name(above, proc) in _SHELLS:
        above = _parent(above, proc)
    return (own,) if not above or _adopts(above, proc) else (own, above)


def _adopts(pid: int, proc: Path) -> bool:
    """Return whether it adopts processes whose parent has ended. A container's first process may be a launcher."""
    is_machine = _name(2, proc) == "kthreadd"  # a container sees none of the kernel's threads
    return _name(pid, proc) in _INITS or (pid == 1 and is_machine)


def others(pids: Iterable[int], roots: Collection[int], proc: Path = PROC) -> set[int]:
    """Return those of `pids` that are here and do not descend from `roots`.

    A process that /proc does not know has ended, or is numbered by another PID namespace: it cannot be judged, and is
    not called another's.
    """
    return {pid for pid, is_ours in _by_descent(pids, roots, proc) if is_ours is False}


def not_ours(pids: Iterable[int], roots: Collection[int], proc: Path = PROC) -> set[int]:
    """Return all but what descends from `roots`, also what cannot be judged: for a look before the job has started."""
    return {pid for pid, is_ours in _by_descent(pids, roots, proc) if is_ours is not True}


def _by_descent(pids: Iterable[int], roots: Collection[int], proc: Path) -> Iterator[tuple[int, bool | None]]:
    """Yield each process on a card, and whether it descends from `roots`; `None` if it is not here."""
    known: dict[int, bool | None] = dict.fromkeys(roots, True)
    for pid in pids:
        if _name(pid, proc) != _MPS_SERVER:
            yield pid, _descends(pid, known, proc)


def _descends(pid: int, known: dict[int, bool | None], proc: Path) -> bool | None:
    """Return whether a process descends from those that `known` has as True; `None` if it is not here."""
    line = []
    is_ours = known.get(pid)
    while pid not in known:
        line.append(pid)
        parent = _parent(pid, proc)
        if parent is None:
            # Of the process that was asked for: gone. Of one above it: it ended while we looked.
            is_ours = None
            break
        if parent == 0:
            is_ours = False
            break
        pid = parent
        is_ours = known.get(pid)
    known.update(dict.fromkeys(line, is_ours))
    return is_ours


def _name(pid: int, proc: Path) -> str:
    """Return the name of a process; empty if it is not here."""
    return text_at(proc / str(pid) / "comm")


def _parent(pid: int, proc: Path) -> int | None:
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        return int(stat.rpartition(")")[2].split()[_PARENT_FIELD])
    except (OSError, IndexError, ValueError):
        return None
