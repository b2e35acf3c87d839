"""The JSON Schemas stand alone, and the quick look accepts only what they accept."""

from __future__ import annotations

import json

import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.lint.engine import lint_card
from carbon_lint.lint.rule import load
from carbon_lint.lint.rules import TABLE
from carbon_lint.lint.rules.cl105_misspelt_field import meant_by
from carbon_lint.lint.schema import GENERATED, MISSPELT, RECOMMENDED, misfits, plainly_valid
from carbon_lint.report.findings.reporters import REPORTERS, RenderOptions
from tests import schemas
from tests.cases import cases
from tests.conftest import ROOT
from tests.lint.cases import CASES, Case, case_id

NAMES = ("co2_eq_emissions", "model_card", "config", "report")
SCHEMAS = {name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")) for name in NAMES}
BLOCK = Draft202012Validator(SCHEMAS["co2_eq_emissions"])
CARD = Draft202012Validator(SCHEMAS["model_card"])
FULL = "co2_eq_emissions:\n  emissions: 12.5\n  source: codecarbon\n"


def card_of(matter):
    return read_card(f"---\n{matter}---\n# A model\n".encode(), "README.md")


@cases("name", NAMES)
def test_a_schema_is_valid_and_has_a_title(name):
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://carbon-lint.dev/schemas/{name}@1.json"
    assert schema["title"]
    assert schema["description"]
    for instance in schema["examples"]:
        Draft202012Validator(schema).validate(instance)


@cases("name", NAMES)
def test_a_schema_stands_alone(name):
    text = json.dumps(SCHEMAS[name])
    references = [part.split('"')[2] for part in text.split('"$ref"')[1:] for part in [f'"{part}']]
    assert all(reference.startswith("#") for reference in references)


def test_the_card_schema_holds_the_block_schema_unchanged():
    block = {key: value for key, value in SCHEMAS["co2_eq_emissions"].items() if key not in {"$schema", "$id"}}
    assert SCHEMAS["model_card"]["$defs"]["co2_eq_emissions"] == block


def test_the_schema_has_the_fields_that_the_program_reads():
    fields = SCHEMAS["co2_eq_emissions"]["anyOf"][1]["properties"]
    known = {name for name, schema in fields.items() if schema.get("not") != {}}
    assert known == {"emissions", *RECOMMENDED, *GENERATED}


scalars = st.one_of(
    st.sampled_from(
        ["12.5", "0", "-1", "1e-5", "1.0e-05", "017", "0x1F", "1_000", ".nan", ".inf", "~", "", "true", "no", "17g"]
    ),
    st.sampled_from(["'12.5'", '"a b"', "codecarbon", "2024-01-01", "[a]", "{b: 1}", "1 x H100", "<grams>", "N/A"]),
    st.floats(0, 1e9, allow_nan=False).map(repr),
    st.integers(0, 10**17).map(str),
)
names = st.sampled_from(["emissions", *RECOMMENDED, *sorted(GENERATED), "geographic_location", "extra", "1"])
blocks = st.one_of(
    scalars.map(lambda value: f"co2_eq_emissions: {value}\n"),
    st.dictionaries(names, scalars, max_size=6).map(
        lambda fields: "co2_eq_emissions:\n" + "".join(f"  {name}: {value}\n" for name, value in fields.items())
    ),
)


@given(blocks)
def test_the_quick_look_accepts_only_what_the_schema_accepts(matter):
    block = card_of(matter).block
    if block is not None and plainly_valid(block):
        assert BLOCK.is_valid(block.plain)


@given(blocks)
@example("co2_eq_emissions:\n  emissions: 12.5\n  source: 2024-01-01\n")
def test_the_quick_look_accepts_only_what_no_rule_objects_to(matter):
    card = card_of(matter)
    if card.block is not None and plainly_valid(card.block):
        context = Context(card, Settings())
        rules = [load(module) for module, (needs, _, _) in TABLE.items() if needs == "odd-block"]
        assert [hit.message for rule in rules for hit in rule.check(context)] == []


@given(blocks)
def test_the_answer_without_the_library_is_that_of_the_library(matter):
    block = card_of(matter).block
    if block is not None:
        value = block.plain
        assert (misfits(value) == []) == BLOCK.is_valid(value)


def test_the_names_that_the_schema_refuses_are_those_of_the_program():
    fields = SCHEMAS["co2_eq_emissions"]["anyOf"][1]["properties"]
    assert {name for name, schema in fields.items() if schema.get("not") == {}} == MISSPELT
    assert all(meant_by(name) == (fields[name]["description"].split("`")[1], True) for name in MISSPELT)


@given(blocks)
def test_what_the_schema_refuses_always_has_a_finding(matter):
    card = card_of(matter)
    if card.block is not None and not BLOCK.is_valid(card.block.plain):
        found = lint_card(card, Settings())
        assert any(diagnostic.severity != "note" for diagnostic in found)


def test_a_card_that_the_schema_refuses_has_an_error_or_a_warning():
    cases = [case for case in map(Case, CASES) if case.card.root is not None]
    refused = [case for case in cases if not CARD.is_valid(case.card.root.plain)]
    silent = [case for case in refused if all(found.severity == "note" for found in case.diagnostics())]
    assert len(refused) > 20
    assert [case_id(case.path) for case in silent] == []


def test_a_good_card_fits_the_card_schema():
    roots = {path: Case(path).card.root for path in CASES if path.stem == "good"}
    wrong = [path for path, root in roots.items() if root is not None and not CARD.is_valid(root.plain)]
    assert len(roots) > 20
    assert [case_id(path) for path in wrong] == []


def test_the_json_report_fits_its_schema():
    diagnostics = tuple(found for path in CASES for found in Case(path).diagnostics())
    report = LintReport(diagnostics=diagnostics, files_checked=len(CASES), files_skipped=1, suppressed=2, fixed=("a",))
    document = json.loads(REPORTERS["json"](report, RenderOptions()))
    Draft202012Validator(SCHEMAS["report"]).validate(document)
    assert len(document["diagnostics"]) == len(diagnostics)
    assert any(found["related"] for found in document["diagnostics"] if "related" in found)


def check_jsonschema(schema, matter, tmp_path):
    """As the documentation shows it: the front matter in a file of its own, under check-jsonschema."""
    path = tmp_path / "front-matter.yaml"
    path.write_text(matter)
    return schemas.check_jsonschema("--schemafile", ROOT / "schemas" / schema, path)


@cases(
    ("matter", "is_valid"),
    [
        (f"license: mit\n{FULL}", True),
        ("license: mit\nco2_eq_emissions: 12.5\n", True),
        ("license: mit\nco2_eq_emissions:\n  emissions: 17g\n", False),
        ("license: mit\nco2_emissions: 12.5\n", False),
        ("license: mit\nco2_eq_emissions:\n  emissions: 12.5\n  geographic_location: France\n", False),
        ("license: mit\nco2_eq_emissions: -1\n", False),
    ],
)
def test_check_jsonschema_uses_the_card_schema_as_it_is(matter, is_valid, tmp_path):
    code, output = check_jsonschema("model_card.schema.json", matter, tmp_path)
    assert (code == 0) == is_valid, output


def test_check_jsonschema_uses_the_block_schema_as_it_is(tmp_path):
    block = yaml.safe_dump(yaml.safe_load(FULL)["co2_eq_emissions"])
    assert check_jsonschema("co2_eq_emissions.schema.json", block, tmp_path)[0] == 0
    assert check_jsonschema("co2_eq_emissions.schema.json", "emissions: 17g\n", tmp_path)[0] == 1
