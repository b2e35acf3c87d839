from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint import units
from carbon_lint.errors import UsageError
from tests.cases import cases


@cases(
    ("text", "grams"),
    [
        ("1.5g", 1.5),
        ("2 kg", 2000.0),
        ("0.3 t", 300_000.0),
        ("500mg", 0.5),
        ("1ug", 1e-6),
        ("1 \u00b5g", 1e-6),
        ("1 \u03bcg", 1e-6),
        (".5 kg", 500.0),
        ("1e3 g", 1000.0),
        ("0 g", 0.0),
        (" 0.1 kg ", 100.0),
        ("1,5 kg", 1500.0),
        ("5 KG", 5000.0),
        ("500kgs", 500_000.0),
        ("17 lbs", 7711.07029),
        ("17 metric tons", 17_000_000.0),
        ("1.234,5 kg", 1_234_500.0),
        ("5 gr", 5.0),
        ("12_000 g", 12_000.0),
        ("1\u202f500\u00a0kg\u00a0", 1_500_000.0),
    ],
)
def test_emissions_are_read_in_grams(text, grams):
    assert units.parse_emissions_g(text) == grams


@cases("text", ["0 W", "15 kW"])
def test_a_power_that_no_machine_has_is_refused(text):
    """0 W would count the CPU as nothing, 15 kW be taken for a counter that jumped."""
    assert units.parse_part_power_w("4 kW") == 4000.0
    with pytest.raises(UsageError, match="draw") as caught:
        units.parse_part_power_w(text)
    assert "15 W" in caught.value.hint


@cases(("text", "kwh"), [("250 Wh", 0.25), ("1.2kWh", 1.2), ("3.6 MJ", 1.0), ("2 MWh", 2000.0), ("3600 kJ", 1.0)])
def test_energy_is_read_in_kilowatt_hours(text, kwh):
    assert units.parse_energy_kwh(text) == pytest.approx(kwh, rel=1e-15)


@cases(("text", "seconds"), [("30s", 30), ("1.5 h", 5400), ("90d", 90 * 86400), ("250ms", 0.25)])
def test_durations_are_read_in_seconds(text, seconds):
    assert units.parse_duration_s(text) == seconds


@cases(
    ("text", "says"),
    [
        ("5", "has no unit"),
        ("5 G", "did you mean 'g'?"),
        ("5 stone", "known units"),
        ("17 tons", "several meanings"),
        ("1,500 kg", "1500 or 1.5"),
        ("kg", "is not an emissions quantity"),
        ("", "is not an emissions quantity"),
        ("-1 g", "zero or more"),
        ("nan g", "is not an emissions quantity"),
        ("1e999 g", "is not an emissions quantity"),
        ("1 kWh", "unknown unit"),
        ("5 kg CO2eq", "leave CO2eq out: '5 kg'"),
        ("\uff11 g", "is not an emissions quantity"),
    ],
)
def test_what_cannot_be_read_gives_an_error_with_what_was_expected(text, says):
    with pytest.raises(UsageError) as caught:
        units.parse_emissions_g(text)
    assert says in f"{caught.value.message} {caught.value.hint}"
    assert repr(text) in caught.value.message


@cases(
    ("grams", "text"),
    [
        (0, "0 g"),
        (0.0123, "12.3 mg"),
        (999.7, "1 kg"),
        (1234, "1.23 kg"),
        (24.7e6, "24.7 t"),
        (1e-9, "0.001 \u00b5g"),
        (-1234, "-1.23 kg"),
    ],
)
def test_a_person_reads_three_digits_and_the_unit_that_fits(grams, text):
    assert units.format_emissions(grams) == text


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_what_is_printed_reads_back_within_its_digits(grams):
    assert units.parse_emissions_g(units.format_emissions(grams)) == pytest.approx(grams, rel=6e-3)


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_the_conversion_from_kilograms_is_a_thousand(emissions_kg):
    assert units.grams_from_kilograms(emissions_kg) == emissions_kg * 1000
