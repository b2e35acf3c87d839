"""Read the place that an `emissions.csv` names for its energy, and decide what of it can be believed.

CodeCarbon writes a guessed place like one that the user gave, and its intensity may have been set from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from carbon_lint import places
from carbon_lint.data import load
from carbon_lint.errors import MissingFigureError, PlaceError
from carbon_lint.places import Place
from carbon_lint.records.emissions_csv.runs import Run
from carbon_lint.records.emissions_csv.table import Row
from carbon_lint.records.record import Intensity
from carbon_lint.units import LEAST_GRID_G_PER_KWH, MOST_GRID_G_PER_KWH

_QUEBEC_TOLERANCE = 0.1  # CodeCarbon's own figure for Quebec moved by less between its releases
WORLD_G_PER_KWH = 475.0  # CodeCarbon's, by the IEA for 2019, for a place that it does not know
_WORLD_TOLERANCE_G_PER_KWH = 0.05
_PRIMARY_TOLERANCE = 0.02  # the file's grams may be rounded
_SMALL_WORDS = frozenset(
    ("and", "d", "da", "de", "del", "della", "der", "des", "di", "do", "dos", "du", "e", "en", "et", "of", "sur", "the")
)
_ARTICLES = frozenset(("l", "la", "las", "le", "les", "los"))  # small behind a small word: Pays de la Loire
_ELIDED = frozenset("dlo")  # Côte d'Azur, L'Aquila, O'Higgins; but Hawai'i
_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_FAR = 3.0  # times: no country's figure moved by as much between CodeCarbon's releases, most by less than 2


def find_doubt(runs: Iterable[Run]) -> MissingFigureError | None:
    """Return why the grams of a run cannot be believed, though its energy can; None if there is no reason for doubt."""
    for run in runs:
        doubt = next((doubt for row in run.counted if (doubt := _doubt(row)) is not None), None)
        g_per_kwh = run.emissions_g / run.energy_kwh if run.energy_kwh > 0 else None
        if doubt is None and g_per_kwh is not None and not LEAST_GRID_G_PER_KWH <= g_per_kwh <= MOST_GRID_G_PER_KWH:
            doubt = MissingFigureError(
                f"{run.last.where} is priced at {g_per_kwh:.4g} g/kWh, which is not the carbon intensity of a grid "
                f"({LEAST_GRID_G_PER_KWH:g} to {MOST_GRID_G_PER_KWH:g} g/kWh)",
                hint="say where the energy came from with --location FRA, or --trust-location to keep the grams",
            )
        fallen = next((row for row in run.rows if not row.is_task and row.emissions_g > run.last.emissions_g), None)
        if doubt is None and fallen is not None and not run.last.is_task:
            doubt = MissingFigureError(
                f"the emissions of run {run.run_id} fall from {fallen.where} to {run.last.where} "
                f"({fallen.emissions_g:.6g} g, then {run.last.emissions_g:.6g} g) while its energy grows",
                hint="say where the energy came from with --location FRA, or --trust-location to keep the last figure",
            )
        if doubt is not None:
            return doubt
    return None


def is_place_believed(rows: Iterable[Row]) -> bool:
    """Return False if a row may name a place only because CodeCarbon did not know it."""
    return not any(row.is_default_place or _is_world_average(row) for row in rows)


def _doubt(row: Row) -> MissingFigureError | None:
    if row.is_default_place:
        return MissingFigureError(
            f"{row.where} says Quebec, which CodeCarbon also says when it could not find out",
            hint="say where the energy came from with --location FRA, or --trust-location if it was Quebec",
        )
    if _is_world_average(row):
        return MissingFigureError(
            f"{row.where} is priced at {WORLD_G_PER_KWH:g} g/kWh, the world's average, which CodeCarbon takes for a "
            "place that it does not know",
            hint="say where the energy came from with --location FRA, or --trust-location to keep the average",
        )
    country = row.text("country_iso_code").upper()
    if _is_by_primary_energy(row, country):
        name = row.text("country_name") or country
        return MissingFigureError(
            f"{row.where} was written by CodeCarbon 1.x, which priced {name} by all its primary energy, oil for cars "
            f"included ({row.emissions_g / row.energy_kwh:.4g} g/kWh): its kWh are good, its grams are not",
            hint=f"price the kWh by the electricity with --location {country}, or keep the grams with --trust-location",
        )
    return None


def _is_by_primary_energy(row: Row, country: str) -> bool:
    """Return whether CodeCarbon 1.x priced all primary energy, as it did for countries; else it priced electricity."""
    if not row.is_codecarbon_1 or row.energy_kwh <= 0:
        return False
    g_per_kwh = load("codecarbon1.json")["g_per_kwh"].get(country)
    return g_per_kwh is not None and not _is_far(row.emissions_g / row.energy_kwh, g_per_kwh, 1 + _PRIMARY_TOLERANCE)


def _is_world_average(row: Row) -> bool:
    if row.energy_kwh <= 0 or abs(row.emissions_g / row.energy_kwh - WORLD_G_PER_KWH) > _WORLD_TOLERANCE_G_PER_KWH:
        return False
    place, _ = _place_of(row)
    return place is None or _is_far(WORLD_G_PER_KWH, place.in_codecarbon_g_per_kwh, 1 + _QUEBEC_TOLERANCE)


def implied_intensity(lasts: list[Row], g_per_kwh: float, warnings: list[str]) -> Intensity:
    """Return what grams and energy imply. The place's columns are only a name, dropped if they cannot be right."""
    place, name = _common_place(lasts)
    if len(lasts) > 1 and name is None:
        warnings.append("the runs have several places, so the record names none; --location-name TEXT gives one")
    expected = None if place is None else place.in_codecarbon_g_per_kwh
    if lasts[0].is_default_place and expected is not None and _is_far(g_per_kwh, expected, 1 + _QUEBEC_TOLERANCE):
        warnings.append(f"the file says Quebec, but its intensity is {g_per_kwh:.4g} g/kWh; no place is named")
        place, name = None, None
    if place is not None and place.code is not None and expected is not None and _is_far(g_per_kwh, expected, _FAR):
        warnings.append(
            f"the file's {g_per_kwh:.4g} g/kWh is far from the {expected:.4g} g/kWh of {place.name}: "
            f"a .codecarbon.config may have set it; --location {place.code} computes its grams again"
        )
    version = lasts[0].cells.get("codecarbon_version")
    return Intensity(
        g_per_kwh=g_per_kwh,
        source=f"emissions / energy of emissions.csv (CodeCarbon{' ' + version if version else ''})",
        year=None,
        location=place.code if place else None,
        location_name=name,
    )


