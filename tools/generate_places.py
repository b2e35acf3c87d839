"""Write `carbon_lint/data/places.json`: CodeCarbon's tables, and newer figures of Ember, Google and EPA.

    python tools/generate_places.py ../shared/grid  take the figures of Ember and Google over from the files there
    python tools/generate_places.py                 keep their figures as they are, and write the rest again
    python tools/generate_places.py --check         exit 1 if that would change the file

What CodeCarbon says is the answer of its own engine for one kWh, so its unit conversions and fallbacks are in it.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import codecarbon
import place_names
import pycountry
from cloud_regions import AWS, AZURE, EGRID_LB_PER_MWH, EGRID_SOURCE, EGRID_SUBREGIONS, EGRID_YEAR, Region
from codecarbon.core.emissions import Emissions
from codecarbon.core.units import Energy
from codecarbon.external.geography import CloudMetadata, GeoMetadata
from codecarbon.input import DataSource

Row = dict[str, Any]
TARGET = Path(__file__).resolve().parent.parent / "carbon_lint" / "data" / "places.json"
DATA = Path(codecarbon.__file__).parent / "data"
VERSION = version("codecarbon")
AWS_PAGE = "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"
AZURE_PAGE = "https://learn.microsoft.com/azure/reliability/regions-list"

LIFE_CYCLE, COMBUSTION = "life-cycle", "combustion"
EMBER = "Ember, carbon intensity of electricity, annual mean, as collected by co2.js"
GOOGLE = "Google Cloud, grid carbon intensity by region, operational emissions"
GOOGLE_YEAR = 2024
KG_PER_LB = 0.45359237

# CodeCarbon's file spells this one wrongly; Google's name is the second.
GCP_MISSPELT = {"me-cenrtal1": "me-central1"}
GCP_NOT_IN_CODECARBON = {
    "europe-north2": ("SWE", "Stockholm, Sweden"),
    "northamerica-south1": ("MEX", "Mexico"),
    "us-central2": ("USA", "Oklahoma, USA"),
    "us-east2": ("USA", "Georgia, USA"),
}
NOT_IN_CODECARBON = {"XKX": "Kosovo"}
SMALL_WORDS = {"and", "of"}


class Newer(NamedTuple):
    """Figures in g/kWh that are not CodeCarbon's: Ember's by country, with the year, and Google's by region."""

    ember: dict[str, tuple[float, int]]
    google: dict[str, float]


def main() -> int:
    """Write the file, or compare."""
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    folders = [Path(argument) for argument in sys.argv[1:] if argument != "--check"]
    text = render(read_newer(folders[0]) if folders else keep_newer())
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


def read_newer(folder: Path) -> Newer:
    """Read Ember's and Google's figures from `folder`."""
    rows = json.loads((folder / "ember-average-intensities.json").read_text(encoding="utf-8")).values()
    ember = {row["country_code"]: (row["emissions_intensity_gco2_per_kwh"], row["year"]) for row in rows}
    with (folder / "google-regions-2024.csv").open(encoding="utf-8", newline="") as file:
        google = {
            row["Google Cloud Region"]: float(row["Grid carbon intensity (gCO2eq / kWh)"])
            for row in csv.DictReader(file)
        }
    return Newer(ember, google)


def keep_newer() -> Newer:
    """Return Ember's and Google's figures as the table has them already."""
    rows = json.loads(TARGET.read_text(encoding="utf-8"))["places"]
    ember = {row["code"]: (row["g_per_kwh"], row["year"]) for row in rows if row["source"] == EMBER}
    google = {row["code"].removeprefix("gcp/"): row["g_per_kwh"] for row in rows if row["source"] == GOOGLE}
    return Newer(ember, google)


def render(newer: Newer) -> str:
    """Return the whole file, one place a line so that a change of the tables is a readable diff."""
    places = every_place(newer)
    lines = ",\n".join("  " + json.dumps(place, ensure_ascii=False) for place in places)
    known = {place["code"]: place["name"] for place in places if place["provider"] is None}
    alpha_2 = {
        country.alpha_2: country.alpha_3
        for country in sorted(pycountry.countries, key=lambda country: str(country.alpha_2))
        if country.alpha_3 in known
    }
    names = json.dumps(place_names.other_names(known), ensure_ascii=False)
    return (
        f'{{\n"codecarbon": "{VERSION}",\n"alpha_2": {json.dumps(alpha_2 | place_names.ALPHA_2)},\n'
        f'"postal": {json.dumps(postal_codes())},\n"names": {names},\n"places": [\n{lines}\n]\n}}\n'
    )


