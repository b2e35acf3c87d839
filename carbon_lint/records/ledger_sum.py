"""What the runs of a ledger add up to, each run once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError
from carbon_lint.records.ledger import key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbon_lint.records.ledger import Entry
    from carbon_lint.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sum of some entries. With `unmeasured` runs among them, the true sum is larger than stated.

    Attributes:
        emissions_g: of the runs that have grams; `None` if none has.
        energy_kwh: of the runs that have energy; `None` if none has.
        runs: how many were counted.
        without_emissions: run_ids that have no grams, and count as nothing here.
        without_energy: run_ids that have no energy, likewise.
        merged: how many records were left out because a merged record holds their sum.
    """

    emissions_g: float | None
    energy_kwh: float | None
    runs: int
    without_emissions: tuple[str, ...]
    without_energy: tuple[str, ...]
    merged: int


def total(found: Iterable[Entry]) -> Total:
    """The sum, each key once; a record whose runs a merged one holds does not count beside it.

    Raises InputError if two merged records hold one run, and neither holds all of the other's.
    """
    by_key: dict[tuple[str, ...], Entry] = {}
    for entry in found:
        known = by_key.get(key(entry.record))
        if known is None or _extent(known.record) < _extent(entry.record):
            by_key[key(entry.record)] = entry
    entries = sorted(by_key.values(), key=lambda each: (each.record.ended_at, each.record.run_id))
    counted = [entry.record for entry in _without_parts(entries)]
    return Total(
        emissions_g=_sum(record.emissions_g for record in counted),
        energy_kwh=_sum(record.energy_kwh.total for record in counted),
        runs=len(counted),
        without_emissions=tuple(record.run_id for record in counted if record.emissions_g is None),
        without_energy=tuple(record.run_id for record in counted if record.energy_kwh.total is None),
        merged=len(entries) - len(counted),
    )


def _extent(record: Record) -> tuple[float, float]:
    """Of two records of one run the one that covers more of it counts. Its own clock is not set back."""
    return record.duration_s, record.energy_kwh.total or 0.0


def _without_parts(entries: list[Entry]) -> list[Entry]:
    """Less the records of which a merged one holds every run. A group that grows is merged again and again."""
    kept: list[Entry] = []
    holder: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda each: -len(each.record.merged_from)):
        runs = entry.record.merged_from or (entry.record.run_id,)
        held = [run_id for run_id in runs if run_id in holder]
        if len(held) == len(runs):
            continue
        if held:
            raise InputError(
                f"{entry.path} and {holder[held[0]].path} both hold run {held[0]}, and neither holds all runs of the "
                "other: it would be counted twice",
                hint="merge their single records into one, and take these two out of the ledger",
            )
        kept.append(entry)
        holder |= dict.fromkeys(entry.record.merged_from, entry)
    return sorted(kept, key=lambda each: (each.record.ended_at, each.record.run_id))


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
