"""Where an `emissions.csv` says that its energy came from, and what of that can be believed.

CodeCarbon writes a place that it guessed like one that it was told, and its intensity may have been set from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint import places
from carbon_lint.errors import MeasurementError
from carbon_lint.records.record import Intensity
from carbon_lint.units import LEAST_GRID_G_PER_KWH, MOST_GRID_G_PER_KWH

if TYPE_CHECKING:
    from carbon_lint.places import Place
    from carbon_lint.records.emissions_table import Row

_QUEBEC_TOLERANCE = 0.1  # CodeCarbon's own figure for Quebec moved by less between its releases
WORLD_G_PER_KWH = 475.0  # CodeCarbon's, by the IEA for 2019, for a place that it does not know
_WORLD_TOLERANCE_G_PER_KWH = 0.05
_FAR = 3.0  # times: no country's figure moved by as much between CodeCarbon's releases, most by less than 2


def refuse_default_place(path: str, lasts: list[Row], *, is_trusted: bool) -> None:
    """Raise MeasurementError where a row says what CodeCarbon says when it could not find out."""
    for row in lasts if not is_trusted else ():
        where = f"{path}, line {row.number}"
        if row.is_default_place:
            raise MeasurementError(
                f"{where} says Quebec, which CodeCarbon says too when it could not find out",
                hint="say where the energy came from with --location FRA, or --trust-location if it was Quebec",
            )
        if _is_world_average(row):
            raise MeasurementError(
                f"{where} is priced at {WORLD_G_PER_KWH:g} g/kWh, the world's average, which CodeCarbon takes for a "
                "place that it does not know",
                hint="say where the energy came from with --location FRA, or --trust-location to keep the average",
            )


def _is_world_average(row: Row) -> bool:
    if row.energy_kwh <= 0 or abs(row.emissions_g / row.energy_kwh - WORLD_G_PER_KWH) > _WORLD_TOLERANCE_G_PER_KWH:
        return False
    place, _ = _place_of(row)
    return place is None or _is_far(WORLD_G_PER_KWH, place.g_per_kwh, 1 + _QUEBEC_TOLERANCE)


def implied_intensity(lasts: list[Row], g_per_kwh: float, warnings: list[str]) -> Intensity:
    """What grams and energy imply. The place's columns are only a name, and dropped where they cannot be right."""
    if not LEAST_GRID_G_PER_KWH <= g_per_kwh <= MOST_GRID_G_PER_KWH:
        warnings.append(
            f"the file's {g_per_kwh:.4g} g/kWh is no grid's carbon intensity "
            f"({LEAST_GRID_G_PER_KWH:g} to {MOST_GRID_G_PER_KWH:g} g/kWh); --location prices its energy anew"
        )
    found = {_place_of(row) for row in lasts}
    place, name = found.pop() if len(found) == 1 else (None, None)
    if len(lasts) > 1 and name is None:
        warnings.append("the runs took place in several places, so none is named; --location-name TEXT gives one")
    if lasts[0].is_default_place and place is not None and _is_far(g_per_kwh, place.g_per_kwh, 1 + _QUEBEC_TOLERANCE):
        warnings.append(f"the file says Quebec, but its intensity is {g_per_kwh:.4g} g/kWh; no place is named")
        place, name = None, None
    if place is not None and place.code is not None and _is_far(g_per_kwh, place.g_per_kwh, _FAR):
        warnings.append(
            f"the file's {g_per_kwh:.4g} g/kWh is far from the {place.g_per_kwh:.4g} g/kWh of {place.name}: "
            f"a .codecarbon.config may have set it; --location {place.code} prices its energy anew"
        )
    version = lasts[0].cells.get("codecarbon_version")
    return Intensity(
        g_per_kwh=g_per_kwh,
        source=f"emissions / energy of emissions.csv (CodeCarbon{' ' + version if version else ''})",
        year=None,
        location=place.code if place else None,
        location_name=name,
    )


def _is_far(value: float, expected: float, factor: float) -> bool:
    return not expected / factor <= value <= expected * factor


def _place_of(row: Row) -> tuple[Place | None, str | None]:
    """The place that a row's columns name, and its name in words."""
    country, region = row.cells.get("country_iso_code", "").upper(), row.cells.get("region", "")
    cloud = (row.cells.get("cloud_provider", "").lower(), row.cells.get("cloud_region", ""))
    candidates = [f"{cloud[0]}/{cloud[1]}"] if all(cloud) else []
    candidates += [f"{country}/{region}", country] if region else [country]
    for candidate in candidates:
        try:
            place = places.find_place(candidate)
        except MeasurementError:
            continue
        if candidate == country and region:
            return place, f"{region.title()}, {place.name}"
        return place, place.name
    words = [part for part in (region.title(), row.cells.get("country_name", "")) if part]
    return None, ", ".join(words) or None
