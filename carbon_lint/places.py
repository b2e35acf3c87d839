"""Accepted locations and their carbon intensity: generated from the tables of the pinned CodeCarbon.

A place is a country (`FRA`), a region of one (`USA/virginia`, `CAN/quebec`, `SWE/se3`), or a cloud's region
(`gcp/us-central1`, `aws/eu-west-3`, `azure/westeurope`). What CodeCarbon would quietly replace is refused.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from carbon_lint.data import table
from carbon_lint.errors import PlaceError
from carbon_lint.text import quoted
from carbon_lint.units import LEAST_GRID_G_PER_KWH, MOST_GRID_G_PER_KWH, significant

_LEAST_MEANT_G_PER_KWH = 10.0  # a unit is guessed only if the figure is then a usual one

_TABLE = table("places.json")
_NEAREST = 4
_ALIASES = {"uk": "GBR"}  # ISO 3166-1 reserves UK beside GB


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the energy comes from.

    Attributes:
        code: as a user writes it; `None` where only an intensity was given.
        name: in words, as a model card says it.
        g_per_kwh: carbon intensity of electricity, g CO2eq per kWh.
        source: whose figure it is.
        year: the year it is for; `None` where its source does not say.
        country_iso: ISO 3166-1 alpha-3.
        region: as CodeCarbon's tables spell it.
        provider: `gcp`, `aws`, `azure` or `None`.
        is_unusual: outside every grid's range, and accepted by the user all the same.
    """

    code: str | None
    name: str | None
    g_per_kwh: float
    source: str
    year: int | None = None
    country_iso: str | None = None
    region: str | None = None
    provider: str | None = None
    is_unusual: bool = False


def find_place(text: str) -> Place:
    """The place that `text` names; case, spaces and underscores do not matter.

    Raises PlaceError for anything that is not in the tables, with the nearest names that are.
    """
    places = _places()
    found = places.get(_normal(text))
    if found is not None:
        return _priced(found)
    raise PlaceError(f"location {quoted(text)} is not known", hint=_hint(text))


def custom_place(
    g_per_kwh: float,
    *,
    source: str | None = None,
    name: str | None = None,
    year: int | None = None,
    allow_unusual: bool = False,
) -> Place:
    """A place known only by its carbon intensity.

    Raises PlaceError if that is not a finite number above 0, or outside every grid's range and not allowed to be.
    """
    if not math.isfinite(g_per_kwh) or g_per_kwh <= 0:
        raise PlaceError(
            f"carbon intensity {g_per_kwh!r} is not a number of g/kWh above zero",
            hint="give the grid's g CO2eq per kWh, like --carbon-intensity 56.04",
        )
    unusual = unusual_intensity(g_per_kwh)
    if unusual is not None and not allow_unusual:
        raise PlaceError(unusual[0], hint=unusual[1])
    return Place(
        code=None,
        name=name,
        g_per_kwh=g_per_kwh,
        source=source or "given by the user",
        year=year,
        is_unusual=unusual is not None,
    )


def unusual_intensity(g_per_kwh: float) -> tuple[str, str] | None:
    """What is wrong with a carbon intensity that no grid has, and what to do; `None` for a usual one."""
    if LEAST_GRID_G_PER_KWH <= g_per_kwh <= MOST_GRID_G_PER_KWH:
        return None
    message = f"carbon intensity {g_per_kwh:g} g/kWh is outside 1 to 1,500 g/kWh, where every grid lies"
    hint = "write it in g/kWh, or accept it as it is with --allow-unusual-intensity"
    for factor, unit in ((1e3, "kg/kWh"), (1e-3, "mg/kWh"), (1e6, "t/kWh"), (1e-6, "µg/kWh")):
        if _LEAST_MEANT_G_PER_KWH <= g_per_kwh * factor <= MOST_GRID_G_PER_KWH:
            meant = significant(g_per_kwh * factor, 6)
            hint = f"{g_per_kwh:g} {unit} = {meant} g/kWh: write {meant}, or accept it with --allow-unusual-intensity"
            break
    return message, hint


def every_place() -> tuple[Place, ...]:
    """All accepted places, countries first."""
    return tuple(_places().values())


def tables_version() -> str:
    """The CodeCarbon release whose tables these are."""
    return str(_raw()["codecarbon"])


def _priced(place: Place) -> Place:
    """`place`, unless its table holds no intensity: a run there would come out at zero grams."""
    if place.g_per_kwh > 0:
        return place
    raise PlaceError(
        f"the carbon intensity of {place.code} ({place.name}) is {place.g_per_kwh:g} g/kWh in its table "
        f"({place.source})",
        hint="every run there would come out as 0 g; give the grid's own figure with --carbon-intensity",
    )


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    with _TABLE.open(encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


@lru_cache(maxsize=1)
def _places() -> dict[str, Place]:
    return {_normal(row["code"]): Place(**row) for row in _raw()["places"]}


def _normal(text: str) -> str:
    return "-".join(text.strip().casefold().replace("_", " ").replace("-", " ").split())


def _hint(text: str) -> str:
    if _normal(text) == "auto":
        return "`auto` works only while the job runs: name a place here, like FRA or USA/virginia"
    near = _nearest(text)
    if not near:
        return "write a country as ISO alpha-3 (FRA), a region (USA/virginia, gcp/us-central1), or --carbon-intensity"
    return "did you mean " + " or ".join(f"{place.code} ({place.name})" for place in near) + "?"


def _nearest(text: str) -> list[Place]:
    """By two-letter code, US postal code, name or last part of a code; where none of these fits, by likeness."""
    places = _places()
    wanted = _normal(text)
    last = wanted.rpartition("/")[2]
    state = re.sub(r"^usa?[-/]", "", wanted).upper()
    codes = [_raw()["alpha_2"].get(wanted.upper()), _ALIASES.get(wanted), _raw()["postal"].get(state)]
    exact = [places[_normal(code)] for code in codes if code]
    exact += [place for code, place in places.items() if last in {code.rpartition("/")[2], *_words(place)}]
    if exact:
        return list({place.code: place for place in exact}.values())[:_NEAREST]
    named = {word: place for place in reversed(places.values()) for word in _words(place)}
    alike = [places[code] for code in get_close_matches(wanted, places, n=_NEAREST, cutoff=0.7)]
    alike += [named[word] for word in get_close_matches(last, named, n=_NEAREST, cutoff=0.8)]
    return list({place.code: place for place in alike}.values())[:_NEAREST]


def _words(place: Place) -> tuple[str, ...]:
    """`Virginia, USA` -> (`virginia,-usa`, `virginia`)."""
    name = place.name or ""
    return _normal(name), _normal(name.partition(",")[0])
