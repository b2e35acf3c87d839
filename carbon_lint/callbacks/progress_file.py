"""Write the file that `CARBON_LINT_PROGRESS` names: `12/30` is progress, `phase NAME` begins a phase, `phase` ends."""

from __future__ import annotations

import contextlib
import os
import time

_LEAST_S = 0.2  # between two lines of progress: a step may take a millisecond, and the file is read once a second


class ProgressFile:
    """Appends lines. A file that cannot be written never ends a training; without the variable nothing is written."""

    def __init__(self) -> None:
        self._due_s = 0.0

    def progress(self, done: int, total: int) -> None:
        """Say that `done` of `total` steps are done, several times a second at most."""
        now_s = time.monotonic()
        if total > 0 and 0 <= done <= total and (now_s >= self._due_s or done == total):
            self._due_s = now_s + _LEAST_S
            self._write(f"{done}/{total}")

    def phase(self, name: str = "") -> None:
        """Say that the phase `name` begins; without a name, that the one before is over."""
        self._write(f"phase {' '.join(name.split())}".rstrip())

    def _write(self, line: str) -> None:
        path = os.environ.get("CARBON_LINT_PROGRESS")
        if path:
            with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
                file.write(f"{line}\n")
