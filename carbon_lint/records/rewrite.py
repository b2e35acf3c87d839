"""A record that was written, once more: for warnings that could only be known afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.errors import OutputError
from carbon_lint.records.store import read_record, write_record

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


def rewrite_record(record: Record, path: str) -> None:
    """Replace the record's file in one step.

    Raises InputError or OutputError where it cannot be, or holds another run by now; the file is then as it was.
    """
    if read_record(path).run_id != record.run_id:
        raise OutputError(f"{path} holds another run by now", hint="give each run a record of its own")
    write_record(record, path)
