"""A run's figures in words, the same in every report. Nothing that was not measured is ever given a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from carbon_lint.gate.baseline import Comparison, format_change, other_basis, why_not
from carbon_lint.gate.verdict import LimitResult
from carbon_lint.records.intensity import source_in_words, vintage_in_words
from carbon_lint.records.ranges import SENSORS, emissions_range, energy_range, left_out_of, measured_share
from carbon_lint.records.record import Method, Phase, PhaseKind, Record
from carbon_lint.records.uncertainty import Range
from carbon_lint.text import plural
from carbon_lint.units import (
    format_duration,
    format_emissions,
    format_emissions_of,
    format_emissions_range,
    format_energy,
    format_energy_of,
    format_energy_range,
    significant,
)

NOT_MEASURED = "not measured"

METHOD_WORDS = {
    Method.COUNTER: "energy counter",
    Method.SAMPLED_POWER: "sampled power",
    Method.LOAD_MODEL: "load model",
    Method.CONSTANT: "constant",
    Method.USER: "power as stated by the user",
}
"""How a component's energy was found, as a reader should take it."""

METHOD_SENTENCES = {
    Method.COUNTER: "measured: a counter in the hardware adds it up",
    Method.SAMPLED_POWER: "measured: its power sensor was read about once a second",
    Method.LOAD_MODEL: "modelled from how busy it was, as no sensor could be read",
    Method.CONSTANT: "modelled as a fixed power, as no sensor could be read",
    Method.USER: "modelled with the power that the user stated",
}
"""The same in plain words, for who does not know the terms."""

MODELLED = frozenset(Method) - frozenset(SENSORS)
"""Methods that read no sensor of the component."""

_LEAST_SHARE = 0.001
_SUM_ERROR = 1e-6  # parts that were written as decimals do not add up to the last digit
_SHOWN_GPUS = 8
_LEAST_COMPARED_G = 1.0  # under a gram the car drives a few metres, which means nothing to a reader
_COMPONENTS = ("gpu", "cpu", "ram")
PHASES_NOTE = (
    "Epochs and phases are listed side by side. A boundary is known to the tick, which is a second as a rule: the "
    "energy of that time is split evenly. Grams are at the run's mean carbon intensity."
)
_LEAST_OUTSIDE = 0.001

# EPA-420-F-23-014 (June 2023): an average passenger vehicle emits about 400 g of CO2 per mile; 1 mi = 1.609344 km.
CAR_G_PER_KM = 400 / 1.609344
# Liquid water at constant pressure, 4.18 kJ/(kg K), from 20 to 100 degrees C; 1 kWh = 3600 kJ.
BOIL_KWH_PER_LITRE = 4.18 * 80 / 3600


def emissions(value_g: float | None) -> str:
    """Return grams, or that they were not measured."""
    return NOT_MEASURED if value_g is None else f"{format_emissions(value_g)} CO2eq"


def energy(value_kwh: float | None) -> str:
    """Return kilowatt-hours, or that they were not measured."""
    return NOT_MEASURED if value_kwh is None else format_energy(value_kwh)


def amount(unit: str, value: float) -> str:
    """Return an amount in `g` or `kWh` for a person."""
    return format_emissions(value) if unit == "g" else format_energy(value)


def amount_of(unit: str, value: float, whole: float) -> str:
    """Return an amount in `g` or `kWh` of another, the unit once if it is the same: `4.19 of 4 mg`."""
    return (format_emissions_of if unit == "g" else format_energy_of)(value, whole)


def with_range(unit: str, known: Range | None) -> str:
    """Return an amount in `g` or `kWh` with its range, or that it was not measured: `68 mWh (41 to 120)`."""
    if known is None:
        return NOT_MEASURED
    return (format_emissions_range if unit == "g" else format_energy_range)(known.likely, known.low, known.high)


def margin(limit: LimitResult) -> str:
    """Return what is left of a limit, or by how much a run is over it."""
    if limit.is_over:
        return f"over by {amount(limit.unit, -limit.margin)}"
    left, allowed = amount(limit.unit, limit.margin), amount(limit.unit, limit.allowed)
    # `1 kg left` of 1 kg would say that nothing was used
    return "nearly all left" if left == allowed and limit.measured > 0 else f"{left} left"