def every_place(newer: Newer) -> list[Row]:
    """Return countries, their regions, then the clouds."""
    engine = Emissions(DataSource())  # type: ignore[no-untyped-call]
    places = [with_ember(row, newer) for row in countries(engine)] + countries_of_ember(newer)
    places += states(engine) + provinces(engine) + chinese(engine) + nordic(engine) + google(engine, newer)
    by_code = {place["code"]: place for place in places}
    for cloud, regions in ((("aws", "AWS", AWS_PAGE), AWS), (("azure", "Azure", AZURE_PAGE), AZURE)):
        places += [on_cloud(cloud, region, where, by_code[where[0]]) for region, where in regions.items()]
    return places


def read(path: str) -> Any:
    """Read a JSON file of CodeCarbon's data folder."""
    return json.loads((DATA / path).read_text(encoding="utf-8"))


def intensity(engine: Emissions, country_iso: str, region: str | None) -> float:
    """Return g/kWh as CodeCarbon computes it for one kWh, offline and outside any cloud."""
    geo = GeoMetadata(country_iso_code=country_iso, country_name="", region=region)
    return grams(engine.get_private_infra_emissions(Energy.from_energy(kWh=1.0), geo))


def grams(kilograms: float) -> float:
    """Return kilograms as grams, without the noise in the last bits of a product of floats."""
    return round(float(kilograms) * 1000, 9)


def place(  # noqa: PLR0917  one row, read left to right in the tables below
    engine: Emissions, country_iso: str, region: str | None, name: str, source: str, year: int, basis: str = COMBUSTION
) -> Row:
    """Return a country or a region of one."""
    return {
        "code": country_iso if region is None else f"{country_iso}/{region.replace(' ', '-')}",
        "name": name,
        "g_per_kwh": intensity(engine, country_iso, region),
        "source": f"CodeCarbon {VERSION}: {source}",
        "year": year,
        "basis": basis,
        "country_iso": country_iso,
        "region": region,
        "provider": None,
    }


def countries(engine: Emissions) -> list[Row]:
    """Return the countries of CodeCarbon's table; the year differs by country."""
    source = "Our World in Data, carbon intensity of electricity, annual mean"
    return [
        place(engine, iso, None, row["country_name"], source, row["year"], LIFE_CYCLE)
        for iso, row in sorted(read("private_infra/global_energy_mix.json").items())
    ]


def with_ember(row: Row, newer: Newer) -> Row:
    """Return the country with Ember's figure, unless CodeCarbon's is of a later year or Ember has 0.

    CodeCarbon's are Ember's too, through Our World in Data: of one year, Ember's own file has the later revision.
    """
    g_per_kwh, year = newer.ember.get(row["code"], (0.0, 0))
    return instead_of(row, g_per_kwh, EMBER, year, LIFE_CYCLE) if year >= row["year"] and g_per_kwh > 0 else row


def countries_of_ember(newer: Newer) -> list[Row]:
    """Return the countries that CodeCarbon does not know."""
    blank = {"region": None, "provider": None}
    return [
        {"code": iso, "name": name, "g_per_kwh": newer.ember[iso][0], "source": EMBER, "year": newer.ember[iso][1]}
        | {"basis": LIFE_CYCLE, "country_iso": iso}
        | blank
        for iso, name in NOT_IN_CODECARBON.items()
    ]


def instead_of(row: Row, g_per_kwh: float, source: str, year: int, basis: str) -> Row:
    """Return the place with another figure, and CodeCarbon's own beside it: its files are priced by that one."""
    newer = {"g_per_kwh": g_per_kwh, "source": source, "year": year, "basis": basis}
    return row | newer | {"codecarbon_g_per_kwh": row["g_per_kwh"]}


def states(engine: Emissions) -> list[Row]:
    """Return the US states and DC."""
    table = read("private_infra/2023/usa_emissions.json")
    source = f"{table['_source']['name']} ({table['_source']['field']})"
    return [
        place(engine, "USA", region, f"{titled(region)}, USA", source, table["_source"]["year"])
        for region in sorted(table)
        if not region.startswith("_") and region != "usa"
    ]


