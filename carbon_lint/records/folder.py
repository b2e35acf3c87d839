"""Read the records of a folder, here or behind a URL, or that a user names, and keep those of earlier runs.

A sum that is not whole, or would lose another one, is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.files import FORCE_OVERWRITES
from carbon_lint.records.journal import check_no_run_is_missing, compressed_path, journal_path
from carbon_lint.records.merge.merge import Merged, NamedRecord, merge, of_group, run_ids_of
from carbon_lint.records.record import Record
from carbon_lint.records.storage import LocalStorage, is_url, open_storage, split_url
from carbon_lint.records.store import (
    MARK,
    check_journal,
    check_plausible,
    is_record,
    load_record,
    parse_record,
    read_record,
    render_record,
    write_record,
)
from carbon_lint.text import quoted


def records_in(folder: str | os.PathLike[str]) -> list[NamedRecord]:
    """Return every record in the folder itself, by name; other JSON files are skipped.

    Raises InputError if a record cannot be read: a sum without it would be too small; UsageError if nothing here
    can reach the URL.
    """
    storage = open_storage(os.fspath(folder))
    contents = ((storage.shown(name), storage.read_marked(name, MARK)) for name in sorted(storage.files()))
    found = [NamedRecord(name=name, record=parse_record(data, name)) for name, data in contents if data is not None]
    for item in found:
        check_plausible(item.record, item.name)
        if isinstance(storage, LocalStorage):
            check_journal(item.record, item.name)
    return found


def record_at(path: str) -> Record:
    """Return the record in a file or at a URL. Raises InputError, UsageError."""
    if not is_url(path):
        return load_record(path)
    folder, name = split_url(path)
    record = parse_record(open_storage(folder).read(name), path)
    check_plausible(record, path)
    return record


def put_record(record: Record, path: str, *, force: bool = False) -> None:
    """Write to a file or a URL, in one step. Raises OutputError, also if what is there is no record, UsageError."""
    if not is_url(path):
        write_record(record, path, force=force)
        return
    folder, name = split_url(path)
    if not name:
        raise OutputError(f"{path} names a folder", hint=f"name a file in it, like {path}run.json")
    storage = open_storage(folder)
    names: Collection[str] = ()
    with contextlib.suppress(InputError):  # the folder is not there yet
        names = set(storage.files())
    if not force and name in names and not is_record(data := storage.read(name)) and data.strip():
        raise OutputError(f"{path} exists and is not a carbon-lint record", hint=FORCE_OVERWRITES)
    storage.write(name, render_record(record).encode())


def group_sum(record: Record, path: str | os.PathLike[str]) -> Merged:
    """Return the sum over the record's run group, of the records that lie beside it at `path`.

    Of a link, those beside the file that it points to too: there an earlier attempt under its name was put.

    Raises what `merge` raises, and InputError if an attempt was killed and left a journal alone. A record without a
    group is its own sum, and so is one that is a sum already.
    """
    named = NamedRecord(name=str(path), record=record)
    if record.run_group is None or record.merged_from:
        return merge([named])
    found = _beside(path)
    found[os.path.realpath(path)] = named
    group = of_group(list(found.values()), record.run_group)
    for folder in _folders(path):
        check_no_run_is_missing(folder, run_ids_of(found.values()), of_group=record.run_group)
    return merge(_without_sums(group))


def check_group(run_group: str, path: str | os.PathLike[str]) -> None:
    """Raise what `group_sum` would raise after a run whose record goes to `path`, because of the runs before it.

    A run that still goes on has its record by then.
    """
    found = list(_beside(path).values())
    for folder in _folders(path):
        check_no_run_is_missing(folder, run_ids_of(found), of_group=run_group, skip_running=True)
    group = [item for item in found if item.record.run_group == run_group]
    if group:
        merge(_without_sums(group))


def _folders(path: str | os.PathLike[str]) -> list[Path]:
    """Return the folder that a record lies in and, of a link, that of the file that it points to."""
    target = Path(os.path.realpath(path))
    return list({os.path.realpath(folder): folder for folder in (target.parent, Path(path).parent)}.values())


def _beside(path: str | os.PathLike[str]) -> dict[str, NamedRecord]:
    """Return the records in these folders, by their real path."""
    return {os.path.realpath(item.name): item for folder in _folders(path) for item in records_in(folder)}


def _without_sums(group: list[NamedRecord]) -> list[NamedRecord]:
    """Return the records without each sum whose parts are all among the others: else they would count twice."""
    left = list(group)
    for item in sorted(group, key=lambda each: (-len(each.record.merged_from), each.name)):
        others = [other for other in left if other is not item]
        if item.record.merged_from and run_ids_of([item]) <= run_ids_of(others):
            left = others
    return left


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier run's record, and the path at which it is kept. `is_attempt`: a run group counts it."""

    path: Path
    run_id: str | None
    aside: Path
    is_attempt: bool

    def make_way(self) -> None:
        """Leave the name free: a run that is killed must not leave older figures under it. Raises OSError.

        The journal that was kept beside the record goes with it.
        """
        os.replace(self.path, self.aside)
        journals = [compressed_path(journal_path(path)) for path in (self.path, self.aside)]
        with contextlib.suppress(OSError):  # there is none
            os.replace(*journals)


