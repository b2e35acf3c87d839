"""An option that is given twice: of no verb is the last one taken in silence."""

from __future__ import annotations

from argparse import SUPPRESS
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.cli.parser import OneValue, Parser
from carbon_lint.records.store import write_record
from carbon_lint.verbs import VERBS
from tests.cases import cases
from tests.records.builders import a_record

LIMITS = {"max_emissions": ("2 kg", "1 kg"), "max_energy": ("2 kWh", "1 kWh")}


def parsers(parser, path=()):
    yield path, parser
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for name, child in action.choices.items():
                yield from parsers(child, (*path, name))


def every_option():
    for verb, (module, _) in VERBS.items():
        parser = Parser(prog=f"carbon-lint {verb}", allow_abbrev=False)
        import_module(f"carbon_lint.cli.{module}").add_arguments(parser)
        for path, child in parsers(parser, (verb,)):
            for action in child._actions:
                has_two = action.choices is None or len(action.choices) > 1
                if action.option_strings and action.nargs is None and has_two and action.dest not in {"help", SUPPRESS}:
                    yield pytest.param(child, action, id=" ".join((*path, action.option_strings[-1])))


def two_values(action):
    if action.choices:
        return [str(choice) for choice in list(action.choices)[:2]]
    return ["1", "2"] if action.type is not None else list(LIMITS.get(action.dest, ("one", "another")))


@cases(("parser", "action"), [*every_option()])
def test_a_second_value_is_kept_refused_or_combined_and_never_dropped(parser, action, capsys):
    first, second = two_values(action)
    flag = action.option_strings[-1]
    try:
        found, _ = parser.parse_known_args([flag, first, f"{flag}={second}"])
    except SystemExit:
        error = capsys.readouterr().err
        if isinstance(action, OneValue) and action.dest not in LIMITS:
            assert f"{flag}" in error
            assert "given twice" in error
            assert "give it once" in error
        else:
            assert "required" in error, "an option that collects its values lacks only the verb's other arguments"
    else:
        kept = getattr(found, action.dest)
        assert kept == second if action.dest in LIMITS else kept == [*(action.default or []), first, second]


@given(st.permutations([1.0, 20.0, 300.0]))
def test_of_several_limits_the_tightest_holds_in_whatever_order(grams):
    parser = Parser(prog="x")
    parser.add_argument("--max-emissions")
    argv = [word for size in grams for word in ("--max-emissions", f"{size} g")]
    assert parser.parse_args(argv).max_emissions == "1.0 g"


def test_the_same_value_twice_loses_nothing(cli):
    write_record(a_record(), "r.json")
    assert cli("gate", "r.json", "--max-emissions", "1kg", "--format", "json", "--format", "json")[0] == 0


def test_two_limits_are_one_limit_and_two_places_an_error(cli):
    write_record(a_record(), "r.json")
    code, out, _ = cli("gate", "r.json", "--max-emissions", "1 g", "--max-emissions", "5 kg")
    assert code == 1
    assert "1 g allowed" in out
    code, out, err = cli("run", "--location", "FRA", "--location", "POL", "--", "touch", "ran")
    assert (code, out) == (2, "")
    assert "as 'FRA' and as 'POL'" in err
    assert not Path("ran").exists()


def test_a_limit_that_cannot_be_read_is_an_error_beside_another_one(cli):
    write_record(a_record(), "r.json")
    code, _, err = cli("gate", "r.json", "--max-emissions", "1 g", "--max-emissions", "5")
    assert code == 2
    assert "'5' has no unit" in err
