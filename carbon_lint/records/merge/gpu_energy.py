"""Count the energy of a record's GPUs one by one: take off what others hold, and sum attempts. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbon_lint.records.record import Gpu, Record


def has_same_gpus(one: Record, other: Record) -> bool:
    """Return whether both hold the same GPUs, or one of them names none."""
    ours, theirs = ({identity_of(record, gpu) for gpu in record.hardware.gpus} for record in (one, other))
    return not ours or not theirs or ours == theirs


def identity_of(record: Record, gpu: Gpu) -> object:
    """Return its UUID, else its place in the machine, else what no other GPU has."""
    place = (record.hardware.node, gpu.index, gpu.name) if record.hardware.node is not None else object()
    return gpu.uuid or place


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
    return tuple(_sum(same) for same in found.values())


def _sum(same: Sequence[Gpu]) -> Gpu:
    kwh = sum(gpu.energy_kwh or 0.0 for gpu in same) if is_stated(same) else None
    return replace(same[0], energy_kwh=kwh, is_shared=any(gpu.is_shared for gpu in same))
