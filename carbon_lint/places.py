"""Accept locations and price them: the table is CodeCarbon's with newer figures of Ember, Google and EPA.

A place is a country (`FRA`), a region of one (`USA/virginia`, `CAN/quebec`, `SWE/se3`), or a cloud's region
(`gcp/us-central1`, `aws/eu-west-3`, `azure/westeurope`). What CodeCarbon would quietly replace is refused.

A figure has a basis: `life-cycle` counts the building of plants and the making of fuel too, `combustion` only what is
burnt. The same grid is 10 to 40 g/kWh more by life cycle, so figures of two bases do not compare.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache

from carbon_lint.data import load
from carbon_lint.errors import PlaceError
from carbon_lint.text import quoted
from carbon_lint.units import LEAST_GRID_G_PER_KWH, MOST_GRID_G_PER_KWH, significant

_LEAST_MEANT_G_PER_KWH = 10.0  # a unit is guessed only if the figure is then a usual one

_NEAREST = 4
_CODE_LETTERS = 2
_ALIASES = {"uk": "GBR"}  # ISO 3166-1 reserves UK beside GB
_GIVE_INTENSITY = (("carbon-intensity", "56.04"),)
_OLD_YEARS = 2  # messages state the age of a figure that is older

OPERATOR_PUE = {"aws": ("AWS", 1.15), "gcp": ("Google", 1.1), "azure": ("Microsoft", 1.17)}
"""The power usage effectiveness that each cloud's operator states for its data centres, as a mean of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the energy comes from.

    Attributes:
        code: as a user writes it; `None` if only an intensity was given.
        name: in words, as a model card says it.
        g_per_kwh: carbon intensity of electricity, g CO2eq per kWh.
        source: whose figure it is.
        year: the year it is for; `None` if its source does not say.
        basis: `life-cycle` or `combustion`; `None` if its source does not say.
        country_iso: ISO 3166-1 alpha-3.
        region: as CodeCarbon's tables spell it.
        provider: `gcp`, `aws`, `azure` or `None`.
        codecarbon_g_per_kwh: the figure that CodeCarbon has for it, if that is another one.
        is_unusual: outside every grid's range, and accepted by the user anyway.
    """

    code: str | None
    name: str | None
    g_per_kwh: float
    source: str
    year: int | None = None
    country_iso: str | None = None
    region: str | None = None
    provider: str | None = None
    basis: str | None = None
    codecarbon_g_per_kwh: float | None = None
    is_unusual: bool = False

    @property
    def in_codecarbon_g_per_kwh(self) -> float:
        """The figure that CodeCarbon prices this place by: its files are judged by that one."""
        return self.g_per_kwh if self.codecarbon_g_per_kwh is None else self.codecarbon_g_per_kwh

    @property
    def figure(self) -> str:
        """The intensity with its basis and year, and how old it is: `44.18 g/kWh (life-cycle, 2024)`."""
        return f"{self.g_per_kwh:.4g} g/kWh{vintage(self.basis, self.year)}"

    @property
    def pue_hint(self) -> str | None:
        """What the operator of this cloud states as its PUE, and how to count it; `None` outside a cloud."""
        if self.provider is None:
            return None
        operator, pue = OPERATOR_PUE[self.provider]
        return f"{operator} states a PUE of {pue:g} for its data centres; state it as `pue` to count cooling and losses"


def vintage(basis: str | None, year: int | None, *, at: int | None = None) -> str:
    """Return ` (life-cycle, 2022, 4 years old)` to set behind an intensity; its age only if that is over two years.

    `at` is the year to count the age from, this one by default.
    """
    age = 0 if year is None else (at or datetime.now(UTC).year) - year
    parts = (basis, year and str(year), f"{age} years old" if age > _OLD_YEARS else None)
    words = ", ".join(part for part in parts if part)
    return f" ({words})" if words else ""


def find_place(text: str) -> Place:
    """Return the place that `text` names; case, spaces and underscores do not matter.

    Raises PlaceError for anything that is not in the table, with the nearest names that are, and for a place without
    an intensity.
    """
    place = _places().get(_normal(text))
    if place is None:
        hint, suggest = _hint(text)
        raise PlaceError(f"{quoted(text)} is not a known location", hint=hint, suggest=suggest)
    if place.g_per_kwh <= 0:
        raise PlaceError(
            f"the carbon intensity of {place.code} ({place.name}) is {place.g_per_kwh:g} g/kWh in its table "
            f"({place.source})",
            hint="every run there would come out as 0 g; give the grid's own figure",
            suggest=_GIVE_INTENSITY,
        )
    return place


def custom_place(
    g_per_kwh: float,
    *,
    source: str | None = None,
    name: str | None = None,
    year: int | None = None,
    basis: str | None = None,
    allow_unusual: bool = False,
) -> Place:
    """Return a place that is known only by its carbon intensity.

    Raises PlaceError if that is not a finite number above 0, or outside every grid's range and not allowed to be.
    """
    if not math.isfinite(g_per_kwh) or g_per_kwh <= 0:
        raise PlaceError(
            f"carbon intensity {g_per_kwh!r} is not a number of g/kWh above zero",
            hint="give the grid's g CO2eq per kWh",
            suggest=_GIVE_INTENSITY,
        )
    unusual = unusual_intensity(g_per_kwh)
    if unusual is not None and not allow_unusual:
        raise PlaceError(
            unusual[0], hint=f"{unusual[1]}, or accept it as it is", suggest=(("allow-unusual-intensity", ""),)
        )
    return Place(
        code=None,
        name=name,
        g_per_kwh=g_per_kwh,
        source=source or "given by the user",
        year=year,
        basis=basis,
        is_unusual=unusual is not None,
    )


def unusual_intensity(g_per_kwh: float) -> tuple[str, str] | None:
    """Return what is wrong with a carbon intensity that no grid has, and what may be meant; `None` for a usual one."""
    if LEAST_GRID_G_PER_KWH <= g_per_kwh <= MOST_GRID_G_PER_KWH:
        return None
    message = f"carbon intensity {g_per_kwh:g} g/kWh is outside 1 to 1,500 g/kWh, the range of all grids"
    meant = "write it in g/kWh"
    for factor, unit in ((1e3, "kg/kWh"), (1e-3, "mg/kWh"), (1e6, "t/kWh"), (1e-6, "µg/kWh")):
        if _LEAST_MEANT_G_PER_KWH <= g_per_kwh * factor <= MOST_GRID_G_PER_KWH:
            figure = significant(g_per_kwh * factor, 6)
            meant = f"{g_per_kwh:g} {unit} = {figure} g/kWh: write {figure}"
            break
    return message, meant


def every_place() -> tuple[Place, ...]:
    """Return all accepted places, countries first."""
    return tuple(_places().values())


@lru_cache(maxsize=1)
def _places() -> dict[str, Place]:
    return {_normal(row["code"]): Place(**row) for row in load("places.json")["places"]}


def _normal(text: str) -> str:
    return "-".join(text.strip().casefold().replace("_", " ").replace("-", " ").split())


def _hint(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if _normal(text) == "auto":
        return "`auto` works only while the job runs: name a place here, like FRA or USA/virginia", ()
    near = _nearest(text)
    if not near:
        return (
            "write a country as ISO alpha-3 (FRA) or a region (USA/virginia, gcp/us-central1), or give the intensity",
            _GIVE_INTENSITY,
        )
    return "did you mean " + " or ".join(f"{place.code} ({place.name})" for place in near) + "?", ()


def _nearest(text: str) -> list[Place]:
    """Return the places that `text` may mean: by name; if no place has that name, by country or likeness."""
    called, wanted, last = _called(), _plain(text), _plain(text.rpartition("/")[2])
    state = wanted.removeprefix("usa").removeprefix("us")  # `US-VA`
    exact = [*called.get(wanted, ()), *called.get(last, ()), *called.get(state, ())]
    found = exact or _in_country(text) or _alike(wanted, called) + _alike(last, called)
    return list({place.code: place for place in found}.values())[:_NEAREST]


def _in_country(text: str) -> list[Place]:
    """`IND/karnataka`, `DE-BY`: return the regions of that country that are spelt like it, then the country itself."""
    head, slash, region = re.sub(r"^([A-Za-z]{2})-(\w{1,3})$", r"\1/\2", text.strip()).partition("/")
    country = next((place for place in _called().get(_plain(head), ()) if place.provider is None), None)
    if not slash or country is None:
        return []
    regions = {_plain(place.code or ""): [place] for place in every_place() if place.country_iso == country.country_iso}
    return [*_alike(_plain(f"{country.country_iso}{region}"), regions), country]


def _alike(wanted: str, called: Mapping[str, list[Place]]) -> list[Place]:
    names = (name for name in called if len(name) > _CODE_LETTERS)  # of two letters, any two are alike
    return [place for name in get_close_matches(wanted, names, n=_NEAREST, cutoff=0.75) for place in called[name]]


@lru_cache(maxsize=1)
def _called() -> dict[str, list[Place]]:
    """Return the places by all that they are called: codes (ISO, postal, the last part), names, capitals."""
    places, table = _places(), load("places.json")
    codes = (*table["alpha_2"].items(), *_ALIASES.items(), *table["postal"].items(), *table["names"].items())
    called: dict[str, list[Place]] = {}
    for name, code in codes:
        called.setdefault(_plain(name), []).append(places[_normal(code)])
    for place in places.values():
        code, name = place.code or "", place.name or ""
        for word in dict.fromkeys(map(_plain, (code, code.rpartition("/")[2], name, name.partition(",")[0]))):
            called.setdefault(word, []).append(place)
    return called


def _plain(text: str) -> str:
    """Return `text` without accents, spaces and capitals: `Côte d'Ivoire` is `cotedivoire`."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
