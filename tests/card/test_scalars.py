"""One text, six readers."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.card.yaml import scalars
from carbon_lint.card.yaml.scalars import (
    emissions_thresholds_value,
    hub_value,
    js_key,
    js_yaml_3_value,
    js_yaml_5_value,
    pyyaml_value,
    yaml12_value,
)
from tests.cases import cases

READERS = (hub_value, js_yaml_3_value, js_yaml_5_value, yaml12_value, pyyaml_value)

# text, hub, js-yaml 3, js-yaml 5, yaml 1.2, PyYAML
TABLE = [
    ("12.5", 12.5, 12.5, 12.5, 12.5, 12.5),
    ("1e-5", 1e-5, 1e-5, 1e-5, 1e-5, "1e-5"),
    ("1.0e-5", 1e-5, 1e-5, 1e-5, 1e-5, 1e-5),
    ("1.5e3", 1500.0, 1500.0, 1500.0, 1500.0, "1.5e3"),
    ("24_700_000", "24_700_000", 24_700_000, "24_700_000", "24_700_000", 24_700_000),
    ("017", 17, 15, 17, 17, 15),
    ("0o17", 15, "0o17", 15, 15, "0o17"),
    ("0b101", 5, 5, "0b101", "0b101", 5),
    ("0x1F", 31, 31, 31, 31, 31),
    ("1:30", "1:30", 90, "1:30", "1:30", 90),
    ("190:20:30.15", "190:20:30.15", 685230.15, "190:20:30.15", "190:20:30.15", 685230.15),
    ("no", "no", "no", "no", "no", False),
    ("On", "On", "On", "On", "On", True),
    ("y", "y", "y", "y", "y", "y"),
    ("True", True, True, True, True, True),
    ("", None, None, None, None, None),
    ("~", None, None, None, None, None),
    ("None", "None", "None", "None", "None", "None"),
    (".inf", math.inf, math.inf, math.inf, math.inf, math.inf),
    ("-.INF", -math.inf, -math.inf, -math.inf, -math.inf, -math.inf),
    ("1e400", "1e400", math.inf, "1e400", math.inf, "1e400"),
    ("43,24", "43,24", "43,24", "43,24", "43,24", "43,24"),
    ("05.97", 5.97, "05.97", 5.97, 5.97, 5.97),
    ("-.5", "-.5", "-.5", -0.5, -0.5, "-.5"),
    ("1_", "1_", "1_", "1_", "1_", 1),
    ("-", "-", "-", "-", "-", "-"),
    ("\uff11", "\uff11", "\uff11", "\uff11", "\uff11", "\uff11"),
]


@cases("row", TABLE, ids=lambda row: repr(row[0]))
def test_each_reader_takes_a_text_as_it_is_known_to(row):
    text, *expected = row
    assert expected == [reader(text)[1] for reader in READERS]


@cases("text", ["=", "<<", "2024-13-45", "0b_", "0x_"])
def test_what_pyyaml_raises_on_is_an_error(text):
    assert pyyaml_value(text)[0] == "error"


@cases("style", ["'", '"', "|", ">"])
def test_a_quoted_or_block_scalar_is_always_text(style):
    assert {reader("12.5", style) for reader in READERS} == {("str", "12.5")}


@cases(
    ("text", "value"),
    [("1e-05", 1.0), ("4,009.5", 4.0), ("-5", 5.0), ("CO2: 12 g", 2.0), ("43,24", 43.0), ("Kg", None)],
)
def test_the_search_by_thresholds_takes_the_first_digits(text, value):
    assert emissions_thresholds_value(text)[1] == value


def test_a_number_and_its_text_are_one_key_to_javascript():
    assert js_key(*hub_value("1.0")) == js_key(*hub_value("0x1")) == js_key("str", "1")
    assert js_key(*hub_value("Null")) == js_key(*hub_value("~")) == "null"
    assert js_key(*hub_value("TRUE")) == "true"
    assert js_key("float", 1e-7) == "1e-7"


@given(st.one_of(st.text(), st.from_regex(r"[-+]?[0-9_.:xobeE+-]{1,12}", fullmatch=True)))
def test_no_text_makes_a_reader_raise(text):
    for reader in (*READERS, emissions_thresholds_value):
        kind, _ = reader(text)
        assert kind in {"null", "bool", "int", "float", "str", "date", "merge", "error"}


@given(st.from_regex(r"[-+]?[0-9_.:xobeE+-]{1,12}", fullmatch=True))
def test_pyyaml_itself_agrees(text):
    import yaml

    kind, value = pyyaml_value(text)
    try:
        real = yaml.SafeLoader("").construct_object(_scalar_node(text))
    except (ValueError, yaml.YAMLError):
        assert kind == "error"
        return
    assert kind != "error"
    if kind != "date":
        assert repr(real) == repr(value) or real == value


def _scalar_node(text):
    import yaml

    loader = yaml.SafeLoader("")
    return yaml.ScalarNode(loader.resolve(yaml.ScalarNode, text, (True, False)), text)


def test_digits_without_end_are_not_a_crash():
    assert hub_value("9" * 10_000)[0] == "str"
    assert pyyaml_value("9" * 10_000)[0] == "error"
    assert hub_value("0x" + "f" * 10_000)[0] == "str"


COLUMNS = {1: pyyaml_value, 2: js_yaml_3_value, 3: hub_value, 4: js_yaml_5_value, 5: yaml12_value}


def test_all_listed_values_agree_with_the_column_of_each_reader(shared):
    compared = 0
    for line in (shared / "cards/yaml-values.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        cells = line.split("\t")
        text = cells[0].removeprefix("v:")
        is_plain = cells[0].startswith("v:") and text[:1] not in set("'\"|&!>[{*@`%?") and text not in {"-", "- 5"}
        if not is_plain:
            continue
        compared += 1
        for column, reader in COLUMNS.items():
            kind, value = reader(re.split(r"\s#", text)[0])
            assert _same(cells[column], kind, value), (text, reader.__name__, cells[column], value)
    assert compared > 90


def _same(cell, kind, value):
    if cell in {"ERR", "Date"}:
        return kind == {"ERR": "error", "Date": "date"}[cell]
    if cell.startswith('"'):
        return value == cell[1:-1]
    if cell in {"null", "true", "false"}:
        return value is {"null": None, "true": True, "false": False}[cell]
    expected = float(cell)
    return not isinstance(value, str) and (float(value) == expected or (math.isnan(expected) and math.isnan(value)))


def test_every_pattern_is_written_for_fullmatch():
    assert all(not source.startswith("^") and not source.endswith("$") for source in scalars._SOURCES.values())
