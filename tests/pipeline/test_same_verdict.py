"""One record has one verdict, whichever front end asks; one changed rule of the gate changes all of them."""

from __future__ import annotations

import os
import selectors
from pathlib import Path

import pytest

from carbon_lint import BudgetExceeded
from carbon_lint import measure as measure_in_python
from carbon_lint.errors import CarbonLintError, ConfigError, HubError, exit_code_of
from carbon_lint.gate.verdict import LimitResult
from carbon_lint.github import closing
from carbon_lint.github.commands import Console
from carbon_lint.github.context import StepContext
from carbon_lint.github.inputs import ActionInputs
from carbon_lint.github.results import Step, outputs
from carbon_lint.github.step import run_step
from carbon_lint.hub.client import session
from carbon_lint.measurement import run as measure_run
from carbon_lint.pipeline import plan
from carbon_lint.python import front as python_front
from carbon_lint.records.ledger import add
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import as_stored, write_record
from tests.records.builders import fitting
from tests.report.runs import RECORD, record

UNDER, NEAR, OVER = "1 kg", "12.5 g", "5 g"
"""Limits beside the record's 12.3 g: far above, within its uncertainty, far below."""
CARD = """---
co2_eq_emissions: {emissions: 5, energy_consumed: 0.1}
---
"""
BASELINE = 'baseline = "card"\nmax-increase = "10%"\n'
EXCEPTION = """
[[exception]]
limit = "max-emissions"
owner = "ann@example.org"
reason = "agreed on"
until = 2999-12-31
"""
WINDOW = """
[[budget]]
name = "team"
window = "month"
max-emissions = "5 g"
"""
FRONT_ENDS = {"run", "gate", "step", "comment", "report", "python", "publish"}


@pytest.fixture
def ask(cli, monkeypatch):
    """Ask every front end about a record under a limit: name -> (it fails, what it shows).

    The limit is an option, except for `publish`, which takes it from the configuration.
    """

    def offline(*_, **__):
        raise HubError("the Hub was asked")

    monkeypatch.setattr(session, "open_model", offline)
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: None)

    def answers(one, limit, *, on_modelled="figure", config=""):
        config = f'location = "FRA"\non-modelled = "{on_modelled}"\n{config}'
        limited = "" if limit is None else f'max-emissions = "{limit}"\n'
        Path("carbon-lint.toml").write_text(config)
        one = as_stored(fitting(one))
        write_record(one, "r.json")
        monkeypatch.setattr(measure_run, "measure", lambda *_: one)
        flags = () if limit is None else ("--max-emissions", limit)
        code, _, shown = cli("run", *flags, "--", "true")
        found = {"run": (code == 1, shown)}
        code, shown, message = cli("gate", "r.json", *flags)
        found["gate"] = (code == 1, shown or message)
        step = step_of(record="r.json", max_emissions_g=limit and grams(limit), lint=False)
        run_step(step)
        found["step"] = (step.result.report.exit_status == 1, outputs(step))
        comment = closing.render_comment(step, "k").splitlines()[1]
        found["comment"] = ("\u274c" in comment, comment)
        _, shown, _ = cli("report", "r.json", *flags)
        found["report"] = (is_refused(shown), shown)
        found["python"] = in_python(one, limit, monkeypatch)
        Path("carbon-lint.toml").write_text(limited + config)
        code, _, shown = cli("publish", "--record", "r.json", "--to", "acme/m")
        found["publish"] = (code == 1, shown)
        return found

    return answers


def in_python(one, limit, monkeypatch):
    """Whether `with measure(...)` ends in BudgetExceeded if its body comes to this record."""

    def measured(request, meter, note, printed, body):
        body.start()
        with selectors.DefaultSelector() as waiting:
            waiting.register(body, selectors.EVENT_READ)
            assert waiting.select(60.0), "the body has ended"
        return one

    monkeypatch.setattr(python_front, "measure", measured)
    try:
        with measure_in_python(max_emissions=limit):
            pass
    except BudgetExceeded as error:
        return True, str(error)
    return False, "passed"


def of_ledger(cli, one, limit):
    """Whether `ledger sum` of this run alone is over the limit."""
    add(as_stored(fitting(one)), "team")
    code, shown, _ = cli("ledger", "sum", "--max-emissions", limit, "--ledger", "team")
    return code != 0, shown


def grams(limit):
    number, unit = limit.split()
    return float(number) * {"g": 1, "kg": 1000}[unit]


def is_refused(shown):
    head = shown.splitlines()[0]
    return ("Over" in head and "let through" not in head) or "fails here" in head


def step_of(**inputs):
    environ = {"GITHUB_WORKSPACE": os.getcwd(), "GITHUB_EVENT_NAME": "push"}
    return Step(
        inputs=ActionInputs(**inputs),
        context=StepContext.from_environ(environ),
        environ={**os.environ, **environ},
        console=Console(os.dup(1)),
    )


