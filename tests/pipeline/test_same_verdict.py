"""One record has one verdict, whichever front end asks; one changed rule of the gate changes all of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carbon_lint.errors import CarbonLintError, exit_code_of
from carbon_lint.gate.verdict import LimitResult
from carbon_lint.github import closing
from carbon_lint.github.commands import Console
from carbon_lint.github.context import Context
from carbon_lint.github.inputs import ActionInputs
from carbon_lint.github.results import Step, outputs
from carbon_lint.github.step import run_step
from carbon_lint.measurement import run as measure_run
from carbon_lint.records.ledger import add
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import as_stored, write_record
from tests.records.builders import fitting
from tests.report.runs import RECORD, record

UNDER, NEAR, OVER = "1 kg", "12.5 g", "5 g"
"""Limits beside the record's 12.3 g: far above, within its uncertainty, far below."""


@pytest.fixture
def ask(cli, monkeypatch):
    """Ask every front end about a record under a limit: name -> (it fails, what it shows)."""

    def answers(one, limit, *, on_modelled="figure"):
        Path("carbon-lint.toml").write_text(f'location = "FRA"\non-modelled = "{on_modelled}"\n')
        one = as_stored(fitting(one))
        write_record(one, "r.json")
        monkeypatch.setattr(measure_run, "measure", lambda *_: one)
        code, _, shown = cli("run", "--max-emissions", limit, "--", "true")
        found = {"run": (code != 0, shown)}
        code, shown, _ = cli("gate", "r.json", "--max-emissions", limit)
        found["gate"] = (code != 0, shown)
        step = step_of(record="r.json", max_emissions_g=grams(limit), lint=False)
        run_step(step)
        found["step"] = (step.result.report.exit_status != 0, outputs(step)["verdict"])
        comment = closing.render_comment(step, "k").splitlines()[1]
        found["comment"] = ("❌" in comment, comment)
        _, shown, _ = cli("report", "r.json", "--max-emissions", limit)
        found["report"] = (is_refused(shown), shown)
        if on_modelled == "figure":
            add(one, "team")
            code, shown, _ = cli("ledger", "sum", "--max-emissions", limit, "--ledger", "team")
            found["ledger"] = (code != 0, shown)
        return found

    return answers


def grams(limit):
    number, unit = limit.split()
    return float(number) * {"g": 1, "kg": 1000}[unit]


def is_refused(shown):
    head = shown.splitlines()[0]
    return "Over" in head or "fails here" in head


def step_of(**inputs):
    environ = {"GITHUB_WORKSPACE": os.getcwd(), "GITHUB_EVENT_NAME": "push"}
    return Step(
        inputs=ActionInputs(**inputs),
        context=Context.from_environ(environ),
        environ={**os.environ, **environ},
        console=Console(os.dup(1)),
    )


def test_every_front_end_gives_a_record_the_same_verdict(ask):
    under_wider_limits = record(over_budget=True, outcome=Outcome.OVER_BUDGET)
    cases = [
        (RECORD, UNDER, "figure", False),
        (RECORD, NEAR, "figure", False),
        (RECORD, NEAR, "fail", True),
        (RECORD, OVER, "figure", True),
        (RECORD, "12.2 g", "pass", False),
        (under_wider_limits, UNDER, "fail", True),
    ]
    for one, limit, on_modelled, is_failing in cases:
        found = ask(one, limit, on_modelled=on_modelled)
        wrong = {name: shown for name, (fails, shown) in found.items() if fails != is_failing}
        assert wrong == {}, (limit, on_modelled)


def test_one_changed_rule_of_the_gate_changes_every_front_end(ask, monkeypatch):
    assert not any(fails for fails, _ in ask(RECORD, "20 g").values())

    monkeypatch.setattr(LimitResult, "is_over", property(lambda limit: limit.measured > limit.allowed / 2))

    found = ask(RECORD, "20 g")
    assert set(found) == {"run", "gate", "step", "comment", "report", "ledger"}
    assert [name for name, (fails, _) in found.items() if not fails] == []


def test_a_record_without_grams_gives_no_card_and_the_step_ends_as_the_verb_does(cli):
    write_record(record(emissions_g=None, intensity=None), "r.json")
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    code, _, _ = cli("card", "README.md", "--from", "r.json")
    step = step_of(record="r.json", card="README.md", lint=False)
    with pytest.raises(CarbonLintError, match="the record holds no grams") as caught:
        run_step(step)
    assert exit_code_of(caught.value, doing="step") == code == 2
    assert "co2" not in Path("README.md").read_text()
