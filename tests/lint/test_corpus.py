"""Every card of the corpus through every rule, against what is written beside it."""

from __future__ import annotations

import pytest

from carbon_lint.lint.rules import CODES
from tests.cases import cases
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


@cases("path", CASES, ids=case_id)
def test_a_card_gives_the_findings_and_the_fixes_beside_it(path, update_expected):
    case = Case(path)
    text, diagnostics = case.card.text, case.diagnostics()
    held(path.with_suffix(".expected"), case.lines(), update=update_expected)
    assert case.is_bad == (case.code in {found.code for found in diagnostics})
    for span in (span for found in diagnostics for span in (found, *found.related)):
        assert 0 <= span.start <= span.end <= len(text)

    fixed = {level: case.fixed(level) for level in ("safe", "unsafe")}
    safe, unsafe = fixed["safe"].text, fixed["unsafe"].text
    held(path.with_suffix(".fixed"), safe if safe != text else None, update=update_expected)
    held(path.with_suffix(".unsafe"), unsafe if unsafe != safe else None, update=update_expected)
    for level, once in fixed.items():
        again = type("Once", (Case,), {"card": once})(path).fixed(level)
        assert again.text == once.text, f"fixing twice ({level}) changes something the second time"


def test_every_rule_has_bad_and_good_cards():
    for code in CODES.keys() - WITHOUT_A_FOLDER:
        stems = {path.stem.partition("-")[0] for path in (CORPUS / code).glob("*.md")}
        assert stems >= {"bad", "good"}, code


def test_every_folder_belongs_to_a_rule():
    assert {folder.name for folder in CORPUS.iterdir() if folder.name.startswith("CL")} <= set(CODES)
