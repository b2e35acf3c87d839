"""Keep what an audit has found on disk after each card: an interrupted audit goes on from there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from carbon_lint.errors import InputError, OutputError
from carbon_lint.hub.audit.cards import AuditedCard, Proposal
from carbon_lint.hub.search.stated import StatedEmissions
from carbon_lint.records.journal import parse_line, parsed_lines

FORMAT = "carbon-lint/audit-checkpoint@1"


class Checkpoint:
    """Appends every verdict to a file, and gives back those of an earlier, interrupted audit of the same cards.

    `key` says what is audited and how: a checkpoint of something else is refused, not mixed in.
    """

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path = path
        self.done: dict[str, AuditedCard] = {}
        # through JSON, as the file has it: tuples become lists
        self._key = json.loads(json.dumps(key))
        self._read()
        try:
            self._stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written: {error.strerror}", hint="name another by --checkpoint"
            ) from error
        if not self.done and self._stream.tell() == 0:
            self._write({"format": FORMAT, "key": self._key})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def add(self, audited: AuditedCard) -> None:
        """Write one verdict. It is on disk, as far as the system is asked, when this returns."""
        self._write(asdict(audited))

    def finish(self) -> None:
        """End the checkpoint: the audit is complete, and the next one starts from the beginning."""
        self._stream.close()
        self.path.unlink(missing_ok=True)

    def _write(self, document: dict[str, Any]) -> None:
        try:
            self._stream.write(json.dumps(document) + "\n")
            self._stream.flush()
        except OSError as error:
            raise OutputError(
                f"{self.path}: cannot be written: {error.strerror}", hint="what was found is kept"
            ) from error

    def _read(self) -> None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from error
        end = data.rfind(b"\n") + 1
        lines = data[:end].splitlines()
        head = parse_line(lines[0]) if lines else None
        if lines and (head is None or head.get("format") != FORMAT or head.get("key") != self._key):
            raise InputError(
                f"{self.path} is the checkpoint of another audit", hint="remove it, or name another by --checkpoint"
            )
        for document in parsed_lines(lines[1:]):
            audited = from_json(document)
            self.done[audited.id] = audited
        if end < len(data):  # the last line was cut off when the audit was killed
            os.truncate(self.path, end)


def from_json(document: dict[str, Any]) -> AuditedCard:
    """Return the result of which `document` is the `asdict`."""
    stated, proposal = document["stated"], document["proposal"]
    values = {
        **document,
        "findings": tuple(document["findings"]),
        "stated": None if stated is None else StatedEmissions(**stated),
        "proposal": None if proposal is None else Proposal(**proposal),
    }
    return AuditedCard(**values)
