"""Make the records of a job's earlier attempts that were killed, so that the requeued job's sum holds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from carbon_lint.cli.recover import free_path
from carbon_lint.errors import InputError
from carbon_lint.measurement.recover import recover
from carbon_lint.records.folder import records_in
from carbon_lint.records.journal import unfinished_in
from carbon_lint.records.merge.merge import run_ids_of
from carbon_lint.records.record import Provenance, Record
from carbon_lint.records.store import write_record


def recover_earlier(record_path: str, where: Provenance) -> Iterator[str]:
    """Write the record of each attempt before this one that left a journal alone, and yield a line on it.

    An earlier attempt cannot run any more, so no lock is needed to know that. What cannot be read is left to the
    checks that follow. Raises OutputError.
    """
    folder = Path(record_path).parent
    try:
        journals = unfinished_in(folder, run_ids_of(records_in(str(folder)))) if folder.is_dir() else ()
    except InputError:
        return
    for journal in journals:
        try:
            record = recover(journal.path) if journal.has_figures else None
        except InputError:
            continue
        if record is not None and _is_earlier(record, where):
            path = free_path(journal.path, record)
            write_record(record, path)
            yield f"an earlier attempt of this job was killed: its record was made of its journal, in {path}"


def _is_earlier(record: Record, where: Provenance) -> bool:
    there = record.provenance
    if there.run_attempt is None or where.run_attempt is None or there.run_attempt >= where.run_attempt:
        return False
    return (there.scheduler, there.run_id, there.job_index) == (where.scheduler, where.run_id, where.job_index)
