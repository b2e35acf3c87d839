"""Locations: what is accepted, what is refused and with which names, and whose figures the table holds."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from carbon_lint import places
from carbon_lint.cli.flags import spelled
from carbon_lint.data import load
from carbon_lint.errors import PlaceError, exit_code_of
from tests.cases import cases
from tests.conftest import ROOT


def hint_for(text):
    with pytest.raises(PlaceError) as caught:
        places.find_place(text)
    assert (caught.value.exit_code, exit_code_of(caught.value, "run")) == (2, 125)
    return caught.value.advice(spelled)


@cases(
    ("text", "code", "name", "g_per_kwh"),
    [
        ("FRA", "FRA", "France", 44.18),
        ("fra", "FRA", "France", 44.18),
        ("USA/virginia", "USA/virginia", "Virginia, USA", 245.14),
        ("usa/New York", "USA/new-york", "New York, USA", None),
        ("CAN/quebec", "CAN/quebec", "Quebec, Canada", 3.94),
        ("CAN/british_columbia", "CAN/british-columbia", "British Columbia, Canada", None),
        ("CHN/inner mongolia", "CHN/inner-mongolia", "Inner Mongolia, China", None),
        ("SWE/SE3", "SWE/se3", "Sweden, bidding zone SE3", 27.0),
        ("gcp/us-central1", "gcp/us-central1", "Council Bluffs, Iowa, USA", 412.72),
        ("gcp/me-central1", "gcp/me-central1", "Doha, Qatar", 366.0),
        ("aws/us-east-1", "aws/us-east-1", "Virginia, USA", 270.49),
        ("azure/westeurope", "azure/westeurope", "Netherlands", None),
    ],
)
def test_a_location_is_found_whatever_its_case_and_separators(text, code, name, g_per_kwh):
    place = places.find_place(text)
    assert (place.code, place.name) == (code, name)
    if g_per_kwh is not None:
        assert place.g_per_kwh == pytest.approx(g_per_kwh, rel=2e-3)


@cases(
    ("text", "expected"),
    [
        ("US", "USA"),
        ("GB", "GBR"),
        ("UK", "GBR"),
        ("VA", "USA/virginia"),
        ("USA/VA", "USA/virginia"),
        ("usa/virgina", "USA/virginia"),
        ("virginia", "USA/virginia"),
        ("France", "FRA"),
        ("us-east-1", "aws/us-east-1"),
        ("eastus", "azure/eastus"),
        ("London", "gcp/europe-west2"),
        ("Türkiye", "TUR"),
        ("turkiye", "TUR"),
        ("Cote d'Ivoire", "CIV"),
        ("Kosovo", "XKX"),
        ("XK", "XKX"),
        ("IND/karnataka", "IND"),
        ("India/Karnataka", "IND"),
        ("DE-BY", "DEU"),
        ("CAN/Québec", "CAN/quebec"),
        ("Bern", "CHE"),
        ("Scotland", "GBR"),
        ("DRC", "COD"),
        ("Congo", "COD"),
        ("Republic of the Congo", "COG"),
        ("CA-QC", "CAN/quebec"),
        ("ON", "CAN/ontario"),
        ("ERCOT", "USA/texas"),
        ("East US 2", "azure/eastus2"),
        ("scaleway/fr-par", "FRA"),
        ("us-ashburn-1", "USA/virginia"),
    ],
)
def test_what_codecarbon_would_quietly_replace_is_refused_with_the_name_that_was_meant(text, expected):
    assert expected in hint_for(text)


@cases("text", ["XXX", "", "   ", "gcp/mars", "日本", "FRA\n::set-output", "*", "FRA/paris/1er"])
def test_an_unknown_location_is_refused_with_how_to_write_one(text):
    assert "ISO alpha-3" in hint_for(text) or "did you mean" in hint_for(text)


def test_a_place_whose_table_holds_zero_is_refused():
    """CodeCarbon 3.3.2 has 0 g/kWh for the Central African Republic: every run there would weigh nothing."""
    assert "the grid's own figure" in hint_for("CAF")


def test_every_place_has_words_a_source_and_a_finite_intensity():
    found = places.every_place()
    assert len({place.code for place in found}) == len(found) > 350
    release = load("places.json")["codecarbon"]
    for place in found:
        assert place.name
        assert place.source.startswith((f"CodeCarbon {release}: ", "Ember", "Google", "EPA eGRID2023"))
        assert place.basis in {"life-cycle", "combustion"}
        assert place.country_iso is not None
        assert len(place.country_iso) == 3
        assert 0 <= place.g_per_kwh < 1500
        assert place.year is not None
        assert 2009 <= place.year <= 2026


@cases(
    ("code", "ground", "name", "read_in"),
    [
        ("aws/ca-west-1", "CAN/alberta", "Alberta, Canada", "docs.aws.amazon.com"),
        ("aws/ca-central-1", "CAN/quebec", "Quebec, Canada", "AWS News Blog"),
        ("aws/me-west-1", "SAU", "Saudi Arabia", "partitions.json"),
        ("aws/sa-west-1", "CHL", "Chile", "partitions.json"),
        ("aws/eusc-de-east-1", "DEU", "Germany", "15 January 2026"),
        ("azure/canadaeast", "CAN/quebec", "Quebec, Canada", "learn.microsoft.com"),
        ("azure/indiasouthcentral", "IND", "India", "learn.microsoft.com"),
        ("azure/jioindiawest", "IND", "India", "Azure Resource Manager"),
        ("azure/chinaeast3", "CHN", "China", "Microsoft names no place in it"),
        ("azure/usgovvirginia", "USA/virginia", "Virginia, USA", "by its own name"),
    ],
)
def test_a_region_of_aws_or_azure_names_its_grid_and_the_source_of_that(code, ground, name, read_in):
    place = places.find_place(code)
    if "eGRID" not in place.source:
        assert place.g_per_kwh == places.find_place(ground).g_per_kwh
    assert f"{code.partition('/')[2]} stands in {name} (" in place.source
    assert read_in in place.source


def clouds_without_a_figure():
    """The regions whose place was read by hand, and the places that CodeCarbon's tables know."""
    found = places.every_place()
    grounds = {place.code: place for place in found if place.provider is None}
    return [place for place in found if place.provider in {"aws", "azure"}], grounds


