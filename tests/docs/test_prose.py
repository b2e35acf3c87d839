"""`tools/prose.py` finds the habits that readers stumbled over, and reads neither code nor addresses."""

from __future__ import annotations

import importlib.util

import pytest

from tests.conftest import ROOT

LONG = "This sentence " + "goes on and " * 8 + "ends here."
VERY_LONG = LONG.replace("ends", "goes on and " * 2 + "ends")
HABITS = {
    "Where it is wrong, the step stops.": "Where",
    "It stops, where it is wrong.": "where it",
    "A card only where one is needed.": "only where",
    "The reason is said below.": "is said",
    "As kilograms it were 5.": "it were",
    "A stale baseline is none.": "is none",
    "This is no record.": "is no record",
    "It is one of our doors.": "doors",
    "The card is written anew.": "anew",
    "The file is mended.": "mended",
    "It is held against the budget.": "held against",
    "All of it, but for the token.": "but for",
    "The signal is handed on.": "handed on",
    "Such runs are passed over.": "passed over",
    "It holds nothing but names.": "nothing but",
    "No figure can be had.": "can be had",
    "Under torchrun and the like.": "and the like",
    "For the machine at hand.": "at hand",
    "It passes in spite of findings.": "in spite of",
    "The other way round it works.": "other way round",
    "It sees to it that both run.": "sees to it",
}


@pytest.fixture(scope="module")
def prose():
    spec = importlib.util.spec_from_file_location("prose", ROOT / "tools" / "prose.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.register()
    return module


def test_every_page_is_plain_english(prose, capsys):
    """`make lint` says the same; here it is said before a push."""
    assert prose.main([]) == 0, capsys.readouterr().out


def test_each_habit_is_found_at_its_line(prose):
    for sentence, words in HABITS.items():
        (found,) = prose.findings(ROOT / "docs" / "x.md", f"# A page\n\n{sentence}\n")
        assert found.startswith("docs/x.md:3:"), found
        assert f"{words}'" in found, sentence


def test_a_long_sentence_is_found_and_the_pages_in_detail_may_have_longer_ones(prose):
    text = f"# A page\n\nShort. {LONG} Short.\n"
    (found,) = prose.findings(ROOT / "docs" / "start.md", text)
    assert found.startswith("docs/start.md:3:8: a sentence of 28 words: 25"), found
    assert prose.findings(ROOT / "docs" / "measuring.md", text) == []
    (found,) = prose.findings(ROOT / "docs" / "measuring.md", text.replace(LONG, VERY_LONG))
    assert found.startswith("docs/measuring.md:3:8: a sentence of 34 words: 30"), found
    assert prose.findings(ROOT / "docs" / "start.md", "Short. carbon-lint " + "starts a sentence " * 7) == []


def test_code_addresses_and_plain_english_are_left_alone(prose):
    text = (
        "# A page\n\n```text\nWhere it is none, it is said.\n```\n\nSee `is said` and [a page](is-said.md).\n"
        "There is no record. Where is it? Name the place where the machine is.\n"
    )
    assert prose.findings(ROOT / "docs" / "start.md", text) == []


def test_of_code_only_what_people_read_is_read(prose):
    text = 'name = "is said"\nshown = f"{name} is said"  # it is told\nis_no_key = "is-no-key"\n\n\n'
    text += 'def f():\n    """A door."""\n'
    found = prose.findings(ROOT / "carbon_lint" / "x.py", text)
    assert [line.partition(": ")[0].rpartition(":")[2] for line in found] == ["1", "2", "2", "7"]


def test_of_a_test_its_name_docstring_comments_and_ids_are_read_and_no_message(prose):
    text = '@pytest.mark.parametrize("a", [0], ids=["an ear"])\ndef test_it_is_said(a):  # it is told\n'
    text += '    """A door."""\n    assert a == "it is said"\n    pytest.param(1, id="a door")\n'
    found = prose.findings(ROOT / "tests" / "x.py", text)
    assert [line.partition(": ")[0].rpartition(":")[2] for line in found] == ["1", "2", "2", "3", "5"]
