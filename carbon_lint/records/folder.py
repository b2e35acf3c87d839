"""The records that lie in a folder, here or behind a URL, beside whatever else lies there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import OutputError
from carbon_lint.records.merge import Merged, Named, merge, of_group
from carbon_lint.records.record import FORMAT
from carbon_lint.records.storage import is_url, open_storage, split_url
from carbon_lint.records.store import load_record, parse_record, render_record, write_record

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


def records_in(folder: str | os.PathLike[str]) -> list[Named]:
    """Every record in the folder itself, by name; other JSON files are passed over.

    Raises InputError where a record cannot be read: a sum without it would be too small; UsageError where nothing here
    can reach the URL.
    """
    storage = open_storage(os.fspath(folder))
    contents = ((storage.shown(name), storage.read(name)) for name in sorted(storage.files()))
    return [Named(name=name, record=parse_record(data, name)) for name, data in contents if _looks_like_record(data)]


def record_at(path: str) -> Record:
    """The record in a file or at a URL. Raises InputError, UsageError."""
    if not is_url(path):
        return load_record(path)
    folder, name = split_url(path)
    return parse_record(open_storage(folder).read(name), path)


def put_record(record: Record, path: str) -> None:
    """Write to a file or a URL, in one step. Raises OutputError, UsageError."""
    if not is_url(path):
        write_record(record, path)
        return
    folder, name = split_url(path)
    if not name:
        raise OutputError(f"{path} names a folder", hint=f"name a file in it, like {path}run.json")
    open_storage(folder).write(name, render_record(record).encode())


def group_sum(record: Record, path: str | os.PathLike[str]) -> Merged:
    """The sum over the record's run group, of the records that lie beside it at `path`.

    Raises what `merge` raises. A record without a group is its own sum, and so is one that is a sum already.
    """
    if record.run_group is None or record.merged_from:
        return merge([Named(name=str(path), record=record)])
    beside = [item for item in records_in(Path(path).parent) if Path(item.name).name != Path(path).name]
    singles = [item for item in beside if not item.record.merged_from]  # an earlier sum holds what is summed here
    return merge(of_group([*singles, Named(name=str(path), record=record)], record.run_group))


def _looks_like_record(data: bytes) -> bool:
    return f'"{FORMAT}"'.encode() in data
