"""Add up the runs of a ledger, each run, machine and GPU once. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from carbon_lint.errors import InputError
from carbon_lint.records.ledger import Entry, key
from carbon_lint.records.merge.shared import without_shared
from carbon_lint.records.ranges import measured_share, ranges_of
from carbon_lint.records.record import Basis, Record
from carbon_lint.records.uncertainty import Range


class Reason(StrEnum):
    """Why less than the whole of a record counts.

    `same`: another record of the ledger holds more of the same run. `part`: a merged record holds the run. `held`:
    other runs hold its machine and its GPUs for all of its time, as an outer run holds an inner one. `shared`: they do
    so for a part of its time, or of its GPUs.
    """

    SAME = "same"
    PART = "part"
    HELD = "held"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A record of the ledger and what of it counts.

    Attributes:
        entry: the record as it lies there.
        record: what counts of it; `None` if nothing does.
        reason: why less than the whole counts; `None` if all does.
        holders: the paths of some records that hold the rest.
    """

    entry: Entry
    record: Record | None
    reason: Reason | None = None
    holders: tuple[str, ...] = ()

    @cached_property
    def ranges(self) -> tuple[Range | None, Range | None]:
        """What counts, in grams and in kWh; `None` for what the record does not hold, or that nothing counts."""
        return (None, None) if self.record is None else ranges_of(self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sum of some entries. With runs that have no figure among them, the true sum is larger than stated.

    Attributes:
        emissions_g: of the runs that have grams; `None` if none has.
        energy_kwh: of the runs that have energy; `None` if none has.
        runs: how many were counted.
        without_emissions: run_ids that have no grams, and count as nothing here.
        without_energy: run_ids that have no energy, and count as nothing here.
        left_out: how many records count in part or not at all, by reason.
        each_in_full_g: what the likely `emissions_g` would be if no two runs had shared a machine or a GPU.
        each_in_full_kwh: the same of `energy_kwh`.
        measured_share: the part of the energy that sensors read, 0 to 1; `None` if it is not known of each run.
        bases: what the carbon intensities of the runs with grams count, as far as that is known.
    """

    emissions_g: Range | None
    energy_kwh: Range | None
    runs: int
    without_emissions: tuple[str, ...]
    without_energy: tuple[str, ...]
    left_out: dict[Reason, int]
    each_in_full_g: float | None
    each_in_full_kwh: float | None
    measured_share: float | None
    bases: tuple[Basis, ...] = ()


def total_of(counted: Sequence[Counted]) -> Total:
    """Return the sum of entries that were counted already."""
    records = [each.record for each in counted if each.record is not None]
    apart = [each.entry.record for each in counted if each.reason in {None, Reason.HELD, Reason.SHARED}]
    reasons = [each.reason for each in counted]
    priced = [record.intensity for record in records if record.emissions_g is not None]
    return Total(
        emissions_g=sum_of_ranges(each.ranges[0] for each in counted),
        energy_kwh=sum_of_ranges(each.ranges[1] for each in counted),
        runs=len(records),
        without_emissions=tuple(record.run_id for record in records if record.emissions_g is None),
        without_energy=tuple(record.run_id for record in records if record.energy_kwh.total is None),
        left_out={reason: reasons.count(reason) for reason in Reason if reason in reasons},
        each_in_full_g=_sum(record.emissions_g for record in apart),
        each_in_full_kwh=_sum(record.energy_kwh.total for record in apart),
        measured_share=_measured_share(records),
        bases=tuple(sorted({each.basis for each in priced if each is not None and each.basis is not None})),
    )


def sum_of_ranges(ranges: Iterable[Range | None]) -> Range | None:
    """Return the sum of the ranges that there are. Their ends add up: models err the same way in every run."""
    known = [each for each in ranges if each is not None]
    if not known:
        return None
    return Range(
        low=math.fsum([each.low for each in known]),
        likely=math.fsum([each.likely for each in known]),
        high=math.fsum([each.high for each in known]),
    )


def _measured_share(records: Iterable[Record]) -> float | None:
    found = [(record.energy_kwh.total, measured_share(record)) for record in records if record.energy_kwh.total]
    total_kwh = math.fsum(energy_kwh or 0.0 for energy_kwh, _ in found)
    if not total_kwh or any(share is None for _, share in found):
        return None
    return math.fsum((energy_kwh or 0.0) * (share or 0.0) for energy_kwh, share in found) / total_kwh


def count(found: Iterable[Entry]) -> list[Counted]:
    """Return every entry in the order of time with what counts of it.

    Raises InputError if two merged records hold one run, and neither holds all of the other's.
    """
    entries = list(found)
    keys = {entry.path: key(entry.record) for entry in entries}
    best = _best(entries, keys)
    holders = _holders(list(best.values()))
    alone = [entry for entry in best.values() if entry.path not in holders]
    shares = without_shared([entry.record for entry in alone], by_machine=True)
    left = dict(zip((entry.path for entry in alone), shares, strict=True))
    counted = []
    for entry in sorted(entries, key=lambda each: (each.record.ended_at, each.record.run_id, each.path)):
        fuller = best[keys[entry.path]]
        if fuller is not entry:
            counted.append(Counted(entry=entry, record=None, reason=Reason.SAME, holders=(fuller.path,)))
        elif entry.path in holders:
            counted.append(Counted(entry=entry, record=None, reason=Reason.PART, holders=(holders[entry.path].path,)))
        elif left[entry.path].is_whole:
            counted.append(Counted(entry=entry, record=entry.record))
        else:
            rest = left[entry.path]
            counted.append(
                Counted(
                    entry=entry,
                    record=None if rest.is_held else rest.record,
                    reason=Reason.HELD if rest.is_held else Reason.SHARED,
                    holders=tuple(alone[holder].path for holder in rest.holders),
                )
            )
    return counted


def _best(entries: Iterable[Entry], keys: dict[str, tuple[str, ...]]) -> dict[tuple[str, ...], Entry]:
    """Return the fullest record of each run. A run's own clock is not set back. `keys` are by path."""
    best: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        known = best.setdefault(keys[entry.path], entry)
        if _extent(known.record) < _extent(entry.record):
            best[keys[entry.path]] = entry
    return best


def _extent(record: Record) -> tuple[float, float]:
    return record.duration_s, record.energy_kwh.total or 0.0


def _holders(entries: list[Entry]) -> dict[str, Entry]:
    """Return by path the merged record that holds every run of an entry. A group that grows is merged again."""
    held_by: dict[str, Entry] = {}
    holder: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda each: -len(each.record.merged_from)):
        runs = entry.record.merged_from or (entry.record.run_id,)
        held = [run_id for run_id in runs if run_id in holder]
        if len(held) == len(runs):
            held_by[entry.path] = holder[held[0]]
            continue
        if held:
            raise InputError(
                f"{entry.path} and {holder[held[0]].path} both hold run {held[0]}, and neither holds all runs of the "
                "other: it would be counted twice",
                hint="merge their single records into one, and take these two out of the ledger",
            )
        holder |= dict.fromkeys(entry.record.merged_from, entry)
    return held_by


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None
