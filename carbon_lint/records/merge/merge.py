"""Merge the nodes of a job, or the attempts of a run group, into one record. Nothing is counted twice. Pure.

A machine's energy is the whole machine's. Two records of one machine for the same time hold the same joules, so

* a record that comes twice (by `run_id`) counts once;
* a node that comes twice in one launch counts once;
* other runs that overlap on one machine are refused, unless the user says how to take them;
* a GPU (by UUID) that two records hold for the same time counts once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from carbon_lint.errors import InputError, MissingFigureError
from carbon_lint.records.document import hash_of
from carbon_lint.records.merge.combine import combine
from carbon_lint.records.merge.shared import TOUCH_S, has_same_gpus, is_stated, overlap_s, window_of, without_shared
from carbon_lint.records.record import Record

SAME_SHARE = 0.8  # of the shorter one's time: two meters of one launch, not two jobs


class Overlap(StrEnum):
    """What to do about runs that overlap on one machine.

    `refuse`: raise an error, and count two records of one launch once. `separate`: count all of each; they ran on
    machines of the same name.
    """

    REFUSE = "refuse"
    SEPARATE = "separate"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRecord:
    """A record and the file that it came from."""

    name: str
    record: Record

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The runs that it holds, itself or as parts of its sum."""
        return self.record.merged_from or (self.record.run_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The sum, and what was left out of it and why, one line each. The record's warnings hold the lines too."""

    record: Record
    notes: tuple[str, ...]


def merge(records: Sequence[NamedRecord], *, overlap: Overlap = Overlap.REFUSE) -> Merged:
    """Return the sum of the records.

    Raises:
        InputError: there is none, or runs overlap on one machine.
        MissingFigureError: a record holds no figure, so the sum would be too small.
    """
    if not records:
        raise InputError(
            "there is no record to merge", hint="name the folder of the records: carbon-lint merge records -o sum.json"
        )
    _check_figures(records)
    notes: list[str] = []
    kept = _without_launched(_without_twins(sorted(records, key=_order), notes), notes, overlap)
    record = combine(_without_shared_gpus(kept, notes))
    run_ids = sorted(run_ids_of(kept))
    if len(records) > 1 or notes:
        digest = hashlib.sha256("\n".join(run_ids).encode()).hexdigest()
        parts = sorted(hash_of(item.record) for item in kept)
        run_id = f"merged-{digest[:16]}"
        record = replace(
            record, run_id=run_id, merged_from=tuple(run_ids), parts_sha256=tuple(parts), journal_sha256=None
        )
    warnings = notes  # in the record without folders: the sum's hash must not depend on where the files are
    for name in sorted((item.name for item in records), key=len, reverse=True):
        warnings = [warning.replace(name, os.path.basename(name)) for warning in warnings]
    return Merged(record=replace(record, warnings=(*record.warnings, *warnings)), notes=tuple(notes))


def of_group(records: Sequence[NamedRecord], run_group: str) -> list[NamedRecord]:
    """Return the records of one run group. Raises InputError if there is none."""
    found = [item for item in records if item.record.run_group == run_group]
    if not found:
        groups = sorted({item.record.run_group for item in records if item.record.run_group})
        known = f"the records name {', '.join(groups)}" if groups else "no record names a run group"
        raise InputError(f"no record of run group {run_group!r}", hint=f"{known} (carbon-lint run --run-group NAME)")
    return found


def run_ids_of(records: Iterable[NamedRecord]) -> frozenset[str]:
    """Return every run that one of the records holds, itself or as a part of its sum."""
    return frozenset(run_id for item in records for run_id in item.run_ids)


def _order(item: NamedRecord) -> tuple[float, float, str]:
    """Sort by time, the larger first, so that the answer does not depend on the order of the files."""
    return (window_of(item.record).start_s, -(item.record.energy_kwh.total or 0.0), item.record.run_id)


def _check_figures(records: Sequence[NamedRecord]) -> None:
    for item in records:
        if item.record.energy_kwh.total is None:
            raise MissingFigureError(
                f"{item.name} holds no energy, so the sum would be too small",
                hint="its warnings say why; merge the others without it only if it used none",
            )
    without = [item.name for item in records if item.record.emissions_g is None]
    if without and len(without) < len(records):
        raise MissingFigureError(
            f"{without[0]} holds no emissions, others do: the sum would be too small",
            hint="measure every node at the same location",
        )


def _without_twins(records: Sequence[NamedRecord], notes: list[str]) -> list[NamedRecord]:
    """Return each run once. Of two records of one run (one was recovered) the one with more energy is the later one."""
    best: dict[tuple[str, ...], NamedRecord] = {}
    for item in records:
        twin = best.setdefault(item.run_ids, item)
        if twin is not item:
            best[item.run_ids], dropped = _by_energy(twin, item)
            notes.append(f"{dropped.name} is left out: the same run as {best[item.run_ids].name}")
    seen: dict[str, str] = {}
    for item in best.values():
        for run_id in item.run_ids:
            if run_id in seen:
                raise InputError(
                    f"{item.name} and {seen[run_id]} both hold run {run_id}",
                    hint="one is a merge of the other: merge the single records, or leave one of the two out",
                )
            seen[run_id] = item.name
    return list(best.values())


def _without_launched(items: Sequence[NamedRecord], notes: list[str], overlap: Overlap) -> list[NamedRecord]:
    """Return each launch once. Each item is compared with those that still ran when it began."""
    kept: dict[int, NamedRecord] = {}
    running: dict[tuple[str, str | None], list[int]] = {}
    for at, item in enumerate(items):
        machine = item.record.hardware.machine
        if machine is None:
            kept[at] = item
            continue
        began_s = window_of(item.record).start_s
        still = running.setdefault(machine, [])
        still[:] = [other for other in still if window_of(kept[other].record).end_s > began_s]
        beside = [other for other in still if overlap_s(item.record, kept[other].record) > TOUCH_S]
        launched = next((other for other in beside if _is_same_launch(item.record, kept[other].record)), None)
        if launched is not None and overlap is Overlap.REFUSE:
            kept[launched], smaller = _by_energy(item, kept[launched])
            where = f"node {item.record.hardware.node} is in {kept[launched].name} already"
            notes.append(f"{smaller.name} is left out: {where}")
            continue
        if beside and overlap is Overlap.REFUSE:
            raise _overlapping(item, kept[beside[0]])
        kept[at] = item
        still.append(at)
    return list(kept.values())


def _is_same_launch(one: Record, other: Record) -> bool:
    """Return whether two meters measured one job: the same command for mostly the same time.

    Of two that count GPUs they must be the same: a sweep runs one command on each GPU of a machine at once. Tasks of a
    scheduler's array are jobs of their own.
    """
    shorter_s = min(window_of(one).length_s, window_of(other).length_s)
    is_same_time = overlap_s(one, other) >= SAME_SHARE * shorter_s
    mine, its = one.provenance, other.provenance
    is_one_task = all(
        None in pair or pair[0] == pair[1]
        for pair in ((mine.scheduler_job, its.scheduler_job), (mine.job_index, its.job_index))
    )
    return one.command == other.command and is_same_time and is_one_task and has_same_gpus(one, other)


def _by_energy(one: NamedRecord, other: NamedRecord) -> tuple[NamedRecord, NamedRecord]:
    ordered = sorted((one, other), key=lambda each: each.record.energy_kwh.total or 0.0, reverse=True)
    return ordered[0], ordered[1]


def _overlapping(item: NamedRecord, other: NamedRecord) -> InputError:
    seconds = overlap_s(item.record, other.record)
    return InputError(
        f"{item.name} and {other.name} overlap for {seconds:.0f} s on {item.record.hardware.node}: "
        "each holds the whole machine's energy",
        hint="use --overlap separate if a clock was set back, or if these are two machines of one name; "
        "`carbon-lint ledger sum` counts the time that runs share once",
    )


def _without_shared_gpus(items: Sequence[NamedRecord], notes: list[str]) -> list[Record]:
    """Return the records less the GPUs that others (containers on one host, say) hold for the same time."""
    found = without_shared([item.record for item in items], by_machine=False)
    for item, left in zip(items, found, strict=True):
        if any(left.gpu_shares) and item.record.energy_kwh.gpu is not None:
            gpus = item.record.hardware.gpus
            how = "" if is_stated(gpus) else ", its GPU energy taken as even over them"
            fraction = sum(share > 0 for share in left.gpu_shares) / len(gpus)
            names = " and ".join(items[holder].name for holder in left.holders)
            notes.append(f"{item.name}: {fraction:.0%} of its GPUs are in {names} too and count once there{how}")
            notes += [f"{item.name}: its epochs and phases are left out with them"] if item.record.phases else []
    return [left.record for left in found]
