"""Read the journal of a run: its name, what its lines hold, and which runs of a folder left nothing else.

`measurement.journal` writes it, as `r.jsonl` while the run goes on. When the record is written it becomes `r.jsonl.gz`.
A run that was killed, or still goes on, has a journal alone: its energy is in no sum.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import shlex
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from carbon_lint.errors import InputError
from carbon_lint.files import why
from carbon_lint.records.hashes import journal_sha256

FORMAT = "carbon-lint/journal@1"
BEGINNING = b'{"format": "carbon-lint/journal@'
SUFFIX = ".jsonl"
COMPRESSED = ".gz"
LONGEST_LINE = 2**24
"""Bytes of a line: Linux gives a command 128 KiB an argument, and 2 MiB in all by default."""
LARGEST = 2**31
"""Bytes of a journal, uncompressed: a month of readings a second, 800 bytes each. No more is read of any file."""
_GZIP = b"\x1f\x8b"
_TAIL = 64  # lines of one kind among which the last whole one is looked for


def journal_path(record_path: str | os.PathLike[str]) -> Path:
    """Return `r.jsonl` for `r.json`, in the same folder."""
    path = Path(record_path)
    return path.with_suffix(SUFFIX) if path.suffix == ".json" else path.with_name(path.name + SUFFIX)


def compressed_path(journal: Path) -> Path:
    """Return `r.jsonl.gz` for `r.jsonl`: the name of the journal when the record is written."""
    return journal.with_name(journal.name + COMPRESSED)


def record_path(journal: str | os.PathLike[str]) -> Path:
    """Return `r.json` for `r.jsonl` or `r.jsonl.gz`, in the same folder."""
    return Path(os.fspath(journal).removesuffix(COMPRESSED)).with_suffix(".json")


def existing(journal: str | os.PathLike[str]) -> Path:
    """Return `r.jsonl` for `r.jsonl`, or `r.jsonl.gz` if only that is there."""
    path = Path(journal)
    zipped = compressed_path(path)
    return zipped if path.suffix != COMPRESSED and not path.exists() and zipped.is_file() else path


def journal_lines(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield each line of a journal with its line break, of `PATH.gz` if only that is there.

    Raises OSError, or InputError if it is damaged, has a line above `LONGEST_LINE` or more bytes than `LARGEST`.
    """
    found = existing(path)
    left = LARGEST
    with found.open("rb") as start:
        is_zipped = start.peek(len(_GZIP)).startswith(_GZIP)
        with contextlib.ExitStack() as stack:
            stream: BinaryIO = stack.enter_context(gzip.open(start)) if is_zipped else start  # type: ignore[assignment]
            try:
                while line := stream.readline(LONGEST_LINE + 1):
                    left -= len(line)
                    if len(line) > LONGEST_LINE or left < 0:
                        what = f"a line of more than {LONGEST_LINE:,}" if left >= 0 else f"more than {LARGEST:,}"
                        raise InputError(f"{found} holds {what} bytes, which no journal does", hint="name a journal")
                    yield line
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise InputError(
                    f"{found} is damaged: {error}", hint="copy it again from where the run left it"
                ) from error


