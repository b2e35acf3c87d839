"""The records that lie in a folder, beside whatever else lies there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError
from carbon_lint.records.merge import Merged, Named, merge, of_group
from carbon_lint.records.record import FORMAT
from carbon_lint.records.store import load_record

if TYPE_CHECKING:
    import os

    from carbon_lint.records.record import Record


def records_in(folder: str | os.PathLike[str]) -> list[Named]:
    """Every record in the folder itself, by name; other JSON files are passed over.

    Raises InputError where a record cannot be read: a sum without it would be too small.
    """
    try:
        paths = sorted(path for path in Path(folder).glob("*.json") if path.is_file() and _looks_like_record(path))
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {error.strerror}") from error
    return [Named(name=str(path), record=load_record(path)) for path in paths]


def group_sum(record: Record, path: str | os.PathLike[str]) -> Merged:
    """The sum over the record's run group, of the records that lie beside it at `path`.

    Raises what `merge` raises. A record without a group is its own sum.
    """
    if record.run_group is None:
        return merge([Named(name=str(path), record=record)])
    beside = [item for item in records_in(Path(path).parent) if Path(item.name).name != Path(path).name]
    singles = [item for item in beside if not item.record.merged_from]  # an earlier sum holds what is summed here
    return merge(of_group([*singles, Named(name=str(path), record=record)], record.run_group))


def _looks_like_record(path: Path) -> bool:
    return f'"{FORMAT}"'.encode() in path.read_bytes()
