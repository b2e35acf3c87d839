"""What libyaml refuses and js-yaml accepts is repaired, with progress, a few times a line, and in linear time."""

from __future__ import annotations

import importlib.util
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carbon_lint.card.read import read_card
from carbon_lint.card.yaml import repair as repair_module
from carbon_lint.card.yaml import scan
from carbon_lint.card.yaml.repair import Repaired, repair
from tests.cases import cases
from tests.conftest import ROOT
from tests.effort import examples


def card_of(metadata):
    return read_card(f"---\n{metadata}\n---\n# Title\n".encode(), "README.md")


def load_benchmark():
    spec = importlib.util.spec_from_file_location("hostile", ROOT / "benchmarks" / "hostile_front_matter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = load_benchmark()


@cases(
    "metadata",
    [
        'name: "Q&A *bold*"s',
        'title: "the *best"model',
        "tags: ['a &b'c]",
        'a: "&x"y',
        "a: '*x'&y",
        "a: &_x\n&_y",
        '"*a"_',
        "? '&a'b\n: c",
    ],
)
def test_quoted_text_that_holds_an_anchor_and_is_followed_by_text_is_refused_at_once(metadata):
    began = time.process_time()
    assert card_of(metadata).problems
    assert time.process_time() - began < 0.5


@pytest.mark.slow
def test_a_fixed_share_of_the_random_front_matters_is_judged_without_a_second_for_any():
    policy = HOSTILE.Policy(HOSTILE.Settings())
    for _, matter in HOSTILE.front_matters(seed=3, count=1500):
        began = time.process_time()
        HOSTILE.judge(matter, policy)
        assert time.process_time() - began < HOSTILE.MOST_S, matter


MATTERS = st.lists(st.sampled_from(HOSTILE.PIECES), max_size=30).map("".join)


@settings(max_examples=examples(300))
@given(MATTERS)
@example('name: "Q&A *bold*"s')
@example("tags: ['a &b'c]")
def test_every_repair_changes_the_text_and_no_line_is_repaired_more_than_a_few_times(matter):
    made = []

    class Watched(Repaired):
        def mend(self, fault):
            before = self.text
            is_repaired = super().mend(fault)
            made.append(fault.place)
            assert is_repaired == (self.text != before)
            return is_repaired

    try:
        repair_module.Repaired = Watched
        repair(matter)
    finally:
        repair_module.Repaired = Repaired
    for line in {place[0] for place in made if place}:
        assert sum(place[0] == line for place in made if place) <= repair_module._MOST_REPAIRS + 1


@settings(max_examples=examples(300))
@given(MATTERS)
def test_continuing_from_an_entry_repairs_what_starting_from_the_top_would(matter):
    goes_on = repair(matter).text

    def from_the_top(lines, _start):
        return first_fault(lines, None)

    first_fault = scan.first_fault
    try:
        repair_module.first_fault = from_the_top
        assert goes_on == repair(matter).text
    finally:
        repair_module.first_fault = first_fault


@settings(max_examples=examples(300))
@given(MATTERS)
def test_every_position_of_the_repaired_text_is_one_of_the_source_in_order(matter):
    repaired = repair(matter)
    starts = [repaired.offset(position) for position in range(len(repaired.text) + 1)]
    ends = [repaired.offset(position, is_end=True) for position in range(len(repaired.text) + 1)]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(0 <= offset <= len(matter) + 1 for offset in starts + ends)


READ = {
    "anchors that differ in an odd character stay apart": ("a: &x.y 1\nb: &x_y 2\nc: *x.y", {"c": 1}),
    "an odd anchor's name as text": (
        'a: &x.y 1\nb: "see &x.y"\nc: see &x.y too',
        {"b": "see &x.y", "c": "see &x.y too"},
    ),
    "an anchor with a percent sign": ("a: &x%y 1\nb: *x%y", {"b": 1}),
    "an anchor with a quote": ("a: &x'y 1\nb: *x'y", {"b": 1}),
    "a surrogate escape as text": ("a: \"\\ud83e\\udd17\"\nb: '\\uD83E'\nc: \\ud83e", {"b": "\\uD83E", "c": "\\ud83e"}),
    "the stand-in of an anchor as text": ("a: anchor-0-\nb: &x.y 1", {"a": "anchor-0-"}),
    "a private use character as text": ('a: "\ue000 \\ue001"\nb: "x\x85\\ud83e\\udd17"', {"a": "\ue000 \ue001"}),
    "an odd break in a long key": ("k" * 600 + "\x85" + "k" * 600 + ": 1", {"k" * 600 + "\x85" + "k" * 600: 1}),
}


@cases("name", READ)
def test_repaired_text_is_read_as_the_file_has_it(name):
    metadata, expected = READ[name]
    card = card_of(metadata)
    assert card.problems == ()
    for key, value in expected.items():
        assert card.root.get(key).value == value


def test_an_alias_that_names_nothing_is_shown_as_it_is_written():
    (problem,) = card_of("a: &x.y 1\nb: *x.z").problems
    assert "'*x.z'" in problem.message


@pytest.mark.slow
def test_ten_thousand_repairs_scan_a_text_a_few_times(monkeypatch):
    scanned = []

    def counted(lines, start):
        fault, characters = scan.first_fault(lines, start)
        scanned.append(characters)
        return fault, characters

    monkeypatch.setattr(repair_module, "first_fault", counted)
    for matter in ("a:\n" + "-\tx\n" * 10_000, "a:\n" + "".join(f"  k{n}:\n    \tb\n" for n in range(10_000))):
        scanned.clear()
        repaired = repair(matter)
        assert "\t" not in repaired.text
        assert len(scanned) > 10_000
        assert sum(scanned) < 3 * len(matter)


def test_lists_in_a_key_that_is_a_list_are_refused_and_never_unfolded():
    lists = "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(40))
    (problem,) = card_of(f"a0: &a0 x\n{lists}? *a40 \n: b").problems
    assert "a key is a list that holds a list" in problem.message


def test_a_duplicate_key_after_lone_carriage_returns_names_the_right_line():
    (problem,) = read_card(b"---\ra: 1\rb: 2\ra: 3\r---\n", "README.md").problems
    assert "line 2" in problem.message


def test_a_name_that_stands_in_is_not_replaced_again():
    """What libyaml stumbles over in `&a[` follows the name: another name would not help, nor would eight."""
    assert repair("a: &a[a, b]").text == "a: &anchor-0-[a, b]\n"
