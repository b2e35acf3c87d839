"""Write one line a tick beside the record, so that a run that is killed still leaves what it emitted.

`r.json` has `r.jsonl`: a first line with all that is known at the start, a line for each reading, and at the end the
record itself. The file is locked while the run goes on: two runs cannot write one record. When the record is written
too, `r.jsonl.gz` takes the place of `r.jsonl`.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from carbon_lint.errors import InputError, OutputError
from carbon_lint.files import write_atomically
from carbon_lint.measurement.meter import Reading
from carbon_lint.measurement.phases import Mark, PhaseMeter
from carbon_lint.records.document import to_json
from carbon_lint.records.folder import aside_path
from carbon_lint.records.hashes import journal_sha256
from carbon_lint.records.journal import (
    BEGINNING,
    FORMAT,
    JournalContent,
    compressed_path,
    content_of,
    is_being_written,
    parsed_lines,
    read_ending,
    read_journal_file,
    read_lines,
)
from carbon_lint.records.store import read_record

_ALWAYS = ("elapsed_s", "energy_kwh", "emissions_g")
"""What every tick's line holds; all else is left out if it is `None`."""
NEEDS_A_FOLDER = "name a record in a folder that can be written to"
FORECAST_KEYS = {"forecast_share", "at_s"}
"""All that the line of a forecast holds."""
_LEVEL = 1  # a day's journal in half a second, a tenth of its size; a job that was cancelled has seconds
HURRIED_BYTES = 2**24
"""What is compressed in a fifth of a second, about eight hours of readings: a runner that cancels waits for seconds."""
_SYNC_EVERY_S = 10.0
"""A killed run loses nothing that was written; a machine without power loses what was written since the last sync."""


