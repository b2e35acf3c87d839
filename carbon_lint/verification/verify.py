"""Check a card's figure against all the evidence that there is, and say what that proves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from carbon_lint.records.journal import existing, journal_path
from carbon_lint.records.record import Record
from carbon_lint.records.store import parse_record_as_it_is
from carbon_lint.report.verification import Kind, Statement, Subject, Verification
from carbon_lint.verification.attestation import check_attestation
from carbon_lint.verification.card import Figures, check_card
from carbon_lint.verification.journal import check_journal
from carbon_lint.verification.record import check_record
from carbon_lint.verification.runs import find_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
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


def verify(evidence: Evidence) -> Verification:
    """Return what the evidence proves of the card's figure.

    Raises InputError if a file cannot be read or is not what it should be, NothingFoundError for a card without figure.
    """
    figures = Figures(evidence.card, evidence.card_name)
    files = {"record": evidence.record_name} if evidence.record is not None else {}
    files |= {} if evidence.journal_path is None else {"journal": evidence.journal_path}
    files |= {} if evidence.bundle is None else {"attestation": evidence.bundle_name}
    statements = tuple(_statements(evidence, figures))
    return Verification(card=evidence.card_name, emissions_g=figures.emissions_g, files=files, statements=statements)


def _statements(evidence: Evidence, figures: Figures) -> Iterator[Statement]:
    if evidence.record is None:
        yield Subject.CARD.claimed(f"{figures.emissions_g!r} g: there is no record to check it by")
        return
    record = parse_record_as_it_is(evidence.record, evidence.record_name)
    runs = find_runs(record, evidence.folder_path)
    yield from check_card(figures, runs.whole)
    yield from check_record(record, evidence.record)
    yield from runs.statements
    if evidence.journal_path is not None:
        yield from check_journal(evidence.journal_path, record)
    elif not record.merged_from:
        yield Subject.JOURNAL.unknown("what the run's meters showed: its journal is not here")
    for part in runs.parts:
        yield from _part(part.name, part.record, evidence.record_name)
    if evidence.bundle is None:
        yield Subject.ATTESTATION.claimed("nobody signed the record, so its author could have made it up")
    else:
        yield from check_attestation(evidence.bundle, record, evidence.record, evidence.trusted_root)


def _part(name: str, record: Record, whole: str) -> Iterator[Statement]:
    """Yield what another record of the sum shows, under its name. The record itself was checked already."""
    if os.path.realpath(name) == os.path.realpath(whole):
        return
    with open(name, "rb") as stream:
        found = list(check_record(record, stream.read()))
    beside = existing(journal_path(name))
    if beside.is_file():
        found += check_journal(os.fspath(beside), record)
    for statement in found:
        if statement.kind is not Kind.UNKNOWN:
            yield replace(statement, text=f"{os.path.basename(name)}: {statement.text}")