def test_every_region_of_aws_and_azure_has_the_figure_of_a_known_place_and_names_its_witness():
    regions, grounds = clouds_without_a_figure()
    assert len(regions) > 100
    for place in regions:
        code = place.country_iso if place.region is None else f"{place.country_iso}/{place.region}".replace(" ", "-")
        ground = grounds[code]
        if "subregion" not in place.source:
            assert (place.g_per_kwh, place.year) == (ground.g_per_kwh, ground.year), place.code
        assert place.name.endswith(ground.name), place.code
        _, _, where = place.source.partition(f" {place.code.partition('/')[2]} stands in {ground.name} (")
        assert re.search(r"https://\S+\)$|20\d\d|by its own name|names no place", where), place.code


@cases(
    ("provider", "countries"),
    [
        # the country that a region's own code begins with: (code's first letters) -> the countries it may stand in
        ("aws", {"us": "USA", "ca": "CAN", "cn": "CHN", "mx": "MEX", "af": "ZAF", "il": "ISR", "eusc": "DEU"}),
        (
            "azure",
            {
                "australia": "AUS", "austria": "AUT", "belgium": "BEL", "brazil": "BRA", "canada": "CAN",
                "chile": "CHL", "china": "CHN", "denmark": "DNK", "france": "FRA", "germany": "DEU", "india": "IND",
                "indonesia": "IDN", "israel": "ISR", "italy": "ITA", "japan": "JPN", "jioindia": "IND",
                "korea": "KOR", "malaysia": "MYS", "mexico": "MEX", "newzealand": "NZL", "norway": "NOR",
                "poland": "POL", "qatar": "QAT", "southafrica": "ZAF", "spain": "ESP", "sweden": "SWE",
                "switzerland": "CHE", "uae": "ARE", "uk": "GBR", "usgov": "USA", "eastus": "USA", "westus": "USA",
                "centralus": "USA",
            },
        ),
    ],
)  # fmt: skip
def test_a_region_named_for_a_country_stands_in_it(provider, countries):
    """Compared with the region's own code, which the table's author did not choose."""
    regions, _ = clouds_without_a_figure()
    codes = {place.code.partition("/")[2]: place.country_iso for place in regions if place.provider == provider}
    seen = set()
    for code, iso in codes.items():
        first = code.partition("-")[0] if provider == "aws" else code
        named = [start for start in countries if (first == start if provider == "aws" else code.startswith(start))]
        for start in named:
            assert countries[start] == iso, code
            seen.add(start)
    assert seen == set(countries)


def test_azures_provinces_of_china_are_marked_as_not_confirmed():
    """Microsoft names no place in China: a province there is the press's word, and its grams differ by a sixth."""
    regions, _ = clouds_without_a_figure()
    chinese = [place for place in regions if place.provider == "azure" and place.country_iso == "CHN"]
    assert len(chinese) == 6
    for place in chinese:
        assert ("not confirmed" in place.source) == (place.region is not None), place.code


def test_the_tables_are_those_of_the_pinned_codecarbon():
    """Fails when CodeCarbon's tables change under the pin: grams would move without the code having changed."""
    generator = [sys.executable, str(ROOT / "tools" / "generate_places.py"), "--check"]
    assert subprocess.run(generator, check=False, timeout=60).returncode == 0


def newer_lines(provider):
    """The countries by Ember, or Google's regions, as `FRA 44.18 2024`."""
    source = "Ember" if provider is None else "Google"
    found = [place for place in places.every_place() if place.provider == provider and place.source.startswith(source)]
    return [f"{place.code} {place.g_per_kwh} {place.year}" for place in found]


@cases(
    ("provider", "number", "digest"),
    [(None, 208, "b1f30bd2b4cb59f6"), ("gcp", 44, "36d9f5b5716c7b01")],
)
def test_no_figure_of_ember_or_google_was_changed_since_it_was_compared_with_its_file(provider, number, digest):
    """The tests below compare each line with the files of Ember and Google, which this repository does not hold."""
    lines = newer_lines(provider)
    assert len(lines) == number
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == digest


