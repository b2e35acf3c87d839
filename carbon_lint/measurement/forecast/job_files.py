"""Read what a job writes to files: its progress and its phases in our file, and a Trainer's state at its checkpoints.

A line of the progress file is `0.42`, `42%` or `120/1000`; `phase NAME` begins a phase, and `phase` alone ends it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from carbon_lint import redact
from carbon_lint.measurement.phases import MOST_MARKS_A_TICK, MOST_NAME_CHARACTERS, Mark, MarkAction
from carbon_lint.measurement.unchanged import Unchanged
from carbon_lint.records.record import PhaseKind

_TAIL_BYTES = 4096
_READ_BYTES = 1 << 16
_CHECKED_BYTES = 64
_WORD = b"phase"
_MOST_NAME_BYTES = 1000
_PATTERNS = ("checkpoint-*/trainer_state.json", "*/checkpoint-*/trainer_state.json")
_EVERY_S = 10.0
_MOST_STATE_BYTES = 10_000_000  # it holds the log of all steps
_MOST_FILES = 1000


def read_done_fraction(path: Path) -> float | None:
    """Return how far the job says it is, 0 to 1, by the last line that can be read; `None` if there is none yet."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    fractions = (_parse_fraction(line.strip()) for line in reversed(lines))
    return next((fraction for fraction in fractions if fraction is not None), None)


def _parse_fraction(text: str) -> float | None:
    try:
        if text.endswith("%"):
            fraction = float(text[:-1]) / 100
        elif "/" in text:
            done, total = map(float, text.split("/"))
            fraction = done / total
        else:
            fraction = float(text)
    except (ValueError, ZeroDivisionError):
        return None
    return fraction if math.isfinite(fraction) and 0 <= fraction <= 1 else None


class PhaseFile:
    """Reads what has come since the last look, at most 64 KiB of it. The job may append to the file or rewrite it.

    `secrets` are hidden in the names: journal and record hold them.
    """

    def __init__(self, path: Path, secrets: Sequence[str] = ()) -> None:
        self._path = path
        self._is_unchanged = Unchanged(path)
        self._secrets = tuple(secrets)
        self._offset = 0
        self._before = b""  # what ended at the offset: something else there means that the file was rewritten
        self._rest = b""  # an unfinished line
        self.dropped = 0

    def look(self) -> list[Mark]:
        """Return the marks of the last new lines. A last line without its end is taken at the next look.

        `dropped` counts the others that were read: more in one tick cannot be separated by their energy.
        """
        try:
            data = b"" if self._is_unchanged() else self._read()
        except OSError:
            return []
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[:_READ_BYTES]
        if not data and self._rest:
            lines.append(self._rest)
            self._rest = b""
        names = [name for word, _, name in (line.strip().partition(b" ") for line in lines) if word == _WORD]
        self.dropped += max(0, len(names) - MOST_MARKS_A_TICK)
        return [self._mark(name) for name in names[-MOST_MARKS_A_TICK:]]

    def _mark(self, name: bytes) -> Mark:
        shown = name[:_MOST_NAME_BYTES].decode(errors="replace").strip()
        text = redact.text(shown, self._secrets)[:MOST_NAME_CHARACTERS]
        return Mark(PhaseKind.PHASE, MarkAction.BEGIN, text or None)

    def _read(self) -> bytes:
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(self._offset - len(self._before))
            if file.read(len(self._before)) != self._before:
                self._offset, self._rest, self._before = 0, b"", b""
            begin = max(self._offset, size - _READ_BYTES)
            if begin > self._offset:
                self._rest = b""
            file.seek(begin)
            data = file.read(_READ_BYTES)
        self._offset = begin + len(data)
        self._before = (self._before + data)[-_CHECKED_BYTES:]
        return data


class TrainerState:
    """Looks for the newest state below a folder that is not older than the job."""

    def __init__(self, folder: Path, began_at: float) -> None:
        """Take the folder, and when the job began in seconds since 1970: what an earlier run left is not this job's."""
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
            if newest is None or newest_at < self._began_at or newest.stat().st_size > _MOST_STATE_BYTES:
                return None
            state: Any = json.loads(newest.read_bytes())
            done, total = state["global_step"], state["max_steps"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        is_sound = type(done) is int and type(total) is int and 0 <= done <= total > 0
        return (done, total) if is_sound else None
