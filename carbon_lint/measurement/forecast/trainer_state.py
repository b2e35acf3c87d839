"""Read how far a transformers Trainer is from `trainer_state.json`, which it writes beside each checkpoint."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PATTERNS = ("checkpoint-*/trainer_state.json", "*/checkpoint-*/trainer_state.json")
_EVERY_S = 10.0
_MOST_BYTES = 10_000_000  # it holds the log of all steps
_MOST_FILES = 1000


class TrainerState:
    """Looks for the newest state below a folder that is not older than the job."""

    def __init__(self, folder: Path, began_at: float) -> None:
        """`began_at`: seconds since 1970; what an earlier run left is not this job's."""
        self._folder = folder
        self._began_at = began_at
        self._next_s = 0.0
        self._latest: tuple[int, int] | None = None

    def look(self, now_s: float) -> tuple[int, int] | None:
        """Return (steps done, steps in all); `None` before the first checkpoint."""
        if now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            self._latest = self._read() or self._latest
        return self._latest

    def _read(self) -> tuple[int, int] | None:
        try:
            paths = (path for pattern in _PATTERNS for path in self._folder.glob(pattern))
            found = [(path.stat().st_mtime, path) for path in islice(paths, _MOST_FILES)]
            newest_at, newest = max(found, default=(0.0, None))
            if newest is None or newest_at < self._began_at or newest.stat().st_size > _MOST_BYTES:
                return None
            state: Any = json.loads(newest.read_bytes())
            done, total = state["global_step"], state["max_steps"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        is_sound = type(done) is int and type(total) is int and 0 <= done <= total > 0
        return (done, total) if is_sound else None
