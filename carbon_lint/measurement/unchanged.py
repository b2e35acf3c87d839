"""Tell whether a file or folder is as it was at the last look, so that a tick need not read it again."""

from __future__ import annotations

import os
import time

_SETTLED_NS = 1_000_000_000
"""Age from which a time stamp is believed: the kernel counts them in ticks, within which two changes look like one."""


class Unchanged:
    """Compares the size and the time stamp of what is at `path` with those of the last call: one call of the kernel."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._seen: tuple[int, int, int] | None = None

    def __call__(self) -> bool:
        """Return whether nothing has changed since the last call. False if that is not certain, or nothing is there."""
        try:
            found = os.stat(self._path)
        except OSError:
            self._seen = None
            return False
        before, self._seen = self._seen, None
        if time.time_ns() - found.st_mtime_ns > _SETTLED_NS:
            self._seen = (found.st_ino, found.st_size, found.st_mtime_ns)
        return before is not None and before == self._seen
