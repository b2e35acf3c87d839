"""Make a record from the journal of a run that was killed, and find where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from carbon_lint.errors import InputError
from carbon_lint.gate.budget import limit_results
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.journal import read_journal, read_phases, reading_from_json
from carbon_lint.measurement.meter import RELATIVE_TOLERANCE, Reading, with_evidence
from carbon_lint.measurement.wall_clock import format_utc
from carbon_lint.records.document import record_from_json, record_to_json
from carbon_lint.records.folder import aside_path, records_in
from carbon_lint.records.intensity import find_disagreement, over_hours
from carbon_lint.records.journal import hash_of_journal, record_path, unfinished_in
from carbon_lint.records.merge.merge import run_ids_of
from carbon_lint.records.plausible import find_contradiction
from carbon_lint.records.record import Intensity, Outcome, Provenance, Record
from carbon_lint.records.store import read_record, write_record


def recover(path: str | os.PathLike[str]) -> Record:
    """Return the record that the journal holds: the run's own if it ended, else `interrupted` at its last reading.

    Raises InputError if it is not a journal, holds no reading, or belongs to a run that still goes on.
    """
    content = read_journal(path)
    if content.ended is not None:
        return _sound(_checked(content.ended, path), path)
    record = replace(_checked(content.header, path), journal_sha256=hash_of_journal(path))
    if content.last_reading is None:
        raise InputError(
            f"{path}: the run was killed before its first reading", hint="nothing is known of its energy: run it again"
        )
    try:
        budget = Budget(
            max_emissions_g=content.limits.get("max_emissions_g"), max_energy_kwh=content.limits.get("max_energy_kwh")
        )
        record = _interrupted(record, reading_from_json(content.last_reading), budget)
        if content.intensity is not None:
            record = with_hours(record, msgspec.convert(content.intensity, Intensity))
        phases = read_phases(path)
        record = replace(record, phases=phases.phases(record), warnings=(*record.warnings, *phases.notes))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{path}: its last reading is not what it should be: {error!r}") from error
    return _sound(record, path)


def _interrupted(record: Record, reading: Reading, budget: Budget) -> Record:
    elapsed_s, energy = reading.elapsed_s, reading.energy_kwh
    ended = datetime.fromisoformat(record.started_at) + timedelta(seconds=elapsed_s)
    is_over = any(limit.is_over for limit in limit_results(budget, reading.emissions_g, energy.total))
    warning = f"recovered from a journal: the run was killed, and what it used after {elapsed_s:.1f} s is not known"
    record = replace(
        record,
        outcome=Outcome.INTERRUPTED,
        over_budget=is_over,
        emissions_g=reading.emissions_g,
        energy_kwh=energy,
        duration_s=elapsed_s,
        ended_at=format_utc(ended),
        warnings=(*record.warnings, warning),
    )
    return with_evidence(record, reading)


def with_hours(record: Record, stated: Intensity) -> Record:
    """Return the record with the hours that priced it.

    A line of the journal states them when an hour begins: what was used since the last such line is of that hour.
    """
    total_kwh, emissions_g = record.energy_kwh.total or 0.0, record.emissions_g or 0.0
    *older, newest = stated.hours
    since_kwh = total_kwh - sum(hour.energy_kwh for hour in stated.hours)
    intensity = over_hours(stated, [*older, replace(newest, energy_kwh=newest.energy_kwh + since_kwh)])
    if find_disagreement(intensity, total_kwh, emissions_g, tolerance=RELATIVE_TOLERANCE) is None:
        return replace(record, intensity=intensity)
    mean = replace(stated, g_per_kwh=emissions_g / total_kwh, source=f"{stated.source}, mean of the run", hours=())
    warning = "the journal lacks a line: the hours behind the mean carbon intensity are unknown"
    return replace(record, intensity=mean, warnings=(*record.warnings, warning))


def _sound(record: Record, path: str | os.PathLike[str]) -> Record:
    """Return the record. Raises InputError if a damaged line has made a figure of it that cannot be."""
    try:
        problem = find_contradiction(record_from_json(record_to_json(record)))
    except ValueError as error:
        problem = str(error)
    if problem is not None:
        raise InputError(f"{path}: its last reading cannot be: {problem}", hint="take its damaged last line out")
    return record


def _checked(document: dict[str, Any], path: str | os.PathLike[str]) -> Record:
    try:
        return record_from_json(document)
    except ValueError as error:
        raise InputError(
            f"{path} does not hold a valid record: {error}", hint="journals are not edited by hand"
        ) from error


def free_path(journal: str | os.PathLike[str], record: Record) -> Path:
    """Return where the record goes: `r.json` for `r.jsonl`, or `r.RUN-ID.json` if another run has that name."""
    path = record_path(journal)
    try:
        is_free = not os.path.exists(path) or read_record(path).run_id == record.run_id
    except InputError:
        is_free = False
    return path if is_free else aside_path(path, record.run_id)


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
