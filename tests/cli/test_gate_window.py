"""`carbon-lint gate --window`: the budgets of a team, with what the ledger holds of their windows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbon_lint.measurement import run as measure_run
from carbon_lint.pipeline import plan
from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy, Method, Methods, Outcome, Provenance
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import a_record, fitting

CONFIG = """\
[[budget]]
name = "vision"
models = ["team/vit-*"]
window = "month"
max-emissions = "1 kg"

[[budget]]
name = "all"
window = "10d"
max-energy = "10 kWh"
"""


def ran(number, day="24", *, model="team/vit-1", emissions_g=100.0, energy_kwh=1.0, **changes):
    """A run that only sensors measured, so that its range is narrow, on a machine of its own."""
    where = Provenance(repository="team/model", run_id=str(number), model=model)
    one = a_record(
        run_id=f"run-{number}",
        ended_at=f"2026-11-{day}T11:00:00Z",
        emissions_g=emissions_g,
        energy_kwh=Energy(total=energy_kwh, gpu=energy_kwh),
        methods=Methods(gpu=Method.COUNTER),
        provenance=where,
        **changes,
    )
    return fitting(one)


@pytest.fixture(autouse=True)
def team():
    """Eight runs of 100 g, one of another model, one of another month; r.json is a ninth."""
    Path("carbon-lint.toml").write_text(CONFIG)
    for number in range(8):
        add(ran(number, f"{number + 10}"), "ledger")
    add(ran(20, "23", model="team/bert", emissions_g=500.0), "ledger")
    write_record(ran(9), "r.json")


def limits(cli, *flags):
    code, out, err = cli("gate", "r.json", "--window", "--format", "json", *flags)
    found = {(limit["name"], limit["unit"]): limit["measured"] for limit in json.loads(out)["limits"]}
    return code, {name: pytest.approx(value) for name, value in found.items()}, err


def test_a_run_counts_with_what_its_window_holds_and_once(cli):
    both = {("budget vision, 2026-11", "g"): 900.0, ("budget all, the last 10d", "kWh"): 5.0}
    assert limits(cli)[:2] == (0, both)
    add(ran(9), "ledger")
    assert limits(cli)[:2] == (0, both)


def test_the_run_that_goes_over_fails_and_names_the_excess(cli):
    write_record(ran(9, emissions_g=400.0), "r.json")
    code, out, _ = cli("gate", "r.json", "--window", "--max-emissions", "2 kg")
    assert code == 1
    assert "pass: max-emissions: 400 g" in out
    assert "fail: budget vision, 2026-11: 1.2 kg (1.14 to 1.26) measured, 1 kg allowed (carbon-lint.toml), over" in out


def test_a_run_that_a_budget_does_not_count_is_not_judged_by_it(cli):
    write_record(ran(9, model=None), "r.json")
    assert [name for name, _ in limits(cli)[1]] == ["budget all, the last 10d"]


def test_a_run_of_the_window_without_a_figure_leaves_it_undecided(cli):
    add(ran(30, "22", emissions_g=None, energy_kwh=None, intensity=None), "ledger")
    code, out, _ = cli("gate", "r.json", "--window")
    assert code == 0
    assert "budget vision, 2026-11: 1 run without a figure, so the sum is larger than stated" in out
    write_record(ran(9, emissions_g=199.0), "r.json")
    code, out, _ = cli("gate", "r.json", "--window")
    assert "budget vision, 2026-11: the limit of emissions lies within the range of the sum" in out
    assert "budget vision, 2026-11: 1 run without a figure, so the sum is larger than stated" in out
    assert cli("gate", "r.json", "--window", "--on-modelled", "fail")[0] == 1


@cases("on_modelled", ["figure", "fail", "pass"])
def test_an_exception_to_one_limit_leaves_another_one_undecided(cli, on_modelled):
    add(ran(30, "22", emissions_g=None, energy_kwh=None, intensity=None), "ledger")
    flags = ("gate", "r.json", "--on-modelled", on_modelled)
    kept = cli(*flags, "--max-emissions", "1 kg")[0]
    with Path("carbon-lint.toml").open("a") as file:
        file.write('[[exception]]\nlimit = "max-emissions"\nowner = "a"\nreason = "b"\nuntil = 2999-12-31\n')
    code, out, _ = cli(*flags, "--max-emissions", "1 g")
    assert code == kept == (on_modelled == "fail")
    assert "excepted by a" in out
    assert cli(*flags, "--max-emissions", "1 g", "--max-energy", "1 Wh")[0] == 1


@cases(
    ("break_it", "code", "message"),
    [
        (lambda: Path("carbon-lint.toml").unlink(), 2, "has no [[budget]]"),
        (lambda: Path("ledger").rename("other"), 2, "there is no ledger at ledger"),
        (lambda: Path("ledger/2026-11/x.json").write_text("{"), 2, "ledger/2026-11/x.json is not JSON"),
        (lambda: write_record(ran(9, emissions_g=None, intensity=None), "r.json"), 125, "the budget 'vision' cannot"),
    ],
)
def test_a_window_that_cannot_be_judged_does_not_pass(cli, break_it, code, message):
    break_it()
    found, _, err = cli("gate", "r.json", "--window")
    assert found == code
    assert message in err


def test_a_window_that_can_no_longer_be_judged_hides_neither_the_figures_nor_the_jobs_failure(cli, monkeypatch):
    broken = Path("ledger/2026-11/x.json")
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: None)
    for status, outcome in ((7, Outcome.FAILED), (0, Outcome.COMPLETED)):
        one = ran(9, exit_status=status, outcome=outcome)
        monkeypatch.setattr(measure_run, "measure", lambda *_, one=one: (broken.write_text("{"), one)[1])
        code, _, err = cli("run", "--location", "FRA", "--card", "README.md", "--", "true")
        assert code == (status or 2)
        assert "100 g" in err
        assert "emissions: 100" in Path("README.md").read_text()
        assert "ledger/2026-11/x.json is not JSON" in err
        broken.unlink()
    monkeypatch.setattr(measure_run, "measure", lambda *_: (broken.write_text("{"), Path("b.md").mkdir(), ran(9))[2])
    code, _, err = cli("run", "--location", "FRA", "--card", "b.md", "--", "true")
    assert (code, "warning: b.md is a folder" in err, "x.json is not JSON" in err) == (2, True, True), err


@cases(("models", "code"), [("", 125), ('models = ["team/vit-*"]', 0)])
def test_a_run_without_grams_is_refused_before_the_job_if_a_budget_of_its_window_needs_them(
    cli, monkeypatch, models, code
):
    monkeypatch.setattr(plan, "meter_of", lambda *_, **__: None)
    monkeypatch.setattr(measure_run, "measure", lambda *_: ran(9, model=None, emissions_g=None, intensity=None))
    Path("carbon-lint.toml").write_text(CONFIG.replace('models = ["team/vit-*"]', models))
    found, _, err = cli("run", "--max-energy", "1 MWh", "--", "true")
    assert found == code, err
    assert ("the budget 'vision' limits grams, and no location is used" in err) == (code == 125)
    assert ("Within budget" in err) == (code == 0), "nothing ran"
