"""The energy of a record's GPUs, one by one: what others hold of it is taken off, and attempts are summed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.records.merge.windows import shared_s, window_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbon_lint.records.record import Gpu, Record


def held_shares(record: Record, others: Sequence[Record]) -> tuple[float, ...]:
    """For each of the record's GPUs the share of its time for which other records hold that GPU too."""
    window = window_of(record)
    if not window.length_s:
        return (0.0,) * len(record.hardware.gpus)
    held = [({_identity(other, gpu) for gpu in other.hardware.gpus}, window_of(other)) for other in others]
    return tuple(
        shared_s(window, [other for gpus, other in held if _identity(record, gpu) in gpus]) / window.length_s
        for gpu in record.hardware.gpus
    )


def has_same_gpus(one: Record, other: Record) -> bool:
    """Whether both hold the same GPUs, or one of them names none."""
    ours, theirs = ({_identity(record, gpu) for gpu in record.hardware.gpus} for record in (one, other))
    return not ours or not theirs or ours == theirs


def _identity(record: Record, gpu: Gpu) -> object:
    """Its UUID; of one that has none its place in the machine, and nothing that another has where that is not known."""
    place = (record.hardware.node, gpu.index, gpu.name) if record.hardware.node is not None else object()
    return gpu.uuid or place


def is_stated(gpus: Sequence[Gpu]) -> bool:
    """Whether each of them states its own energy."""
    return all(gpu.energy_kwh is not None for gpu in gpus)


def without_held(
    gpus: tuple[Gpu, ...], gpu_kwh: float | None, shares: Sequence[float]
) -> tuple[tuple[Gpu, ...], float | None]:
    """The GPUs and their energy together, less the shares of each that others hold.

    Where not each GPU's own energy is known it is taken as even over them.
    """
    if gpu_kwh is None or not any(shares):
        return gpus, gpu_kwh
    if not is_stated(gpus):
        return tuple(replace(gpu, energy_kwh=None) for gpu in gpus), gpu_kwh * max(0.0, 1 - sum(shares) / len(gpus))
    off_kwh = [(gpu.energy_kwh or 0.0) * share for gpu, share in zip(gpus, shares, strict=True)]
    left = (replace(gpu, energy_kwh=(gpu.energy_kwh or 0.0) - kwh) for gpu, kwh in zip(gpus, off_kwh, strict=True))
    return tuple(left), max(0.0, gpu_kwh - sum(off_kwh))


def summed(records: Sequence[Record]) -> tuple[Gpu, ...]:
    """Each GPU of the records once, with its energy over all of them; `None` where one of them does not state it."""
    found: dict[object, list[Gpu]] = {}
    for record in records:
        for gpu in record.hardware.gpus:
            found.setdefault(gpu.uuid or (record.hardware.node, gpu.index, gpu.name), []).append(gpu)
    return tuple(_sum(same) for same in found.values())


def _sum(same: Sequence[Gpu]) -> Gpu:
    kwh = sum(gpu.energy_kwh or 0.0 for gpu in same) if is_stated(same) else None
    return replace(same[0], energy_kwh=kwh, is_shared=any(gpu.is_shared for gpu in same))
