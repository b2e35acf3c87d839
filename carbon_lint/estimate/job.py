"""Estimate a job from its GPUs and its host, or from a record of a smaller run. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from carbon_lint.data import load
from carbon_lint.errors import InputError, UsageError
from carbon_lint.estimate.machine import Host
from carbon_lint.places import Place
from carbon_lint.records.intensity import intensity_of, source_in_words
from carbon_lint.records.ranges import LEFT_OUT, energy_range, left_out_of
from carbon_lint.records.record import Intensity, Record
from carbon_lint.records.uncertainty import Range
from carbon_lint.text import quoted
from carbon_lint.units import check_pue

# Mean power of a whole training over the card's rating.
_LOW, _LIKELY, _HIGH = 0.44, 0.76, 1.0
LOAD_SOURCES = (
    "lowest: 44 % of the rating, the least of six recorded trainings on RTX 3070 and 3090 (del Rey et al., SEAA 2023)",
    "likely: 76 % of the rating, computationally intensive training on a node of 8 x H100 (arXiv 2506.14551)",
    "highest: the rating itself",
)
# Scaling a measured run: same hardware, same code, more of it.
_SCALING = 0.10
_SHORT_RUN_S = 60.0
_MOST_DEVICES = 1_000_000
_MOST_HOURS = 1e6  # a century
_LEFT_OUT_WORDS = "board, fans, disks, network and power supply: 10 to 60 % on top of it, 22 % as a rule"
SCALING_SOURCE = (
    "10 % for scaling: caches, start-up and evaluation do not grow in step (an assumption, not a measurement)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something that draws power while the job runs: its rating in W, and whose figure that is."""

    name: str
    max_power_w: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job would take, PUE included, and what that rests on, in words. Without a place there are no grams.

    `left_out_share` is what board, fans, disks, network and power supply draw, as shares of `energy_kwh`; `None` if the
    host is not counted.
    """

    energy_kwh: Range
    emissions_g: Range | None
    intensity: Intensity | None = None
    left_out_share: Range | None = None
    basis: str
    sources: tuple[str, ...]
    left_out: tuple[str, ...]


def find_gpu(text: str) -> Device:
    """Return the GPU that `text` names (`A100`, `RTX 3090`). Raises UsageError with the nearest names."""
    known = _gpus()
    device = known.get(_normal(text))
    if device is not None:
        return device
    near = get_close_matches(_normal(text), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(f"GPU {quoted(text)} is not in the table", hint=f"{hint}give its rating with --power '300 W'")


def estimate_job(
    *,
    hours: float,
    place: Place | None,
    device: Device | None = None,
    count: int = 1,
    host: Host | None = None,
    load: float | None = None,
    host_power_w: float | None = None,
    pue: float = 1.0,
) -> Estimate:
    """Estimate `count` devices, a host at a mean load of 0 to 1, or both, for `hours`.

    Raises UsageError for numbers that cannot be.
    """
    if not 0 < hours <= _MOST_HOURS:
        raise UsageError(
            f"--hours {hours:g}h cannot be estimated", hint=f"give --hours above 0 and up to {_MOST_HOURS:.0f}h"
        )
    if not 1 <= count <= _MOST_DEVICES:
        raise UsageError(f"--count {count} cannot be estimated", hint=f"give --count 1 to {_MOST_DEVICES:,}")
    if load is not None and not 0 <= load <= 1:
        raise UsageError(f"a load of {load * 100:g} % cannot be", hint="give --load 0% to 100%")
    devices = _Part() if device is None else _part_of_devices(device, count)
    parts = (devices, _part_of_host(host, load, host_power_w))
    power_w = parts[0].power_w.plus(parts[1].power_w)
    energy = _finite(power_w.times(hours / 1000 * check_pue(pue)))
    return Estimate(
        energy_kwh=energy,
        emissions_g=None if place is None else _finite(energy.times(place.g_per_kwh)),
        intensity=None if place is None else intensity_of(place),
        left_out_share=LEFT_OUT if host is not None else None,
        basis=f"{', and '.join(part.basis for part in parts if part.basis)}, for {hours:g} h",
        sources=(*(source for part in parts for source in part.sources), *_price_source(place)),
        left_out=(*(text for part in parts for text in part.left_out), *_pue_left_out(place, pue)),
    )


class _Part(NamedTuple):
    """What a part of the job draws, in words too, and what it leaves out."""

    power_w: Range = Range(low=0.0, likely=0.0, high=0.0)
    basis: str = ""
    sources: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _part_of_devices(device: Device, count: int) -> _Part:
    if device.max_power_w <= 0:
        raise UsageError(f"a device of {device.max_power_w:g} W takes no energy", hint="give its rating, like '300 W'")
    power_w = Range(low=_LOW, likely=_LIKELY, high=_HIGH).times(device.max_power_w * count)
    basis = f"{count} x {device.name}, rated {device.max_power_w:g} W"
    return _Part(power_w, basis, (f"rating: {device.source}", *LOAD_SOURCES))


def _part_of_host(host: Host | None, load: float | None, host_power_w: float | None) -> _Part:
    if host is not None:
        anything = () if load is not None else ("load: anything from 0 to 100 %, half as likely (--load 50% says it)",)
        at = "" if load is None else f" at a load of {load * 100:g} %"
        return _Part(host.power_w(load), f"{host.basis}{at}", (*host.sources, *anything), (_LEFT_OUT_WORDS,))
    if host_power_w is not None:
        power_w = Range(low=host_power_w, likely=host_power_w, high=host_power_w)
        return _Part(power_w, f"{host_power_w:g} W for the machine around them")
    missing = "CPU and memory of the machine (--cpu NAME --memory '64 GiB', or --host-power '400 W')"
    return _Part(left_out=(missing,))


def estimate_record(record: Record, *, scale: float, place: Place | None, pue: float | None = None) -> Estimate:
    """Estimate `scale` times as much as a measured run. Raises InputError for a record without energy.

    `place` re-prices it, `None` keeps the record's own intensity; `pue` replaces the record's.
    """
    if not math.isfinite(scale) or scale <= 0:
        raise UsageError(f"--scale {scale:g} is not above 0", hint="--scale 40 for a job forty times as long")
    factor = scale if pue is None else scale * check_pue(pue) / record.pue
    known = energy_range(record)
    if known is None:
        raise InputError(f"the record of run {record.run_id} holds no energy: it is {record.outcome}")
    scaling_kwh = known.likely * _SCALING
    energy = Range(low=max(known.low - scaling_kwh, 0.0), likely=known.likely, high=known.high + scaling_kwh)
    energy = _finite(energy.times(factor))
    sources: tuple[str, ...] = (
        f"run {record.run_id}, {record.started_at}, {record.outcome}",
        f"{known.low:.3g} to {known.high:.3g} kWh: the range of that run",
        SCALING_SOURCE,
    )
    basis = f"{scale:g} x a measured run of {record.duration_s:.0f} s"
    left_out = ["anything that this run's hardware does not share with the job's"]
    if record.duration_s < _SHORT_RUN_S:
        left_out.append(f"what start-up weighed in a run of {record.duration_s:.0f} s: scale a run of a minute or more")
    left_out += _pue_left_out(place, record.pue if pue is None else pue)
    intensity = record.intensity if place is None else intensity_of(place)
    if place is None and intensity is not None:
        name = intensity.location_name or "as given"
        own = f"carbon intensity, the record's: {intensity.g_per_kwh:.4g} g/kWh, {name}, {source_in_words(intensity)}"
        sources = (*sources, own)
    return Estimate(
        energy_kwh=energy,
        emissions_g=None if intensity is None else _finite(energy.times(intensity.g_per_kwh)),
        intensity=intensity,
        left_out_share=left_out_of(record),
        basis=basis,
        sources=(*sources, *_price_source(place)),
        left_out=(*left_out, _LEFT_OUT_WORDS),
    )


def _finite(values: Range) -> Range:
    """Return the range. Raises UsageError if it is beyond what a number can hold."""
    if not math.isfinite(values.high):
        raise UsageError("the estimate is beyond any number", hint="look at the numbers that were given")
    return values


def _price_source(place: Place | None) -> tuple[str, ...]:
    if place is None:
        return ()
    return (f"carbon intensity: {place.figure}, {place.name or 'as given'}, {place.source}",)


def _pue_left_out(place: Place | None, pue: float) -> tuple[str, ...]:
    return (place.pue_hint,) if place is not None and place.pue_hint is not None and pue == 1.0 else ()


def _gpus() -> dict[str, Device]:
    """Return the table by every name of a card; one that could be two cards is left out."""
    found: dict[str, Device | None] = {}
    for row in load("gpu_power.json"):
        device = Device(name=row["name"], max_power_w=row["max_power_w"], source=row["source"])
        for name in map(_normal, (*row["aliases"], row["name"])):
            found[name] = device if found.get(name, device) is device else None
    return {name: device for name, device in found.items() if device is not None}


def _normal(text: str) -> str:
    """Return a card's name as one word without its makers: `NVIDIA GeForce RTX 4090` is `rtx4090`."""
    return re.sub(r"^(nvidia|geforce|tesla|amd|instinct)+", "", re.sub(r"[\s_-]+", "", text.lower()))
