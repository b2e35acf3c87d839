"""One record out of many: the nodes of a job, or the attempts of a run group. Nothing is counted twice. Pure.

A machine's energy is the whole machine's. Two records of one machine for the same time hold the same joules, so

* a record that comes twice (by `run_id`) counts once;
* a node that comes twice in one launch counts once;
* other runs that overlap on one machine are refused, unless the user says how to take them;
* a GPU (by UUID) that two records hold for the same time counts once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.records.intensity import scaled
from carbon_lint.records.merge.combine import combine
from carbon_lint.records.merge.gpu_energy import has_same_gpus, held_shares, is_stated, without_held
from carbon_lint.records.merge.windows import Window, shared_s, window_of
from carbon_lint.records.ranges import scaled_to
from carbon_lint.records.record import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbon_lint.records.record import Record

TOUCH_S = 1.0  # a retry that starts in the second in which the first attempt ends does not overlap it
SAME_SHARE = 0.8  # of the shorter one's time: two meters of one launch, not two jobs


class Overlap(StrEnum):
    """Runs of different jobs that overlap on one machine.

    `refuse`: an error. `apportion`: the shared time counts once. `separate`: they ran on machines of the same name.
    """

    REFUSE = "refuse"
    APPORTION = "apportion"
    SEPARATE = "separate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record and the file that it came from."""

    name: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The sum, and what was left out of it and why, one line each. The record's warnings hold the lines too."""

    record: Record
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    """What is counted so far."""

    items: list[Named] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def merge(records: Sequence[Named], *, overlap: Overlap = Overlap.REFUSE) -> Merged:
    """The sum of the records.

    Raises:
        InputError: there is none, or runs overlap on one machine.
        MeasurementError: a record holds no figure, so the sum would be too small.
    """
    if not records:
        raise InputError(
            "there is no record to merge", hint="name the folder of the records: carbon-lint merge records -o sum.json"
        )
    _check_figures(records)
    kept = _Kept()
    for item in _without_twins(sorted(records, key=_order), kept.notes):
        _admit(item, kept, overlap)
    record = combine([item.record for item in kept.items])
    run_ids = sorted(run_ids_of(kept.items))
    if len(records) > 1 or kept.notes:
        digest = hashlib.sha256("\n".join(run_ids).encode()).hexdigest()
        record = replace(record, run_id=f"merged-{digest[:16]}", merged_from=tuple(run_ids))
    return Merged(record=replace(record, warnings=(*record.warnings, *kept.notes)), notes=tuple(kept.notes))


def of_group(records: Sequence[Named], run_group: str) -> list[Named]:
    """The records of one run group. Raises InputError where there is none."""
    found = [item for item in records if item.record.run_group == run_group]
    if not found:
        groups = sorted({item.record.run_group for item in records if item.record.run_group})
        known = f"the records name {', '.join(groups)}" if groups else "no record names a run group"
        raise InputError(f"no record of run group {run_group!r}", hint=f"{known} (carbon-lint run --run-group NAME)")
    return found


def run_ids_of(records: Iterable[Named]) -> frozenset[str]:
    """Every run that one of the records holds, itself or as a part of its sum."""
    return frozenset(run_id for item in records for run_id in _run_ids(item.record))


def _order(item: Named) -> tuple[float, float, str]:
    """By time, the larger first, so that the answer does not depend on the order of the files."""
    return (window_of(item.record).start_s, -(item.record.energy_kwh.total or 0.0), item.record.run_id)


def _check_figures(records: Sequence[Named]) -> None:
    for item in records:
        if item.record.energy_kwh.total is None:
            raise MeasurementError(
                f"{item.name} holds no energy, so the sum would be too small",
                hint="its warnings say why; merge the others without it only where it used none",
            )
    without = [item.name for item in records if item.record.emissions_g is None]
    if without and len(without) < len(records):
        raise MeasurementError(
            f"{without[0]} holds no emissions, others do: the sum would be too small",
            hint="measure every node with the same --location",
        )


def _run_ids(record: Record) -> tuple[str, ...]:
    return record.merged_from or (record.run_id,)


def _without_twins(records: Sequence[Named], notes: list[str]) -> list[Named]:
    """Each run once. Of two records of one run (one was recovered) the one with more energy is the later one."""
    best: dict[tuple[str, ...], Named] = {}
    for item in records:
        run_ids = _run_ids(item.record)
        twin = best.get(run_ids)
        if twin is None:
            best[run_ids] = item
            continue
        kept, dropped = sorted((twin, item), key=lambda each: each.record.energy_kwh.total or 0.0, reverse=True)
        best[run_ids] = kept
        notes.append(f"{dropped.name} is left out: the same run as {kept.name}")
    _check_nested_sums(list(best.values()))
    return list(best.values())


def _check_nested_sums(records: Sequence[Named]) -> None:
    seen: dict[str, str] = {}
    for item in records:
        for run_id in _run_ids(item.record):
            if run_id in seen:
                raise InputError(
                    f"{item.name} and {seen[run_id]} both hold run {run_id}",
                    hint="one is a merge of the other: merge the single records, or leave one of the two out",
                )
            seen[run_id] = item.name


