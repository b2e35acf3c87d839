"""Read and write a record as JSON: written atomically, read back only if it is what the schema says."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import msgspec

from carbon_lint.errors import InputError, OutputError
from carbon_lint.files import FORCE_OVERWRITES, check_is_ours, read_named, write_atomically
from carbon_lint.places import unusual_intensity
from carbon_lint.records.document import ANY_FORMAT, FORMAT_1, record_from_json, record_to_json
from carbon_lint.records.emissions_csv.table import looks_like_csv
from carbon_lint.records.hashes import FIELD, canonical, fits, record_sha256, short
from carbon_lint.records.journal import (
    BEGINNING,
    COMPRESSED,
    SUFFIX,
    check_no_run_is_missing,
    journal_path,
    read_ending,
    record_path,
    recover_command,
)
from carbon_lint.records.plausible import TOLERANCE, find_contradiction, find_difference, find_implausible
from carbon_lint.records.record import FORMAT, Record
from carbon_lint.records.storage import LocalStorage

MARK = f'"{ANY_FORMAT}'.encode()
"""What a file that is a record holds in its first MiB."""

_AS_WRITTEN = "use the record as the run wrote it, or measure again"


class OtherFormatError(InputError):
    """The file is a record, and of no format that this version reads."""


def as_stored(record: Record) -> Record:
    """Return the record as its file will give it back: who asks for its group or its provenance has the same text."""
    return record_from_json(record_to_json(record))


def load_record(path: str | os.PathLike[str]) -> Record:
    """Read a record to act on it: one that was changed, cannot be true, or is not its journal's, is refused.

    A folder means the one record in it. Raises InputError.
    """
    path = record_file(path)
    record = parse_record(_read(path), path)
    check_plausible(record, path)
    check_journal(record, path)
    return record


def read_record(path: str | os.PathLike[str]) -> Record:
    """Read a record to know which run it is of. Raises InputError if it is not a record, whatever its figures are."""
    return parse_record_as_it_is(_read(path), path)


def parse_record_as_it_is(data: bytes, path: str | os.PathLike[str]) -> Record:
    """Return the record whose file holds `data`, whatever its figures are. Raises InputError if it is not a record."""
    return _record(_document(data, path), path)


def parse_record(data: bytes, path: str | os.PathLike[str], *, is_of_ledger: bool = False) -> Record:
    """Return the record whose file holds `data`; `path` is what messages call it.

    The command of a record `is_of_ledger` is left empty, as by `record_from_json`.

    Raises InputError if it is not JSON, not a record, not valid by the schema, contradicts itself, or was changed.
    """
    document = _document(data, path)
    record = _record(document, path, is_of_ledger=is_of_ledger)
    contradiction = find_contradiction(record)
    if contradiction is not None:
        raise InputError(f"{os.fspath(path)} contradicts itself: {contradiction}", hint=_AS_WRITTEN)
    if record.intensity is not None and not record.intensity.is_unusual:
        figures = (record.intensity.g_per_kwh, *(hour.g_per_kwh for hour in record.intensity.hours))
        for what, hint in filter(None, map(unusual_intensity, figures)):
            raise InputError(
                f"{os.fspath(path)}: {what}",
                hint=f"{hint}, or measure again with allow-unusual-intensity, which the record then says",
            )
    _check_sealed(document, path, data if is_of_ledger else None)
    return record


def _check_sealed(document: dict[str, Any], path: str | os.PathLike[str], line: bytes | None) -> None:
    """Raise InputError if the record states a hash that is not its own: somebody has changed it since.

    `line` is what a file of a ledger holds, which is checked as it is.
    """
    stated = document.get(FIELD)
    if stated is None or (line is not None and fits(line, document)):
        return
    found = record_sha256(document)
    if found != stated:
        raise InputError(
            f"{os.fspath(path)} was changed after it was written: its hash is {short(found)}, and it states "
            f"{short(str(stated))}",
            hint=_AS_WRITTEN,
        )


def check_plausible(record: Record, path: str | os.PathLike[str]) -> None:
    """Raise InputError if a figure of the record cannot be true."""
    flaw = find_implausible(record)
    if flaw is not None:
        raise InputError(f"{os.fspath(path)} cannot be right: {flaw}", hint=_AS_WRITTEN)


def _read(path: str | os.PathLike[str]) -> bytes:
    return read_named(os.fspath(path), "record")


def _document(data: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the document of a record as its file holds it. Raises InputError."""
    path = os.fspath(path)
    if data.startswith(BEGINNING) or path.endswith(SUFFIX + COMPRESSED):
        raise InputError(
            f"{path} is a journal, expected the record beside it ({record_path(path).name})",
            hint=f"if the run was killed: {recover_command(path)}",
        )
    try:
        document = msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        if looks_like_csv(data):
            raise InputError(
                f"{path} is an emissions.csv of CodeCarbon, not a record",
                hint="`carbon-lint card --from` and `carbon-lint check --emissions-csv` take one",
            ) from error
        raise InputError(f"{path} is not JSON: {error}", hint="name a file that `carbon-lint run` wrote") from error
    if not isinstance(document, dict) or "format" not in document:
        raise InputError(
            f"{path} is not a carbon-lint record", hint="a record is what `carbon-lint run --record` writes"
        )
    if document["format"] not in (FORMAT, FORMAT_1):
        raise OtherFormatError(
            f"{path} has format {document['format']!r}, expected {FORMAT!r}",
            hint="it was written by another version of carbon-lint: use that version to read it",
        )
    return document


