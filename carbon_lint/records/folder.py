"""The records that lie in a folder, here or behind a URL, beside whatever else lies there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, OutputError
from carbon_lint.records.merge.merge import Merged, Named, merge, of_group, run_ids_of
from carbon_lint.records.storage import LocalStorage, is_url, open_storage, split_url
from carbon_lint.records.store import (
    MARK,
    check_journal,
    check_plausible,
    is_record,
    load_record,
    parse_record,
    render_record,
    write_record,
)
from carbon_lint.records.unfinished import check_no_run_is_missing

if TYPE_CHECKING:
    from collections.abc import Collection

    from carbon_lint.records.record import Record
    from carbon_lint.records.storage import Storage


def records_in(folder: str | os.PathLike[str]) -> list[Named]:
    """Every record in the folder itself, by name; other JSON files are passed over.

    Raises InputError where a record cannot be read: a sum without it would be too small; UsageError where nothing here
    can reach the URL.
    """
    storage = open_storage(os.fspath(folder))
    contents = ((storage.shown(name), storage.read_marked(name, MARK)) for name in sorted(storage.files()))
    found = [Named(name=name, record=parse_record(data, name)) for name, data in contents if data is not None]
    for item in found:
        check_plausible(item.record, item.name)
        if isinstance(storage, LocalStorage):
            check_journal(item.record, item.name)
    return found


def record_at(path: str) -> Record:
    """The record in a file or at a URL. Raises InputError, UsageError."""
    if not is_url(path):
        return load_record(path)
    folder, name = split_url(path)
    record = parse_record(open_storage(folder).read(name), path)
    check_plausible(record, path)
    return record


def put_record(record: Record, path: str) -> None:
    """Write to a file or a URL, in one step. Raises OutputError, also if what is there is no record, UsageError."""
    if not is_url(path):
        write_record(record, path)
        return
    folder, name = split_url(path)
    if not name:
        raise OutputError(f"{path} names a folder", hint=f"name a file in it, like {path}run.json")
    storage = open_storage(folder)
    if name in _names_in(storage) and not is_record(data := storage.read(name)) and data.strip():
        raise OutputError(
            f"{path} exists and is not a carbon-lint record; refusing to overwrite it", hint="name another"
        )
    storage.write(name, render_record(record).encode())


def _names_in(storage: Storage) -> Collection[str]:
    """The JSON files of the folder; none if it is not there yet."""
    try:
        return set(storage.files())
    except InputError:
        return ()


def group_sum(record: Record, path: str | os.PathLike[str]) -> Merged:
    """The sum over the record's run group, of the records that lie beside it at `path`.

    Of a link, those beside the file that it points to too: there an earlier attempt under its name was put.

    Raises what `merge` raises, and InputError if an attempt was killed and left a journal alone. A record without a
    group is its own sum, and so is one that is a sum already.
    """
    named = Named(name=str(path), record=record)
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
    """The folder that a record lies in and, of a link, that of the file that it points to."""
    target = Path(os.path.realpath(path))
    return list({os.path.realpath(folder): folder for folder in (target.parent, Path(path).parent)}.values())


def _beside(path: str | os.PathLike[str]) -> dict[str, Named]:
    """The records in these folders, by where they really lie."""
    return {os.path.realpath(item.name): item for folder in _folders(path) for item in records_in(folder)}


def _without_sums(group: list[Named]) -> list[Named]:
    """Less each sum of which the others hold every part. One whose parts lie elsewhere is all that there is of them."""
    left = list(group)
    for item in sorted(group, key=lambda each: (-len(each.record.merged_from), each.name)):
        others = [other for other in left if other is not item]
        if item.record.merged_from and run_ids_of([item]) <= run_ids_of(others):
            left = others
    return left