def _admit(item: Named, kept: _Kept, overlap: Overlap) -> None:
    """Count the record, or what of it is not counted yet."""
    record = item.record
    beside = [other for other in kept.items if _overlap_s(record, other.record) > TOUCH_S]
    same_machine = [
        other
        for other in beside
        if record.hardware.node is not None and record.hardware.node == other.record.hardware.node
    ]
    launched = next((other for other in same_machine if _is_same_launch(record, other.record)), None)
    if launched is not None:
        larger, smaller = _by_energy(item, launched)
        if smaller is launched:
            kept.items.remove(launched)
            kept.items.append(item)
        kept.notes.append(f"{smaller.name} is left out: node {record.hardware.node} is in {larger.name} already")
        return
    if same_machine and overlap is Overlap.REFUSE:
        raise _overlapping(item, same_machine[0])
    if same_machine and overlap is Overlap.APPORTION:
        item = _without_shared_time(item, same_machine, kept.notes)
    others = [other for other in beside if other not in same_machine]
    kept.items.append(_without_shared_gpus(item, others, kept.notes))


def _is_same_launch(one: Record, other: Record) -> bool:
    """Two meters over one job: the same command for mostly the same time.

    Of two that count GPUs they must be the same: a sweep runs one command on each GPU of a machine at once.
    """
    shorter_s = min(window_of(one).length_s, window_of(other).length_s)
    is_same_time = _overlap_s(one, other) >= SAME_SHARE * shorter_s
    return one.command == other.command and is_same_time and has_same_gpus(one, other)


def _overlap_s(one: Record, other: Record) -> float:
    return window_of(one).overlap_s(window_of(other))


def _by_energy(one: Named, other: Named) -> tuple[Named, Named]:
    ordered = sorted((one, other), key=lambda each: each.record.energy_kwh.total or 0.0, reverse=True)
    return ordered[0], ordered[1]


def _overlapping(item: Named, other: Named) -> InputError:
    seconds = _overlap_s(item.record, other.record)
    return InputError(
        f"{item.name} and {other.name} overlap for {seconds:.0f} s on {item.record.hardware.node}: "
        "each holds the whole machine's energy",
        hint="carbon-lint merge RECORD... --overlap apportion -o sum.json counts the shared time once "
        "(--overlap separate: two machines of the same name, or a clock set back); sum.json then stands for them",
    )


def _without_shared_time(item: Named, others: Sequence[Named], notes: list[str]) -> Named:
    """The record less the time that others on its machine hold already, its power taken as even."""
    window = window_of(item.record)
    share = _shared_share(window, [window_of(other.record) for other in others])
    gpu_shares = held_shares(item.record, [other.record for other in others])
    notes.append(
        f"{item.name}: {share:.0%} of its time is in {_names(others)} too and counts once, its power taken as even"
    )
    return replace(item, record=_less(item.record, machine_share=share, gpu_shares=gpu_shares))


def _without_shared_gpus(item: Named, others: Sequence[Named], notes: list[str]) -> Named:
    """The record less the GPUs that other records (containers on one host, say) hold for the same time."""
    common = [other for other in others if any(held_shares(item.record, [other.record]))]
    shares = held_shares(item.record, [other.record for other in common])
    gpus = item.record.hardware.gpus
    if not any(shares) or item.record.energy_kwh.gpu is None:
        return item
    how = "" if is_stated(gpus) else ", its GPU energy taken as even over them"
    fraction = sum(share > 0 for share in shares) / len(gpus)
    notes.append(f"{item.name}: {fraction:.0%} of its GPUs are in {_names(common)} too and count once there{how}")
    return replace(item, record=_less(item.record, machine_share=0.0, gpu_shares=shares))


def _shared_share(window: Window, others: Sequence[Window]) -> float:
    return shared_s(window, others) / window.length_s if window.length_s else 0.0


def _less(record: Record, *, machine_share: float, gpu_shares: Sequence[float]) -> Record:
    energy = record.energy_kwh
    cpu, ram = _scaled(energy.cpu, 1 - machine_share), _scaled(energy.ram, 1 - machine_share)
    gpus, gpu = without_held(record.hardware.gpus, energy.gpu, gpu_shares)
    before = energy.total or 0.0
    total = before - sum((old or 0.0) - (new or 0.0) for old, new in zip(_parts(energy), (cpu, gpu, ram), strict=True))
    left_share = total / before if before else 1.0
    grams = _scaled(record.emissions_g, left_share)
    left = Energy(total=total, cpu=cpu, gpu=gpu, ram=ram)
    intensity = scaled(record.intensity, max(0.0, left_share))
    hardware = replace(record.hardware, gpus=gpus)
    record = replace(record, energy_kwh=left, emissions_g=grams, intensity=intensity, hardware=hardware)
    return replace(record, uncertainty=scaled_to(record.uncertainty, energy, left, grams), codecarbon=None)


def _parts(energy: Energy) -> tuple[float | None, ...]:
    return (energy.cpu, energy.gpu, energy.ram)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * max(0.0, factor)


def _names(items: Sequence[Named]) -> str:
    return " and ".join(item.name for item in items)
