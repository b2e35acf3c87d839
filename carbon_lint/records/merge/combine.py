"""Make the fields of a merged record from the records that it is the sum of. Pure.

Epochs and phases of attempts that follow one another add up by name: epoch 3 of a resumed run is epoch 3. Records of
the same time are the nodes of one job; their phases add up only if each of them lists the same names, as a sum over
some of the nodes would be too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from carbon_lint.records.intensity import joined
from carbon_lint.records.merge.shared import TOUCH_S, summed, union_s, window_of
from carbon_lint.records.ranges import left_out_of, sum_of
from carbon_lint.records.record import (
    COMPONENTS,
    CodeCarbonEnergy,
    Energy,
    Hardware,
    Intensity,
    Method,
    Methods,
    Outcome,
    Phase,
    PhaseKind,
    Provenance,
    Record,
)
from carbon_lint.records.uncertainty import Range

Parts = dict[tuple[PhaseKind, str], Phase]

_WORST_OUTCOME = (Outcome.UNMEASURED, Outcome.OVER_BUDGET, Outcome.FAILED, Outcome.INTERRUPTED, Outcome.COMPLETED)
_LEAST_TRUSTED_METHOD = (Method.CONSTANT, Method.LOAD_MODEL, Method.USER, Method.SAMPLED_POWER, Method.COUNTER)
_PARTS = ("total", *COMPONENTS)
_SHOWN_NODES = 3
_NO_PHASES = "epochs and phases are left out of the sum: of the records of one time, some do not list the same ones"


def combine(records: Sequence[Record]) -> Record:
    """Return the sum of records that count nothing twice. One record is itself."""
    if len(records) == 1:
        return records[0]
    last = _deciding(records)
    energy = Energy(**{name: _sum(getattr(record.energy_kwh, name) for record in records) for name in _PARTS})
    phases, why_no_phases = _joined_phases(records)
    warnings = [*(warning for record in records for warning in record.warnings), why_no_phases]
    emissions_g = _sum(record.emissions_g for record in records)
    return replace(
        last,
        over_budget=any(record.over_budget for record in records),
        emissions_g=emissions_g,
        energy_kwh=energy,
        methods=_methods(records),
        intensity=_intensity(records, emissions_g, energy.total),
        pue=_pue(records),
        duration_s=union_s(window_of(record) for record in records),
        started_at=min(records, key=lambda record: window_of(record).start_s).started_at,
        ended_at=max(records, key=lambda record: window_of(record).end_s).ended_at,
        hardware=_hardware(records),
        software=_software(records),
        provenance=_provenance(records),
        warnings=tuple(dict.fromkeys(warning for warning in warnings if warning is not None)),
        run_group=_same([record.run_group for record in records]),
        uncertainty=sum_of(records),
        assumptions=_same([record.assumptions for record in records]),
        left_out=_left_out(records),
        codecarbon=_codecarbon(records),
        job_cpu_s=_sum_of_all([record.job_cpu_s for record in records]),
        machine_cpu_s=_sum_of_all([record.machine_cpu_s for record in records]),
        phases=phases,
        exceptions=tuple(dict.fromkeys(one for record in records for one in record.exceptions)),
    )


def _deciding(records: Sequence[Record]) -> Record:
    """Return the record whose outcome is the sum's: the last attempt's, and of its nodes the worst."""
    last_end = max(window_of(record).end_s for record in records)
    final = [record for record in records if window_of(record).end_s == last_end]
    while True:
        start = min(window_of(record).start_s for record in final)
        more = [record for record in records if record not in final and window_of(record).end_s > start]
        if not more:
            return min(final, key=lambda record: _WORST_OUTCOME.index(record.outcome))
        final += more


def _codecarbon(records: Sequence[Record]) -> CodeCarbonEnergy | None:
    """Return the sum of CodeCarbon's own figures; `None` unless each record states them."""
    known = [record.codecarbon for record in records if record.codecarbon is not None]
    if len(known) < len(records):
        return None
    return CodeCarbonEnergy(cpu_kwh=_sum(each.cpu_kwh for each in known), ram_kwh=_sum(each.ram_kwh for each in known))


def _sum_of_all(values: Sequence[float | None]) -> float | None:
    """Return the sum; `None` unless each record has a value."""
    return None if None in values else _sum(values)


