"""`carbon-lint gate --baseline`: a run against what came before."""

from __future__ import annotations

import json

import pytest

from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy, Gpu, Hardware
from carbon_lint.records.store import write_record
from tests.report.runs import RECORD, record
from tests.report.test_cli_report import CHEAPER


@pytest.fixture(autouse=True)
def records():
    write_record(RECORD, "r.json")
    write_record(CHEAPER, "base.json")


def gate(cli, *flags):
    return cli("gate", "r.json", "--baseline", "record:base.json", *flags)


def test_an_increase_beyond_both_parts_fails_and_says_energy_and_grid_apart(cli):
    code, out, err = gate(cli, "--max-increase", "5% and 1 g")

    assert (code, err) == (1, "")
    assert out == (
        "fail: max-increase: 1.12 g measured, 1 g allowed, over by 121 mg\n"
        "  baseline: energy +10 %, grid 0 %, against record base.json\n"
    )
    assert gate(cli, "--max-increase", "5% and 2 g")[0] == 0
    assert gate(cli, "--max-increase", "20%")[0] == 0
    assert gate(cli, "--max-increase", "20%", "--max-emissions", "1 g")[0] == 1


def test_another_machine_passes_and_is_said(cli):
    write_record(
        record(hardware=Hardware(gpus=(Gpu(index=0, name="A100"),)), energy_kwh=Energy(total=0.01)), "base.json"
    )

    code, out, _ = gate(cli, "--max-increase", "5%")

    assert code == 0
    assert out.startswith("pass: no limit\n")
    assert "max-increase was not judged: another hardware: 1 x H100 here, 1 x A100 in the baseline" in out


def test_a_stale_baseline_passes_and_is_said(cli):
    assert gate(cli, "--max-increase", "5%")[0] == 1
    code, out, _ = gate(cli, "--max-increase", "5%", "--baseline-max-age", "2d")

    assert code == 0
    assert "the baseline (record base.json) is 4 days old" in out


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


def test_a_baseline_without_a_limit_gates_nothing(cli):
    code, _, err = gate(cli)

    assert code == 2
    assert "no limit to gate by" in err
