"""`carbon-lint gate` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbon_lint.records.record import Energy, Method, Methods, Outcome
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import a_record, fitting


@pytest.fixture(autouse=True)
def record():
    """100 g of 1 kWh, a fifth of it modelled: r.json."""
    energy = Energy(total=1.0, cpu=0.2, gpu=0.8)
    methods = Methods(cpu=Method.LOAD_MODEL, gpu=Method.COUNTER)
    write_record(fitting(a_record(emissions_g=100.0, energy_kwh=energy, methods=methods)), "r.json")


def test_each_limit_is_led_by_its_own_status(cli):
    code, out, _ = cli("gate", "r.json", "--max-emissions", "1kg", "--max-energy", "1Wh")
    assert code == 1
    assert [line.partition(":")[0] for line in out.splitlines()] == ["pass", "fail"]
    code, out, _ = cli("gate", "r.json", "--max-emissions", "105g", "--max-energy", "1MWh")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()][:2] == ["inconclusive", "pass"]


@cases(
    ("flags", "status", "message"),
    [
        (
            ["--max-emissions", "1kg"],
            0,
            "pass: max-emissions: 100 g (86 to 190), 80 % of it measured, 1 kg allowed (--max-emissions), ",
        ),
        (
            ["--max-emissions", "50 g"],
            1,
            "allowed (--max-emissions), over by 50 g",
        ),
        (["--max-energy", "800 Wh"], 1, "fail: max-energy"),
        (
            ["--max-emissions", "1kg", "--max-energy", "1Wh"],
            1,
            "80 % of it measured, 1 Wh allowed",
        ),
        (["--max-emissions", "105g"], 0, "  the figure decides (on-modelled: figure): passes"),
        (["--max-emissions", "95g"], 1, "  the figure decides (on-modelled: figure): over budget"),
        (["--max-emissions", "105g", "--on-modelled", "fail"], 1, "inconclusive"),
        (["--max-emissions", "95g", "--on-modelled", "pass"], 0, "inconclusive"),
        (["--max-emissions", "93g", "--uncertainty", "10%"], 1, "fail: "),
    ],
)
def test_the_verdict_and_its_exit_status(cli, flags, status, message):
    code, out, err = cli("gate", "r.json", *flags)
    assert (code, err) == (status, "")
    assert message in out


def test_json_gives_the_same(cli):
    code, out, _ = cli("gate", "r.json", "--max-emissions", "50g", "--format", "json")
    document = json.loads(out)
    assert code == 1
    assert document["status"] == "fail"
    assert document["failed"] is True
    assert document["limits"] == [
        {
            "name": "max-emissions",
            "unit": "g",
            "measured": 100.0,
            "range": [pytest.approx(86.0, abs=1), pytest.approx(190.0, abs=1)],
            "measured_share": pytest.approx(0.8),
            "allowed": 50.0,
            "margin": -50.0,
            "over": True,
            "source": "--max-emissions",
        }
    ]


@cases(
    ("flags", "status", "message"),
    [
        ([], 2, "no limit to gate by"),
        (["--max-emissions", "5"], 2, "--max-emissions: '5' has no unit"),
        (["--max-emissions", "1kg", "--uncertainty", "20"], 2, "not a percentage"),
        (["--max-emissions", "1kg", "--uncertainty=-5%"], 2, "not a percentage"),
        (["--max-emissions", "1kg", "--uncertainty", "nan%"], 2, "not a percentage"),
    ],
)
def test_bad_input_is_one_clear_line(cli, flags, status, message):
    code, out, err = cli("gate", "r.json", *flags)
    assert (code, out) == (status, "")
    assert message in err


@cases("content", [b"", b"[]", b"\x00\xff", b"{", b'{"format": "carbon-lint/record@9"}', b"[" * 50_000])
def test_only_a_record_is_accepted(cli, content):
    Path("r.json").write_bytes(content)
    code, _, err = cli("gate", "r.json", "--max-emissions", "1kg")
    assert code == 2
    assert "r.json" in err


def test_a_missing_record_is_refused(cli):
    assert cli("gate", "absent.json", "--max-emissions", "1kg")[0] == 2


@cases("outcome", [Outcome.UNMEASURED, Outcome.FAILED])
def test_an_unmeasured_record_is_125_and_not_0_grams(cli, outcome):
    write_record(a_record(outcome=outcome, emissions_g=None, energy_kwh=Energy(total=None)), "r.json")
    write_record(a_record(run_id="earlier"), "base.json")
    more = ["--baseline", "record:base.json", "--max-increase"]
    for flags in (["--max-emissions", "1kg"], ["--max-energy", "1kWh"], [*more, "10%"], [*more, "10% and 1 kWh"]):
        code, out, _ = cli("gate", "r.json", *flags)
        assert (code, out) == (125, "")


def test_an_energy_only_record_can_be_gated_by_energy(cli):
    write_record(a_record(emissions_g=None, intensity=None), "r.json")
    assert cli("gate", "r.json", "--max-energy", "2kWh")[0] == 0
    assert cli("gate", "r.json", "--max-emissions", "2kg")[0] == 125


@cases(
    ("limit", "words"),
    [
        (["--max-emissions", "1kg"], ["pass"]),
        (["--max-emissions", "105g", "--on-modelled", "pass"], ["inconclusive"]),
        ([], []),
    ],
)
def test_a_run_over_the_limit_that_it_was_measured_under_fails_in_the_first_line(cli, limit, words):
    write_record(fitting(a_record(over_budget=True, outcome=Outcome.OVER_BUDGET, emissions_g=100.0)), "r.json")
    code, out, _ = cli("gate", "r.json", *limit)
    first, second, *rest = out.splitlines()
    assert (code, first) == (1, "fail: the record says that the run went over a limit that it was measured under")
    assert second == "  measure again under a wider limit: a limit that is given afterwards changes nothing"
    assert [line.partition(":")[0] for line in rest if not line.startswith(" ")] == words
    code, out, _ = cli("gate", "r.json", *limit, "--format", "json")
    document = json.loads(out)
    assert (code, document["status"], document["failed"]) == (1, "fail", True)
    assert document["reasons"][-2:] == [first.removeprefix("fail: "), second.strip()]