def postal_codes() -> dict[str, str]:
    """Return the state by its postal code, for the hint: `VA` is `USA/virginia`."""
    table = read("private_infra/2023/usa_emissions.json")
    return {
        row["regionCode"]: f"USA/{region.replace(' ', '-')}"
        for region, row in sorted(table.items())
        if not region.startswith("_") and region != "usa"
    }


def provinces(engine: Emissions) -> list[Row]:
    """Return the Canadian provinces: a mix of sources by fixed factors, so a province of hydro is near zero."""
    source = "Canadian provincial generation mix, fossil combustion only"
    return [
        place(engine, "CAN", region, f"{titled(region)}, Canada", source, 2023)
        for region in sorted(read("private_infra/2023/canada_energy_mix.json"))
    ]


def chinese(engine: Emissions) -> list[Row]:
    """Return the Chinese provinces by official factors."""
    source = "Ministry of Ecology and Environment of China, Announcement 2025 No. 47, provincial average (CO2 only)"
    table = read("private_infra/2023/china_provincial_emissions.json")["data"]
    rows = sorted(table.values(), key=lambda row: str(row["names"][0]))
    return [place(engine, "CHN", row["names"][0], f"{row['description']}, China", source, row["year"]) for row in rows]


def nordic(engine: Emissions) -> list[Row]:
    """Return the Nordic bidding zones of electricity."""
    found = []
    for zone, row in sorted(read("private_infra/nordic_emissions.json")["data"].items()):
        iso, country = {"SE": ("SWE", "Sweden"), "NO": ("NOR", "Norway"), "FI": ("FIN", "Finland")}[zone[:2]]
        source = "Nordic bidding zone table"
        found.append(
            place(engine, iso, zone.lower(), f"{country}, bidding zone {zone}", source, row["year"], LIFE_CYCLE)
        )
    return found


def google(engine: Emissions, newer: Newer) -> list[Row]:
    """Return Google Cloud's regions by Google's own figures; CodeCarbon's copy of them has no year."""
    found = [
        {"code": f"gcp/{region}", "name": name, "g_per_kwh": newer.google[region], "source": GOOGLE}
        | {"year": GOOGLE_YEAR, "basis": COMBUSTION, "country_iso": iso, "region": region, "provider": "gcp"}
        for region, (iso, name) in GCP_NOT_IN_CODECARBON.items()
    ]
    with (DATA / "cloud/impact.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        cloud = CloudMetadata(provider="gcp", region=row["region"])
        kilograms = engine.get_cloud_emissions(Energy.from_energy(kWh=1.0), cloud)
        region = GCP_MISSPELT.get(row["region"], row["region"])
        words = [row["city"], row["state"] if row["state"] != row["country_name"] else "", row["country_name"]]
        old = {
            "code": f"gcp/{region}",
            "name": ", ".join(dict.fromkeys(word for word in words if word)),
            "g_per_kwh": grams(kilograms),
            "source": "",
            "year": None,
            "basis": None,
            "country_iso": row["countryIsoCode"],
            "region": row["region"],
            "provider": "gcp",
        }
        found.append(instead_of(old, newer.google[region], GOOGLE, GOOGLE_YEAR, COMBUSTION))
    return sorted(found, key=lambda item: str(item["code"]))


def on_cloud(cloud: tuple[str, str, str], region: str, where: Region, ground: Row) -> Row:
    """Return a region whose operator publishes no intensity: its figure is that of the grid where it stands."""
    provider, label, page = cloud
    code, city, *other = where
    name = str(ground["name"])
    if code in EGRID_SUBREGIONS:
        subregion = EGRID_SUBREGIONS[code]
        g_per_kwh = round(EGRID_LB_PER_MWH[subregion] * KG_PER_LB, 3)
        ground = instead_of(ground, g_per_kwh, EGRID_SOURCE.format(subregion), EGRID_YEAR, COMBUSTION)
    return ground | {
        "code": f"{provider}/{region}",
        "name": name if city is None or city in name else f"{city}, {name}",
        "source": f"{ground['source']}; {label} {region} stands in {name} ({other[0] if other else page})",
        "provider": provider,
    }


def titled(words: str) -> str:
    """Return `District of Columbia` for `district of columbia`."""
    return " ".join(word if word in SMALL_WORDS else word.capitalize() for word in words.split())


if __name__ == "__main__":
    sys.exit(main())
