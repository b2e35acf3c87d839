"""Put a run's epochs and phases into rows, each with its share of the energy, and what lies outside of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from carbon_lint.records.record import Phase, PhaseKind, Record
from carbon_lint.report.run import phrases
from carbon_lint.text import plural
from carbon_lint.units import format_duration

NOTE = (
    "Epochs and phases are listed side by side. A boundary is known to the tick, which is a second as a rule: the "
    "energy of that time is split evenly. Grams are at the run's mean carbon intensity."
)
_LEAST_OUTSIDE = 0.001


class PhaseRow(NamedTuple):
    """One epoch or phase, or several of them, in words. `split` is the share of its energy that was split by time."""

    name: str
    duration: str
    energy: str
    emissions: str
    share: str
    split: str


def rows(record: Record, kind: PhaseKind, most: int) -> list[PhaseRow]:
    """Return at most `most` rows of a kind, the rest in one, and what is in none of them. Empty without any."""
    listed = [phase for phase in record.phases if phase.kind is kind]
    if not listed:
        return []
    shown, rest = (listed, []) if len(listed) <= most else (listed[: most - 1], listed[most - 1 :])
    lines = [_row(record, _name(phase), [phase]) for phase in shown]
    if rest:
        lines.append(_row(record, f"{len(rest)} more {kind}s", rest))
    total_kwh = record.energy_kwh.total or 0.0
    outside_kwh = total_kwh - sum(phase.energy_kwh.total or 0.0 for phase in listed)
    if all(phase.energy_kwh.total is not None for phase in listed) and outside_kwh > _LEAST_OUTSIDE * total_kwh:
        outside_g = None if record.emissions_g is None else record.emissions_g * outside_kwh / total_kwh
        energy, emissions = phrases.energy(outside_kwh), phrases.emissions(outside_g)
        lines.append(
            PhaseRow(f"outside of {kind}s", "", energy, emissions, phrases.percent(outside_kwh / total_kwh), "")
        )
    return lines


def _row(record: Record, name: str, phases: Sequence[Phase]) -> PhaseRow:
    energies = [phase.energy_kwh.total for phase in phases]
    energy_kwh = None if None in energies else sum(each or 0.0 for each in energies)
    grams = [phase.emissions_g for phase in phases]
    emissions_g = None if None in grams else sum(each or 0.0 for each in grams)
    split_kwh = sum((phase.split_share or 0.0) * (phase.energy_kwh.total or 0.0) for phase in phases)
    total_kwh = record.energy_kwh.total
    return PhaseRow(
        name,
        format_duration(sum(phase.duration_s for phase in phases)),
        phrases.energy(energy_kwh),
        "" if record.emissions_g is None else phrases.emissions(emissions_g),
        phrases.percent(energy_kwh / total_kwh) if energy_kwh is not None and total_kwh else "",
        phrases.percent(split_kwh / energy_kwh) if energy_kwh else "",
    )


def _name(phase: Phase) -> str:
    name = f"epoch {phase.name}" if phase.kind is PhaseKind.EPOCH and "epoch" not in phase.name else phase.name
    return name if phase.times == 1 else f"{name} ({plural(phase.times, 'time')})"