def read_lines(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield each line of a journal as `journal_lines` does. Raises InputError also if it cannot be read."""
    try:
        yield from journal_lines(path)
    except OSError as error:
        raise InputError(f"cannot read {os.fspath(path)}: {why(error)}", hint="check the journal's path") from error


def hash_of_journal(path: str | os.PathLike[str]) -> str:
    """Return the hash of a journal's file (`records.hashes`). Raises OSError, InputError."""
    return journal_sha256(journal_lines(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal holds. `header` and `ended` are records as JSON; `ended` is `None` if the run was killed.

    `intensity`: as it was when the last hour began, if the run was priced hour by hour.
    """

    header: dict[str, Any]
    limits: dict[str, float | None]
    last_reading: dict[str, Any] | None
    ended: dict[str, Any] | None
    intensity: dict[str, Any] | None = None

    @property
    def run_id(self) -> object:
        """The run that wrote it."""
        return self.header.get("run_id")


def read_journal_file(path: str | os.PathLike[str]) -> JournalContent:
    """Read a journal, torn lines left out. Raises InputError if it cannot be read or is not a journal."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"{os.fspath(path)} is not a file", hint="name the .jsonl file beside the record")
    content = content_of(read_lines(path))
    if content is None:
        raise InputError(
            f"{os.fspath(path)} is not a journal of carbon-lint",
            hint="a journal is the .jsonl file that lies beside the record of `carbon-lint run --record`",
        )
    return content


def is_being_written(path: str | os.PathLike[str]) -> bool:
    """Return whether a run holds the journal's lock. False on a system without such locks, and if the file is gone."""
    try:
        import fcntl  # noqa: PLC0415  not there on Windows: there no run is measured
    except ModuleNotFoundError:
        return False
    if not os.path.isfile(path):
        return False
    try:
        with Path(path).open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in {errno.EWOULDBLOCK, errno.EACCES} and os.access(path, os.R_OK)
    return False


def read_ending(path: str | os.PathLike[str]) -> JournalContent | None:
    """Read a journal; `None` if there is none at `path`, or it cannot be read."""
    try:
        return content_of(journal_lines(path))
    except (OSError, InputError):
        return None


def recover_command(*journals: str | os.PathLike[str]) -> str:
    """Return what to type to make the records of killed runs."""
    return shlex.join(["carbon-lint", "recover", *(str(journal) for journal in journals)])


def content_of(lines: Iterable[bytes]) -> JournalContent | None:
    """Return the journal that the lines hold, torn ones left out; `None` if it is not a journal.

    The last lines with each key are parsed, and no others: a day's journal has 86,400.
    """
    rest = iter(lines)
    first = _first(next(rest, b""))
    if first is None or first["format"] != FORMAT:
        return None
    tails: dict[str, deque[bytes]] = {key: deque(maxlen=_TAIL) for key in ("elapsed_s", "intensity", "ended")}
    for line in rest:
        for key, tail in tails.items():
            if f'"{key}"'.encode() in line:
                tail.append(line)
    found = {key: [each for each in parsed_lines(tail) if key in each] for key, tail in tails.items()}
    intensities = [each["intensity"] for each in found["intensity"] if isinstance(each["intensity"], dict)]
    ended = [each["ended"] for each in found["ended"] if isinstance(each["ended"], dict)]
    return JournalContent(
        header=first["record"],
        limits=first.get("limits") or {},
        last_reading=found["elapsed_s"][-1] if found["elapsed_s"] else None,
        ended=ended[-1] if ended else None,
        intensity=intensities[-1] if intensities else None,
    )


def _first(line: bytes) -> dict[str, Any] | None:
    """Return what the first line of a journal holds, of whichever version; `None` if it is of another file."""
    document = parse_line(line) if line.startswith(BEGINNING) else None
    return document if document is not None and isinstance(document.get("record"), dict) else None


def parsed_lines(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    """Return what the lines hold, without those that are torn."""
    return (document for line in lines if (document := parse_line(line)) is not None)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds; `None` if it is torn."""
    try:
        document = json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A journal, and the record of its run as it was known at the start. `has_figures`: something can be recovered."""

    path: Path
    header: dict[str, Any]
    has_figures: bool

    @property
    def run_group(self) -> object:
        """The run group of the killed run."""
        return self.header.get("run_group")

    @property
    def command(self) -> tuple[object, ...]:
        """The command of the killed run."""
        command = self.header.get("command")
        return tuple(command) if isinstance(command, list) else ()


def unfinished_in(folder: Path, run_ids: Container[object]) -> list[Unfinished]:
    """Return the journals in the folder of runs that are not among `run_ids`, by name. Raises InputError."""
    try:
        suffixes = (SUFFIX, SUFFIX + COMPRESSED)
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(suffixes) and path.is_file())
        found = [_read_unfinished(path, run_ids) for path in paths]
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {why(error)}") from error
    return [journal for journal in found if journal is not None]


def check_no_run_is_missing(
    folder: Path,
    run_ids: Container[object],
    *,
    of_group: str | None = None,
    belongs: Callable[[Unfinished], bool] | None = None,
    skip_running: bool = False,
) -> None:
    """Raise InputError if a journal in the folder holds figures of a run that is not in `run_ids`.

    With `of_group` only journals of that run group count, with `belongs` only those for which it is true, and with
    `skip_running` not those of runs that still go on.
    """
    missing = [
        journal
        for journal in unfinished_in(folder, run_ids)
        if journal.has_figures
        and (of_group is None or journal.run_group == of_group)
        and (belongs is None or belongs(journal))
        and not (skip_running and is_being_written(journal.path))
    ]
    if missing:
        raise _incomplete(missing, of_group)


def _incomplete(missing: list[Unfinished], of_group: str | None) -> InputError:
    first = missing[0].path
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    run = "a run" if of_group is None else f"a run of group {of_group!r}"
    is_running = any(is_being_written(journal.path) for journal in missing)
    command = recover_command(first if len(missing) == 1 else first.parent)
    return InputError(
        f"{first} is the journal of {run} that has no record here{more}: the figure would be too small",
        hint=f"{'when the run has ended' if is_running else 'it was killed'}: {command}; "
        "if it does not belong here, move the journal to another folder",
    )


def _read_unfinished(path: Path, run_ids: Container[object]) -> Unfinished | None:
    """Return the journal at `path`; `None` if it is not a journal, or that of a run in `run_ids`."""
    lines = journal_lines(path)
    try:
        first = _first(next(lines, b""))
    except InputError:  # somebody else's file
        return None
    if first is None or first["record"].get("run_id") in run_ids:
        return None
    has_figures = any("elapsed_s" in document or "ended" in document for document in parsed_lines(lines))
    return Unfinished(path=path, header=first["record"], has_figures=has_figures)
