"""`carbon-lint rules`, as a user types it."""

from __future__ import annotations

from carbon_lint.lint.rule import load_all
from tests.cases import cases


def test_the_table_has_a_line_for_every_rule_and_fits_the_terminal(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")

    code, out, err = cli("rules")

    assert (code, err) == (0, "")
    assert all(len(line) <= 90 for line in out.splitlines())
    listed = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert listed == ["code", *(rule.code for rule in load_all())]


def test_a_page_is_shown_by_code_and_by_name(cli):
    rule = load_all()[0]

    by_code = cli("rules", rule.code.lower())
    by_name = cli("rules", rule.name)

    assert by_code == by_name
    assert by_code[0] == 0
    assert by_code[1].startswith(f"# {rule.code} {rule.name}\n")
    assert "## What it does" in by_code[1]


@cases("wanted", ["CL01", "cl0001", "yaml-eror"])
def test_an_unknown_rule_is_a_usage_error_with_the_nearest_one(cli, wanted):
    code, out, err = cli("rules", wanted)

    assert (code, out) == (2, "")
    assert err.startswith(f"carbon-lint: there is no rule '{wanted}'\n")
    assert "did you mean " in err
    assert "`carbon-lint rules` lists all" in err
