"""Every card of the corpus through every rule, against what is written beside it."""

from __future__ import annotations

import pytest

from carbon_lint.lint.rules import CODES
from tests.lint.cases import CASES, CORPUS, Case, case_id

# The first needs a file that git cannot hold; `test_check_files.py` has its cases.
WITHOUT_A_FOLDER = {"CL002"}


def held(path, text, *, update):
    """Compare with the file, or rewrite it and fail, so that an update is a reviewed diff."""
    before = path.read_bytes() if path.exists() else None
    after = None if text is None else text.encode("utf-8")
    if before != after and update:
        if after is None:
            path.unlink()
        else:
            path.write_bytes(after)
        pytest.fail(f"{path.name} was rewritten: review the diff")
    assert before == after


@pytest.mark.parametrize("path", CASES, ids=case_id)
def test_a_card_gives_exactly_the_findings_beside_it(path, update_expected):
    held(path.with_suffix(".expected"), Case(path).lines(), update=update_expected)


@pytest.mark.parametrize("path", CASES, ids=case_id)
def test_a_bad_card_gives_its_rule_and_a_good_one_does_not(path):
    case = Case(path)
    assert case.is_bad == (case.code in {found.code for found in case.diagnostics()})


@pytest.mark.parametrize("path", CASES, ids=case_id)
def test_a_fix_gives_exactly_the_card_beside_it(path, update_expected):
    case = Case(path)
    text = case.card.text
    safe, unsafe = case.fixed("safe").text, case.fixed("unsafe").text
    held(path.with_suffix(".fixed"), safe if safe != text else None, update=update_expected)
    held(path.with_suffix(".unsafe"), unsafe if unsafe != safe else None, update=update_expected)


@pytest.mark.parametrize("path", CASES, ids=case_id)
@pytest.mark.parametrize("level", ["safe", "unsafe"])
def test_fixing_twice_changes_nothing_the_second_time(path, level):
    case = Case(path)
    once = case.fixed(level)
    path_of_once = type("Once", (Case,), {"card": once})(path)
    assert path_of_once.fixed(level).text == once.text


@pytest.mark.parametrize("path", CASES, ids=case_id)
def test_every_span_lies_inside_the_text(path):
    case = Case(path)
    for found in case.diagnostics():
        assert 0 <= found.start <= found.end <= len(case.card.text)
        for related in found.related:
            assert 0 <= related.start <= related.end <= len(case.card.text)


def test_every_rule_has_bad_and_good_cards():
    for code in CODES.keys() - WITHOUT_A_FOLDER:
        stems = {path.stem.partition("-")[0] for path in (CORPUS / code).glob("*.md")}
        assert stems >= {"bad", "good"}, code


def test_every_folder_belongs_to_a_rule():
    assert {folder.name for folder in CORPUS.iterdir() if folder.name.startswith("CL")} <= set(CODES)
