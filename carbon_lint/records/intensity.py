"""Handle a record's carbon intensity: of a place, or of the hours that a run went on in. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from carbon_lint.errors import MissingFigureError, UsageError
from carbon_lint.places import Place, vintage
from carbon_lint.records import ranges
from carbon_lint.records.record import Basis, HourlyIntensity, Intensity, Record
from carbon_lint.units import whole_number


def priced(record: Record, place: Place) -> Record:
    """Return the record with the grams that its energy takes at `place`.

    Raises UsageError if it states grams already, by the intensity of its own time and place, and MissingFigureError
    if it holds no energy.
    """
    if record.emissions_g is not None:
        raise UsageError(
            f"the record of run {record.run_id} states grams already, for the place that the run took place in",
            hint="leave the place out; it prices energy that has no grams yet",
        )
    if record.energy_kwh.total is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no energy ({record.outcome})",
            hint="nothing can be priced; `carbon-lint doctor` says what can be measured here",
        )
    known, emissions_g = record.uncertainty, record.energy_kwh.total * place.g_per_kwh
    return replace(
        record,
        emissions_g=emissions_g,
        intensity=intensity_of(place),
        uncertainty=known and ranges.priced(known, record.energy_kwh, emissions_g),
    )


def intensity_of(place: Place) -> Intensity:
    """Return a place's carbon intensity as a record states it."""
    return Intensity(
        g_per_kwh=place.g_per_kwh,
        source=place.source,
        year=place.year,
        location=place.code,
        location_name=place.name,
        is_unusual=place.is_unusual,
        basis=None if place.basis is None else Basis(place.basis),
    )


def source_in_words(intensity: Intensity) -> str:
    """Return whose figure it is and of which hours: `Electricity Maps, zone FR, hour of 2026-11-24T10Z, measured`."""
    hours = intensity.hours
    if not hours:
        return intensity.source
    first, last = hours[0].hour, hours[-1].hour
    span = f"hour of {first}" if first == last else f"hours of {first} to {last}"
    estimated = sum(hour.is_estimated for hour in hours)
    how = "estimated" if estimated else "measured"
    if 0 < estimated < len(hours):
        how = f"{estimated} of {len(hours)} estimated, the rest measured"
    return f"{intensity.source}, {span}, {how}"


def vintage_in_words(intensity: Intensity, started_at: str) -> str:
    """Return ` (life-cycle, 2022, 3 years old)`: its basis, its year, and its age when the run began."""
    return vintage(intensity.basis, intensity.year, at=whole_number(started_at[:4]))


def over_hours(intensity: Intensity, hours: Iterable[HourlyIntensity]) -> Intensity:
    """Return `intensity` as the mean by energy over `hours`, which may come twice, in any order.

    An hour that priced no energy is left out, unless none priced any: then it is the last hour's.
    """
    found: dict[str, HourlyIntensity] = {}
    for hour in hours:
        found[hour.hour] = _sum(found[hour.hour], hour) if hour.hour in found else hour
    every = [found[label] for label in sorted(found)]
    kept = tuple(hour for hour in every if hour.energy_kwh)
    total_kwh = sum(hour.energy_kwh for hour in kept)
    shown = kept or tuple(every[-1:])
    if not shown:
        return intensity
    years = {hour.hour[:4] for hour in shown}
    figures = {hour.g_per_kwh for hour in shown}
    return replace(
        intensity,
        g_per_kwh=figures.pop() if len(figures) == 1 else _grams(kept) / total_kwh,  # x * 33 / x may be just below 33
        year=whole_number(years.pop()) if len(years) == 1 else None,
        hours=shown,
    )


def joined(intensities: Sequence[Intensity | None]) -> Intensity | None:
    """Return the hours of one grid by several records as one; `None` if they are not that."""
    known = [intensity for intensity in intensities if intensity is not None]
    grids = {(each.source, each.basis, each.location, each.location_name) for each in known}
    if len(known) < len(intensities) or len(grids) != 1 or not all(intensity.hours for intensity in known):
        return None
    first = replace(known[0], is_unusual=any(intensity.is_unusual for intensity in known))
    return over_hours(first, [hour for intensity in known for hour in intensity.hours])


def scaled(intensity: Intensity | None, factor: float) -> Intensity | None:
    """Return `intensity` with `factor` times the energy in each of its hours."""
    if intensity is None or not intensity.hours:
        return intensity
    hours = tuple(replace(hour, energy_kwh=hour.energy_kwh * factor) for hour in intensity.hours)
    return replace(intensity, hours=hours)


def find_disagreement(intensity: Intensity, total_kwh: float, emissions_g: float, *, tolerance: float) -> str | None:
    """Say why the hours are not those of this energy and these grams; `None` if they are, or if there are none."""
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


def _sum(one: HourlyIntensity, other: HourlyIntensity) -> HourlyIntensity:
    """Return two figures for one hour as one, their mean by energy."""
    energy_kwh = one.energy_kwh + other.energy_kwh
    return HourlyIntensity(
        hour=one.hour,
        g_per_kwh=_grams([one, other]) / energy_kwh if energy_kwh else other.g_per_kwh,
        energy_kwh=energy_kwh,
        is_estimated=one.is_estimated or other.is_estimated,
    )
