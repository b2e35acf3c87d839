"""Whose processes are on a GPU: the job's, or somebody else's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARENT_FIELD = 1  # of /proc/PID/stat after the name, proc(5): state, ppid


def others(pids: Iterable[int], own: int | None = None, proc: Path = Path("/proc")) -> set[int]:
    """Those of `pids` that are here and do not descend from `own`, this process by default.

    A process that /proc does not know has ended, or is numbered by another PID namespace: it cannot be judged, and is
    not called another's.
    """
    own = os.getpid() if own is None else own
    known: dict[int, bool | None] = {own: True}
    return {pid for pid in pids if _descends(pid, known, proc) is False}


def _descends(pid: int, known: dict[int, bool | None], proc: Path) -> bool | None:
    """Whether a process descends from those that `known` has as True; `None` where it is not here."""
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


def _parent(pid: int, proc: Path) -> int | None:
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        return int(stat.rpartition(")")[2].split()[_PARENT_FIELD])
    except (OSError, IndexError, ValueError):
        return None