def exceptions(record: Record) -> list[str]:
    """Return each exception that let the run through: the limit, by how much it went over it, who, until when, why."""
    return [
        f"{one.limit}: over by {amount(one.unit, one.over)}, excepted by {one.owner} until {one.until}: {one.reason}"
        for one in record.exceptions
    ]


def percent(share: float) -> str:
    """Return `1.23 %` for `0.0123`. Rounding never reaches a limit that the figure does not."""
    if 0 < share < _LEAST_SHARE:
        return "under 0.1 %"
    shown = significant(share * 100)
    if shown == "100" and abs(share - 1) > _SUM_ERROR:
        return "just under 100 %" if share < 1 else "just over 100 %"
    return f"{shown} %"


def components(record: Record) -> list[tuple[str, float | None, Method | None]]:
    """Return (name, energy in kWh, method) of each component that is there, GPU first."""
    rows = [(name.upper(), getattr(record.energy_kwh, name), getattr(record.methods, name)) for name in _COMPONENTS]
    return [row for row in rows if row[1] is not None or row[2] is not None]


def by_gpu(record: Record) -> str | None:
    """Return each GPU's energy, if there are a few of one machine and all state it."""
    gpus = record.hardware.gpus
    is_one_machine = len({gpu.index for gpu in gpus}) == len(gpus)
    is_stated = record.energy_kwh.gpu is not None and all(gpu.energy_kwh is not None for gpu in gpus)
    if not (1 < len(gpus) <= _SHOWN_GPUS and is_one_machine and is_stated):
        return None
    return ", ".join(f"GPU {gpu.index} {energy(gpu.energy_kwh)}{' (shared)' * gpu.is_shared}" for gpu in gpus)


def measured(record: Record) -> str | None:
    """Say how much of the energy a sensor read; `None` if that is not known."""
    share = measured_share(record)
    if share is None:
        return None
    if share < _LEAST_SHARE:
        return "nothing: no sensor was read, and all energy is estimated"
    return "all energy, by sensors" if share > 1 - _LEAST_SHARE else f"{percent(share)} of the energy, by sensors"


def left_out(record: Record) -> str:
    """Say what is not counted, and how much it would add: `20 to 60 % more`."""
    known = left_out_of(record)
    ends = f"{significant(known.low * 100, 2)} to {significant(known.high * 100, 2)} %"
    return f"board, fans, disks, network and power supply: about {ends} on top"


def emissions_with_range(record: Record) -> str:
    """Return the record's grams with their range: `4.2 mg (1.8 to 8) CO2eq`."""
    known = emissions_range(record)
    return NOT_MEASURED if known is None else f"{with_range('g', known)} CO2eq"


def energy_with_range(record: Record) -> str:
    """Return the record's energy with its range: `68 mWh (41 to 120)`."""
    return with_range("kWh", energy_range(record))


def intensity(record: Record) -> str:
    """Return the carbon intensity, its place, whose figure it is, its year and its basis."""
    known = record.intensity
    if known is None:
        return "not stated, so energy only"
    place = known.location_name or known.location
    where = f"{place}, " if place else ""
    of = vintage_in_words(known, record.started_at)
    return f"{significant(known.g_per_kwh)} g/kWh: {where}{source_in_words(known)}{of}"


def scope(record: Record) -> str | None:
    """Return what the figures are the sum of; `None` if they are of one run alone."""
    parts = []
    if record.run_group is not None:
        parts.append(f"run group {record.run_group}")
    if record.merged_from:
        parts.append(f"the sum of {plural(len(record.merged_from), 'record')}")
    return ", ".join(parts) or None


def equivalents(record: Record) -> str | None:
    """Return what the figures come to in everyday words, with each factor; `None` if they are too small to compare."""
    if (record.emissions_g or 0.0) < _LEAST_COMPARED_G:
        return None
    parts = []
    if record.emissions_g:
        km = record.emissions_g / CAR_G_PER_KM
        distance = f"{significant(km, 2)} km" if km >= 1 else f"{significant(km * 1000, 2)} m"
        parts.append(f"driving {distance} in an average US passenger car (400 g CO2 per mile, EPA-420-F-23-014)")
    if record.energy_kwh.total:
        litres = significant(record.energy_kwh.total / BOIL_KWH_PER_LITRE, 2)
        parts.append(f"bringing {litres} litres of water from 20 °C to the boil (4.18 kJ per kg and K)")
    return ", or ".join(parts) or None


