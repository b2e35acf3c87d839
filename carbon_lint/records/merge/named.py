"""Read the records that a user names to be added up, and refuse a sum that is not whole or would lose another."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from carbon_lint.errors import InputError, UsageError
from carbon_lint.records.folder import record_at, records_in
from carbon_lint.records.journal import check_no_run_is_missing
from carbon_lint.records.merge.merge import NamedRecord, run_ids_of
from carbon_lint.records.storage import LocalStorage, is_url
from carbon_lint.records.store import MARK, parse_record


def load_named(names: list[str], output: str) -> list[NamedRecord]:
    """Return the records of the named files and folders. An earlier output in one of the folders is not an input.

    Raises UsageError if what is written over holds what no other of them does, or is itself one of the records. A sum
    may be named to be added to.
    """
    found = {_identity(item.name): item for name in names for item in _items(name)}
    named = found.get(_identity(output)) if output in names else None
    if named is not None and named.record.merged_from:
        return list(found.values())
    if named is not None:
        raise UsageError(f"{output} is one of the records: its own figures would be lost", hint="give another -o")
    written_over = found.pop(_identity(output), None)
    records = list(found.values())
    if written_over is not None and not _is_held(written_over, records):
        raise UsageError(
            f"{output} is there and holds runs that the other records do not: they would be lost",
            hint="give another -o, or name each record, this one too",
        )
    return records


def check_complete(
    named: list[str], every: list[NamedRecord], records: list[NamedRecord], run_group: str | None
) -> None:
    """Raise InputError if a run of the sum was killed and left a journal alone. `records` are those that are added up.

    In a folder every run belongs to the sum, or to another run group. Beside files that are named, those do that share
    their run group or their command with one of them.
    """
    local = [name.removeprefix("file://") for name in named]
    names = [name for name in local if not is_url(name)]  # a journal is never written behind a URL
    folders = {os.path.realpath(name): name for name in names if os.path.isdir(name)}
    for folder in folders.values():
        check_no_run_is_missing(Path(folder), run_ids_of(every), of_group=run_group)
    beside = {os.path.realpath(os.path.dirname(name)): os.path.dirname(name) for name in names if os.path.isfile(name)}
    commands = {item.record.command for item in records}
    groups = {item.record.run_group for item in records} - {None}
    for folder in (path for real, path in beside.items() if real not in folders):
        check_no_run_is_missing(
            Path(folder),
            run_ids_of(every) | _recorded_in(folder),
            of_group=run_group,
            belongs=lambda journal: journal.run_group in groups or journal.command in commands,
        )


def _recorded_in(folder: str) -> frozenset[str]:
    """Return the ids of the runs whose records lie in the folder. A file that cannot be read holds none."""
    storage = LocalStorage(Path(folder))
    found = []
    for name in storage.files():
        data = storage.read_marked(name, MARK)
        if data is not None:
            with contextlib.suppress(InputError):
                found.append(NamedRecord(name=name, record=parse_record(data, name)))
    return run_ids_of(found)


def _is_held(item: NamedRecord, records: list[NamedRecord]) -> bool:
    """Return whether an earlier output is the sum of these records, or the one that it was made of."""
    if not item.record.merged_from:
        return any(other.record == item.record for other in records)
    return run_ids_of([item]) <= run_ids_of(records)


def _items(name: str) -> list[NamedRecord]:
    is_folder = not name.endswith(".json") if is_url(name) else os.path.isdir(name)
    return records_in(name) if is_folder else [NamedRecord(name=name, record=record_at(name))]


def _identity(name: str) -> str:
    local = name.removeprefix("file://")
    return name if is_url(local) else os.path.realpath(local)
