"""Grams only from a number, or from one quantity with one clear unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.hub.search.stated import read_stated
from carbon_lint.units import GRAMS_PER
from tests.cases import cases


def grams(value):
    return read_stated({"co2_eq_emissions": value}).emissions_g


@cases(
    ("value", "emissions_g"),
    [
        (0, 0.0),
        (12, 12.0),
        (1e-05, 1e-05),
        (24700000, 24700000.0),
        ({"emissions": 0.5, "source": "CodeCarbon"}, 0.5),
        ({"emissions": "0.5 kg"}, 500.0),
        ("0.1069 Kg", 106.9),
        ("28.53 in grams of CO2", 28.53),
        ("1.2g CO2", 1.2),
        ("4.858 g CO2eq", 4.858),
        ("43,24 g", 43.24),
        ("4,009.5 g", 4009.5),
        ("1,234,567 g", 1234567.0),
        ("1.5e-3 kg", 1.5),
        ("500mg", 0.5),
        ("~2.5 tonnes", 2.5e6),
        ("12 grams of CO₂ eq.", 12.0),
        ("17 lbs", 7711.07029),
        ("1.234,5 kg", 1_234_500.0),
        ("5 gr", 5.0),
        ("12_000 g", 12_000.0),
        ("0.0002 KgCO2", 0.2),
    ],
)
def test_what_has_one_meaning_is_read(value, emissions_g):
    assert grams(value) == pytest.approx(emissions_g, rel=1e-12)


@cases(
    "value",
    [
        None,
        True,
        -5,
        math.nan,
        math.inf,
        10**400,
        "",
        "Kg",
        "17",
        "1e-5",
        "24_700_000",
        "4,009.5",
        "1,234 g",
        "1.2.3 kg",
        "12.5 MG",
        "2 tons",
        "5 g/kWh",
        "0.3 gCO2eq/request",
        "0.3 g CO2 per  request",
        "-3 g",
        "trained for 3 hours, 120 g",
        "unknown",
        "1e999 kg",
        "12 g " * 100,
        {"source": "x"},
        {"emissions": {"value": 3}},
        [{"emissions": 1.2}],
        [],
        {},
    ],
)
def test_what_has_none_or_several_is_not(value):
    stated = read_stated({"co2_eq_emissions": value})
    assert stated.emissions_g is None
    assert stated.note


@cases("metadata", [None, [], "text", 3, {}, {"co2_emissions": 3}])
def test_metadata_without_the_block_states_nothing(metadata):
    assert read_stated(metadata) is None


def test_grams_from_text_are_marked_as_converted():
    assert read_stated({"co2_eq_emissions": "0.5 kg"}).note == "converted from kg"
    assert read_stated({"co2_eq_emissions": "~0.5 kg"}).note == "converted from kg, approximate"
    assert read_stated({"co2_eq_emissions": "0.5 kg"}).is_converted
    assert not read_stated({"co2_eq_emissions": 0.5}).is_converted


@cases("value", [None, "", {"emissions": None}])
def test_what_is_empty_is_called_empty(value):
    stated = read_stated({"co2_eq_emissions": value})
    assert (stated.emissions_g, stated.text, stated.note) == (None, "", "emissions is empty")


def test_zero_is_shown_as_the_placeholder_that_it_often_is():
    assert "placeholder" in read_stated({"co2_eq_emissions": 0}).note


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON | st.dictionaries(st.sampled_from(["emissions", "source"]), JSON))
def test_every_value_gives_an_amount_or_nothing_and_never_raises(value):
    stated = read_stated({"co2_eq_emissions": value})
    assert stated.emissions_g is None or (math.isfinite(stated.emissions_g) and stated.emissions_g >= 0)


@given(st.floats(min_value=1e-6, max_value=1e12), st.sampled_from(["g", "kg", "mg", "t"]))
def test_a_number_with_a_unit_is_converted_to_grams(number, unit):
    assert grams(f"{number!r} {unit}") == pytest.approx(number * float(GRAMS_PER[unit]), rel=1e-9)
