"""`carbon-lint report`: a record shown again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from carbon_lint.measurement.journal import reading_to_json
from carbon_lint.records.ledger import add
from carbon_lint.records.record import Energy, Methods, Outcome
from carbon_lint.records.store import record_to_json, write_record
from carbon_lint.report.run.comment import is_comment
from tests.cases import cases
from tests.report.runs import RECORD, readings, record

MAIN = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
CHEAPER = record(
    run_id="r0",
    emissions_g=11.2,
    energy_kwh=Energy(total=0.2, cpu=0.02, gpu=0.17, ram=0.01),
    provenance=MAIN,
    ended_at="2026-11-20T00:00:00Z",
)


@pytest.fixture(autouse=True)
def run_record():
    write_record(RECORD, "r.json")


def test_a_record_is_shown_as_at_the_end_of_its_run(cli):
    code, out, err = cli("report", "r.json", "--max-emissions", "1kg")

    assert (code, err) == (0, "")
    assert out.startswith("carbon-lint: Within budget: 12.3 g of 1 kg (1.23 %)\n  emissions  12.3 g (11 to 21) CO2eq\n")


def test_the_summary_takes_the_journal_beside_the_record_and_lints_the_card(cli):
    lines = [{"format": "carbon-lint/journal@1", "record": record_to_json(RECORD), "limits": {}}]
    lines += [reading_to_json(reading) for reading in readings(30)]
    Path("r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"torn": ')
    Path("README.md").write_text("---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17 kg\n---\n")

    code, out, _ = cli("report", "r.json", "--format", "markdown", "--card", "README.md")

    assert code == 0
    assert out.count("```mermaid") == 2
    assert "| ❌ error | [CL201](" in out
    assert "```mermaid" not in cli("report", "r.json", "--format", "text")[1]


@cases("format_", ["text", "markdown", "comment"])
def test_a_journal_of_another_run_is_refused_in_every_format(cli, format_):
    header = {"format": "carbon-lint/journal@1", "record": {**record_to_json(RECORD), "run_id": "other"}, "limits": {}}
    Path("other.jsonl").write_text(json.dumps(header) + "\n")
    code, out, err = cli("report", "r.json", "--format", format_, "--journal", "other.jsonl")
    assert (code, out) == (2, "")
    assert "other.jsonl is the journal of run other" in err
    assert cli("report", "r.json", "--format", format_, "--journal", "nosuch.jsonl")[0] == 2


def test_the_comment_has_its_marker(cli):
    out = cli("report", "r.json", "--format", "comment", "--key", "a b")[1]

    assert is_comment(out, "a b")


@cases("source", ["record:base.json", "ledger:main"])
def test_a_baseline_is_read_from_a_record_or_the_ledger(cli, source):
    write_record(CHEAPER, "base.json")
    add(CHEAPER, "ledger")

    out = cli("report", "r.json", "--baseline", source, "--max-increase", "5% and 0.5 g")[1]

    first, *rest = out.splitlines()
    assert first.startswith("carbon-lint: Over budget: 1.12 g more than the baseline, ")
    assert any(line.startswith("  baseline   energy +10 %, grid 0 %, against ") for line in rest)


def test_a_baseline_from_a_card_is_compared_on_its_own_grid(cli):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 10\n  geographical_location: France\n---\n")

    out = cli("report", "r.json", "--baseline", "card", "--max-increase", "5%")[1]

    assert out.startswith("carbon-lint: Over budget: 2.34 g more than the baseline, 500 mg more allowed")


def test_a_card_of_another_machine_is_not_compared_with_this_run(cli):
    card = "---\nco2_eq_emissions:\n  emissions: 10\n  energy_consumed: 0.2\n  hardware_used: {}\n---\n"
    Path("README.md").write_text(card.format("8 v100 GPUs"))
    out = cli("report", "r.json", "--baseline", "card", "--max-increase", "5%")[1]
    assert "  note: max-increase was not judged: another hardware: 1 x H100 here, 8 v100 GPUs in the baseline\n" in out

    Path("README.md").write_text(card.format("1 x H100"))
    out = cli("report", "r.json", "--baseline", "card", "--max-increase", "5%")[1]
    assert out.startswith("carbon-lint: Over budget: 20 Wh more than the baseline, 10 Wh more allowed")
    assert "  baseline   energy +10 %, grid +12 %, against README.md\n" in out


def test_no_baseline_yet_gets_a_message(cli):
    Path("ledger").mkdir()
    out = cli("report", "r.json", "--baseline", "ledger:main", "--max-increase", "5%")[1]

    assert "  note: nothing to compare with: no completed run on main in ledger\n" in out


def test_an_unmeasured_run_is_shown_without_a_verdict(cli):
    blank = record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )
    write_record(blank, "u.json")

    code, out, _ = cli("report", "u.json", "--max-emissions", "1 g")

    assert code == 0
    assert out.startswith("carbon-lint: Not measured: there is no trustworthy figure\n")


def test_it_can_be_written_to_a_file(cli):
    assert cli("report", "r.json", "--format", "markdown", "--output", "s.md") == (0, "", "")
    assert Path("s.md").read_text().startswith("## 📏 12.3 g CO2eq")


@cases(
    ("argv", "message"),
    [
        (("nothing.json",), "cannot read nothing.json"),
        (("r.json", "--max-emissions", "5"), "'5' has no unit"),
        (("r.json", "--max-increase", "5%"), "--max-increase: needs a baseline"),
        (("r.json", "--baseline", "cards"), "'cards' is not a baseline"),
        (("r.json", "--baseline", "record:none.json"), "cannot read none.json"),
        (("r.json", "--baseline", "card"), "cannot read README.md"),
        (("r.json", "--output", "no/such/folder.md"), "cannot write no/such/folder.md"),
        (("r.json", "--journal", "none.jsonl", "--format", "markdown"), "cannot read none.jsonl"),
    ],
)
def test_bad_input_is_one_clear_line(cli, argv, message):
    code, out, err = cli("report", *argv)

    assert (code, out) == (2, "")
    assert err.startswith("carbon-lint: ")
    assert message in err
    assert len(err.splitlines()) <= 2


def test_the_limits_of_the_configuration_are_those_that_the_gate_applies(cli):
    Path("carbon-lint.toml").write_text('max-emissions = "10 g"\n')

    gated = cli("gate", "r.json", "--uncertainty", "0%")
    shown = cli("report", "r.json")

    message = "82 % of it measured, 10 g allowed (carbon-lint.toml:1), over by 2.34 g"
    assert gated[0] == 1
    assert message in gated[1]
    assert shown[0] == 0
    assert message in shown[1]


def test_an_exception_of_the_configuration_is_shown_beside_its_limit(cli):
    Path("carbon-lint.toml").write_text(
        'max-emissions = "1 g"\n[[exception]]\nlimit = "max-emissions"\nowner = "ann"\nreason = "agreed"\n'
        "until = 2999-12-31\n"
    )
    for format_ in ("comment", "markdown"):
        assert (
            "| max-emissions | ann | 2999-12-31 | let the run through | agreed |"
            in cli("report", "r.json", "--format", format_)[1]
        )


def test_a_limit_that_cannot_be_judged_gets_a_message_and_the_record_is_shown(cli):
    Path("carbon-lint.toml").write_text('max-emissions = "10 g"\n')
    write_record(record(emissions_g=None, intensity=None), "e.json")

    code, out, err = cli("report", "e.json")

    assert code == 0
    assert "energy only, not judged" in out
    assert err.startswith("carbon-lint: not judged: the record holds no emissions")
