"""Check a card's figure against all the evidence that there is, and say what that proves.

No run of a group may be missing, and a sum must be the sum of its parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from carbon_lint.errors import CarbonLintError, InputError
from carbon_lint.records.document import hash_of
from carbon_lint.records.folder import group_sum, records_in
from carbon_lint.records.hashes import short
from carbon_lint.records.journal import existing, journal_path
from carbon_lint.records.merge.merge import NamedRecord, Overlap, merge
from carbon_lint.records.plausible import find_difference
from carbon_lint.records.record import Record
from carbon_lint.records.store import parse_record_as_it_is
from carbon_lint.report.verification import EvidencePart, Statement, StatementKind, Verification
from carbon_lint.text import plural
from carbon_lint.verification.attestation import check_attestation
from carbon_lint.verification.card import Figures, check_card
from carbon_lint.verification.journal import check_journal
from carbon_lint.verification.record import check_record

_RUNS = EvidencePart.RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """The bytes of a card, and what its figure is checked against; each `*_name` is what messages call it.

    Attributes:
        folder_path: the record's path if other runs' records may lie beside it.
        bundle: the signed statement.
        trusted_root: path of the trusted root that signatures are checked by; `None` for the public Sigstore's.
    """

    card: bytes
    card_name: str
    record: bytes | None = None
    record_name: str = ""
    folder_path: str | None = None
    journal_path: str | None = None
    bundle: bytes | None = None
    bundle_name: str = ""
    trusted_root: str | None = None


def verify(request: VerifyRequest) -> Verification:
    """Return what the evidence proves of the card's figure.

    Raises InputError if a file cannot be read or is not what it should be, NothingFoundError for a card without figure.
    """
    figures = Figures(request.card, request.card_name)
    files = {"record": request.record_name} if request.record is not None else {}
    files |= {} if request.journal_path is None else {"journal": request.journal_path}
    files |= {} if request.bundle is None else {"attestation": request.bundle_name}
    statements = tuple(_statements(request, figures))
    return Verification(card=request.card_name, emissions_g=figures.emissions_g, files=files, statements=statements)


def _statements(request: VerifyRequest, figures: Figures) -> Iterator[Statement]:
    if request.record is None:
        yield EvidencePart.CARD.claimed(f"{figures.emissions_g!r} g: there is no record to check it by")
        return
    record = parse_record_as_it_is(request.record, request.record_name)
    runs = find_runs(record, request.folder_path)
    yield from check_card(figures, runs.whole)
    yield from check_record(record, request.record)
    yield from runs.statements
    if request.journal_path is not None:
        yield from check_journal(request.journal_path, record)
    elif not record.merged_from:
        yield EvidencePart.JOURNAL.unknown("what the run's meters showed: its journal is not here")
    for part in runs.parts:
        yield from _part(part.name, part.record, request.record_name)
    if request.bundle is None:
        yield EvidencePart.ATTESTATION.claimed("nobody signed the record, so its author could have made it up")
    else:
        yield from check_attestation(request.bundle, record, request.record, request.trusted_root)


def _part(name: str, record: Record, whole: str) -> Iterator[Statement]:
    """Yield what another record of the sum shows, under its name. The record itself was checked already."""
    if os.path.realpath(name) == os.path.realpath(whole):
        return
    with open(name, "rb") as stream:
        found = list(check_record(record, stream.read()))
    if (beside := existing(journal_path(name))).is_file():
        found += check_journal(beside, record)
    for statement in found:
        if statement.kind is not StatementKind.UNKNOWN:
            yield replace(statement, text=f"{os.path.basename(name)}: {statement.text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The record that the card's figure comes from, the records that it is the sum of, and what is known of them."""

    whole: Record
    statements: tuple[Statement, ...]
    parts: tuple[NamedRecord, ...] = ()


def find_runs(record: Record, path: str | None) -> Runs:
    """Return what the folder of the record shows of its run group. `path` is `None` for a record that lies alone."""
    if path is None or not (record.parts_sha256 or record.run_group is not None):
        alone = _RUNS.unknown("whether other runs went into the weights: the record names no run group")
        if record.merged_from:
            runs = plural(len(record.merged_from), "run")
            alone = _RUNS.claimed(f"it is the sum of {runs}, whose records are not here")
        return Runs(whole=record, statements=(alone,))
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
