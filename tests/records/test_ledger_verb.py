"""`carbon-lint ledger` from the command line: add, sum, list."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carbon_lint.records.hashes import sealed
from carbon_lint.records.ledger import add
from carbon_lint.records.ranges import emissions_range, energy_range
from carbon_lint.records.record import Energy, Method, Methods, Outcome
from carbon_lint.records.store import write_record
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from carbon_lint.report.ledger.runs import COLUMNS
from tests.records.ledgers import ran, summed
from tests.report.runs import RECORD


def test_an_inner_run_and_shared_time_count_once_and_are_reported(cli, files):
    node = dataclasses.replace(RECORD.hardware, node="node-1", gpus=())
    outer = ran(1, hardware=node, energy_kwh=0.2, emissions_g=10.0, duration_s=3600.0)
    inner = dataclasses.replace(outer, run_id="inner", command=("python", "inner.py"))
    elsewhere = dataclasses.replace(outer, run_id="elsewhere", hardware=dataclasses.replace(node, node="node-2"))
    cli("ledger", "add", *files(a=outer, b=inner, c=elsewhere))

    code, out, _ = cli("ledger", "sum")
    assert code == 0
    assert re.match(r"all months: 20 g \(\d+ to \d+\), 400 Wh \(.*\) in 2 runs\n", out)
    assert "1 record ran inside another run, and adds nothing (each in full: 30 g, 600 Wh)" in out
    document = json.loads(cli("ledger", "sum", "--format", "json")[1])
    assert (document["left_out"]["held"], document["each_in_full"]["energy_kwh"]) == (1, pytest.approx(0.6))
    lines = cli("ledger", "list")[1].splitlines()
    assert ["not added: ran inside ledger/2026-11/" in line for line in lines].count(True) == 1


def test_a_sum_has_a_range_and_the_share_that_was_measured(cli, files):
    methods = Methods(cpu=Method.COUNTER, ram=Method.CONSTANT)
    own = Uncertainty(energy_kwh=Bounds(low=0.1, high=0.4), emissions_g=Bounds(low=5.0, high=20.0))
    energy = Energy(total=0.2, cpu=0.15, ram=0.05)
    stated = dataclasses.replace(ran(1), energy_kwh=energy, methods=methods, uncertainty=own)
    derived = dataclasses.replace(ran(2), energy_kwh=energy, methods=methods)
    cli("ledger", "add", *files(a=stated, b=derived))

    document = json.loads(cli("ledger", "sum", "--format", "json")[1])
    assert document["energy_kwh"]["likely"] == pytest.approx(0.4)
    assert document["energy_kwh"]["low"] == pytest.approx(0.1 + energy_range(derived).low)
    assert document["emissions_g"]["high"] == pytest.approx(20.0 + emissions_range(derived).high)
    assert document["measured_share"] == pytest.approx(0.75)
    assert "75 % of the energy measured" in cli("ledger", "sum")[1]


def test_records_of_format_1_are_summed_beside_others(cli, files):
    cli("ledger", "add", *files(a=ran(1), b=ran(2)))
    path = next(Path("ledger").glob("*/*.json"))
    old = json.loads(path.read_text())
    new = {"stopped_by", "unmeasured_because", "uncertainty", "assumptions", "left_out", "codecarbon"}
    old = {name: value for name, value in old.items() if name not in new | {"job_cpu_s", "machine_cpu_s"}}
    path.write_text(json.dumps(sealed({**old, "format": "carbon-lint/record@1"})))
    document = json.loads(cli("ledger", "sum", "--format", "json")[1])
    assert document["runs"] == 2
    assert document["emissions_g"]["low"] < document["emissions_g"]["likely"] < document["emissions_g"]["high"]


def test_a_clock_set_back_between_two_runs_does_not_crash_and_hides_no_energy(cli, files):
    """By their stamps the second run lies within the first, as an inner one does: the text states both sums."""
    node = dataclasses.replace(RECORD.hardware, node="node-1", gpus=())
    first = ran(1, hardware=node, energy_kwh=0.2, emissions_g=10.0, ended_at="2026-11-24T11:00:00Z", duration_s=3600.0)
    second = ran(2, hardware=node, energy_kwh=0.1, emissions_g=5.0, ended_at="2026-11-24T10:40:00Z", duration_s=1800.0)
    cli("ledger", "add", *files(a=first, b=second))
    assert "(each in full: 15 g, 300 Wh)" in cli("ledger", "sum")[1]


def test_the_list_as_rows_for_other_programs(cli, files):
    hostile = dataclasses.replace(RECORD.provenance, repository="=cmd|' /C calc'!A0", model="@SUM(1)", ref=None)
    cli("ledger", "add", *files(a=ran(1), b=ran("+2", provenance=hostile, emissions_g=None, intensity=None)))

    rows = json.loads(cli("ledger", "list", "--format", "json")[1])
    text = cli("ledger", "list", "--format", "csv")[1]
    table = list(csv.DictReader(io.StringIO(text)))
    assert [list(each) for each in rows] == [list(each) for each in table] == [list(COLUMNS)] * 2
    odd, odd_row = next((each, raw) for each, raw in zip(rows, table, strict=True) if each["repository"] != "me/models")
    assert (odd["emissions_g"], odd_row["emissions_g"], odd["counted"]) == (None, "", "all")
    assert (odd["repository"], odd_row["repository"]) == ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0")
    assert (odd_row["model"], odd_row["energy_kwh"]) == ("'@SUM(1)", "0.2")

    assert cli("ledger", "list", "--format", "parquet")[0] == 2
    assert cli("ledger", "list", "--format", "parquet", "-o", "runs.parquet")[0] == 0
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table("runs.parquet").to_pylist() == rows
    assert cli("ledger", "list", "--format", "csv", "-o", "runs.parquet")[0] == 2, "not over a file that is there"
    assert cli("ledger", "list", "--format", "csv", "-o", "runs.parquet", "--force")[0] == 0
    assert Path("runs.parquet").read_text() == text


def test_a_window_reads_only_the_months_that_it_touches(cli, calls):
    now = datetime.now(UTC)
    for days in (1, 29, 31, 400):
        end = f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        add(ran(days, ended_at=end), "ledger")
    calls.clear()

    rows = json.loads(cli("ledger", "list", "--window", "30d", "--format", "json")[1])
    assert [row["run_id"] for row in rows] == ["run-29", "run-1"]
    assert f"{now - timedelta(days=400):%Y-%m}" not in {call[1] for call in calls if call[0] == "names"}
    assert cli("ledger", "sum", "--window", "30d")[1].startswith("the last 30d: 20 g")
    assert cli("ledger", "sum", "--window", "30d", "--month", "2026-11")[0] == 2
    assert cli("ledger", "sum", "--window", "soon")[0] == 2


def test_the_verb_adds_and_compares_the_month_with_the_budget(cli, files):
    files(a=ran(1, emissions_g=6000.0), b=ran(2, emissions_g=3000.0), c=ran(3, emissions_g=2000.0))

    code, out, _ = cli("ledger", "add", "a.json", "b.json", "a.json")
    assert code == 0
    assert [line.split(":")[1].split("ledger")[0].strip() for line in out.splitlines()] == [
        "added as",
        "added as",
        "is there already as",
    ]

    within = cli("ledger", "sum", "--month", "2026-11", "--max-emissions", "10kg")
    assert (within[0], within[2]) == (0, "")
    assert re.match(r"2026-11: 9 kg \(4\.5 to \d+\), 161 kWh \(.*\) in 2 runs\n  max-emissions: 9 kg used", within[1])
    cli("ledger", "add", "c.json")
    code, out, _ = cli("ledger", "sum", "--month", "2026-11", "--max-emissions", "10kg", "--max-energy", "1 kWh")
    assert code == 1
    assert "max-emissions: 11 kg used, 10 kg allowed, over by 1 kg (110 %)" in out


@pytest.mark.parametrize("verb", [("sum", "--max-emissions", "5kg"), ("sum",), ("list",)], ids=" ".join)
def test_a_sum_over_nothing_does_not_pass_and_names_what_there_is(cli, files, verb):
    cli("ledger", "add", *files(a=ran(1)))

    code, out, err = cli("ledger", *verb, "--repository", "me/modles")
    assert (code, out) == (3, "")
    assert "'me/modles'" in err
    assert "it has me/models" in err

    code, out, err = cli("ledger", *verb, "--month", "2026-10")
    assert (code, out) == (3, "")
    assert "holds no run that ended in 2026-10" in err
    assert "it has 2026-11" in err

    assert cli("ledger", *verb, "--repository", "me/models", "--month", "2026-11")[0] == 0


def test_runs_that_all_have_no_figure_do_not_pass_even_if_some_may_be_missing(cli, files):
    unmeasured = ran(1, emissions_g=None, energy_kwh=None, outcome=Outcome.UNMEASURED, intensity=None)
    cli("ledger", "add", *files(a=unmeasured))

    code, _, err = cli("ledger", "sum", "--max-emissions", "10kg", "--allow-unmeasured")
    assert code == 125
    assert "nothing to judge" in err


def test_the_same_run_with_other_figures_is_a_conflict_that_names_both(cli, files):
    add_ok = cli("ledger", "add", *files(a=ran(1), b=ran(2)))
    doubled = ran(1, emissions_g=20.0, energy_kwh=0.4, duration_s=250.0)

    code, out, err = cli("ledger", "add", *files(a=doubled, c=ran(3)))

    assert add_ok[0] == 0
    assert code == 2
    assert "a.json: NOT added: the same run has other figures in ledger/2026-11/" in out
    assert "the record given: 20 g, 400 Wh in 4 min 10 s; the ledger: 10 g, 200 Wh in 2 min 05 s" in out
    assert "c.json: added as" in out, "the others of the call are added"
    assert "1 of 2 records was not added" in err
    assert summed("ledger").emissions_g.likely == 30.0


def test_a_folder_of_records_is_added_with_a_word_on_the_run_that_left_a_journal_alone(cli, tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    write_record(ran(1), folder / "a.json")
    write_record(ran(2), folder / "b.json")
    (folder / "other.json").write_text('{"lr": 0.1}')
    (folder / "killed.jsonl").write_text(
        '{"format": "carbon-lint/journal@1", "record": {"run_id": "run-9"}}\n{"elapsed_s": 1.0}\n'
    )

    code, out, err = cli("ledger", "add", folder)

    assert code == 0
    assert [line.split(": ")[0] for line in out.splitlines()] == [f"{folder}/a.json", f"{folder}/b.json"]
    assert "killed.jsonl holds a run without a record" in err
    assert summed("ledger").runs == 2
    (tmp_path / "empty").mkdir()
    assert cli("ledger", "add", tmp_path / "empty")[0] == 3


def test_a_ledger_that_an_addition_makes_is_reported(cli, files):
    assert "a new ledger was made at ledgr" in cli("ledger", "add", *files(a=ran(1)), "--ledger", "ledgr")[2]
    assert cli("ledger", "add", "a.json", "--ledger", "ledgr")[2] == ""


def test_the_list_is_in_the_order_of_time_and_marks_and_names_every_broken_record(cli, files):
    times = ["2026-11-03T00:00:00Z", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]
    cli("ledger", "add", *files(**{f"r{n}": ran(n, ended_at=end) for n, end in enumerate(times)}))
    for name in ("aa", "zz"):
        Path(f"ledger/2026-10/{name}.json").write_text("{")

    code, out, err = cli("ledger", "list")

    assert code == 2
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == [times[1], "2026-10:", "2026-10:", times[2], times[3], times[0]]
    assert "cannot be read  ledger/2026-10/aa.json" in lines[1]
    for name in ("aa", "zz"):
        assert f"ledger/2026-10/{name}.json is not JSON" in err

    code, out, err = cli("ledger", "sum")
    assert (code, out) == (2, "")
    assert "aa.json" in err
    assert "zz.json" in err
    assert cli("ledger", "list", "--month", "2026-11")[0] == 0


def test_a_sum_with_a_run_that_was_not_measured_is_not_within_the_budget(cli, files):
    unmeasured = ran(2, emissions_g=None, energy_kwh=None, outcome=Outcome.UNMEASURED, intensity=None)
    cli("ledger", "add", *files(a=ran(1), b=unmeasured))

    code, out, err = cli("ledger", "sum", "--max-emissions", "10kg")
    assert code == 125
    assert re.match(r"all months: at least 10 g .* in 2 runs\n  1 without emissions, 1 without energy\n", out)
    assert "1 of 2 runs have no figure" in err
    assert "(run-2)" in err
    assert cli("ledger", "sum", "--max-emissions", "10kg", "--allow-unmeasured")[0] == 0
    assert cli("ledger", "sum", "--max-emissions", "5g")[0] == 1, "over is over already"
    assert cli("ledger", "sum")[0] == 0


def test_a_mistyped_ledger_is_an_error_and_not_an_empty_month(cli):
    code, out, err = cli("ledger", "sum", "--max-emissions", "10kg", "--ledger", "leger")

    assert (code, out) == (2, "")
    assert "there is no ledger at leger" in err


def test_the_list_and_the_json_agree(cli, files):
    other = dataclasses.replace(RECORD.provenance, repository="me/other")
    cli("ledger", "add", *files(a=ran(1), b=ran(2, provenance=other)))

    listed = cli("ledger", "list", "--repository", "me/other")[1]
    assert re.match(r"2026-11-24T10:02:05Z +10 g \(.*\) +200 Wh \(.*\)  completed +me/other  ledger/2026-11/", listed)
    assert len(listed.splitlines()) == 1
    document = json.loads(cli("ledger", "sum", "--repository", "me/other", "--format", "json")[1])
    assert (document["format"], document["runs"], document["emissions_g"]["likely"]) == (2, 1, 10.0)


def test_bad_words_are_usage_errors(cli):
    assert cli("ledger")[0] == 2
    assert cli("ledger", "add")[0] == 2
    code, _, err = cli("ledger", "sum", "--month", "2026-13")
    assert code == 2
    assert "'2026-13' is not a month" in err
    assert cli("ledger", "add", "nothing.json")[0] == 2


def test_the_ledger_is_named_by_flag_or_else_by_variable(cli, files, monkeypatch):
    files(a=ran(1))
    monkeypatch.setenv("CARBON_LINT_LEDGER", "by-variable")

    assert "added as by-variable/2026-11/" in cli("ledger", "add", "a.json")[1]
    assert "added as by-flag/2026-11/" in cli("ledger", "add", "a.json", "--ledger", "by-flag")[1]