class Journal:
    """Opened and locked at once, so that a record that cannot be written is found out before the job starts.

    What is there is overwritten by `write_header`; the journal of a run that was killed, or whose record is not at
    `record_path`, is put aside before. A file that this run has made is gone again if nothing was measured.
    `problem` says why the last line could not be written (a full disk); every tick tries again.

    Raises OutputError if the file cannot be written, is not a journal, or another run holds it.
    """

    def __init__(self, path: Path, record_path: str | os.PathLike[str] | None = None) -> None:
        self.path = path
        self._record_path = record_path
        self.problem: str | None = None
        self._owed = b""  # what must come before the next line: the rest of one that the disk had no room for
        self._is_of_use = False
        self._descriptor, self._is_new = _open_locked(path)
        try:
            self.kept_aside = self._keep_unfinished()
        except BaseException:
            os.close(self._descriptor)
            raise
        self._syncer = _Syncer(self._descriptor)

    def write_header(self, header: dict[str, Any], limits: dict[str, float | None]) -> None:
        """Write the first line: the record's JSON as far as it is known at the start (`header`), and the budget."""
        os.ftruncate(self._descriptor, 0)
        self._owed = _line({"format": FORMAT, "record": header, "limits": limits})
        self._append(b"")

    def write_reading(self, reading: Reading, marks: Sequence[Mark] = ()) -> None:
        """Write the line of one tick, and before it the boundaries of epochs and phases that it holds."""
        self._is_of_use = True
        before = _line({"marks": marks}) if marks else b""
        self._append(before + _line(reading_to_json(reading)))

    def write_forecast(self, elapsed_s: float, share: float) -> None:
        """Write the line of a forecast: what share of the budget will be used when the job has ended."""
        self._append(_line({"forecast_share": share, "at_s": elapsed_s}))

    def write_record(self, record: dict[str, Any]) -> None:
        """Write the last line: the run has ended and this is its record."""
        self._is_of_use = True
        self._append(_line({"ended": record}))

    def sha256(self) -> str | None:
        """Return the hash of what is on the disk; `None` if a line is not, or cannot be read back."""
        if self.problem is not None or self._owed:
            return None
        try:
            with self.path.open("rb") as lines:
                is_ours = os.path.samestat(os.fstat(lines.fileno()), os.fstat(self._descriptor))
                return journal_sha256(lines) if is_ours else None
        except OSError:
            return None

    def compress(self, *, most_bytes: int | None = None) -> None:
        """Put `r.jsonl.gz` in the place of `r.jsonl`, which stays if that fails. Call it when the record is written.

        `r.jsonl` stays, too, if it is larger than `most_bytes`.
        A file of that name that is another run's journal is renamed, and one that is not a journal stays.
        """
        target = compressed_path(self.path)
        temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}")
        try:
            if most_bytes is not None and os.fstat(self._descriptor).st_size > most_bytes:
                return
            if not (_is_at(self._descriptor, self.path) and _make_way(target, self.path)):
                return
            with self.path.open("rb") as plain, temporary.open("wb") as stream:
                os.fchmod(stream.fileno(), stat.S_IMODE(os.fstat(plain.fileno()).st_mode))
                with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=_LEVEL, mtime=0) as zipped:
                    shutil.copyfileobj(plain, zipped)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
            os.unlink(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Put everything on the disk and give the lock back."""
        import fcntl  # noqa: PLC0415  as in `_open_locked`

        self._syncer.close()
        if self._is_new and not self._is_of_use:
            with contextlib.suppress(OSError):
                # While we hold the lock no other file can be this one; under the name there may be another by now.
                if _is_at(self._descriptor, self.path):
                    os.unlink(self.path)
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # a fork of this process holds the same lock
        os.close(self._descriptor)

    def _append(self, line: bytes) -> None:
        data = self._owed + line
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            self.problem = error.strerror
            return
        # A line of which nothing is there yet is given up; the header and one that has begun are not.
        self._owed = self._owed[written:] or (data[written:] if written > len(self._owed) else b"")
        self.problem = os.strerror(errno.ENOSPC) if written < len(data) else None
        self._syncer.wake()

    def _keep_unfinished(self) -> Path | None:
        """Put aside a journal without its record line or its record's file: it is the only trace of a run."""
        data = self.path.read_bytes()
        if not (data.startswith(BEGINNING) or BEGINNING.startswith(data)):
            raise OutputError(
                f"{self.path} exists and is not a carbon-lint journal",
                hint="the journal lies beside the record, which has .json at its end: give another name, or move "
                "the file",
            )
        journal = content_of(data.split(b"\n"))
        if journal is None or journal.last_reading is None:
            return None
        if self._is_recorded(journal.ended):
            # Of a long run that was cancelled, or of one that found no room: its record names it.
            target = compressed_path(self.path)
            if not target.exists():
                with contextlib.suppress(OutputError):
                    write_atomically(target, gzip.compress(data, _LEVEL, mtime=0))
            return None
        aside = aside_path(self.path, journal.header.get("run_id"))
        write_atomically(aside, data)
        return aside

    def _is_recorded(self, ended: dict[str, Any] | None) -> bool:
        """Return whether the run has ended and its record's file was written, too: the disk may have been full."""
        if ended is None or self._record_path is None:
            return ended is not None
        try:
            return read_record(self._record_path).run_id == ended.get("run_id")
        except InputError:
            return False


def read_journal(path: str | os.PathLike[str]) -> JournalContent:
    """Read the journal of a run that has ended, torn lines left out.

    Raises InputError if it cannot be read, is not a journal, or its run still goes on.
    """
    if is_being_written(path):
        raise InputError(
            f"{os.fspath(path)}: the run still goes on", hint="recover it when the run has ended or been killed"
        )
    return read_journal_file(path)


def read_phases(path: str | os.PathLike[str]) -> PhaseMeter:
    """Share the energy of a journal's ticks out again. Raises InputError, or KeyError, TypeError, ValueError."""
    meter, marks = PhaseMeter(), []
    for line in parsed_lines(read_lines(path)):
        if isinstance(line.get("marks"), list):
            marks = msgspec.convert(line["marks"], list[Mark])
        elif "elapsed_s" in line and "energy_kwh" in line:
            meter.take(reading_from_json(line), marks)
            marks = []
    return meter


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """Return a tick's line. The intensity is in it if an hour of it is new: the others need not repeat it."""
    line: dict[str, Any] = to_json(reading)
    return {name: value for name, value in line.items() if value is not None or name in _ALWAYS}


def reading_from_json(line: dict[str, Any]) -> Reading:
    """Return the reading that a journal's line holds. Raises ValueError if it holds no reading."""
    return msgspec.convert({**dict.fromkeys(_ALWAYS), **line}, Reading)


class _Syncer:
    """Calls fdatasync on a thread of its own: on a busy disk it takes seconds, and the budget must not wait."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._wake = threading.Event()
        self._due_s = 0.0
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="journal-sync", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._due_s = now_s + _SYNC_EVERY_S
            self._wake.set()

    def close(self) -> None:
        self._is_closing = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_closing:
            self._wake.wait()
            self._wake.clear()
            with contextlib.suppress(OSError):  # what the disk refuses, the next write reports
                os.fdatasync(self._descriptor)


def _open_locked(path: Path) -> tuple[int, bool]:
    """Return the file's descriptor, and whether it was made just now."""
    import fcntl  # noqa: PLC0415  not there on Windows, where a journal is only read

    while True:
        descriptor, is_new = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
                os.close(descriptor)
                raise OutputError(
                    f"another run is writing {path} and its record", hint="give each run a record of its own"
                ) from error
            # a network file system without locks: the holder of the lock is unknown
        if _is_at(descriptor, path):
            return descriptor, is_new
        os.close(descriptor)  # a run that could not start has just removed it


def _open(path: Path) -> tuple[int, bool]:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags | os.O_EXCL, 0o666), True
        except FileExistsError:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise OutputError(f"{path} is not a regular file", hint="give the record another name") from None
            return os.open(path, flags, 0o666), False
    except OSError as error:
        raise OutputError(
            f"cannot write the journal {path}: {error.strerror}",
            hint=NEEDS_A_FOLDER,
        ) from error


def _make_way(target: Path, journal: Path) -> bool:
    """Put another run's compressed journal aside; tell whether `target` may be written. Raises OSError."""
    if not target.exists():
        return True
    there, ours = read_ending(target), read_ending(journal)
    if there is None or ours is None:
        return False
    if there.run_id != ours.run_id:
        aside = aside_path(journal, there.run_id)
        os.replace(target, compressed_path(aside))
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"
