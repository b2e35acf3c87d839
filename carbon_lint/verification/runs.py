"""Check that no run of a group is missing, and that a sum is the sum of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carbon_lint.errors import CarbonLintError, InputError
from carbon_lint.records.document import hash_of
from carbon_lint.records.folder import group_sum, records_in
from carbon_lint.records.hashes import short
from carbon_lint.records.merge.merge import NamedRecord, Overlap, merge
from carbon_lint.records.plausible import find_difference
from carbon_lint.records.record import Record
from carbon_lint.report.verification import Statement, Subject
from carbon_lint.text import plural

_RUNS = Subject.RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The record that the card's figure comes from, the records that it is the sum of, and what is known of them."""

    whole: Record
    statements: tuple[Statement, ...]
    parts: tuple[NamedRecord, ...] = ()


def find_runs(record: Record, path: str | None) -> Runs:
    """Return what the folder of the record shows of its run group. `path` is `None` for a record that lies alone."""
    if path is None or not (record.parts_sha256 or record.run_group is not None):
        return Runs(whole=record, statements=(_alone(record),))
    try:
        beside = records_in(Path(path).parent)
    except InputError as error:
        broken = _RUNS.contradicted(f"a record beside it cannot be read: {error.message}")
        return Runs(whole=record, statements=(broken,))
    if record.parts_sha256:
        return _sum_of(record, beside)
    try:
        whole = group_sum(record, path).record
    except CarbonLintError as error:
        missing = _RUNS.contradicted(f"the run group {record.run_group!r}: {error.message}")
        return Runs(whole=record, statements=(missing,))
    count = plural(len(whole.merged_from) or 1, "run")
    statements = (
        _RUNS.proven(f"the folder holds {count} of the group {record.run_group!r}, and no journal of another"),
        *_attempts(record, beside),
        _RUNS.unknown("whether the group had runs whose records lie elsewhere"),
    )
    parts = tuple(item for item in beside if hash_of(item.record) in whole.parts_sha256)
    return Runs(whole=whole, parts=parts, statements=statements)


def _alone(record: Record) -> Statement:
    if record.merged_from:
        return _RUNS.claimed(f"it is the sum of {plural(len(record.merged_from), 'run')}, whose records are not here")
    return _RUNS.unknown("whether other runs went into the weights: the record names no run group")


def _sum_of(record: Record, beside: list[NamedRecord]) -> Runs:
    """Return the parts of a sum, by their hashes, and whether they come to it."""
    found = {hash_of(item.record): item for item in beside}
    parts = tuple(found[digest] for digest in record.parts_sha256 if digest in found)
    missing = [short(digest) for digest in record.parts_sha256 if digest not in found]
    if missing:
        of = plural(len(record.parts_sha256), "record")
        found_in_part = _RUNS.claimed(f"it is the sum of {of}, of which {', '.join(missing[:3])} lie elsewhere")
        return Runs(whole=record, parts=parts, statements=(found_in_part,))
    try:
        difference = find_difference(record, merge(parts, overlap=Overlap.SEPARATE).record)
    except CarbonLintError as error:
        difference = error.message
    if difference is not None:
        wrong = _RUNS.contradicted(f"it is not the sum of its {len(parts)} records: {difference}")
        return Runs(whole=record, parts=parts, statements=(wrong,))
    whole = _RUNS.proven(f"it is the sum of the {len(parts)} records that it names, nothing counted twice")
    other = _RUNS.unknown("whether more runs went into the weights than the sum names")
    return Runs(whole=record, parts=parts, statements=(whole, other))


def _attempts(record: Record, beside: list[NamedRecord]) -> Iterator[Statement]:
    """Yield the attempts of the same CI job that left no record: one may have failed before it was measured."""
    where = record.provenance
    if where.run_id is None or not where.run_attempt:
        return
    known = {
        item.record.provenance.run_attempt
        for item in beside
        if (item.record.provenance.run_id, item.record.provenance.job) == (where.run_id, where.job)
    }
    missing = [str(number) for number in range(1, min(where.run_attempt, 1000)) if number not in known]
    if missing:
        numbers = ", ".join(missing[:5])
        yield _RUNS.unknown(f"what attempt {numbers} of CI run {where.run_id} used: it left no record here")
