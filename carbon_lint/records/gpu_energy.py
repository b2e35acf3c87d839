"""The energy of a record's GPUs, one by one: what others hold of it is taken off, and attempts are summed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.records.windows import shared_s, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbon_lint.records.record import Gpu, Record


def held_shares(record: Record, others: Sequence[Record]) -> dict[str, float]:
    """By UUID, the share of the record's time for which other records hold one of its GPUs too."""
    window = window_of(record)
    shares = {}
    for uuid in {gpu.uuid for gpu in record.hardware.gpus if gpu.uuid}:
        holders = [window_of(other) for other in others if any(gpu.uuid == uuid for gpu in other.hardware.gpus)]
        if holders and window.length_s:
            shares[uuid] = shared_s(window, holders) / window.length_s
    return shares


def is_stated(gpus: Sequence[Gpu]) -> bool:
    """Whether each of them states its own energy."""
    return all(gpu.energy_kwh is not None for gpu in gpus)


def without_held(
    gpus: tuple[Gpu, ...], gpu_kwh: float | None, shares: Mapping[str, float]
) -> tuple[tuple[Gpu, ...], float | None]:
    """The GPUs and their energy together, less the `shares` of them that others hold.

    Where not each GPU's own energy is known it is taken as even over them.
    """
    if gpu_kwh is None or not gpus or not shares:
        return gpus, gpu_kwh
    held = [shares.get(gpu.uuid or "", 0.0) for gpu in gpus]
    if not is_stated(gpus):
        return tuple(replace(gpu, energy_kwh=None) for gpu in gpus), gpu_kwh * max(0.0, 1 - sum(held) / len(gpus))
    off_kwh = [(gpu.energy_kwh or 0.0) * share for gpu, share in zip(gpus, held, strict=True)]
    left = (replace(gpu, energy_kwh=(gpu.energy_kwh or 0.0) - kwh) for gpu, kwh in zip(gpus, off_kwh, strict=True))
    return tuple(left), max(0.0, gpu_kwh - sum(off_kwh))


def summed(records: Sequence[Record]) -> tuple[Gpu, ...]:
    """Each GPU of the records once, with its energy over all of them; `None` where one of them does not state it."""
    found: dict[object, list[Gpu]] = {}
    for record in records:
        for gpu in record.hardware.gpus:
            found.setdefault(gpu.uuid or (record.hardware.node, gpu.index), []).append(gpu)
    return tuple(_sum(same) for same in found.values())


def _sum(same: Sequence[Gpu]) -> Gpu:
    kwh = sum(gpu.energy_kwh or 0.0 for gpu in same) if is_stated(same) else None
    return replace(same[0], energy_kwh=kwh, is_shared=any(gpu.is_shared for gpu in same))