def _record(document: dict[str, Any], path: str | os.PathLike[str], *, is_of_ledger: bool = False) -> Record:
    try:
        return record_from_json(document, is_of_ledger=is_of_ledger)
    except ValueError as error:
        raise InputError(f"{os.fspath(path)} is not a valid record: {error}", hint=_AS_WRITTEN) from error


def record_file(path: str | os.PathLike[str]) -> str:
    """Return the file that `path` names: of a folder the one record in it, as `run --record folder/` leaves it.

    Raises InputError, also if the folder holds the journal of another run, which was killed before it had a record.
    """
    if not os.path.isdir(path):
        return os.fspath(path)
    folder = path
    storage = LocalStorage(Path(folder))
    found = sorted(name for name in storage.files() if storage.read_marked(name, MARK) is not None)
    if len(found) == 1:
        file = os.path.join(folder, found[0])
        record = read_record(file)
        check_no_run_is_missing(Path(folder), {record.run_id, *record.merged_from})
        return file
    shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")  # noqa: PLR2004  a glance is enough
    raise InputError(
        f"{os.fspath(folder)} holds {len(found)} records, expected one" + (f": {shown}" if found else ""),
        hint=f"name one, or add them up: carbon-lint merge {shlex.quote(os.fspath(folder))} -o sum.json"
        if found
        else "name the record, or the folder that `carbon-lint run --record` wrote it into",
    )


def check_journal(record: Record, path: str | os.PathLike[str]) -> None:
    """Raise InputError if the journal beside the record is of the same run and holds other figures."""
    beside = journal_path(os.path.realpath(path) if os.path.islink(path) else path)
    content = read_ending(beside)
    if content is None or content.run_id != record.run_id:
        return
    try:
        difference = (
            _before(record, content.last_reading or {})
            if content.ended is None
            else find_difference(record, record_from_json(content.ended))
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{beside} is damaged: {error!r}", hint=f"move it away to use {os.fspath(path)} without its journal"
        ) from error
    if difference is not None:
        raise InputError(
            f"{os.fspath(path)} contradicts its journal {beside.name}: {difference}",
            hint=f"the journal is what was measured: {recover_command(beside)} --force",
        )


def _before(record: Record, reading: dict[str, Any]) -> str | None:
    """Say why a run whose journal ends at `reading` cannot have this record; `None` if it can. Energy only grows."""
    total_kwh, least_kwh = record.energy_kwh.total, reading.get("energy_kwh", {}).get("total")
    elapsed_s = reading.get("elapsed_s")
    if least_kwh and (total_kwh is None or total_kwh < least_kwh * (1 - TOLERANCE)):
        found = "null" if total_kwh is None else f"{total_kwh:.6g}"
        return f"energy_kwh.total is {found}, expected at least {least_kwh:.6g}"
    if elapsed_s is not None and record.duration_s < elapsed_s - 1:
        return f"duration_s is {record.duration_s:.6g}, expected at least {elapsed_s:.6g}"
    return None


def render_record(record: Record) -> str:
    """Return the text of the record's file. Raises ValueError on a number that JSON cannot hold (NaN, infinite)."""
    return json.dumps(record_to_json(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_line(record: Record) -> bytes:
    """Return the file as the ledger keeps it: a canonical line, whose hash is checked fastest. Raises ValueError."""
    return canonical(record_to_json(record)) + b"\n"


def write_record(record: Record, path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write atomically: readers see the old file or the new one. Raises OutputError, also if it is not a record."""
    if not force:
        check_replaceable_by_record(path)
    write_atomically(path, render_record(record).encode())


def rewrite_record(record: Record, path: str) -> None:
    """Replace the record's file in one step: for warnings that could only be known after it was written.

    Raises InputError or OutputError if it cannot be replaced, or holds another run by now; it is as it was then.
    """
    if read_record(path).run_id != record.run_id:
        raise OutputError(f"{path} holds another run by now", hint="give each run a record of its own")
    write_record(record, path)


def check_replaceable_by_record(path: str | os.PathLike[str], *, hint: str = FORCE_OVERWRITES) -> None:
    """Raise OutputError if a file is at `path` that is not a record: a card, a training script."""
    check_is_ours(path, "a carbon-lint record", is_record, hint=hint)


def is_record(data: bytes) -> bool:
    """Return whether a file that holds `data` is a record, of whichever version, whatever its figures are."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("format", "")).startswith(ANY_FORMAT)