def aside_path(path: Path, run_id: object) -> Path:
    """Return `r.X.json` for `r.json` of run X, in the same folder whatever the run is called."""
    return path.with_name(f"{path.stem}.{re.sub(r'[^A-Za-z0-9-]+', '-', str(run_id))[:64]}{path.suffix}")


def check_name(path: str | os.PathLike[str]) -> None:
    """Raise UsageError for a record of a run group under a name with which no sum over the group finds it."""
    target = os.path.realpath(path)
    if Path(target).suffix != ".json":
        raise UsageError(
            f"the record {quoted(os.fspath(path))} of a run group must end in .json, or the sum lacks it",
            hint=f"name it {os.path.basename(target)}.json",
        )


def find_earlier(path: str | os.PathLike[str]) -> Earlier | None:
    """Return the earlier run's record at `path`; `None` if there is no file, or one that is not a record.

    One of a group is kept where sums over the group find it. One without a group is kept as `r.json.old`, or as
    `r.json.old.2` if there is one already, which no sum takes: the new run may be killed, or be cancelled at once.
    """
    if not os.path.isfile(path):
        return None
    target = Path(os.path.realpath(path))
    try:
        there = read_record(path)
    except InputError:
        if not is_record(target.read_bytes()):
            return None
        return Earlier(path=target, run_id=None, aside=_free_old(target), is_attempt=False)  # of another version, say
    is_attempt = there.run_group is not None
    aside = aside_path(target, there.run_id) if is_attempt else _free_old(target)
    return Earlier(path=target, run_id=there.run_id, aside=aside, is_attempt=is_attempt)


def _free_old(target: Path) -> Path:
    """Return `r.json.old`, or the first of `r.json.old.2`, `r.json.old.3` that is free: no record is dropped."""
    numbered = (target.with_name(f"{target.name}.old.{number}") for number in count(2))
    return next(path for path in chain([target.with_name(f"{target.name}.old")], numbered) if not os.path.lexists(path))


def keep_earlier(record: Record, path: str | os.PathLike[str]) -> Earlier | None:
    """Put what stands at `path` aside if it is another run than the record's, and return it. Raises OutputError."""
    earlier = find_earlier(path)
    if earlier is None or earlier.run_id == record.run_id:
        return None
    try:
        earlier.make_way()
    except OSError as error:
        raise OutputError(f"cannot keep {os.fspath(path)} as {earlier.aside.name}: {error.strerror}") from error
    return earlier


def load_named(names: list[str], output: str) -> list[NamedRecord]:
    """Return the records of the named files and folders. An earlier output in one of the folders is not an input.

    Raises UsageError if what is written over holds what no other of them does, or is itself one of the records. A sum
    may be named to be added to.
    """
    found: dict[str, NamedRecord] = {}
    for name in names:
        is_folder = not name.endswith(".json") if is_url(name) else os.path.isdir(name)
        items = records_in(name) if is_folder else [NamedRecord(name=name, record=record_at(name))]
        found |= {_identity(item.name): item for item in items}
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


def _identity(name: str) -> str:
    local = name.removeprefix("file://")
    return name if is_url(local) else os.path.realpath(local)
