"""Tell whether a record's figures can be true. Every reader of a record asks before it acts on it.

A record is a text file: anybody who can write to it can change it. What fits together and lies within these bounds
cannot be distinguished from a measurement; docs/measuring.md lists it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from carbon_lint.places import Place, every_place
from carbon_lint.records.intensity import find_disagreement
from carbon_lint.records.record import Hardware, Intensity, Method, PhaseKind, Record
from carbon_lint.units import JOULES_PER_KWH, format_duration, format_power

TOLERANCE = 0.01
"""Relative. What a run writes fits to nine digits; what another tool rounded is let pass."""

_CLOCK_S = 10.0  # the wall clock and the monotonic one, which a run lets differ by 5 s
_OTHER_TABLE = 3.0  # a place's figure in another year's table is within this factor; its neighbour's may be too
_LEAST_W = 0.5  # a Raspberry Pi Zero that does nothing
_LEAST_GB_W = 0.02  # SPECpower: 0.03 W more at idle for a GB more
_LEAST_MODELLED = 0.5  # of what the record's own assumptions make of an idle machine
# Generous on purpose: a unit that is wrong is off by a thousand.
_MOST_GPU_W = 4_500.0
_MOST_THREAD_W = 60.0
_MOST_GB_W = 5.0
_MOST_BOARD_W = 2_000.0
_METHODS = {
    "cpu": (Method.COUNTER, Method.LOAD_MODEL, Method.CONSTANT, Method.USER),
    "gpu": (Method.COUNTER, Method.SAMPLED_POWER),
    "ram": (Method.COUNTER, Method.LOAD_MODEL, Method.CONSTANT, Method.USER),
}
"""How each component can be measured."""

_NOT_FIGURES = {
    *("exceptions", "warnings", "software", "command", "provenance"),
    *("run_group", "merged_from", "parts_sha256", "journal_sha256"),
}


def find_contradiction(record: Record) -> str | None:
    """Return why the grams do not follow from the energy; `None` if they do, or one of the two is not known."""
    total_kwh = record.energy_kwh.total
    if record.emissions_g is None or total_kwh is None or record.intensity is None:
        return None
    expected_g = total_kwh * record.intensity.g_per_kwh
    if math.isclose(record.emissions_g, expected_g, rel_tol=TOLERANCE):
        return find_disagreement(record.intensity, total_kwh, record.emissions_g, tolerance=TOLERANCE)
    return (
        f"emissions_g is {record.emissions_g:.6g}, and {total_kwh:.6g} kWh at {record.intensity.g_per_kwh:.6g} g/kWh "
        f"are {expected_g:.6g} g"
    )


def find_implausible(record: Record) -> str | None:
    """Return the first field that cannot be true, what it holds and what was expected; `None` if all can."""
    for found in (_energy_flaws, _phase_flaws, _range_flaws, _intensity_flaws, _time_flaws, _power_flaws):
        flaw = next(found(record), None)
        if flaw is not None:
            return flaw
    return None


def find_difference(record: Record, other: Record) -> str | None:
    """Return the first measured field in which two records of one run differ, and both values; or `None`."""
    for field in fields(record):
        ours, theirs = getattr(record, field.name), getattr(other, field.name)
        if field.name not in _NOT_FIGURES and not _is_same(ours, theirs):
            return _difference(field.name, ours, theirs)
    return None


def _energy_flaws(record: Record) -> Iterator[str]:
    energy, methods = record.energy_kwh, record.methods
    parts = energy.parts
    if energy.total is None:
        yield from (f"energy_kwh.{name} is {value:.6g}, and there is no total" for name, value in parts.items())
        return
    total = sum(parts.values())
    if parts and not math.isclose(total, energy.total, rel_tol=TOLERANCE):
        yield f"energy_kwh.total is {energy.total:.6g}, expected {total:.6g}: the sum of {', '.join(parts)}"
    for name, value in parts.items():
        method = getattr(methods, name)
        if method not in _METHODS[name]:
            known = " or ".join(_METHODS[name])
            yield f"methods.{name} is {method or 'null'}, expected {known}: energy_kwh.{name} is {value:.6g}"
    yield from _gpu_flaws(record)


def _phase_flaws(record: Record) -> Iterator[str]:
    for kind in PhaseKind:
        parts = [phase.energy_kwh.total for phase in record.phases if phase.kind is kind]
        total = sum(part for part in parts if part is not None)
        if total > (record.energy_kwh.total or 0.0) * (1 + TOLERANCE):
            yield f"the {kind}s in phases have {total:.6g} kWh, and the run has {record.energy_kwh.total or 0.0:.6g}"


def _range_flaws(record: Record) -> Iterator[str]:
    known, energy = record.uncertainty, record.energy_kwh
    if known is None:
        return
    figures = {"energy_kwh": energy.total, "emissions_g": record.emissions_g}
    figures |= {f"{name}_kwh": getattr(energy, name) for name in _METHODS}
    for name, value in figures.items():
        bounds = getattr(known, name)
        if bounds is None:
            continue
        if value is None:
            yield f"uncertainty.{name} is there, and the figure that it is of is null"
        elif not bounds.low * (1 - TOLERANCE) <= value <= bounds.high * (1 + TOLERANCE):
            yield f"uncertainty.{name} is {bounds.low:.6g} to {bounds.high:.6g}, expected bounds of {value:.6g}"


def _gpu_flaws(record: Record) -> Iterator[str]:
    gpus, gpu_kwh = record.hardware.gpus, record.energy_kwh.gpu
    stated = [gpu.energy_kwh for gpu in gpus if gpu.energy_kwh is not None]
    if not gpus or len(stated) < len(gpus):
        return
    if sum(stated) > 0 if gpu_kwh is None else not math.isclose(sum(stated), gpu_kwh, rel_tol=TOLERANCE):
        found = "null" if gpu_kwh is None else f"{gpu_kwh:.6g}"
        yield f"energy_kwh.gpu is {found}, expected {sum(stated):.6g}: the sum of hardware.gpus"


def _intensity_flaws(record: Record) -> Iterator[str]:
    if record.emissions_g is not None and record.energy_kwh.total is not None and record.intensity is None:
        yield "intensity is null, expected the g/kWh that emissions_g comes from"
    if record.intensity is None:
        return
    intensity = record.intensity
    place = place_of(intensity)
    if place is None or intensity.hours or not place.g_per_kwh:
        return
    near, factors = "about ", [intensity.g_per_kwh / each for each in (place.g_per_kwh, place.in_codecarbon_g_per_kwh)]
    is_near = any(1 / _OTHER_TABLE <= factor <= _OTHER_TABLE for factor in factors)
    if (intensity.source, intensity.year) == (place.source, place.year):
        near, is_near = "", math.isclose(factors[0], 1.0, rel_tol=TOLERANCE)
    if not is_near:
        yield (
            f"intensity.g_per_kwh is {intensity.g_per_kwh:.6g}, expected {near}{place.g_per_kwh:.6g}: the figure of "
            f"{place.code} ({place.name}) in {place.source}"
        )


def place_of(intensity: Intensity) -> Place | None:
    """Return the place in the table that the record names, by its code or else by its name."""
    code, name = intensity.location, intensity.location_name
    return next((each for each in every_place() if code == each.code or (code is None and name == each.name)), None)


def _time_flaws(record: Record) -> Iterator[str]:
    try:
        # Not by `window_of`, which accepts an end before the start: no run writes such times (measurement/run.py).
        started, ended = (datetime.fromisoformat(text) for text in (record.started_at, record.ended_at))
        span_s = (ended - started).total_seconds()
    except (TypeError, ValueError):
        yield f"started_at is {record.started_at} and ended_at {record.ended_at}, expected times like 2026-11-24T10:00Z"
        return
    slack_s = _CLOCK_S + TOLERANCE * max(span_s, record.duration_s)
    is_too_short = record.duration_s < span_s - slack_s and not record.merged_from  # a sum's runs may lie apart
    if record.duration_s > span_s + slack_s or is_too_short:
        yield (
            f"duration_s is {record.duration_s:.6g}, expected {max(span_s, 0.0):.6g}: the time from started_at to "
            "ended_at"
        )


def _power_flaws(record: Record) -> Iterator[str]:
    energy = record.energy_kwh
    if energy.total is None or not record.duration_s:
        return
    power_w = energy.total * JOULES_PER_KWH / record.duration_s
    least_w, most_w = _least_w(record), _most_w(record.hardware) * record.pue * max(1, len(record.merged_from))
    if not least_w <= power_w <= most_w:
        yield (
            f"energy_kwh.total is {energy.total:.6g}, which is {format_power(power_w)} over "
            f"{format_duration(record.duration_s)}, expected {format_power(least_w)} to {format_power(most_w)} on this "
            "hardware"
        )
    memory_w = None if energy.ram is None else energy.ram * JOULES_PER_KWH / record.duration_s
    least_memory_w = (record.hardware.ram_gb or 0.0) * _LEAST_GB_W
    if memory_w is not None and record.methods.ram is not Method.USER and memory_w < least_memory_w:
        yield (
            f"energy_kwh.ram is {energy.ram:.6g}, which is {format_power(memory_w)} over "
            f"{format_duration(record.duration_s)}, expected {format_power(least_memory_w)} or more"
        )


def _least_w(record: Record) -> float:
    """Return less than what the machine, or the small part of one that the assumptions name, draws at idle."""
    known = record.assumptions
    if known is None or known.cpu_full_power_w is None or known.memory_power_w is None:
        return _LEAST_W
    cpu_w = known.cpu_full_power_w * (known.cpu_thread_share or 0.0) * (known.cpu_idle_factor or 0.0)
    return min(_LEAST_W, _LEAST_MODELLED * (cpu_w + known.memory_power_w))


def _most_w(hardware: Hardware) -> float:
    """Return more than such a machine can draw; if its threads or gigabytes are not known, more than any can."""
    threads, ram_gb = hardware.cpu_count or 512, hardware.ram_gb or 4096.0
    return _MOST_BOARD_W + len(hardware.gpus) * _MOST_GPU_W + threads * _MOST_THREAD_W + ram_gb * _MOST_GB_W


def _is_same(ours: Any, theirs: Any) -> bool:
    """Return whether both are equal, except for the last digits of a number that was added up in another order."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9)
    return bool(ours == theirs)


def _difference(name: str, ours: Any, theirs: Any) -> str:
    """Return `energy_kwh.gpu is 1, expected 2`: the part of a group of fields that differs."""
    if hasattr(ours, "__dataclass_fields__") and type(ours) is type(theirs):
        for field in fields(ours):
            mine, other = getattr(ours, field.name), getattr(theirs, field.name)
            if not _is_same(mine, other):
                return _difference(f"{name}.{field.name}", mine, other)
    return f"{name} is {ours if ours is not None else 'null'}, expected {theirs if theirs is not None else 'null'}"
