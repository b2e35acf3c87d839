"""An intensity that changed while a run went on: its hours summed and scaled, and what its source says of them. Pure.

The source of such an intensity reads "WHOSE FIGURE, hours of FIRST to LAST, measured or estimated"; `basis` is the part
before the hours.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.records.record import HourlyIntensity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carbon_lint.records.record import Intensity

_HOURS = ", hour"


def over_hours(intensity: Intensity, hours: Iterable[HourlyIntensity]) -> Intensity:
    """`intensity` as the mean by energy over `hours`, which may come twice, in any order.

    An hour that priced no energy is left out. With no energy at all it is the last hour's.
    """
    every = _summed(hours)
    kept = tuple(hour for hour in every if hour.energy_kwh)
    total_kwh = sum(hour.energy_kwh for hour in kept)
    shown = kept or every[-1:]
    if not shown:
        return intensity
    years = {hour.hour[:4] for hour in shown}
    year = years.pop() if len(years) == 1 else ""
    return replace(
        intensity,
        g_per_kwh=_grams(kept) / total_kwh if kept else shown[0].g_per_kwh,
        source=f"{basis(intensity)}{_range(shown)}, {_kind(shown)}",
        year=int(year) if year.isascii() and year.isdigit() else None,
        hours=kept,
    )


def basis(intensity: Intensity) -> str:
    """Whose figure it is, without the hours."""
    return intensity.source.partition(_HOURS)[0]


def joined(intensities: Sequence[Intensity | None]) -> Intensity | None:
    """The hours of one grid by several records as one; `None` where they are not that."""
    known = [intensity for intensity in intensities if intensity is not None]
    grids = {(basis(intensity), intensity.location, intensity.location_name) for intensity in known}
    if len(known) < len(intensities) or len(grids) != 1 or not all(intensity.hours for intensity in known):
        return None
    first = replace(known[0], is_unusual=any(intensity.is_unusual for intensity in known))
    return over_hours(first, [hour for intensity in known for hour in intensity.hours])


def scaled(intensity: Intensity | None, factor: float) -> Intensity | None:
    """`intensity` with `factor` times the energy in each of its hours."""
    if intensity is None or not intensity.hours:
        return intensity
    hours = tuple(replace(hour, energy_kwh=hour.energy_kwh * factor) for hour in intensity.hours)
    return replace(intensity, hours=hours)


def find_disagreement(intensity: Intensity, total_kwh: float, emissions_g: float, *, tolerance: float) -> str | None:
    """Why the hours are not those of this energy and these grams, in one line; `None` where they are, or are none."""
    if not intensity.hours:
        return None
    counted_kwh, counted_g = sum(hour.energy_kwh for hour in intensity.hours), _grams(intensity.hours)
    if not math.isclose(counted_kwh, total_kwh, rel_tol=tolerance):
        return f"the hours of the intensity hold {counted_kwh:.6g} kWh, the total is {total_kwh:.6g} kWh"
    if not math.isclose(counted_g, emissions_g, rel_tol=tolerance):
        return f"the hours of the intensity come to {counted_g:.6g} g, the emissions are {emissions_g:.6g} g"
    return None


def _grams(hours: Iterable[HourlyIntensity]) -> float:
    return sum(hour.energy_kwh * hour.g_per_kwh for hour in hours)


def _summed(hours: Iterable[HourlyIntensity]) -> list[HourlyIntensity]:
    """Each hour once, in order of time. Where two records were told different figures for it, their mean by energy."""
    found: dict[str, HourlyIntensity] = {}
    for hour in hours:
        twin = found.get(hour.hour)
        found[hour.hour] = hour if twin is None else _sum(twin, hour)
    return [found[label] for label in sorted(found)]


def _sum(one: HourlyIntensity, other: HourlyIntensity) -> HourlyIntensity:
    energy_kwh = one.energy_kwh + other.energy_kwh
    return HourlyIntensity(
        hour=one.hour,
        g_per_kwh=_grams([one, other]) / energy_kwh if energy_kwh else other.g_per_kwh,
        energy_kwh=energy_kwh,
        is_estimated=one.is_estimated or other.is_estimated,
    )


def _range(hours: Sequence[HourlyIntensity]) -> str:
    first, last = hours[0].hour, hours[-1].hour
    return f"{_HOURS} of {first}" if first == last else f"{_HOURS}s of {first} to {last}"


def _kind(hours: Sequence[HourlyIntensity]) -> str:
    estimated = sum(hour.is_estimated for hour in hours)
    if 0 < estimated < len(hours):
        return f"{estimated} of {len(hours)} estimated, the rest measured"
    return "estimated" if estimated else "measured"
