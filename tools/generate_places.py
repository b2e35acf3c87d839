"""Writes `carbon_lint/data/places.json` from the tables of the pinned CodeCarbon.

    python tools/generate_places.py          write it
    python tools/generate_places.py --check  exit 1 where it would change

Every intensity is the answer of CodeCarbon's own engine for one kWh, so its unit conversions and fallbacks are in it.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import codecarbon
import pycountry
from cloud_regions import AWS, AZURE, Region
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

# CodeCarbon's file spells this one wrongly; Google's name is the second.
GCP_MISSPELT = {"me-cenrtal1": "me-central1"}
SMALL_WORDS = {"and", "of"}


def main() -> int:
    """Write the file, or compare."""
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    text = render()
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


def render() -> str:
    """The whole file, one place a line so that a change of the tables is a readable diff."""
    places = every_place()
    lines = ",\n".join("  " + json.dumps(place, ensure_ascii=False) for place in places)
    alpha_2 = {
        country.alpha_2: country.alpha_3
        for country in sorted(pycountry.countries, key=lambda country: str(country.alpha_2))
        if any(place["code"] == country.alpha_3 for place in places)
    }
    return (
        f'{{\n"codecarbon": "{VERSION}",\n"alpha_2": {json.dumps(alpha_2)},\n'
        f'"postal": {json.dumps(postal_codes())},\n"places": [\n{lines}\n]\n}}\n'
    )


def every_place() -> list[Row]:
    """Countries, their regions, then the clouds."""
    engine = Emissions(DataSource())  # type: ignore[no-untyped-call]
    places = countries(engine) + states(engine) + provinces(engine) + chinese(engine) + nordic(engine) + google(engine)
    by_code = {place["code"]: place for place in places}
    for cloud, regions in ((("aws", "AWS", AWS_PAGE), AWS), (("azure", "Azure", AZURE_PAGE), AZURE)):
        places += [on_cloud(cloud, region, where, by_code[where[0]]) for region, where in regions.items()]
    return places


def read(path: str) -> Any:
    """A JSON file of CodeCarbon's data folder."""
    return json.loads((DATA / path).read_text(encoding="utf-8"))


def intensity(engine: Emissions, country_iso: str, region: str | None) -> float:
    """g/kWh as CodeCarbon computes it for one kWh, offline and outside any cloud."""
    geo = GeoMetadata(country_iso_code=country_iso, country_name="", region=region)
    return grams(engine.get_private_infra_emissions(Energy.from_energy(kWh=1.0), geo))


def grams(kilograms: float) -> float:
    """Kilograms as grams, without the noise in the last bits of a product of floats."""
    return round(float(kilograms) * 1000, 9)


def place(  # noqa: PLR0917  one row, read left to right in the tables below
    engine: Emissions, country_iso: str, region: str | None, name: str, source: str, year: int
) -> Row:
    """A country or a region of one."""
    return {
        "code": country_iso if region is None else f"{country_iso}/{region.replace(' ', '-')}",
        "name": name,
        "g_per_kwh": intensity(engine, country_iso, region),
        "source": f"CodeCarbon {VERSION}: {source}",
        "year": year,
        "country_iso": country_iso,
        "region": region,
        "provider": None,
    }


def countries(engine: Emissions) -> list[Row]:
    """213 of them; the year differs by country."""
    source = "Our World in Data, carbon intensity of electricity, annual mean"
    return [
        place(engine, iso, None, row["country_name"], source, row["year"])
        for iso, row in sorted(read("private_infra/global_energy_mix.json").items())
    ]


def states(engine: Emissions) -> list[Row]:
    """US states and DC."""
    table = read("private_infra/2023/usa_emissions.json")
    source = f"{table['_source']['name']} ({table['_source']['field']})"
    return [
        place(engine, "USA", region, f"{titled(region)}, USA", source, table["_source"]["year"])
        for region in sorted(table)
        if not region.startswith("_") and region != "usa"
    ]


def postal_codes() -> dict[str, str]:
    """`VA` -> `USA/virginia`, for the hint."""
    table = read("private_infra/2023/usa_emissions.json")
    return {
        row["regionCode"]: f"USA/{region.replace(' ', '-')}"
        for region, row in sorted(table.items())
        if not region.startswith("_") and region != "usa"
    }


def provinces(engine: Emissions) -> list[Row]:
    """Canadian provinces: a mix of sources by fixed factors, so a province of hydro is near zero."""
    source = "Canadian provincial generation mix, fossil combustion only"
    return [
        place(engine, "CAN", region, f"{titled(region)}, Canada", source, 2023)
        for region in sorted(read("private_infra/2023/canada_energy_mix.json"))
    ]


def chinese(engine: Emissions) -> list[Row]:
    """Chinese provinces, official factors."""
    source = "Ministry of Ecology and Environment of China, Announcement 2025 No. 47, provincial average (CO2 only)"
    table = read("private_infra/2023/china_provincial_emissions.json")["data"]
    rows = sorted(table.values(), key=lambda row: str(row["names"][0]))
    return [place(engine, "CHN", row["names"][0], f"{row['description']}, China", source, row["year"]) for row in rows]


def nordic(engine: Emissions) -> list[Row]:
    """Electricity bidding zones."""
    found = []
    for zone, row in sorted(read("private_infra/nordic_emissions.json")["data"].items()):
        iso, country = {"SE": ("SWE", "Sweden"), "NO": ("NOR", "Norway"), "FI": ("FIN", "Finland")}[zone[:2]]
        source = "Nordic bidding zone table"
        found.append(place(engine, iso, zone.lower(), f"{country}, bidding zone {zone}", source, row["year"]))
    return found


def google(engine: Emissions) -> list[Row]:
    """Google Cloud regions: Google's own figures, published without a year in CodeCarbon's file."""
    found = []
    with (DATA / "cloud/impact.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        cloud = CloudMetadata(provider="gcp", region=row["region"])
        kilograms = engine.get_cloud_emissions(Energy.from_energy(kWh=1.0), cloud)
        region = GCP_MISSPELT.get(row["region"], row["region"])
        words = [row["city"], row["state"] if row["state"] != row["country_name"] else "", row["country_name"]]
        found.append(
            {
                "code": f"gcp/{region}",
                "name": ", ".join(dict.fromkeys(word for word in words if word)),
                "g_per_kwh": grams(kilograms),
                "source": f"CodeCarbon {VERSION}: Google Cloud, carbon data by region ({row['source']})",
                "year": None,
                "country_iso": row["countryIsoCode"],
                "region": row["region"],
                "provider": "gcp",
            }
        )
    return sorted(found, key=lambda item: str(item["code"]))


def on_cloud(cloud: tuple[str, str, str], region: str, where: Region, ground: Row) -> Row:
    """A region whose operator publishes no intensity: that of the state or country it stands in."""
    provider, label, page = cloud
    _, city, *other = where
    name = str(ground["name"])
    return ground | {
        "code": f"{provider}/{region}",
        "name": name if city is None or city in name else f"{city}, {name}",
        "source": f"{ground['source']}; {label} {region} stands in {name} ({other[0] if other else page})",
        "provider": provider,
    }


def titled(words: str) -> str:
    """`district of columbia` -> `District of Columbia`."""
    return " ".join(word if word in SMALL_WORDS else word.capitalize() for word in words.split())


if __name__ == "__main__":
    sys.exit(main())