COMPARISON_HEADS = ("Figure", "Baseline", "This run", "Change")


def comparison_rows(compared: Comparison) -> list[tuple[str, ...]]:
    """Return emissions, energy and carbon intensity: before, now and the change."""
    now, then = compared.current, compared.baseline
    found = (
        ("emissions", emissions, then.emissions_g, now.emissions_g, compared.emissions_change),
        ("energy", energy, then.energy_kwh, now.energy_kwh, compared.energy_change),
        ("carbon intensity", _g_per_kwh, then.intensity_g_per_kwh, now.intensity_g_per_kwh, compared.grid_change),
    )
    return [(name, show(before), show(after), format_change(change)) for name, show, before, after, change in found]


def comparison_notes(compared: Comparison) -> list[str]:
    """Return which baseline it is, and why the difference says little or nothing."""
    found = [f"Baseline: {compared.baseline.origin}{_age(compared)}."]
    if (note := other_basis(compared)) is not None:
        found.append(f"Carbon intensity on {note}; part of its change is what is counted.")
    if not compared.can_be_judged:
        found.append(f"The change was not judged: {why_not(compared)}.")
    return found


def _g_per_kwh(value: float | None) -> str:
    return "not stated" if value is None else f"{significant(value)} g/kWh"


def _age(compared: Comparison) -> str:
    age = compared.age
    if age is None or age.total_seconds() <= 0:
        return ""
    return f", {f'{age.days} days' if age.days else format_duration(age.total_seconds())} older"


class PhaseRow(NamedTuple):
    """One epoch or phase, or several of them, in words. `split` is the share of its energy that was split by time."""

    name: str
    duration: str
    energy: str
    emissions: str
    share: str
    split: str


def phase_rows(record: Record, kind: PhaseKind, most: int) -> list[PhaseRow]:
    """Return at most `most` rows of a kind, the rest in one, and what is in none of them. Empty without any."""
    listed = [phase for phase in record.phases if phase.kind is kind]
    if not listed:
        return []
    shown, rest = (listed, []) if len(listed) <= most else (listed[: most - 1], listed[most - 1 :])
    lines = [_phase_row(record, _name(phase), [phase]) for phase in shown]
    if rest:
        lines.append(_phase_row(record, f"{len(rest)} more {kind}s", rest))
    total_kwh = record.energy_kwh.total or 0.0
    outside_kwh = total_kwh - sum(phase.energy_kwh.total or 0.0 for phase in listed)
    if all(phase.energy_kwh.total is not None for phase in listed) and outside_kwh > _LEAST_OUTSIDE * total_kwh:
        outside_g = None if record.emissions_g is None else record.emissions_g * outside_kwh / total_kwh
        figures = (energy(outside_kwh), emissions(outside_g), percent(outside_kwh / total_kwh))
        lines.append(PhaseRow(f"outside of {kind}s", "", *figures, ""))
    return lines


def _phase_row(record: Record, name: str, phases: Sequence[Phase]) -> PhaseRow:
    energies = [phase.energy_kwh.total for phase in phases]
    energy_kwh = None if None in energies else sum(each or 0.0 for each in energies)
    grams = [phase.emissions_g for phase in phases]
    emissions_g = None if None in grams else sum(each or 0.0 for each in grams)
    split_kwh = sum((phase.split_share or 0.0) * (phase.energy_kwh.total or 0.0) for phase in phases)
    total_kwh = record.energy_kwh.total
    return PhaseRow(
        name,
        format_duration(sum(phase.duration_s for phase in phases)),
        energy(energy_kwh),
        "" if record.emissions_g is None else emissions(emissions_g),
        percent(energy_kwh / total_kwh) if energy_kwh is not None and total_kwh else "",
        percent(split_kwh / energy_kwh) if energy_kwh else "",
    )


def _name(phase: Phase) -> str:
    name = f"epoch {phase.name}" if phase.kind is PhaseKind.EPOCH and "epoch" not in phase.name else phase.name
    return name if phase.times == 1 else f"{name} ({plural(phase.times, 'time')})"
