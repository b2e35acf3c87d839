"""Locations: what is accepted, what is refused and with which names, and that the table is CodeCarbon's own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from carbon_lint import places
from carbon_lint.errors import MeasurementError
from tests.conftest import ROOT


def hint_for(text):
    with pytest.raises(MeasurementError) as caught:
        places.find_place(text)
    assert caught.value.exit_code == 125
    return caught.value.hint


@pytest.mark.parametrize(
    ("text", "code", "name", "g_per_kwh"),
    [
        ("FRA", "FRA", "France", 56.039),
        ("fra", "FRA", "France", 56.039),
        ("USA/virginia", "USA/virginia", "Virginia, USA", 245.14),
        ("usa/New York", "USA/new-york", "New York, USA", None),
        ("CAN/quebec", "CAN/quebec", "Quebec, Canada", 3.94),
        ("CAN/british_columbia", "CAN/british-columbia", "British Columbia, Canada", None),
        ("CHN/inner mongolia", "CHN/inner-mongolia", "Inner Mongolia, China", None),
        ("SWE/SE3", "SWE/se3", "Sweden, bidding zone SE3", 27.0),
        ("gcp/us-central1", "gcp/us-central1", "Council Bluffs, Iowa, USA", 430.0),
        ("gcp/me-central1", "gcp/me-central1", "Doha, Qatar", 575.0),
        ("aws/us-east-1", "aws/us-east-1", "Virginia, USA", 245.14),
        ("azure/westeurope", "azure/westeurope", "Netherlands", None),
    ],
)
def test_a_location_is_found_whatever_its_case_and_separators(text, code, name, g_per_kwh):
    place = places.find_place(text)
    assert (place.code, place.name) == (code, name)
    if g_per_kwh is not None:
        assert place.g_per_kwh == pytest.approx(g_per_kwh, rel=2e-3)


@pytest.mark.parametrize(
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
    ],
)
def test_what_codecarbon_would_quietly_replace_is_refused_with_the_name_that_was_meant(text, expected):
    assert expected in hint_for(text)


@pytest.mark.parametrize("text", ["XXX", "", "   ", "gcp/mars", "日本", "FRA\n::set-output", "*", "FRA/paris/1er"])
def test_an_unknown_location_is_refused_and_told_how_to_be_written(text):
    assert "--carbon-intensity" in hint_for(text) or "did you mean" in hint_for(text)


def test_a_place_whose_table_holds_zero_is_refused():
    """CodeCarbon 3.3.2 has 0 g/kWh for the Central African Republic: every run there would weigh nothing."""
    assert "--carbon-intensity" in hint_for("CAF")


def test_every_place_has_words_a_source_and_a_finite_intensity():
    found = places.every_place()
    assert len({place.code for place in found}) == len(found) > 350
    for place in found:
        assert place.name
        assert place.source.startswith(f"CodeCarbon {places.tables_version()}: ")
        assert place.country_iso is not None
        assert len(place.country_iso) == 3
        assert 0 <= place.g_per_kwh < 1500
        assert place.year is None or 2009 <= place.year <= 2026
        assert place.year is not None or place.provider == "gcp"


def test_a_region_of_aws_or_azure_says_whose_grid_it_is_given_and_where_that_was_read():
    for code, page in (("aws/ca-central-1", "docs.aws.amazon.com"), ("azure/canadaeast", "learn.microsoft.com")):
        place = places.find_place(code)
        assert place.g_per_kwh == places.find_place("CAN/quebec").g_per_kwh
        assert "stands in Quebec, Canada" in place.source
        assert page in place.source


def test_the_tables_are_those_of_the_pinned_codecarbon():
    """Fails when CodeCarbon's tables change under the pin: grams would move without the code having changed."""
    generator = [sys.executable, str(ROOT / "tools" / "generate_places.py"), "--check"]
    assert subprocess.run(generator, check=False, timeout=60).returncode == 0


def test_the_page_on_measuring_counts_the_places_rightly():
    page = (ROOT / "docs" / "measuring.md").read_text(encoding="utf-8")
    found = places.every_place()
    ground = [place for place in found if place.provider is None]
    counts = {
        "`FRA` (213 countries)": sum(place.region is None for place in ground),
        "`gcp/us-central1` (40)": sum(place.provider == "gcp" for place in found),
    }
    for iso, example in (("USA", "USA/virginia"), ("CAN", "CAN/quebec"), ("CHN", "CHN/beijing")):
        number = sum(place.country_iso == iso and place.region is not None for place in ground)
        counts[f"`{example}` ({number})"] = number
    for text, number in counts.items():
        assert text in page
        assert str(number) in text


def test_a_given_intensity_is_a_place_without_a_code():
    place = places.custom_place(56.04)
    assert (place.code, place.g_per_kwh, place.source) == (None, 56.04, "given by the user")
    assert places.custom_place(56.04, source="RTE 2025").source == "RTE 2025"


@pytest.mark.parametrize("g_per_kwh", [0.0, -1.0, float("nan"), float("inf")])
def test_an_intensity_that_is_not_above_zero_is_refused(g_per_kwh):
    with pytest.raises(MeasurementError):
        places.custom_place(g_per_kwh)
