"""`find` against a Hub that holds every shape of card, beside what the client's own filter makes of them."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from tests.standin.faults import Fault

SHAPES = {
    "a/tiny": ("1e-5", 1e-5),
    "a/small": ("\n  emissions: 0.5\n  source: CodeCarbon", 0.5),
    "a/text-kg": ("0.5 kg", 500.0),
    "a/quoted": ("'28.53 in grams of CO2'", 28.53),
    "a/scientific": ("1e22", 1e22),
    "a/hundred": ("100", 100.0),
    "a/comma": ("'1,234 g'", None),
    "a/rate": ("5 g/kWh", None),
    "a/hours": ("'trained for 3 hours, 120 g'", None),
    "a/no-emissions": ("\n  source: CodeCarbon", None),
    "a/negative": ("-5", None),
    "a/underscore": ("24_700_000", None),
    "a/zero": ("0", 0.0),
    "a/list": ("\n- emissions: 1.2g CO2", None),
}


def card(value, **more):
    extra = "".join(f"{name}: {text}\n" for name, text in more.items())
    separator = "" if value.startswith("\n") else " "
    return f"---\nlicense: mit\n{extra}co2_eq_emissions:{separator}{value}\n---\n# M\n"


@pytest.fixture
def shapes(hub, at):
    at(hub, None)
    for index, (name, (value, _)) in enumerate(SHAPES.items()):
        hub.state.list_card(name, card(value, pipeline_tag="text-classification"), downloads=index, likes=100 - index)
    hub.state.list_card("b/none", "---\nlicense: mit\n---\n")
    hub.state.list_card("b/null", card_data=None)
    hub.state.list_card("b/array", card_data=[1, 2])
    hub.state.list_card("b/word", card_data="co2_eq_emissions")
    return hub


def found(cli, *flags):
    code, out, err = cli("find", "--format", "json", *flags)
    assert code == 0, err
    return json.loads(out)


def ids(document):
    return [model["id"] for model in document["models"]]


def test_all_that_can_be_read_is_found_least_first_and_the_rest_is_counted(shapes, cli):
    document = found(cli)
    readable = {name: grams for name, (_, grams) in SHAPES.items() if grams is not None}
    assert {model["id"]: model["emissions_g"] for model in document["models"]} == readable
    # a zero is most often a placeholder, and comes last
    assert ids(document) == sorted(readable, key=lambda name: (readable[name] == 0, readable[name]))
    unreadable = {model["id"]: model["note"] for model in document["unreadable"]}
    assert set(unreadable) == {name for name, (_, grams) in SHAPES.items() if grams is None} | {
        "b/null",
        "b/array",
        "b/word",
    }
    assert all(unreadable.values())


def test_limits_are_in_grams_and_hold_for_what_was_read(shapes, cli):
    assert ids(found(cli, "--max", "100g", "--min", "1mg")) == ["a/small", "a/quoted", "a/hundred"]
    assert ids(found(cli, "--max", "0.5 kg", "--min", "0.2 kg")) == ["a/text-kg"]


def test_a_limit_counts_results_and_not_what_was_looked_at(shapes, cli):
    assert ids(found(cli, "--max", "100g", "--min", "1 g", "--limit", "1")) == ["a/quoted"]


def test_the_hub_sorts_by_downloads_and_the_list_is_left_when_there_is_enough(shapes, cli):
    shapes.state.page_size = 3
    document = found(cli, "--sort", "downloads", "--limit", "2", "--max", "1 kg")
    assert ids(document) == ["a/zero", "a/hundred"]
    assert not document["is_complete"]
    assert shapes.asked("GET /api/models?") < 7


def test_pages_are_followed_to_the_end(shapes, cli):
    shapes.state.page_size = 2
    assert len(found(cli)["models"]) == 7
    assert shapes.asked("GET /api/models?") == 9


def test_task_author_library_and_search_narrow_it(shapes, cli):
    shapes.state.list_card("c/vision-one", card("3", pipeline_tag="image-classification", library_name="timm"))
    assert ids(found(cli, "--task", "image-classification")) == ["c/vision-one"]
    assert ids(found(cli, "--author", "c")) == ["c/vision-one"]
    assert ids(found(cli, "--library", "timm")) == ["c/vision-one"]
    assert ids(found(cli, "--search", "vision")) == ["c/vision-one"]


def test_greener_than_is_the_same_task_less_emissions_more_downloads(shapes, cli):
    one = {"pipeline_tag": "fill-mask"}
    shapes.state.list_card("d/ours", card("100", **one), downloads=10)
    shapes.state.list_card("d/greener", card("50", **one), downloads=20)
    shapes.state.list_card("d/greener-unknown", card("40", **one), downloads=5)
    shapes.state.list_card("d/same", card("100", **one), downloads=90)
    shapes.state.list_card("d/other-task", card("1", pipeline_tag="other"), downloads=90)
    shapes.state.list_card("d/placeholder", card("0", **one), downloads=90)
    document = found(cli, "--greener-than", "d/ours")
    assert ids(document) == ["d/greener"]
    assert document["zeros_left_out"] == 1
    assert "1 left out: zero is often a placeholder" in cli("find", "--greener-than", "d/ours")[1]


@pytest.mark.parametrize("tokens", [(None,), ()])
def test_a_misspelt_model_is_a_wrong_argument_and_no_matter_of_tokens(hub, at, cli, tokens):
    at(hub, *tokens)
    code, _, err = cli("find", "--greener-than", "d/mispelt")
    assert code == 2
    assert "there is no public model d/mispelt on the Hub" in err
    assert "token" not in err.lower()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nlicense: mit\n---\n", "states no emissions"),
        (card("'1,234 g'", pipeline_tag="x"), "1,234 is 1234 or 1.234"),
        (card("5"), "names no task"),
        (card("0", pipeline_tag="x"), "states zero"),
    ],
)
def test_greener_than_needs_something_to_compare_with(shapes, cli, text, message):
    shapes.state.list_card("d/ours", text)
    code, _, err = cli("find", "--greener-than", "d/ours")
    assert code == 2
    assert message in err


def test_the_table_shows_the_unreadable_only_when_asked(shapes, cli):
    code, out, _ = cli("find", "--max", "1 kg")
    assert code == 0
    lines = out.splitlines()
    assert re.fullmatch(r"\s*emissions\s+downloads\s+likes\s+task\s+model\s+note", lines[0])
    assert "'0.5 kg', converted from kg" in out
    assert "6 of 7 readable figures fit; 10 could not be read (--show-unreadable lists them)\n" in out
    assert "6 of 7 readable figures fit (--limit shows 2 of them); " in cli("find", "--max", "1 kg", "--limit", "2")[1]
    assert "a/comma" not in out
    assert "a/comma: '1,234 g': 1,234 is 1234 or 1.234" in cli("find", "--show-unreadable")[1]


def test_a_strangers_text_cannot_steer_a_terminal_or_a_spreadsheet(hub, at, cli):
    at(hub, None)
    hub.state.list_card("x/esc", card_data={"co2_eq_emissions": "\x1b[2J::error::x"})
    hub.state.list_card("x/formula", card_data={"co2_eq_emissions": "=cmd|' /C calc'!A0"})
    out = cli("find", "--show-unreadable")[1]
    assert "\x1b" not in out
    assert "::error" not in out
    rows = list(csv.DictReader(io.StringIO(cli("find", "--show-unreadable", "--format", "csv")[1])))
    assert {row["id"]: row["stated"][:2] for row in rows}["x/formula"] == "'="


def test_csv_has_one_row_a_model(shapes, cli):
    rows = list(csv.DictReader(io.StringIO(cli("find", "--format", "csv")[1])))
    assert len(rows) == 7
    assert [row["emissions_g"] for row in rows[-2:]] == ["1e+22", "0.0"]


def test_a_rate_limit_is_waited_for_and_the_search_goes_on(shapes, cli):
    shapes.faults.add(Fault(matches="GET /api/models", skip=1, status=429, headers={"ratelimit": '"api";r=0;t=1'}))
    shapes.state.page_size = 5
    code, out, err = cli("find", "--format", "json")
    assert code == 0
    assert len(json.loads(out)["models"]) == 7
    assert "trying again in" in err


def test_a_list_that_breaks_off_is_an_error_and_not_a_shorter_list(shapes, cli):
    shapes.state.page_size = 5
    shapes.faults.add(Fault(matches="GET /api/models", skip=1, times=99, status=500))
    code, out, err = cli("find", "--format", "json")
    assert code == 2
    assert out == ""
    assert "500" in err


@pytest.mark.parametrize(
    "flags",
    [
        ("--max", "5"),
        ("--max", "1 g", "--min", "2 g"),
        ("--limit", "0"),
        ("--limit", "x"),
        ("--max", "-1 g"),
        ("--sort", "x"),
    ],
)
def test_limits_that_make_no_sense_are_usage_errors(shapes, cli, flags):
    assert cli("find", *flags)[0] == 2


def test_nothing_found_gets_a_message(shapes, cli):
    assert "no model within the limits" in cli("find", "--author", "nobody")[1]


def test_a_list_of_hundreds_of_pages_is_read_to_its_end(hub, at, cli):
    at(hub, None)
    for index in range(600):
        hub.state.list_card(f"a/m{index}", card_data={"co2_eq_emissions": index})
    hub.state.page_size = 2
    assert len(found(cli)["models"]) == 600
    assert hub.asked("GET /api/models?") == 300
