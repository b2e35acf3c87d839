"""What a job would take, before it runs: from the rating of its GPUs, or from a record of a smaller run. Pure.

Always a range, never one number: the rating is a maximum, and how much of it a training draws is not known beforehand.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from carbon_lint.data import table
from carbon_lint.errors import InputError, UsageError
from carbon_lint.gate.uncertainty import uncertain_energy_kwh
from carbon_lint.records.intensity import source_in_words
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.places import Place
    from carbon_lint.records.record import Record

_TABLE = table("gpu_power.json")

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
class Range:
    """Lowest, likely and highest."""

    low: float
    likely: float
    high: float

    def times(self, factor: float) -> Range:
        """Each of the three. Raises UsageError where they leave what a number can hold."""
        if not math.isfinite(self.high * factor):
            raise UsageError("the estimate is beyond any number", hint="look at the numbers that were given")
        return Range(low=self.low * factor, likely=self.likely * factor, high=self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Energy in kWh with PUE, emissions in g where a place is known, what they rest on, what they leave out."""

    energy_kwh: Range
    emissions_g: Range | None
    basis: str
    sources: tuple[str, ...]
    left_out: tuple[str, ...]


def find_gpu(text: str) -> Device:
    """The GPU that `text` names (`A100`, `RTX 3090`). Raises UsageError with the nearest names."""
    known = _gpus()
    row = known.get(_normal(text)) or _joined().get(_normal(text).replace("-", ""))
    if row is not None:
        return Device(name=row["name"], max_power_w=row["max_power_w"], source=row["source"])
    near = get_close_matches(_normal(text), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(f"GPU {quoted(text)} is not in the table", hint=f"{hint}give its rating with --power '300 W'")


def estimate_devices(
    device: Device,
    *,
    count: int,
    hours: float,
    place: Place | None,
    pue: float = 1.0,
    host_power_w: float | None = None,
) -> Estimate:
    """From ratings: `count` devices for `hours`. Raises UsageError for numbers that cannot be."""
    if not (1 <= count <= _MOST_DEVICES and 0 < hours <= _MOST_HOURS and 1 <= pue < math.inf):
        raise UsageError(
            f"{count} devices for {hours:g} h at a PUE of {pue:g} cannot be estimated",
            hint=f"give --count 1 to {_MOST_DEVICES}, --hours above 0 and up to {_MOST_HOURS:g}, --pue 1 or more",
        )
    if device.max_power_w <= 0:
        raise UsageError(f"a device of {device.max_power_w:g} W takes no energy", hint="give its rating, like '300 W'")
    rated_kwh = device.max_power_w * count * hours / 1000
    host_kwh = (host_power_w or 0.0) * hours / 1000
    energy = Range(
        low=rated_kwh * _LOW + host_kwh, likely=rated_kwh * _LIKELY + host_kwh, high=rated_kwh * _HIGH + host_kwh
    )
    left_out = _pue_left_out(place, pue)
    if host_power_w is None:
        left_out = ("CPU and memory of the machine (--host-power '400 W' adds them)", *left_out)
    basis = f"{count} x {device.name}, rated {device.max_power_w:g} W, for {hours:g} h"
    if host_power_w is not None:
        basis += f", and {host_power_w:g} W for the machine around them"
    sources = (f"rating: {device.source}", *LOAD_SOURCES, *_price_source(place))
    return _priced(energy.times(pue), place, basis=basis, sources=sources, left_out=left_out)


def estimate_record(record: Record, *, scale: float, place: Place | None, pue: float | None = None) -> Estimate:
    """From a measured run, `scale` times as much of the same. Raises InputError for a record without energy.

    `place` re-prices it, `None` keeps the record's own intensity; `pue` replaces the record's.
    """
    if not math.isfinite(scale) or scale <= 0:
        raise UsageError(f"--scale {scale:g} is not above 0", hint="--scale 40 for a job forty times as long")
    energy_kwh = record.energy_kwh.total
    if energy_kwh is None:
        raise InputError(f"the record of run {record.run_id} holds no energy: it is {record.outcome}")
    factor = scale if pue is None else scale * pue / record.pue
    doubt = uncertain_energy_kwh(record).times(1 / energy_kwh if energy_kwh else 0.0)
    low, high = 1 - min(doubt.below + _SCALING, 1.0), 1 + doubt.above + _SCALING
    energy = Range(low=energy_kwh * low, likely=energy_kwh, high=energy_kwh * high).times(factor)
    sources = (
        f"run {record.run_id}, {record.started_at}, {record.outcome}",
        f"-{doubt.below * 100:.0f} to +{doubt.above * 100:.0f} % for its modelled parts",
        SCALING_SOURCE,
    )
    basis = f"{scale:g} x a measured run of {record.duration_s:.0f} s"
    left_out = ["anything that this run's hardware does not share with the job's"]
    if record.duration_s < _SHORT_RUN_S:
        left_out.append(f"what start-up weighed in a run of {record.duration_s:.0f} s: scale a run of a minute or more")
    left_out += _pue_left_out(place, record.pue if pue is None else pue)
    if place is None and record.intensity is not None:
        name, source = record.intensity.location_name or "as given", source_in_words(record.intensity)
        own = f"carbon intensity, the record's: {record.intensity.g_per_kwh:.4g} g/kWh, {name}, {source}"
        grams = energy.times(record.intensity.g_per_kwh)
        return Estimate(
            energy_kwh=energy, emissions_g=grams, basis=basis, sources=(*sources, own), left_out=tuple(left_out)
        )
    return _priced(energy, place, basis=basis, sources=(*sources, *_price_source(place)), left_out=tuple(left_out))


def gpu_names() -> tuple[str, ...]:
    """The names that `find_gpu` knows, the shortest of each."""
    return tuple(row["aliases"][0] for row in _rows())


def _priced(
    energy: Range, place: Place | None, *, basis: str, sources: tuple[str, ...], left_out: tuple[str, ...]
) -> Estimate:
    grams = None if place is None else energy.times(place.g_per_kwh)
    return Estimate(energy_kwh=energy, emissions_g=grams, basis=basis, sources=sources, left_out=left_out)


def _price_source(place: Place | None) -> tuple[str, ...]:
    if place is None:
        return ()
    return (f"carbon intensity: {place.figure}, {place.name or 'as given'}, {place.source}",)


def _pue_left_out(place: Place | None, pue: float) -> tuple[str, ...]:
    return (place.pue_hint,) if place is not None and place.pue_hint is not None and pue == 1.0 else ()


@lru_cache(maxsize=1)
def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return rows


def _gpus() -> dict[str, dict[str, Any]]:
    return {_normal(alias): row for row in _rows() for alias in (*row["aliases"], row["name"])}


def _joined() -> dict[str, dict[str, Any]]:
    """The table by names written as one word (`rtx4090`, `teslat4`); one that could be two cards is none."""
    found: dict[str, dict[str, Any] | None] = {}
    for row in _rows():
        for alias in (*row["aliases"], row["name"]):
            name = _normal(alias).replace("-", "")
            for maker in ("", "nvidia", "geforce", "nvidiageforce", "tesla", "amd", "amdinstinct", "instinct"):
                found[maker + name] = row if found.get(maker + name, row) is row else None
    return {name: row for name, row in found.items() if row is not None}


def _normal(text: str) -> str:
    words = re.sub(r"[\s_-]+", "-", text.strip().lower())
    return re.sub(r"^(nvidia-|geforce-|tesla-|amd-|instinct-)+", "", words)
