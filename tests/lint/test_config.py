"""carbon-lint.toml: found upward, checked, every value with its source."""

from __future__ import annotations

import json
import os

import pytest
from jsonschema import Draft202012Validator

from carbon_lint.config import KEYS, Settings, find, load, load_file
from carbon_lint.errors import ConfigError
from carbon_lint.lint.policy import Policy
from tests.cases import cases
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "schemas" / "config.schema.json").read_text())


def write(text, name="carbon-lint.toml"):
    with open(name, "w") as stream:
        stream.write(text)
    return name


def active(settings, path="README.md"):
    return Policy(settings).active_for(path).codes


def severity(settings, code):
    return next(word for _, _, known, word in Policy(settings).active_for("README.md").rules if known == code)


def test_without_a_file_every_value_is_the_default():
    settings = load(".")
    assert settings.path is None
    assert settings.get("fail-on") == "error"
    assert settings.source("fail-on") == "default"
    assert settings.max_emissions_g is None
    assert len(active(settings)) > 30


def test_the_nearest_file_above_is_used_alone():
    write('fail-on = "note"\nmax-emissions = "1 kg"\n')
    os.makedirs("models/a")
    write('[tool.carbon-lint]\nfail-on = "warning"\n', "models/pyproject.toml")
    settings = load("models/a")
    assert settings.get("fail-on") == "warning"
    assert settings.max_emissions_g is None
    assert settings.source("fail-on") == "models/pyproject.toml:2"


def test_a_pyproject_without_our_table_is_passed_over():
    write('fail-on = "note"\n')
    os.makedirs("models")
    write('[project]\nname = "x"\n', "models/pyproject.toml")
    assert load("models").get("fail-on") == "note"


def test_the_search_ends_at_the_root_of_the_repository():
    write('fail-on = "note"\n')
    os.makedirs("clone/.git")
    os.makedirs("clone/models")
    assert find("clone/models") is None


def test_quantities_need_their_unit():
    write("max-emissions = 5\n")
    with pytest.raises(ConfigError, match="must be an emissions quantity with its unit"):
        load(".")
    write('max-emissions = "5"\n')
    with pytest.raises(ConfigError, match="has no unit"):
        load(".")


def test_quantities_are_read_in_grams_and_kilowatt_hours():
    write('max-emissions = "1.5 kg"\nmax-energy = "250 Wh"\n')
    settings = load(".")
    assert settings.max_emissions_g == 1500
    assert settings.max_energy_kwh == 0.25


@cases(
    ("text", "message", "hint"),
    [
        ('selct = ["CL1"]\n', "unknown key 'selct'", "did you mean 'select'?"),
        ('fail-on = "warn"\n', "fail-on must be one of", None),
        ('select = "CL1"\n', "select must be a list of rule codes", None),
        ('severity = {CL203 = "fatal"}\n', "severity must be a table", None),
        ("per-file-ignores = 3\n", "per-file-ignores must be a table", None),
        ("pue = true\n", "pue must be a number", None),
        ("machine = 3\n", "machine must be an array of tables", None),
        ("pass-env = [1]\n", "pass-env must be a list of strings", None),
        ("fail-on = [1]\n", "fail-on must be one of", None),
        ("= 3\n", "not TOML", "docs/config.md"),
    ],
)
def test_a_wrong_file_is_refused_with_its_path(text, message, hint):
    write(text)
    with pytest.raises(ConfigError) as caught:
        load(".")
    assert message in caught.value.message
    assert "carbon-lint.toml" in caught.value.message
    assert hint is None or hint in caught.value.hint


def test_a_file_that_is_no_utf8_is_refused():
    with open("carbon-lint.toml", "wb") as stream:
        stream.write(b'fail-on = "\xff"\n')
    with pytest.raises(ConfigError, match="not TOML"):
        load(".")


def test_an_unknown_rule_is_refused_with_the_nearest_name():
    write('ignore = ["zero-emission"]\n')
    with pytest.raises(ConfigError) as caught:
        active(load("."))
    assert "unknown rule 'zero-emission'" in caught.value.message
    assert caught.value.hint == "did you mean 'zero-emissions'?"


def test_rules_are_named_by_code_beginning_or_name():
    assert active(Settings().with_values({"select": ["CL203", "zero-emissions", "CL9"]}, "test")) == {
        "CL203",
        "CL206",
        "CL901",
        "CL902",
    }


def test_the_closer_match_of_select_and_ignore_wins():
    chosen = active(Settings().with_values({"select": ["CL203"], "ignore": ["CL2"]}, "test"))
    assert chosen == {"CL203"}
    assert "CL203" not in active(Settings().with_values({"select": ["CL2"], "ignore": ["CL203"]}, "test"))
    assert active(Settings().with_values({"ignore": ["ALL"]}, "test")) == set()


def test_severity_is_policy():
    write('[severity]\nCL2 = "note"\nkilograms-for-grams = "warning"\n')
    settings = load(".")
    assert severity(settings, "CL203") == "warning"
    assert severity(settings, "CL204") == "note"
    assert severity(settings, "CL101") == "error"


def test_rules_are_ignored_by_path_from_where_the_file_is():
    os.makedirs("old")
    write('[per-file-ignores]\n"old/*" = ["CL206"]\n')
    settings = load("old")
    assert "CL206" not in active(settings, "old/README.md")
    assert "CL206" in active(settings, "README.md")


def test_a_value_over_another_says_where_it_came_from():
    write('fail-on = "note"\n')
    settings = load(".").with_values({"fail-on": "error"}, "command line")
    assert settings.get("fail-on") == "error"
    assert settings.source("fail-on") == "command line"


def test_tables_and_texts_are_handed_on():
    write('location = "FRA"\n[[machine]]\nmatch = "gpu-par-*"\nlocation = "FRA"\n')
    settings = load(".")
    assert settings.text("location") == "FRA"
    assert settings.tables("machine") == ({"match": "gpu-par-*", "location": "FRA"},)
    assert settings.tables("exception") == ()


def test_the_schema_has_exactly_the_keys_that_the_program_reads():
    assert set(SCHEMA["properties"]) == {*KEYS, "$schema"}
    assert SCHEMA["additionalProperties"] is False
    for key, (_, purpose) in KEYS.items():
        assert SCHEMA["properties"][key]["description"].startswith(purpose[0].upper())


@cases(
    "document",
    [{"fail-on": "warn"}, {"max-emissions": 5}, {"unknown": 1}, {"select": "CL1"}, {"severity": {"CL203": "x"}}],
)
def test_the_schema_refuses_what_the_program_refuses(document):
    validator = Draft202012Validator(SCHEMA)
    assert not validator.is_valid(document)
    with pytest.raises(ConfigError):
        Settings().with_values(document, "test")


def test_the_schema_takes_its_own_examples():
    validator = Draft202012Validator(SCHEMA)
    for example in SCHEMA["examples"]:
        validator.validate(example)
        Settings().with_values(example, "test")


def test_a_named_file_must_be_readable(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_file(str(tmp_path / "none.toml"))