def _left_out(records: Sequence[Record]) -> Range:
    """Return the shares that the sum leaves out: the records' own, weighed by energy."""
    total_kwh = sum(record.energy_kwh.total or 0.0 for record in records)
    if not total_kwh:
        return left_out_of(records[0])
    return reduce(Range.plus, (left_out_of(each).times((each.energy_kwh.total or 0.0) / total_kwh) for each in records))


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum; `None` if there is no value at all: a component that no record has."""
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def _methods(records: Sequence[Record]) -> Methods:
    """Return the method that is trusted least by component: a sum is as good as its weakest part."""
    found = {name: {getattr(record.methods, name) for record in records} - {None} for name in COMPONENTS}
    return Methods(**{name: min(each, key=_LEAST_TRUSTED_METHOD.index, default=None) for name, each in found.items()})


def _intensity(records: Sequence[Record], emissions_g: float | None, energy_kwh: float | None) -> Intensity | None:
    """Return the records' own if it is one, or the hours of one grid, else the mean by energy, named as a mixture."""
    hourly = joined([record.intensity for record in records])
    if hourly is not None:
        return hourly
    found = list(dict.fromkeys(record.intensity for record in records))
    if len(found) == 1 or emissions_g is None or not energy_kwh:
        return found[0]
    known = [intensity for intensity in found if intensity]
    places = [each.location or each.location_name or f"{each.g_per_kwh:g} g/kWh" for each in known]
    source = "mean by energy of " + ", ".join(dict.fromkeys(places))
    is_unusual = any(intensity.is_unusual for intensity in known)
    return Intensity(
        g_per_kwh=emissions_g / energy_kwh,
        source=source,
        year=None,
        location=None,
        is_unusual=is_unusual,
        basis=_same([intensity and intensity.basis for intensity in found]),
    )


def _pue(records: Sequence[Record]) -> float:
    """Return the building's energy over that of its IT, over all records."""
    total = sum(record.energy_kwh.total or 0.0 for record in records)
    without = sum((record.energy_kwh.total or 0.0) / record.pue for record in records)
    return total / without if without else records[0].pue


def _hardware(records: Sequence[Record]) -> Hardware:
    nodes: dict[str | None, Hardware] = {record.hardware.node: record.hardware for record in records}
    names = sorted(name for name in nodes if name)
    shown = ", ".join(names[:_SHOWN_NODES])
    rest = f" and {len(names) - _SHOWN_NODES} more" if len(names) > _SHOWN_NODES else ""
    models = dict.fromkeys(each.cpu_model for each in nodes.values() if each.cpu_model)
    return Hardware(
        cpu_model=" + ".join(models) or None,
        cpu_count=sum(each.cpu_count or 0 for each in nodes.values()) or None,
        ram_gb=sum(each.ram_gb or 0.0 for each in nodes.values()) or None,
        gpus=summed(records),
        node=shown + rest or None,
        boot=_same([record.hardware.boot for record in records]),
    )


def _software(records: Sequence[Record]) -> dict[str, str]:
    names = dict.fromkeys(name for record in records for name in record.software)
    return {
        name: ", ".join(dict.fromkeys(record.software[name] for record in records if name in record.software))
        for name in names
    }


def _provenance(records: Sequence[Record]) -> Provenance:
    """Return what all records agree on."""
    found = {name: [getattr(record.provenance, name) for record in records] for name in Provenance.__slots__}
    return Provenance(**{name: _same(values) for name, values in found.items()})


def _same(values: Sequence[Any]) -> Any:
    """Return what all records state; `None` if they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _joined_phases(records: Sequence[Record]) -> tuple[tuple[Phase, ...], str | None]:
    """Return the phases of the sum, in seconds since its start, and why there are none though a record lists some."""
    start_s = min(window_of(record).start_s for record in records)
    parts: Parts = {}
    for together in _by_time(records):
        listed = [_phases(record, window_of(record).start_s - start_s) for record in together]
        if any(each.keys() != listed[0].keys() for each in listed):
            return (), _NO_PHASES
        nodes: Parts = {}
        for each in listed:
            _add(nodes, each, time=max)
        _add(parts, nodes, time=sum)
    return tuple(sorted(parts.values(), key=lambda phase: (phase.kind, phase.began_s))), None


def _by_time(records: Sequence[Record]) -> list[list[Record]]:
    """Return the records in groups that lie apart in time."""
    groups: list[list[Record]] = []
    end_s = 0.0
    for record in sorted(records, key=window_of):
        window = window_of(record)
        if not groups or window.start_s > end_s - TOUCH_S:
            groups.append([])
            end_s = window.end_s
        groups[-1].append(record)
        end_s = max(end_s, window.end_s)
    return groups


def _phases(record: Record, later_s: float) -> Parts:
    return {
        (phase.kind, phase.name): replace(phase, began_s=phase.began_s + later_s, ended_s=phase.ended_s + later_s)
        for phase in record.phases
    }


def _add(parts: Parts, more: Parts, *, time: Callable[[tuple[float, float]], float]) -> None:
    for key, phase in more.items():
        parts[key] = _both(parts[key], phase, time) if key in parts else phase


def _both(one: Phase, other: Phase, time: Callable[[tuple[float, float]], float]) -> Phase:
    energies = (one.energy_kwh, other.energy_kwh)
    energy = Energy(**{name: _plus(*(getattr(energy, name) for energy in energies)) for name in _PARTS})
    split = [(phase.split_share or 0.0) * (phase.energy_kwh.total or 0.0) for phase in (one, other)]
    return replace(
        one,
        times=int(time((one.times, other.times))),
        began_s=min(one.began_s, other.began_s),
        ended_s=max(one.ended_s, other.ended_s),
        duration_s=time((one.duration_s, other.duration_s)),
        energy_kwh=energy,
        emissions_g=_plus(one.emissions_g, other.emissions_g),
        split_share=min(1.0, sum(split) / energy.total) if energy.total else None,
    )


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
