"""Read the phases that a job writes into its progress file: `phase NAME` begins one, `phase` alone ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint import redact
from carbon_lint.measurement.phases import MOST_MARKS_A_TICK, MOST_NAME_CHARACTERS, Change, Mark
from carbon_lint.measurement.unchanged import Unchanged
from carbon_lint.records.record import PhaseKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_READ_BYTES = 1 << 16
_CHECKED_BYTES = 64
_WORD = b"phase"
_MOST_NAME_BYTES = 1000


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
        return Mark(PhaseKind.PHASE, Change.BEGIN, text or None)

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
