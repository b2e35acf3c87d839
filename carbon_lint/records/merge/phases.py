"""Join the epochs and phases of records that are merged, if their names mean the same in all of them. Pure.

Attempts that follow one another add up by name: epoch 3 of a resumed run is epoch 3. Records of the same time are the
nodes of one job; they add up only if each of them lists the same names, as a sum over some of the nodes would be too
small.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.records.merge.shared import TOUCH_S
from carbon_lint.records.merge.windows import window_of
from carbon_lint.records.record import Energy, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbon_lint.records.record import PhaseKind, Record

    Parts = dict[tuple[PhaseKind, str], Phase]

LEFT_OUT = "epochs and phases are left out of the sum: of the records of one time, some do not list the same ones"


def joined(records: Sequence[Record]) -> tuple[tuple[Phase, ...], str | None]:
    """Return the phases of the sum, in seconds since its start, and why there are none though a record lists some."""
    start_s = min(window_of(record).start_s for record in records)
    parts: Parts = {}
    for together in _by_time(records):
        listed = [_parts(record, window_of(record).start_s - start_s) for record in together]
        if any(each.keys() != listed[0].keys() for each in listed):
            return (), LEFT_OUT
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


def _parts(record: Record, later_s: float) -> Parts:
    return {
        (phase.kind, phase.name): replace(phase, began_s=phase.began_s + later_s, ended_s=phase.ended_s + later_s)
        for phase in record.phases
    }


def _add(parts: Parts, more: Parts, *, time: Callable[[tuple[float, float]], float]) -> None:
    for key, phase in more.items():
        known = parts.get(key)
        parts[key] = phase if known is None else _sum(known, phase, time)


def _sum(one: Phase, other: Phase, time: Callable[[tuple[float, float]], float]) -> Phase:
    energies = (one.energy_kwh, other.energy_kwh)
    energy = Energy(
        **{name: _plus(*(getattr(energy, name) for energy in energies)) for name in ("total", "cpu", "gpu", "ram")}
    )
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
