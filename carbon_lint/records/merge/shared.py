"""Take off what several records hold of one machine or one GPU for the same time, so that it counts once. Pure.

A record holds the energy of its whole machine. Time that several records share counts in the one with the most energy:
an outer run holds all of its inner run, and the sum is never below the largest part. Power is taken as even.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from carbon_lint.records.intensity import scaled
from carbon_lint.records.ranges import scaled_to
from carbon_lint.records.record import Gpu, Record

TOUCH_S = 1.0
"""A retry that starts in the second in which the first attempt ends does not overlap it."""
_MOST_HOLDERS = 3


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start_s` to `end_s`, seconds since 1970."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds."""
        return max(0.0, self.end_s - self.start_s)


def window_of(record: Record) -> Window:
    """Return when the record was measured; if the clock was set back meanwhile, its duration before the end."""
    start_s, end_s = _seconds(record.started_at), _seconds(record.ended_at)
    return Window(start_s if start_s <= end_s else end_s - record.duration_s, end_s)


def overlap_s(one: Record, other: Record) -> float:
    """Return seconds that both share."""
    mine, its = window_of(one), window_of(other)
    return max(0.0, min(mine.end_s, its.end_s) - max(mine.start_s, its.start_s))


def union_s(windows: Iterable[Window]) -> float:
    """Return the seconds that are covered by at least one."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start_s <= merged[-1].end_s:
            merged[-1] = Window(merged[-1].start_s, max(merged[-1].end_s, window.end_s))
        else:
            merged.append(window)
    return sum(window.length_s for window in merged)


@lru_cache(maxsize=2**17)  # a ledger asks for the same times again and again
def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def has_same_gpus(one: Record, other: Record) -> bool:
    """Return whether both hold the same GPUs, or one of them names none."""
    ours, theirs = ({identity_of(record, gpu) for gpu in record.hardware.gpus} for record in (one, other))
    return not ours or not theirs or ours == theirs


def identity_of(record: Record, gpu: Gpu) -> object:
    """Return its UUID, else its place in the machine, else what no other GPU has."""
    machine = record.hardware.machine
    return gpu.uuid or (object() if machine is None else (machine, gpu.index, gpu.name))


def is_stated(gpus: Sequence[Gpu]) -> bool:
    """Return whether each of them states its own energy."""
    return all(gpu.energy_kwh is not None for gpu in gpus)


def without_held(
    gpus: tuple[Gpu, ...], gpu_kwh: float | None, shares: Sequence[float]
) -> tuple[tuple[Gpu, ...], float | None]:
    """Return the GPUs and their energy together, less the shares of each that others hold.

    Their energy is taken as even over them unless each GPU's own is known.
    """
    if gpu_kwh is None or not any(shares):
        return gpus, gpu_kwh
    if not is_stated(gpus):
        return tuple(replace(gpu, energy_kwh=None) for gpu in gpus), gpu_kwh * max(0.0, 1 - sum(shares) / len(gpus))
    off_kwh = [(gpu.energy_kwh or 0.0) * share for gpu, share in zip(gpus, shares, strict=True)]
    left = (replace(gpu, energy_kwh=(gpu.energy_kwh or 0.0) - kwh) for gpu, kwh in zip(gpus, off_kwh, strict=True))
    return tuple(left), max(0.0, gpu_kwh - sum(off_kwh))


def summed(records: Sequence[Record]) -> tuple[Gpu, ...]:
    """Return each GPU once, with its energy over all records; `None` if one of them does not state it."""
    found: dict[object, list[Gpu]] = {}
    for record in records:
        for gpu in record.hardware.gpus:
            found.setdefault(gpu.uuid or (record.hardware.node, gpu.index, gpu.name), []).append(gpu)
    return tuple(
        replace(
            same[0],
            energy_kwh=sum(gpu.energy_kwh or 0.0 for gpu in same) if is_stated(same) else None,
            is_shared=any(gpu.is_shared for gpu in same),
        )
        for same in found.values()
    )


class Left(NamedTuple):
    """What counts of a record beside the others.

    `machine_share` and `gpu_shares` are the shares of its time for which others hold its machine and each of its GPUs;
    `holders` are the places in the sequence of some of those others.
    """

    record: Record
    machine_share: float
    gpu_shares: tuple[float, ...]
    holders: tuple[int, ...]

    @property
    def is_held(self) -> bool:
        """Return whether other records hold all of it."""
        return self.machine_share == 1.0 and all(share == 1.0 for share in self.gpu_shares)

    @property
    def is_whole(self) -> bool:
        """Return whether no other record holds any of it."""
        return not self.machine_share and not any(self.gpu_shares)


_Rank = tuple[bool, float, float, float, str]


class _Span(NamedTuple):
    """A record's time on one machine or GPU. `part` is -1 for the machine, or which of the record's GPUs it is."""

    owner: int
    part: int
    window: Window
    rank: _Rank  # the smallest holds the time


def without_shared(records: Sequence[Record], *, by_machine: bool) -> list[Left]:
    """Return what counts of each record: a GPU's time once, and with `by_machine` a machine's time once too.

    Without `by_machine` a GPU is known by its UUID alone. The time that this takes grows as that of a sort.
    """
    shares = [[0.0] * (1 + len(record.hardware.gpus)) for record in records]
    holders: list[list[int]] = [[] for _ in records]
    for spans in _spans(records, by_machine=by_machine):
        for span, share, others in _lost(spans):
            shares[span.owner][span.part + 1] = share
            holders[span.owner] += [other for other in others if other not in holders[span.owner]]
    return [
        Left(
            _less(record, machine_share=own[0], gpu_shares=own[1:]) if any(own) else record,
            own[0],
            tuple(own[1:]),
            tuple(found[:_MOST_HOLDERS]),
        )
        for record, own, found in zip(records, shares, holders, strict=True)
    ]


def _spans(records: Sequence[Record], *, by_machine: bool) -> Iterable[list[_Span]]:
    """Return the spans of each machine and GPU that more than one record used."""
    found: dict[object, list[_Span]] = defaultdict(list)
    for owner, record in enumerate(records):
        window = window_of(record)
        if record.merged_from and window.length_s > record.duration_s + TOUCH_S:
            continue  # a sum of attempts that lie apart: which of the time it used is not known
        if by_machine and record.hardware.machine is not None:
            found[record.hardware.machine].append(_Span(owner, -1, window, _rank(record, window, _machine_kwh(record))))
        # It has energy of its GPUs, or would have it if it had any energy.
        may_hold_gpus = record.energy_kwh.gpu is not None or record.energy_kwh.total is None
        gpus = record.hardware.gpus if may_hold_gpus else ()
        is_exact = is_stated(gpus)
        for part, gpu in enumerate(gpus):
            key = identity_of(record, gpu) if by_machine else gpu.uuid
            gpu_kwh = gpu.energy_kwh if is_exact else (record.energy_kwh.gpu or 0.0) / len(gpus)
            if key is not None:
                rank = _rank(record, window, gpu_kwh or 0.0, is_exact=is_exact)
                found["GPU", key].append(_Span(owner, part, window, rank))
    return [spans for spans in found.values() if len(spans) > 1]


def _rank(record: Record, window: Window, energy_kwh: float, *, is_exact: bool = True) -> _Rank:
    """Return which of two records holds the time that they share: the larger, the earlier, the longer.

    `is_exact`: a GPU's own energy is known. What is taken off an even share is a guess.
    """
    return is_exact, -energy_kwh, window.start_s, -window.end_s, record.run_id


def _lost(spans: list[_Span]) -> Iterable[tuple[_Span, float, list[int]]]:
    """Return each span that loses time to others of a smaller rank, the share that it loses, and some of them."""
    order = sorted(spans, key=lambda span: span.window)
    points = sorted({moment for span in spans for moment in (span.window.start_s, span.window.end_s)})
    kept_s: dict[tuple[int, int], float] = defaultdict(float)
    starts: list[float] = []
    owners: list[int] = []
    running: list[tuple[_Rank, int, int, float]] = []
    at = 0
    for start_s, end_s in pairwise(points):
        while at < len(order) and order[at].window.start_s <= start_s:
            heappush(running, (order[at].rank, order[at].owner, order[at].part, order[at].window.end_s))
            at += 1
        while running and running[0][3] <= start_s:
            heappop(running)
        if running:
            _, owner, part, _ = running[0]
            kept_s[owner, part] += end_s - start_s
            if not owners or owners[-1] != owner:
                starts.append(start_s)
                owners.append(owner)
    for span in order:
        share = _share_lost(span.window.length_s, kept_s[span.owner, span.part])
        if share:
            first, last = bisect_right(starts, span.window.start_s) - 1, bisect_left(starts, span.window.end_s)
            others = dict.fromkeys(owner for owner in owners[first : min(last, first + 9)] if owner != span.owner)
            yield span, share, list(others)[:_MOST_HOLDERS]


def _share_lost(length_s: float, kept_s: float) -> float:
    """Return the share of the time that is not kept; contact at its ends is not an overlap, and leaves no rest."""
    touch_s = min(TOUCH_S, length_s / 2)
    if length_s - kept_s <= touch_s:
        return 0.0
    return 1.0 if kept_s <= touch_s else 1 - kept_s / length_s


def _less(record: Record, *, machine_share: float, gpu_shares: Sequence[float]) -> Record:
    """Return the record less these shares. A total without components is the machine's."""
    energy = record.energy_kwh
    if energy.total is None:
        return record
    gpus, gpu_kwh = without_held(record.hardware.gpus, energy.gpu, gpu_shares)
    total_kwh = _machine_kwh(record) * (1 - machine_share) + (gpu_kwh or 0.0)
    left_share = total_kwh / energy.total if energy.total else 1.0
    cpu, ram = (_scaled(value, 1 - machine_share) for value in (energy.cpu, energy.ram))
    left = replace(energy, total=total_kwh, cpu=cpu, gpu=gpu_kwh, ram=ram)
    emissions_g = _scaled(record.emissions_g, left_share)
    return replace(
        record,
        energy_kwh=left,
        emissions_g=emissions_g,
        intensity=scaled(record.intensity, left_share),
        hardware=replace(record.hardware, gpus=gpus),
        uncertainty=scaled_to(record.uncertainty, energy, left, emissions_g),
        codecarbon=None,
        job_cpu_s=None,
        machine_cpu_s=None,
        phases=(),
    )


def _machine_kwh(record: Record) -> float:
    return max(0.0, (record.energy_kwh.total or 0.0) - (record.energy_kwh.gpu or 0.0))


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
