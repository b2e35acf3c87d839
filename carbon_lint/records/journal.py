"""The journal of a run as a file: its name, and what its lines hold. `measure.journal` writes it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = "carbon-lint/journal@1"
BEGINNING = b'{"format": "carbon-lint/journal@'
SUFFIX = ".jsonl"


def journal_path(record_path: str | os.PathLike[str]) -> Path:
    """`r.json` -> `r.jsonl`, in the same folder."""
    path = Path(record_path)
    return path.with_suffix(SUFFIX) if path.suffix == ".json" else path.with_name(path.name + SUFFIX)


def record_path(journal: str | os.PathLike[str]) -> Path:
    """`r.jsonl` -> `r.json`, in the same folder."""
    return Path(journal).with_suffix(".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal holds. `header` and `ended` are records as JSON; `ended` is `None` if the run was killed.

    `intensities`: one for each hour that began, if the run was priced hour by hour.
    """

    header: dict[str, Any]
    limits: dict[str, float | None]
    last_reading: dict[str, Any] | None
    ended: dict[str, Any] | None
    intensities: tuple[dict[str, Any], ...] = ()

    @property
    def run_id(self) -> object:
        """The run that wrote it."""
        return self.header.get("run_id")


def read_journal_file(path: str | os.PathLike[str]) -> JournalContent:
    """Read a journal, torn lines left out. Raises InputError if it cannot be read or is no journal."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise InputError(f"{os.fspath(path)} is not a file", hint="name the .jsonl file beside the record")
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {os.fspath(path)}: {error.strerror}", hint="check the journal's path") from error
    content = parse_journal(data)
    if content is None:
        raise InputError(
            f"{os.fspath(path)} is not a journal of carbon-lint",
            hint="a journal is the .jsonl file that lies beside the record of `carbon-lint run --record`",
        )
    return content


def is_being_written(path: str | os.PathLike[str]) -> bool:
    """Whether a run holds the journal's lock. False on a file system without locks, and if the file is gone."""
    if not os.path.isfile(path):
        return False
    try:
        with Path(path).open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in {errno.EWOULDBLOCK, errno.EACCES} and os.access(path, os.R_OK)
    return False


def read_ending(path: str | os.PathLike[str]) -> JournalContent | None:
    """As `parse_journal`, but only the first and the last lines are parsed: a day's journal has 86,400.

    `None` if there is no journal at `path`; `intensities` is empty.
    """
    try:
        with Path(path).open("rb") as stream:
            first = parse_line(stream.readline()) if stream.peek(len(BEGINNING)).startswith(BEGINNING) else None
            lines = stream.read().split(b"\n") if first is not None else []
    except OSError:
        return None
    if first is None or not isinstance(first.get("record"), dict):
        return None
    last = next((each for each in parsed_lines(reversed(lines)) if "elapsed_s" in each or "ended" in each), {})
    ended = last.get("ended")
    return JournalContent(
        header=first["record"],
        limits=first.get("limits") or {},
        last_reading=last if "elapsed_s" in last else None,
        ended=ended if isinstance(ended, dict) else None,
    )


def recover_command(*journals: str | os.PathLike[str]) -> str:
    """What to type to make the records of killed runs."""
    return shlex.join(["carbon-lint", "recover", *(str(journal) for journal in journals)])


def parse_journal(data: bytes) -> JournalContent | None:
    """The journal that `data` holds, torn lines left out; `None` if it is none."""
    documents = list(parsed_lines(data.split(b"\n")))
    if not documents or documents[0].get("format") != FORMAT or not isinstance(documents[0].get("record"), dict):
        return None
    readings = [document for document in documents if "elapsed_s" in document]
    ended = [document["ended"] for document in documents if isinstance(document.get("ended"), dict)]
    return JournalContent(
        header=documents[0]["record"],
        limits=documents[0].get("limits") or {},
        last_reading=readings[-1] if readings else None,
        ended=ended[-1] if ended else None,
        intensities=tuple(each["intensity"] for each in readings if isinstance(each.get("intensity"), dict)),
    )


def parsed_lines(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    """What the lines hold, without those that are torn."""
    return (document for line in lines if (document := parse_line(line)) is not None)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """What a line holds; `None` if it is torn."""
    try:
        document = json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
