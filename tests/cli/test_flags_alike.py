"""A flag means one thing over all verbs: it takes a value of one name, and machine output is asked for alike."""

from __future__ import annotations

import json
from collections import defaultdict
from importlib import import_module
from pathlib import Path

from carbon_lint.cli.parser import Parser
from carbon_lint.lint.rule import load_all
from carbon_lint.records.document import record_to_json
from carbon_lint.records.store import load_record, write_record
from carbon_lint.verbs import VERBS
from tests.cases import cases
from tests.records.builders import a_record

HAS_NO_OUTPUT_FOR_PROGRAMS = {"run", "card", "merge", "recover", "init"}
"""Their output is a file, and what they print is for people."""
NAMED_OTHERWISE = {("check", "--output")}
"""It writes several reports: `FORMAT=PATH`."""


def actions_of(parser):
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for child in action.choices.values():
                yield from actions_of(child)
        else:
            yield action


def flags():
    for verb, (module, _) in VERBS.items():
        parser = Parser(prog=f"carbon-lint {verb}", allow_abbrev=False)
        import_module(f"carbon_lint.cli.{module}").add_arguments(parser)
        for action in actions_of(parser):
            for name in action.option_strings:
                yield verb, name, action


def test_a_flag_takes_a_value_of_the_same_name_in_every_verb():
    names = defaultdict(lambda: defaultdict(set))
    for verb, flag, action in flags():
        takes_any_value = action.nargs is None and action.choices is None
        if takes_any_value and flag.startswith("--") and (verb, flag) not in NAMED_OTHERWISE:
            names[flag][action.metavar].add(verb)
    assert {flag: dict(found) for flag, found in names.items() if len(found) > 1} == {}


def test_every_verb_that_writes_a_named_file_has_a_flag_to_overwrite_it():
    found = defaultdict(set)
    for verb, flag, _ in flags():
        found[verb].add(flag)
    with_output = {verb for verb, names in found.items() if "--output" in names}
    assert with_output == {"check", "audit", "report", "ledger", "merge", "recover"}
    assert {verb for verb in with_output if "--force" not in found[verb]} == set()


def test_every_verb_with_output_for_programs_has_it_as_json():
    has_json = {verb for verb, flag, action in flags() if flag == "--format" and "json" in action.choices}
    assert has_json | HAS_NO_OUTPUT_FOR_PROGRAMS == set(VERBS)
    assert not has_json & HAS_NO_OUTPUT_FOR_PROGRAMS


def test_the_record_as_json_is_a_record(cli):
    write_record(a_record(), "r.json")
    code, out, err = cli("report", "r.json", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == json.loads(Path("r.json").read_text())
    assert cli("report", "r.json", "--format", "json", "-o", "copy.json") == (0, "", "")
    assert record_to_json(load_record("copy.json")) == record_to_json(load_record("r.json"))


def test_rules_as_json_are_all_or_those_that_were_named(cli):
    everything = json.loads(cli("rules", "--format", "json")[1])
    assert everything["format"] == 1
    assert [rule["code"] for rule in everything["rules"]] == [rule.code for rule in load_all()]
    named = json.loads(cli("rules", "CL201", "zero-emissions", "--format", "json")[1])["rules"]
    assert named[0]["code"] == "CL201"
    assert named[1]["name"] == "zero-emissions"
    assert named[0]["docs"].startswith(everything["rules"][0]["docs"][:1])


@cases(
    "argv",
    [
        ("find", "--max", "1 kg", "--limit", "x"),
        ("find", "--max", "1 kg", "--limit", "1e3"),
        ("audit", "--from", "cards.jsonl", "--workers", "0"),
        ("audit", "--author", "me", "--open-prs", "--max-prs", "x"),
        ("estimate", "--gpu", "A100", "--hours", "1h", "--count", "9" * 5000),
    ],
)
def test_a_count_is_refused_in_the_same_words(cli, argv):
    Path("cards.jsonl").write_text('{"id": "a/b", "card": "x"}\n')
    code, _, err = cli(*argv)
    assert code == 2
    assert err.startswith(f"carbon-lint: {argv[-2]}: ")
    assert "is not a whole number of 1 or more" in err


@cases(
    "argv",
    [
        ("card", "README.md", "--from", "gone.jsonl"),
        ("recover", "gone.jsonl"),
        ("report", "gone.jsonl"),
        ("verify", "README.md", "--record", "gone.jsonl"),
        ("gate", "gone.jsonl", "--max-emissions", "1 kg"),
        ("check", "README.md", "--emissions-csv", "gone.jsonl"),
        ("check", "README.md", "--config", "gone.jsonl"),
        ("audit", "--from", "gone.jsonl"),
        ("ledger", "report", "--format", "issue", "--earlier", "gone.jsonl"),
        ("gate", "r.json", "--baseline", "card", "--baseline-card", "gone.jsonl", "--max-increase", "10%"),
    ],
)
def test_a_file_that_is_not_there_is_named_in_the_same_words(cli, argv):
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    write_record(a_record(), "r.json")
    cli("ledger", "add", "r.json")
    code, _, err = cli(*argv)
    assert code == 2
    assert "cannot read gone.jsonl: it is not there" in err