def _common_place(rows: list[Row]) -> tuple[Place | None, str | None]:
    """Return what all rows name: the place, else the country, which is meant only if no region has a figure."""
    found = {_place_of(row) for row in rows}
    if len(found) == 1:
        return found.pop()
    countries = {_country_of(row) for row in rows}
    if len(countries) != 1:
        return None, None
    placed = {place for place, _ in found}
    return placed.pop() if len(placed) == 1 else None, countries.pop()


def _country_of(row: Row) -> str | None:
    """Return the country's name as the tables have it, else as the row has it."""
    place, _ = _place_of(row)
    if place is None or place.country_iso is None:
        return row.text("country_name") or None
    try:
        return places.find_place(place.country_iso).name
    except PlaceError:
        return row.text("country_name") or None


def region_name(region: str) -> str:
    """Return `île-de-france` as `Île-de-France`. CodeCarbon writes regions in lower case; other writing stays."""
    if region != region.lower():
        return region
    before = ""
    words: list[str] = []
    for part in re.split(rf"([\s{_APOSTROPHES}-]+)", region):
        is_small = bool(before) and (part in _SMALL_WORDS or (part in _ARTICLES and before in _SMALL_WORDS))
        is_rest = bool(words) and words[-1] in set(_APOSTROPHES) and before not in _ELIDED
        words.append(part if is_small or is_rest else part[:1].upper() + part[1:])
        before = part if part.strip(f" -{_APOSTROPHES}") else before
    return "".join(words)


def _is_far(value: float, expected: float, factor: float) -> bool:
    return not expected / factor <= value <= expected * factor


def _place_of(row: Row) -> tuple[Place | None, str | None]:
    """Return the place that a row's columns name, and its name in words."""
    country, region = row.text("country_iso_code").upper(), row.text("region")
    cloud = (row.text("cloud_provider").lower(), row.text("cloud_region"))
    candidates = [f"{cloud[0]}/{cloud[1]}"] if all(cloud) else []
    candidates += [f"{country}/{region}", country] if region else [country]
    for candidate in candidates:
        try:
            place = places.find_place(candidate)
        except PlaceError:
            continue
        if candidate == country and region:
            return place, f"{region_name(region)}, {place.name}"
        return place, place.name
    words = [part for part in (region_name(region), row.text("country_name")) if part]
    return None, ", ".join(words) or None