def test_each_country_has_embers_figure_unless_codecarbons_is_of_a_later_year(shared):
    rows = json.loads((shared / "grid" / "ember-average-intensities.json").read_text(encoding="utf-8")).values()
    ember = {row["country_code"]: row for row in rows if row["country_code"]}
    mix = Path(find_spec("codecarbon").origin).parent / "data/private_infra/global_energy_mix.json"
    older = {iso: row["year"] for iso, row in json.loads(mix.read_text(encoding="utf-8")).items()}
    for place in places.every_place():
        row = ember.get(place.code)
        if row and row["year"] >= older.get(place.code, 0) and row["emissions_intensity_gco2_per_kwh"]:
            assert (place.g_per_kwh, place.year) == (row["emissions_intensity_gco2_per_kwh"], row["year"]), place
            assert (place.source.startswith("Ember"), place.basis) == (True, "life-cycle")
        elif place.code in older:
            assert (place.source.startswith("CodeCarbon"), place.year) == (True, older[place.code]), place


def test_each_region_of_google_has_googles_figure_of_2024(shared):
    with (shared / "grid" / "google-regions-2024.csv").open(encoding="utf-8", newline="") as file:
        rows = {f"gcp/{row['Google Cloud Region']}": row for row in csv.DictReader(file)}
    found = {place.code: place for place in places.every_place() if place.provider == "gcp"}
    assert set(found) == set(rows)
    for code, row in rows.items():
        assert found[code].g_per_kwh == float(row["Grid carbon intensity (gCO2eq / kWh)"]), code
        assert (found[code].year, found[code].basis) == (2024, "combustion")


def test_a_us_region_of_a_cloud_has_the_figure_of_its_egrid_subregion_and_no_other_region_has_one():
    for place in places.every_place():
        is_in_us = place.country_iso == "USA" and place.provider in {"aws", "azure"}
        assert ("subregion" in place.source) == (is_in_us and place.code != "azure/westcentralus"), place
    expected = {"aws/us-east-1": 270.49, "aws/us-east-2": 415.51, "azure/westus2": 288.15, "azure/westus3": 320.32}
    assert {code: round(places.find_place(code).g_per_kwh, 2) for code in expected} == expected


def test_a_replaced_figure_keeps_codecarbons_own_beside_it():
    france, virginia = places.find_place("FRA"), places.find_place("USA/virginia")
    assert france.in_codecarbon_g_per_kwh == pytest.approx(56.039)
    assert virginia.in_codecarbon_g_per_kwh == virginia.g_per_kwh


def test_a_figure_has_its_basis_and_year_and_its_age_only_if_that_is_over_two_years():
    assert places.vintage("life-cycle", 2024, at=2026) == " (life-cycle, 2024)"
    assert places.vintage("combustion", 2023, at=2026) == " (combustion, 2023, 3 years old)"
    assert places.vintage(None, None) == ""
    assert places.find_place("FRA").figure.startswith("44.18 g/kWh (life-cycle, 2024")


def test_a_cloud_region_names_its_operators_pue_and_no_other_place_does():
    hints = {code: places.find_place(code).pue_hint for code in ("aws/eu-west-3", "gcp/us-central1", "azure/uksouth")}
    for code, pue in (("aws/eu-west-3", "1.15"), ("gcp/us-central1", "1.1"), ("azure/uksouth", "1.17")):
        assert f"PUE of {pue} " in hints[code]
    assert places.find_place("FRA").pue_hint is None


def test_the_page_on_measuring_counts_the_places_rightly():
    page = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
    found = places.every_place()
    ground = [place for place in found if place.provider is None]
    counts = {
        "`FRA` (214 countries)": sum(place.region is None for place in ground),
        "`gcp/us-central1` (44)": sum(place.provider == "gcp" for place in found),
        "`aws/us-east-1` (39)": sum(place.provider == "aws" for place in found),
        "`azure/eastus` (68)": sum(place.provider == "azure" for place in found),
    }
    for iso, example in (("USA", "USA/virginia"), ("CAN", "CAN/quebec"), ("CHN", "CHN/beijing")):
        number = sum(place.country_iso == iso and place.region is not None for place in ground)
        counts[f"`{example}` ({number})"] = number
    for text, number in counts.items():
        assert text in page
        assert str(number) in text


def test_auto_is_not_taken_for_austria_if_no_service_is_asked():
    assert "AUT" not in hint_for("auto")
    assert "FRA" in hint_for("Auto ")


def test_a_given_intensity_is_a_place_without_a_code():
    place = places.custom_place(56.04)
    assert (place.code, place.g_per_kwh, place.source) == (None, 56.04, "given by the user")
    assert places.custom_place(56.04, source="RTE 2025").source == "RTE 2025"


@cases("g_per_kwh", [0.0, -1.0, float("nan"), float("inf")])
def test_an_intensity_that_is_not_above_zero_is_refused(g_per_kwh):
    with pytest.raises(PlaceError):
        places.custom_place(g_per_kwh)
