"""`carbon-lint gate --baseline`: a run against what came before."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy, Gpu, Hardware
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import fitting
from tests.report.runs import RECORD, record
from tests.report.test_cli_report import CHEAPER


@pytest.fixture(autouse=True)
def records():
    write_record(RECORD, "r.json")
    write_record(CHEAPER, "base.json")


def gate(cli, *flags):
    return cli("gate", "r.json", "--baseline", "record:base.json", *flags)


def test_an_increase_beyond_both_parts_fails_and_lists_energy_and_grid_separately(cli):
    code, out, err = gate(cli, "--max-increase", "5% and 0.5 g")

    assert (code, err) == (1, "")
    assert out == (
        "fail: max-increase: 1.12 g more than the baseline, 560 mg more allowed (--max-increase), over by 560 mg\n"
        "  baseline: energy +10 %, grid 0 %, against record base.json\n"
    )
    assert gate(cli, "--max-increase", "5% and 2 g")[0] == 0
    assert gate(cli, "--max-increase", "20%")[0] == 0
    assert gate(cli, "--max-increase", "20%", "--max-emissions", "1 g")[0] == 1


def test_another_machine_passes_with_a_note(cli):
    another = record(run_id="r0", hardware=Hardware(gpus=(Gpu(index=0, name="A100"),)), energy_kwh=Energy(total=0.01))
    write_record(fitting(another), "base.json")

    code, out, _ = gate(cli, "--max-increase", "5%")

    assert code == 0
    assert out.startswith(
        "pass: max-increase was not judged: another hardware: 1 x H100 here, 1 x A100 in the baseline\n"
    )


def test_a_limit_of_the_increase_in_grams_needs_grams(cli):
    for one, name in ((RECORD, "r.json"), (CHEAPER, "base.json")):
        write_record(fitting(replace(one, emissions_g=None, intensity=None)), name)
    code, out, err = gate(cli, "--max-increase", "5% and 1 mg")
    assert (code, out, "max-increase in grams cannot be judged" in err) == (125, "", True), err
    assert gate(cli, "--max-increase", "5% and 1 mWh")[0] == 1
    limited = ("--max-energy", "1 kWh", "--baseline", "record:base.json", "--max-increase", "5% and 1 mg")
    code, _, err = cli("run", *limited, "--", "touch", "begun")
    assert (code, "max-increase limits grams" in err, Path("begun").exists()) == (125, True, False), err


def test_a_stale_baseline_passes_with_a_note(cli):
    assert gate(cli, "--max-increase", "5%")[0] == 1
    code, out, _ = gate(cli, "--max-increase", "5%", "--baseline-max-age", "2d")

    assert code == 0
    assert "the baseline (record base.json) is 4 days old, over the limit of 2 days" in out


def test_the_ledgers_last_run_on_a_branch_is_a_baseline(cli):
    add(CHEAPER, "team")

    code, out, _ = cli(
        "gate", "r.json", "--baseline", "ledger:main", "--ledger", "team", "--max-increase", "5%", "--format", "json"
    )

    document = json.loads(out)
    assert (code, document["status"], document["failed"]) == (1, "fail", True)
    assert document["limits"][0]["name"] == "max-increase"
    assert document["baseline"]["origin"] == "the ledger's last run on main"
    assert document["baseline"]["energy_change"] == pytest.approx(0.1)
    assert document["baseline"]["obstacles"] == []


CONFIG = """
max-emissions = "10 g"
baseline = "record:base.json"
max-increase = "50%"
"""
EXCEPTION = """
[[exception]]
limit = "max-emissions"
owner = "ann@example.org"
reason = "agreed on"
until = {}
"""


def test_the_configuration_gates_too_and_a_flag_never_loosens_it(cli):
    Path("carbon-lint.toml").write_text(CONFIG)

    code, out, err = cli("gate", "r.json", "--max-emissions", "1 kg", "--uncertainty", "0%")

    assert (code, err) == (1, "")
    assert ", 10 g allowed (carbon-lint.toml:2), over by 2.34 g\n" in out
    assert "max-increase: " in out
    assert "baseline: energy +10 %" in out
    code, out, _ = cli("gate", "r.json", "--max-increase", "1%", "--uncertainty", "0%")
    assert code == 1
    assert out.count("max-increase: ") == 2, "both are limits, and each must hold"


def test_a_path_of_the_configuration_is_relative_to_its_folder_and_a_flag_to_the_current_one(cli, monkeypatch):
    Path("sub").mkdir()
    Path("models").mkdir()
    Path("models/X.md").write_text("---\nco2_eq_emissions:\n  emissions: 9\n---\n")
    monkeypatch.chdir("sub")
    for baseline, against in (("record:base.json", "against record ../base.json"), ("card", "against ../models/X.md")):
        Path("../carbon-lint.toml").write_text(f'baseline = "{baseline}"\nmax-increase = "1%"\ncard = "models/X.md"\n')
        code, out, err = cli("gate", "../r.json")
        assert (code, err) == (int(baseline != "card"), "")
        assert against.replace("..", os.path.dirname(os.getcwd())) in out
    code, _, err = cli("gate", "../r.json", "--baseline", "record:base.json")
    assert (code, "base.json" in err) == (2, True)


@cases(("until", "code"), [("2999-12-31", 0), ("2020-01-01", 1)])
def test_an_exception_of_the_configuration_lifts_its_limit_until_its_day(cli, until, code):
    Path("carbon-lint.toml").write_text('max-emissions = "10 g"\n' + EXCEPTION.format(until))

    status, out, err = cli("gate", "r.json", "--uncertainty", "0%")

    assert status == code
    assert out.startswith("allowed until 2999-12-31 (ann@example.org): " if code == 0 else "fail: ")
    assert ", 10 g allowed (carbon-lint.toml:1), over by 2.34 g" in out
    assert (f"max-emissions: excepted by ann@example.org until {until}: agreed on" in out) == (code == 0)
    assert ("an exception has expired: max-emissions" in err) == (code == 1)


@cases(
    ("text", "message"),
    [
        ('max-increase = "5%"', "max-increase: needs a baseline"),
        (
            'max-emissions = "1 g"\non-modelled = "maybe"',
            "on-modelled: 'maybe' is not one of",
        ),
        ('max-emissions = "1 g"\n[[exception]]\nlimit = "max-emissions"', "owner is missing"),
    ],
)
def test_a_configuration_that_cannot_gate_is_an_error(cli, text, message):
    Path("carbon-lint.toml").write_text(text)

    code, out, err = cli("gate", "r.json")

    assert (code, out) == (2, "")
    assert message in err


def test_a_baseline_without_a_limit_gates_nothing(cli):
    code, _, err = gate(cli)

    assert code == 2
    assert "no limit to gate by" in err


@cases("figure", [".nan", ".inf", "-5"])
def test_a_card_whose_figures_are_not_amounts_is_not_a_baseline(cli, figure):
    Path("N.md").write_text(f"---\nco2_eq_emissions: {{emissions: {figure}, energy_consumed: {figure}}}\n---\n")

    flags = ("--baseline", "card", "--baseline-card", "N.md", "--max-increase", "10%")
    code, out, _ = cli("gate", "r.json", *flags, "--format", "json")

    document = json.loads(out)
    assert (code, document["limits"], document["baseline"]) == (0, [], None)
    assert document["reasons"] == ["nothing to compare with: N.md states no emissions"]


def test_a_limit_that_could_not_be_judged_is_not_called_no_budget(cli):
    Path("carbon-lint.toml").write_text('baseline = "ledger:main"\nmax-increase = "5%"\n')

    code, out, _ = cli("report", "r.json")

    assert (code, out.splitlines()[0]) == (0, "carbon-lint: 12.3 g CO2eq, 220 Wh, not judged")
