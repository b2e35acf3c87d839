"""One reader of amounts: every notation, with its unit; a rate is never a total; several meanings are marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.quantity import quantities, read
from carbon_lint.units import readings_of
from tests.cases import cases

GRAMS_PER = {
    **dict.fromkeys(("g", "gr", "gram", "grams", "gramme"), 1),
    **dict.fromkeys(("kg", "Kg", "KG", "kgs", "kilogram", "kilos"), 1000),
    **dict.fromkeys(("mg", "milligrams"), 0.001),
    **dict.fromkeys(("t", "tonne", "tonnes", "metric tons", "tons"), 1e6),
    **dict.fromkeys(("lb", "lbs", "pounds"), 453.59237),
}
GASES = [
    "",
    " CO2",
    "CO2",
    "CO2eq",
    " CO2-eq",
    " CO2e",
    " of CO2",
    "CO\u2082e",
    " eq. CO2",
    " of carbon dioxide equivalent",
]
RATES = [
    "/kWh",
    " / request",
    "/ query",
    " per hour",
    "  per  token",
    " each",
    " a day",
    " kWh^-1",
    "\u00b7kWh\u207b\u00b9",
    " pro Anfrage",
    " par requ\u00eate",
    "/1k tokens",
]


def written(value, notation):
    """A number of two decimals in one of the ways that people write it."""
    whole, cents = divmod(value, 100)
    return {
        "plain": f"{whole}.{cents:02d}",
        "comma": f"{whole},{cents:02d}",
        "english": f"{whole:,}.{cents:02d}",
        "german": f"{whole:,}".replace(",", ".") + f",{cents:02d}",
        "blank": f"{whole:,}".replace(",", " ") + f".{cents:02d}",
        "thin blank": f"{whole:,}".replace(",", "\u202f") + f",{cents:02d}",
        "swiss": f"{whole:,}".replace(",", "'") + f".{cents:02d}",
        "underscore": f"{whole:_}.{cents:02d}",
        "exponent": f"{value / 100:.12e}",
    }[notation]


NOTATIONS = ["plain", "comma", "english", "german", "blank", "thin blank", "swiss", "underscore", "exponent"]
VALUES = st.integers(min_value=1, max_value=10**11)


@given(VALUES, st.sampled_from(NOTATIONS), st.sampled_from(sorted(GRAMS_PER)), st.sampled_from(GASES))
def test_an_amount_in_any_notation_is_read_with_its_unit(value, notation, unit, gas):
    quantity = read(f"{written(value, notation)} {unit}{gas}")
    assert quantity is not None
    assert float(quantity.grams[0]) == pytest.approx(value / 100 * GRAMS_PER[unit], rel=1e-9)
    assert not quantity.unit.is_rate
    assert quantity.unit.names_gas == bool(gas)
    assert (not quantity.doubt) == (unit != "tons")


@given(
    VALUES,
    st.sampled_from(NOTATIONS),
    st.sampled_from(["g", "kg", "mg", "t"]),
    st.sampled_from(GASES),
    st.sampled_from(RATES),
)
def test_a_rate_is_never_a_total(value, notation, unit, gas, rate):
    found = list(quantities(f"about {written(value, notation)} {unit}{gas}{rate}, they say"))
    assert len(found) == 1
    assert found[0].unit.is_rate
    assert found[0].doubt


@given(st.text())
def test_any_text_gives_amounts_inside_it(text):
    for quantity in quantities(text):
        assert text[quantity.start : quantity.end] == quantity.number_text
        assert quantity.end <= quantity.unit.gas_end <= len(text)


@cases(
    ("text", "grams"),
    [
        ("17 lbs", [7711.07029]),
        ("17 tons", [17e6, 15_422_140.58, 17_272_797.4496]),
        ("1.234,5 kg", [1_234_500]),
        ("5 gr", [5]),
        ("12_000 g", [12_000]),
        ("0.0002 KgCO2", [0.2]),
        ("4,475 kg", [4_475_000, 4475]),
        ("5 Mg CO2", [5e6, 0.005]),
        ("~2.5 tonnes", [2.5e6]),
        ("-3 g", [-3]),
    ],
)
def test_every_meaning_is_given_the_likeliest_first(text, grams):
    quantity = read(text)
    assert [float(one) for one in quantity.grams] == pytest.approx(grams)
    assert (not quantity.doubt) == (len(grams) == 1)


@cases(
    "text", ["", "kg", "12", "12 kWh", "12 GB", "4 T4 GPUs", "5 T", "1,2,3 kg", "3 hours, 12 kg", "1e999 kg", "x12 kg"]
)
def test_only_amounts_are_read(text):
    assert read(text) is None


def test_an_ambiguous_comma_has_both_readings():
    def values(text):
        return [float(value) for value in readings_of(text)]

    assert values("4,475") == [4475.0, 4.475]
    assert values("43,24") == [43.24]
    assert values("0,475") == [0.475]
    assert values("4,009.5") == [4009.5]
    assert values("1.234.567,8") == [1234567.8]
    assert values("1 234,5") == [1234.5]
    assert values("1.234") == [1.234]
    assert values("1,2,3") == []
    assert values("9e9999") == []


@given(st.text(alphabet="0123456789.,_' eE+-\u00a0", max_size=80))
def test_any_digits_and_separators_have_at_most_two_readings(text):
    assert len(readings_of(text)) <= 2


@cases(
    ("text", "is_about"),
    [("~2 kg", True), ("about 2 kg", True), ("ca. 17 lbs", True), ("2 kg", False), ("2 kg CO2", False)],
)
def test_an_amount_records_whether_it_is_exact(text, is_about):
    assert read(text).is_about is is_about
