"""The cards and tables beside the checkout: real ones, and what other readers make of values. Skipped if absent."""

from __future__ import annotations

import csv
import json
import tarfile
from itertools import islice

import pytest

from carbon_lint.config import Settings
from carbon_lint.lint.engine import lint_text

NUMBER_TAGS = {"nan", "inf", "-inf", "NaN", "Infinity", "-Infinity"}
SHAPE = ("CL0", "CL1", "CL201", "CL202")


def codes(text, path="README.md", severities=("error", "warning", "note")):
    found = lint_text(text if isinstance(text, bytes) else text.encode(), path, Settings())
    return {one.code for one in found if one.severity in severities}


def is_number(column):
    if column in NUMBER_TAGS:
        return True
    try:
        value = json.loads(column)
    except ValueError:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool)


def yaml_values(shared):
    lines = (shared / "cards/yaml-values.tsv").read_text(encoding="utf-8").split("\n")
    for line in filter(None, lines[1:]):
        case, _py, _js3, js4, *_ = line.split("\t")
        if case.startswith("v:"):
            yield case[2:].replace("\\n", "\n"), js4


def test_a_number_to_the_hub_is_never_a_shape_error_and_anything_else_always_is_one(shared):
    wrong = []
    count = 0
    for value, js4 in yaml_values(shared):
        count += 1
        for matter in (f"co2_eq_emissions:\n  emissions: {value}\n", f"co2_eq_emissions: {value}\n"):
            found = codes(f"---\n{matter}---\n# A model\n", severities=("error",))
            has_shape_error = any(code.startswith(SHAPE) for code in found)
            if has_shape_error == is_number(js4):
                wrong.append((matter, js4, found))
    assert count > 120
    assert wrong == []


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory):
    """file -> (row of the table, bytes)."""
    folder = tmp_path_factory.mktemp("real")
    with tarfile.open(shared / "cards/real.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    with (shared / "cards/real.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["file"]: (row, (folder / row["file"]).read_bytes()) for row in rows}


def test_every_kilogram_figure_is_found(real):
    kilograms = {name for name, (row, _) in real.items() if row["verdict"].startswith("YAML_IN_KG")}
    assert len(kilograms) >= 6
    assert [name for name in kilograms if "CL203" not in codes(real[name][1])] == []


def test_a_figure_that_is_right_has_no_error_or_warning_on_its_value(real):
    right = {name for name, (row, _) in real.items() if row["verdict"] == "ok"}
    assert len(right) > 300
    found = {name: codes(real[name][1], severities=("error", "warning")) for name in right}
    assert {name: some for name, some in found.items() if any(code.startswith("CL2") for code in some)} == {}


def test_a_figure_with_its_unit_is_found(real):
    strings = {name for name, (row, _) in real.items() if row["verdict"] == "yaml not a number"}
    strings |= {
        name for name, (row, _) in real.items() if "emissions:str" in row["shape"] or "scalar:str" in row["shape"]
    }
    assert len(strings) >= 6
    assert [name for name in strings if not codes(real[name][1]) & {"CL201", "CL104", "CL101"}] == []


def test_every_edge_of_front_matter_gets_the_hubs_answer(shared):
    """A match is judged for its block; what the Hub does not see is an error, and never judged as metadata."""
    with (shared / "cards/edge/INDEX.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    wrong = []
    for row in rows:
        data = (shared / "cards/edge" / row["filename"]).read_bytes()
        found = codes(data, row["filename"], severities=("error",))
        is_hidden = bool(found & {"CL003", "CL004"})
        # The regular expression alone does not match behind a BOM; every reader takes the BOM off before.
        is_seen = row["hf_hub>=1.25 regex"] == "match" or row["case"].startswith("BOM")
        if is_hidden == is_seen:
            wrong.append((row["filename"], found))
    assert len(rows) == 57
    assert wrong == []


def test_what_generators_write_has_no_error_except_what_they_got_wrong(shared):
    found = {
        path.name: codes(path.read_bytes(), severities=("error", "warning"))
        for path in sorted((shared / "cards/generated").glob("*.md"))
    }
    assert len(found) > 30
    allowed = {"nan": {"CL205", "CL109"}, "zero": {"CL206"}, "tiny": {"CL501", "CL502"}, "huge": {"CL502", "CL208"}}
    for name, some in found.items():
        expected = set().union(*(codes for word, codes in allowed.items() if word in name))
        assert some <= expected, (name, some)


def test_unselected_real_cards_give_no_false_alarm_on_values(shared):
    """Read by hand once (docs/lint-on-real-cards.md): none of these 5,000 has a wrong value, shape or field."""
    with tarfile.open(shared / "cards/sample-5000.tar.xz") as archive:
        members = (member for member in archive if member.isfile())
        for member in islice(members, 1500):
            some = codes(archive.extractfile(member).read(), member.name, severities=("error", "warning"))
            assert not {code for code in some if code.startswith(("CL1", "CL2"))}, member.name
