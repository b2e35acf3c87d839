"""The card's figure has no more digits than the model behind it, and every check of it takes it for the record's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.from_record import block_of, card_with_record
from carbon_lint.lint.evidence import Evidence, agrees
from carbon_lint.records.record import Energy, Method, Methods
from carbon_lint.records.store import load_record, write_record
from tests.cases import cases
from tests.records.builders import a_record

GRAMS = st.floats(1e-6, 1e8, allow_nan=False)
MODELLED = Methods(cpu=Method.LOAD_MODEL, ram=Method.CONSTANT)


def stated(grams, *, methods=MODELLED):
    return block_of(a_record(emissions_g=grams, methods=methods))["emissions"]


@cases(
    ("grams", "on_card"),
    [
        (0.003091115141024272, 0.003092),
        (70.05, 70.05),
        (56.04 * 1.25, 70.05),
        (12345.678, 12346.0),
        (0.1, 0.1),
        (999.91, 1000.0),
    ],
)
def test_a_modelled_figure_has_four_digits_and_whole_grams_at_least(grams, on_card):
    assert stated(grams) == on_card


def test_a_figure_of_counters_alone_keeps_its_digits():
    assert stated(0.003091115141024272, methods=Methods(gpu=Method.COUNTER)) == 0.003091115141024272


@given(grams=GRAMS)
def test_the_card_never_states_less_nor_more_than_a_thousandth_more(grams):
    assert grams * (1 - 1e-11) <= stated(grams) <= grams * 1.001 * (1 + 1e-11)


@given(grams=GRAMS, digits=st.integers(1, 9999), exponent=st.integers(-6, 6))
def test_the_card_is_over_a_limit_of_four_digits_exactly_if_the_record_is(grams, digits, exponent):
    limit = float(Decimal(digits).scaleb(exponent))
    for figure in (grams, limit, limit * (1 + 1e-9), limit * (1 - 1e-9)):
        if figure >= 1e-6:
            assert (stated(figure) > limit) is (figure > limit)


@given(grams=GRAMS)
def test_check_takes_the_cards_figure_for_the_records(grams):
    evidence = Evidence(label="r.json", emissions_g=grams)
    text = Decimal(repr(stated(grams)))
    assert agrees(evidence, "emissions_g", float(text), f"{text:f}")


@given(grams=GRAMS)
def test_writing_a_record_twice_changes_nothing_and_gives_no_note(grams):
    record = a_record(emissions_g=grams, methods=MODELLED, run_group="g")
    once = card_with_record(None, "README.md", record).after
    again = card_with_record(once, "README.md", record)
    assert not again.is_changed
    assert again.notes == ()


def test_a_card_that_was_written_passes_every_check_against_its_record(cli):
    kwh = 0.003091115141024272 / 56.04
    energy = Energy(total=kwh, cpu=kwh / 4, ram=kwh * 3 / 4)
    record = a_record(emissions_g=kwh * 56.04, energy_kwh=energy, methods=MODELLED, duration_s=10.0)
    write_record(replace(record, hardware=replace(record.hardware, gpus=())), "r.json")
    assert cli("card", "README.md", "--from", "r.json")[0] == 0
    assert "emissions: 0.003092\n" in Path("README.md").read_text()
    assert load_record("r.json").emissions_g == record.emissions_g
    assert "CL30" not in cli("check", "README.md", "--record", "r.json")[1]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("sh", "-c", "exit 3"), 3, "the run failed; what it emitted until then counts"),
        (("no-such-command",), 127, None),
        (("true",), 0, "README.md was not there and was made, with the figures"),
    ],
)
def test_a_run_reports_what_it_did_to_its_card(carbon_lint, command, code, message):
    done = carbon_lint("run", "--location", "FRA", "--card", "README.md", "--", *command)
    assert done.returncode == code
    assert "README.md is not there, so a new card will be made" in done.stderr
    assert message is None or message in done.stderr
    assert Path("README.md").exists() is (code != 127)


def test_a_run_over_its_budget_counts_on_the_card_with_a_warning(carbon_lint):
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    flags = ("--location", "FRA", "--max-emissions", "1 ug", "--card", "README.md")
    done = carbon_lint("run", *flags, "--", "sleep", "5")
    assert done.returncode == 1
    assert "what it emitted still counts" in done.stderr
    assert "co2_eq_emissions" in Path("README.md").read_text()


def test_the_verb_shows_the_figure_that_run_and_report_show(cli):
    """The card's figure is rounded up to four digits; rounded again to three, 221.43 would be 222."""
    energy = Energy(total=0.00022143 / 56.04, cpu=0.00022143 / 56.04)
    record = a_record(emissions_g=0.00022143, energy_kwh=energy, methods=MODELLED, duration_s=1.0)
    write_record(replace(record, hardware=replace(record.hardware, gpus=())), "r.json")
    shown = "221 µg"
    assert shown in cli("report", "r.json")[1]
    assert f"emissions: 0.0002215 ({shown})" in cli("card", "README.md", "--from", "r.json")[1]
