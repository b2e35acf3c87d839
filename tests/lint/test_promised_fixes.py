"""A fix that `check` announces is made by `--fix`: on every card of the corpus, and with faults of several rules."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.card_linter import examine
from carbon_lint.lint.fix import fix_card
from carbon_lint.lint.policy import Policy
from tests.cases import cases
from tests.effort import examples
from tests.lint.cases import CASES, Case, case_id
from tests.lint.test_properties import cards

KEYS = ("co2_eq_emissions", "co2_eq_emission", "Co2_eq_emissions", "co2_eq_emision")
FIGURES = (
    "1e-5",
    "1e3",
    "'12.5'",
    '"1e-5"',
    "017",
    "12.5 g",
    "0.5 kg",
    "4,009.5",
    "1.0e+16",
    "0.42 # kg",
    "1_000",
    "5",
)
FIELDS = ("sorce", "hardware used", "geographic_location", "Training Type", "emission", "source")
COMMENTS = ("", " # carbon-lint: ignore[CL206] why", " # carbon-lint: ignore[zero-emissions] why")
COMBINED = [
    f"---\nlicense: mit\n{key}:\n  emissions: {figure}\n  {field}: x{comment}\n---\n# A model\n"
    for key, figure, field, comment in itertools.product(KEYS, FIGURES, FIELDS, COMMENTS)
]
POLICY = Policy(Settings())


def left_to_fix(card, policy, evidence, level):
    """The findings that promise a fix at this level after the fixes were made."""
    fixed = fix_card(card, policy, evidence, allow_unsafe=level == "unsafe")
    found, _ = examine(fixed, policy, evidence)
    return [one.code for one in found if one.fix and (one.fix.is_safe or level == "unsafe")]


@cases("level", ["safe", "unsafe"])
@cases("path", CASES, ids=case_id)
def test_no_card_of_the_corpus_keeps_a_finding_whose_fix_was_promised(path, level):
    case = Case(path)
    assert left_to_fix(case.card, Policy(case.settings), case.evidence, level) == []


@pytest.mark.slow
@cases("level", ["safe", "unsafe"])
@cases("key", KEYS)
def test_no_combination_of_faults_keeps_a_finding_whose_fix_was_promised(key, level):
    for text in COMBINED:
        if f"\n{key}:" in text:
            assert left_to_fix(read_card(text.encode(), "README.md"), POLICY, None, level) == [], text


@cases("level", ["safe", "unsafe"])
@cases("more", ["", "  emissions: 5\n"])
@cases("field", ["Emissions", "hardware used", "sorce", "emissions_g", "gpu"])
def test_a_misspelt_field_of_any_value_is_renamed_as_promised(field, more, level):
    for value in ("abc", "[1]", "{g: 4}", "", "~", "true", "2024-01-02", "-4", ".nan", "1e400", "1e-5", "5 kg", '"12"'):
        text = f"---\nco2_eq_emissions:\n  {field}: {value}\n{more}---\n"
        assert left_to_fix(read_card(text.encode(), "README.md"), POLICY, None, level) == [], text


@settings(max_examples=examples(300))
@given(cards(), st.sampled_from(["safe", "unsafe"]))
@example(b"--- \rco2_eq_emissions:\r---\r# A model\r", "safe")
@example(b"---\nCo2_eq_emissions:\n  emissions: 12.5\n  emissions: 12.5\n---\n", "safe")
@example(b"---\nco2_eq_emissions: 5.212592933781446e+16\n---\n", "safe")
@example(b"---\nco2_eq_emissions: 1e+23\n---\n", "safe")
@example(b"---\nco2_eq_emissions:\n- hardware used: 12.5\n- hardware used: 12.5\n---\n", "safe")
@example(b"---\nco2_eq_emissions:\n- source: 12.5\n---\n", "safe")
@example(b"---\nco2_eq_emissions:\n  hardware used: 12.5\n---\n", "safe")
def test_nothing_like_a_card_keeps_a_finding_whose_fix_was_promised(data, level):
    assert left_to_fix(read_card(data, "README.md"), POLICY, None, level) == []


@cases("name", ["co2_eq_emission", "co2_eq_emision", "co2_eq_emmissions", "CO2 eq emissions"])
def test_a_misspelt_block_that_holds_eq_is_renamed_by_a_safe_fix(name):
    card = read_card(f"---\n{name}: 12.5\n---\n".encode(), "README.md")
    assert fix_card(card, POLICY).root.get("co2_eq_emissions").value == 12.5


@cases("name", ["co2_emissions", "co2_emision", "carbon_emissions"])
def test_a_block_whose_unit_may_be_another_is_found_and_renamed_by_an_unsafe_fix_only(name):
    card = read_card(f"---\n{name}: 12.5\n---\n".encode(), "README.md")
    assert [one.code for one in examine(card, POLICY)[0]][:1] == ["CL106"]
    assert fix_card(card, POLICY).text == card.text
    assert "co2_eq_emissions" in fix_card(card, POLICY, allow_unsafe=True).text


@cases("name", ["sorce", "souce", "soruce", "sourcee", "hardwareused", "trainingtpye", "geografical_location"])
def test_a_field_with_a_typing_error_is_found(name):
    card = read_card(f"---\nco2_eq_emissions:\n  emissions: 5\n  {name}: x\n---\n".encode(), "README.md")
    assert "CL105" in {one.code for one in examine(card, POLICY)[0]}


@cases("name", ["score", "course", "force", "sources_of_data", "hours_used", "notes", "emitter"])
def test_another_word_is_not_a_typing_error(name):
    card = read_card(f"---\nco2_eq_emissions:\n  emissions: 5\n  {name}: x\n---\n".encode(), "README.md")
    assert "CL105" not in {one.code for one in examine(card, POLICY)[0]}


@cases("rule", ["CL206", "zero-emissions"])
def test_a_comment_names_a_rule_by_its_code_or_its_name(rule):
    text = f"---\nco2_eq_emissions: 0 # carbon-lint: ignore[{rule}] a template\n---\n"
    found, suppressed = examine(read_card(text.encode(), "README.md"), POLICY)
    assert suppressed == 1
    assert {one.code for one in found} <= {"CL110"}


@cases("figure", ["0.0000028", "0.00001", "0.000703", "2.8", "123456.7"])
def test_a_figure_as_carbon_lint_writes_it_is_not_reported_for_what_no_one_can_write_otherwise(figure):
    text = f"---\nco2_eq_emissions:\n  emissions: {figure}\n---\n"
    assert {one.code for one in examine(read_card(text.encode(), "README.md"), POLICY)[0]} <= {"CL110"}