def test_every_front_end_gives_a_record_the_same_verdict(ask):
    over_its_own = record(over_budget=True, outcome=Outcome.OVER_BUDGET)
    Path("README.md").write_text(CARD)
    add(as_stored(fitting(record(run_id="r0"))), "team")
    cases = [
        (RECORD, None, "figure", "", False),
        (RECORD, UNDER, "figure", "", False),
        (RECORD, NEAR, "figure", "", False),
        (RECORD, NEAR, "fail", "", True),
        (RECORD, OVER, "figure", "", True),
        (RECORD, "12.2 g", "pass", "", False),
        (over_its_own, UNDER, "fail", "", True),
        (over_its_own, NEAR, "pass", "", True),
        (over_its_own, None, "figure", "", True),
        (RECORD, UNDER, "figure", BASELINE, True),
        (RECORD, None, "figure", BASELINE.replace("10%", "900%"), False),
        (RECORD, OVER, "figure", EXCEPTION, False),
        (RECORD, OVER, "figure", EXCEPTION.replace("2999", "2020"), True),
        (RECORD, UNDER, "figure", WINDOW, False),
    ]
    for one, limit, on_modelled, config, is_failing in cases:
        found = ask(one, limit, on_modelled=on_modelled, config=config)
        assert set(found) == FRONT_ENDS
        wrong = {name: shown for name, (fails, shown) in found.items() if fails != is_failing}
        assert wrong == {}, (limit, on_modelled, config)


def test_every_front_end_judges_the_window_if_there_is_a_ledger(ask):
    add(as_stored(fitting(record(run_id="r0"))), "ledger")
    wrong = {name: shown for name, (fails, shown) in ask(RECORD, None, config=WINDOW).items() if not fails}
    assert wrong == {}


def test_one_changed_rule_of_the_gate_changes_every_front_end(ask, cli, monkeypatch):
    found = ask(RECORD, UNDER) | {"ledger": of_ledger(cli, RECORD, UNDER)}
    assert not any(fails for fails, _ in found.values())

    monkeypatch.setattr(LimitResult, "is_exceeded_by", lambda limit, amount: amount > limit.allowed / 200)

    found = ask(RECORD, UNDER) | {"ledger": of_ledger(cli, RECORD, UNDER)}
    assert set(found) == FRONT_ENDS | {"ledger"}
    assert [name for name, (fails, _) in found.items() if not fails] == []
    assert found["gate"][1].startswith("fail: "), "the range is over, too"

    monkeypatch.setattr(LimitResult, "is_exceeded_by", lambda limit, amount: amount > limit.allowed / 67)

    found = ask(RECORD, UNDER, on_modelled="fail")
    assert found["gate"][1].startswith("inconclusive: "), "only the upper end of the range is over"
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


def test_a_record_keeps_its_verdict_when_a_later_run_is_in_the_ledger(ask):
    later = record(run_id="r9", started_at="2026-11-24T11:00:00.000Z")
    assert later.started_at > RECORD.started_at
    add(as_stored(fitting(later)), "ledger")
    found = ask(RECORD, None, config=WINDOW.replace("5 g", "15 g"))
    assert {name: shown for name, (fails, shown) in found.items() if fails} == {}


def test_a_ledger_that_cannot_be_read_stops_the_job_and_leaves_the_limits_of_one_run(cli, monkeypatch):
    Path("carbon-lint.toml").write_text(f'location = "FRA"\n{WINDOW}')
    Path("ledger/2026-11").mkdir(parents=True)
    write_record(as_stored(fitting(RECORD)), "r.json")
    Path("ledger/2026-11/x.json").write_text("{}")
    monkeypatch.setattr(measure_run, "measure", lambda *_: pytest.fail("the job has begun"))
    for verb in (("run", "--", "true"), ("doctor",)):
        code, _, err = cli(*verb)
        assert (code, "x.json" in err) == (2, True), err
    code, shown, err = cli("report", "r.json", "--max-emissions", OVER)
    assert (is_refused(shown), "the budgets of a window are not judged" in err) == (True, True), err


def test_an_unknown_rule_is_refused_before_the_job_and_by_every_verb_that_judges(cli, monkeypatch):
    Path("carbon-lint.toml").write_text('location = "FRA"\nselect = ["CL9999"]\n')
    write_record(as_stored(fitting(RECORD)), "r.json")
    monkeypatch.setattr(measure_run, "measure", lambda *_: pytest.fail("the job has begun"))
    judging = ("gate r.json --max-emissions 1kg", "report r.json", "publish --record r.json --to acme/m")
    for verb in ("run --card README.md -- true", "doctor", *judging):
        code, _, err = cli(*verb.split())
        assert (code, "carbon-lint.toml:2" in err, "CL9999" in err) == (2, True, True), (verb, err)
    step = step_of(command="true", card="README.md")
    with pytest.raises(ConfigError):
        run_step(step)


def test_a_file_called_ledger_is_not_a_ledger(ask):
    Path("ledger").write_text("#!/bin/sh\n")
    assert not any(fails for fails, _ in ask(RECORD, None, config=WINDOW).values())


def test_a_card_of_almost_the_same_name_that_the_job_makes_keeps_no_figures_back(cli, monkeypatch):
    one = as_stored(fitting(RECORD))
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: None)
    monkeypatch.setattr(measure_run, "measure", lambda *_: (Path("README2.md").write_text("hi"), one)[1])
    code, _, err = cli("run", "--location", "FRA", "--card", "README.md", "--", "true")
    assert (code, "emissions: 12.3" in Path("README.md").read_text()) == (0, True), err


def test_publish_needs_no_baseline_that_it_only_shows(cli, monkeypatch):
    def offline(*_, **__):
        raise HubError("the Hub was asked")

    monkeypatch.setattr(session, "open_model", offline)
    write_record(as_stored(fitting(RECORD)), "r.json")
    Path("carbon-lint.toml").write_text('baseline = "record:gone.json"\n')
    code, _, err = cli("publish", "--record", "r.json", "--to", "acme/m")
    assert (code, "the Hub was asked" in err) == (4, True), err
