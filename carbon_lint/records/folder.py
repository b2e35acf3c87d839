"""The records that lie in a folder, here or behind a URL, beside whatever else lies there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import OutputError
from carbon_lint.records.merge import Merged, Named, merge, of_group, run_ids_of
from carbon_lint.records.record import FORMAT
from carbon_lint.records.storage import is_url, open_storage, split_url
from carbon_lint.records.store import load_record, parse_record, render_record, write_record
from carbon_lint.records.unfinished import check_no_run_is_missing

if TYPE_CHECKING:
    from carbon_lint.records.record import Record

_MARK = f'"{FORMAT}"'.encode()


def records_in(folder: str | os.PathLike[str]) -> list[Named]:
    """Every record in the folder itself, by name; other JSON files are passed over.

    Raises InputError where a record cannot be read: a sum without it would be too small; UsageError where nothing here
    can reach the URL.
    """
    storage = open_storage(os.fspath(folder))
    contents = ((storage.shown(name), storage.read_marked(name, _MARK)) for name in sorted(storage.files()))
    return [Named(name=name, record=parse_record(data, name)) for name, data in contents if data is not None]


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

    Of a link, those beside the file that it points to too: there an earlier attempt under its name was put.

    Raises what `merge` raises, and InputError where an attempt was killed and left a journal alone. A record without a
    group is its own sum, and so is one that is a sum already.
    """
    named = Named(name=str(path), record=record)
    if record.run_group is None or record.merged_from:
        return merge([named])
    target = Path(os.path.realpath(path))
    folders = {os.path.realpath(folder): folder for folder in (target.parent, Path(path).parent)}.values()
    found = {os.path.realpath(item.name): item for folder in folders for item in records_in(folder)}
    found[str(target)] = named
    group = of_group(list(found.values()), record.run_group)
    for folder in folders:
        check_no_run_is_missing(folder, record.run_group, run_ids_of(group))
    return merge(_without_sums(group))


def _without_sums(group: list[Named]) -> list[Named]:
    """Less each sum of which the others hold every part. One whose parts lie elsewhere is all that there is of them."""
    left = list(group)
    for item in sorted(group, key=lambda each: (-len(each.record.merged_from), each.name)):
        others = [other for other in left if other is not item]
        if item.record.merged_from and run_ids_of([item]) <= run_ids_of(others):
            left = others
    return left
