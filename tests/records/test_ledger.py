"""The team's ledger: what is spent counts once, whatever came of it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.records import ledger as ledger_module
from carbon_lint.records.comparable import Identity, identity_of
from carbon_lint.records.hashes import sealed
from carbon_lint.records.ledger import (
    Entry,
    add,
    add_all,
    contents,
    contents_between,
    entries,
    key,
    latest,
    newest_first,
)
from carbon_lint.records.ledger_sum import Reason, total
from carbon_lint.records.ranges import emissions_range, energy_range
from carbon_lint.records.record import Basis, Energy, Method, Methods, Outcome, Provenance
from carbon_lint.records.store import write_record
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from carbon_lint.report.ledger.runs import COLUMNS
from carbon_lint.report.ledger.sum import sum_text
from tests.cases import cases
from tests.effort import examples
from tests.records.builders import fitting
from tests.report.runs import RECORD, record


def ran(number=1, *, provenance=RECORD.provenance, emissions_g=10.0, energy_kwh=0.2, **changes):
    """A run of its own, whatever its carbon intensity."""
    one = fitting(
        record(
            run_id=f"run-{number}",
            provenance=provenance,
            emissions_g=emissions_g,
            energy_kwh=Energy(total=energy_kwh),
            **changes,
        )
    )
    known = one.intensity
    return dataclasses.replace(one, intensity=known and dataclasses.replace(known, is_unusual=True))


@pytest.fixture(params=["folder", "file-url", "memory-url"])
def ledger(request, tmp_path):
    """The same ledger in each kind of place."""
    if request.param == "folder":
        return str(tmp_path / "team" / "ledger")
    if request.param == "file-url":
        return f"file://{tmp_path}/ledger"
    return f"memory://ledger-{uuid.uuid4().hex}"


def summed(ledger, month=None):
    return total(entries(ledger, month and [month]))


def test_the_same_record_counts_once_and_another_run_counts_again(ledger):
    assert add(ran(1), ledger).status == "added"
    assert add(ran(1), ledger).status == "known"
    assert add(ran(2), ledger).status == "added"

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.energy_kwh.likely) == (2, 20.0, 0.4)


@pytest.mark.parametrize(
    "change",
    [
        {"repository": "me/other"},
        {"run_id": "78"},
        {"run_attempt": 2},
        {"job": "evaluate"},
        {"job_index": 1},
    ],
)
def test_repository_run_attempt_job_and_index_each_make_another_run(ledger, change):
    other = dataclasses.replace(RECORD.provenance, **change)

    add(ran(1), ledger)
    add(ran(1, provenance=other), ledger)

    assert summed(ledger).runs == 2


def test_a_node_is_another_run_and_two_steps_of_one_job_are_two():
    node = dataclasses.replace(RECORD.hardware, node="node-2")

    assert key(ran(1)) != key(ran(1, hardware=node))
    assert key(ran(1)) != key(ran(2))


def test_failed_stopped_and_interrupted_runs_count(ledger):
    for number, outcome in enumerate((Outcome.FAILED, Outcome.OVER_BUDGET, Outcome.INTERRUPTED)):
        add(ran(number, outcome=outcome), ledger)

    assert summed(ledger).emissions_g.likely == 30.0


def test_a_month_is_that_in_which_the_run_ended(ledger):
    add(ran(1, started_at="2026-10-31T23:00:00Z", ended_at="2026-11-01T01:00:00Z"), ledger)
    add(ran(2, ended_at="2026-10-31T23:59:59Z"), ledger)

    assert summed(ledger, "2026-11").runs == 1
    assert summed(ledger, "2026-10").runs == 1
    assert summed(ledger, "2026-09").runs == 0
    assert [entry.path.split("/")[-2] for entry in entries(ledger)] == ["2026-10", "2026-11"]


def test_a_record_that_was_moved_to_another_month_by_hand_stops_every_sum(tmp_path):
    """Its file stays in the folder of its month, so one kind of sum would count it and another would not."""
    url = str(tmp_path / "ledger")
    added = Path(add(ran(1, started_at="2026-11-03T10:00:00Z", ended_at="2026-11-03T11:00:00Z"), url).path)
    add(ran(2), url)
    moved = added.read_text().replace('"2026-11-03T1', '"2026-10-03T1')
    added.write_text(json.dumps(sealed(json.loads(moved))))
    november = datetime(2026, 11, 1, tzinfo=UTC)
    for found in (contents(url), contents(url, ["2026-11"]), contents_between(url, november)):
        assert [broken.path for broken in found.broken] == [str(added)]
        assert "ended in 2026-10, and lies in the folder of 2026-11" in found.broken[0].error.message


def test_a_record_that_was_changed_by_hand_is_not_added(cli, files):
    files(a=ran(1), b=ran(2))
    path = Path("a.json")
    path.write_text(path.read_text().replace('"outcome": "completed"', '"outcome": "failed"'))
    for named in ("a.json", "."):
        code, out, err = cli("ledger", "add", "b.json", named)
        assert (code, out) == (2, "")
        assert "a.json was changed after it was written: its hash is" in err
    assert not Path("ledger").exists()


def test_a_record_of_the_ledger_that_was_changed_by_hand_stops_every_verb(cli, files):
    """Only its hash can tell that it is another one, whatever the layout of the file."""
    files(a=ran(1, emissions_g=6.0, energy_kwh=0.1))
    cli("ledger", "add", "a.json")
    path = next(Path("ledger").glob("*/*.json"))
    whole = path.read_text()
    for before, after in (('"exit_status":0', '"exit_status":9'), ('"duration_s":125.3', '"duration_s":125.4')):
        assert before in whole
        path.write_text(whole.replace(before, after))
        for argv in (("sum",), ("list",), ("list", "--format", "csv")):
            code, _, err = cli("ledger", *argv)
            assert (code, "was changed after it was written" in err) == (2, True)
        assert "cannot be read" in cli("ledger", "report")[1]
    path.write_text(json.dumps(json.loads(whole), indent=2))  # another layout is the same record
    assert cli("ledger", "sum")[0] == 0


def recovered_run(**changes):
    """A run that was killed, as `recover` writes it: less time, less energy."""
    return ran(1, outcome=Outcome.INTERRUPTED, duration_s=60.0, emissions_g=6.0, energy_kwh=0.1, **changes)


def test_the_end_of_a_run_replaces_the_state_in_which_it_was_recovered_also_across_months(ledger):
    recovered = recovered_run(ended_at="2026-10-31T23:59:00Z")
    final = ran(1, emissions_g=10.0, ended_at="2026-11-01T00:01:00Z")

    assert [add(one, ledger).status for one in (recovered, final, recovered)] == ["added", "replaced", "known"]

    assert summed(ledger).emissions_g.likely == 10.0
    assert len(list(entries(ledger))) == 1


def test_at_the_turn_of_the_year_too(ledger):
    add(recovered_run(ended_at="2026-12-31T23:59:00Z"), ledger)

    assert add(ran(1, ended_at="2027-01-01T00:01:00Z"), ledger).status == "replaced"
    assert [entry.path.split("/")[-2] for entry in entries(ledger)] == ["2027-01"]


def test_a_merged_record_replaces_its_parts_in_the_sum(ledger):
    add(ran(1), ledger)
    add(ran(2), ledger)
    add(ran(3, emissions_g=20.0, energy_kwh=0.4, merged_from=("run-1", "run-2")), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.left_out) == (1, 20.0, {Reason.PART: 2})


def test_a_group_that_is_merged_again_as_it_grows_is_counted_once(ledger):
    for number in range(1, 4):
        add(ran(number), ledger)
        parts = tuple(f"run-{each}" for each in range(1, number + 1))
        add(ran(f"m{number}", emissions_g=10.0 * number, energy_kwh=0.2 * number, merged_from=parts), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.left_out) == (1, 30.0, {Reason.PART: 5})


def test_merged_records_that_share_a_run_stop_the_sum(ledger):
    add(ran("m1", merged_from=("run-1", "run-2")), ledger)
    add(ran("m2", merged_from=("run-2", "run-3")), ledger)

    with pytest.raises(InputError, match="both hold run run-2"):
        summed(ledger)


@given(st.lists(st.sets(st.integers(0, 4), min_size=1), max_size=6))
def test_whatever_is_merged_no_run_is_counted_twice(merges):
    """Of runs that took a gram each: the sum is the number of runs, or there is none."""
    singles = [Entry(path=f"s{number}", record=ran(number, emissions_g=1.0)) for number in range(5)]
    sums = [
        Entry(
            path=f"m{at}",
            record=ran(f"m{at}", emissions_g=float(len(parts)), merged_from=tuple(f"run-{each}" for each in parts)),
        )
        for at, parts in enumerate(merges)
    ]
    try:
        both = total([*singles, *sums])
    except InputError:
        return
    assert both.emissions_g.likely == 5.0


def test_a_run_without_a_figure_is_named_and_is_never_zero(ledger):
    add(ran(1), ledger)
    add(ran(2, emissions_g=None, energy_kwh=None, outcome=Outcome.UNMEASURED, intensity=None), ledger)
    add(ran(3, emissions_g=None, intensity=None), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely) == (3, 10.0)
    assert both.energy_kwh.likely == pytest.approx(0.4)
    assert both.without_emissions == ("run-2", "run-3")
    assert both.without_energy == ("run-2",)
    assert summed(f"{ledger}-none").emissions_g is None


def test_what_is_no_record_stops_the_sum_and_is_named(tmp_path):
    add(ran(1), str(tmp_path))
    broken = next(tmp_path.glob("2026-11/*.json")).with_name("zz.json")
    for text, said in (
        ("{", "is not JSON"),
        ("[]", "is not a carbon-lint record"),
        ('{"format": "x"}', "has format 'x'"),
    ):
        advice = "use that version" if "format" in said else "out of the ledger"
        broken.write_text(text)
        with pytest.raises(InputError, match=r"zz\.json") as caught:
            list(entries(str(tmp_path)))
        assert said in caught.value.message
        assert advice in caught.value.hint


def test_a_record_that_contradicts_itself_is_not_summed(tmp_path):
    add(ran(1), str(tmp_path))
    path = next(tmp_path.glob("2026-11/*.json"))
    path.write_text(path.read_text().replace('"emissions_g":10,', '"emissions_g":1,'))
    with pytest.raises(InputError, match="contradicts itself"):
        list(entries(str(tmp_path)))


def test_files_of_others_beside_the_months_are_left_alone(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.json").write_text("{")
    (tmp_path / "2026-11").mkdir()
    (tmp_path / "2026-11" / "README.md").write_text("x")
    (tmp_path / "2026-11" / ".part.json").write_text("{")
    add(ran(1), str(tmp_path))

    assert len(list(entries(str(tmp_path)))) == 1


def test_a_name_is_made_of_the_key_and_of_nothing_that_leads_elsewhere(tmp_path):
    hostile = Provenance(repository="../../etc", run_id="a/b\n", run_attempt=1, job="..")

    path = Path(add(ran("../x", provenance=hostile), str(tmp_path / "ledger")).path)

    assert path.parent == tmp_path / "ledger" / "2026-11"
    assert path.is_file()
    assert [entry.record.provenance for entry in entries(str(tmp_path / "ledger"))] == [hostile]


def test_writers_on_many_machines_lose_nothing(tmp_path):
    threads = [threading.Thread(target=add, args=(ran(number), str(tmp_path))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert summed(str(tmp_path)).runs == 16


def test_of_two_writers_with_one_key_the_second_learns_what_the_first_wrote(ledger, monkeypatch):
    """Both listed the month before either wrote."""
    add(ran(9), ledger)
    real = ledger_module.open_storage(ledger)
    monkeypatch.setattr(ledger_module, "open_storage", lambda _: Late(real))

    same, other = ran(1), ran(1, emissions_g=20.0, energy_kwh=0.4, duration_s=250.0)
    assert [add(one, ledger).status for one in (same, same, other)] == ["added", "known", "conflict"]
    monkeypatch.undo()
    assert summed(ledger).emissions_g.likely == 20.0


class Late:
    """A ledger's folder as it was before anybody wrote to it."""

    def __init__(self, storage):
        self._storage = storage

    def __getattr__(self, name):
        return getattr(self._storage, name)

    def names(self, folder):
        return []


@cases("place", ["folder", "memory"])
def test_sixteen_writers_with_one_key_leave_one_whole_record_and_tell_each_other(place, tmp_path):
    url = str(tmp_path) if place == "folder" else f"memory://ledger-{uuid.uuid4().hex}"
    told = []
    runs = [ran(1, emissions_g=10.0 + number) for number in range(16)]
    threads = [threading.Thread(target=lambda one=one: told.append(add(one, url))) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added.status for added in told) == ["added", *["conflict"] * 15]
    assert len(entries(url)) == 1


def test_an_inner_run_and_shared_time_count_once_and_are_told(cli, files):
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


def test_a_sum_has_a_range_and_says_how_much_was_measured(cli, files):
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


def test_a_clock_set_back_between_two_runs_is_no_crash_and_hides_no_energy(cli, files):
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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"emissions_g":10,', '"emissions_g":NaN,'),
        ('"total":0.2', '"total":NaN'),
        ('"total":0.2', '"total":1e999'),
        ('"total":0.2', '"total":-0.2'),
        ('"ended_at":"2026-11-24T10:02:05Z"', '"ended_at":"2026-11-99T10:02:05Z"'),
        ('"duration_s":125.3', '"duration_s":' + "9" * 5000),
        ("{", "{" * 100_000),
        ('"warnings"', '"warn'),
    ],
)
def test_a_file_that_somebody_broke_stops_the_sum_and_is_named(cli, files, old, new):
    cli("ledger", "add", *files(a=ran(1)))
    path = next(Path("ledger").glob("*/*.json"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    for verb in ("sum", "list"):
        code, _, err = cli("ledger", verb)
        assert code == 2
        assert path.name in err
        assert "Traceback" not in err
    code, out, _ = cli("ledger", "add", "a.json", *files(b=ran(2)))
    assert (code, out.count("NOT added"), out.count("added as")) == (2, 1, 1), "the others of the call are added"


@pytest.mark.slow
def test_ten_thousand_foreign_files_beside_the_records_are_passed_over(cli, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.json").write_bytes(b'{"lr": 0.1}')
    write_record(ran(1), folder / "r.json")
    assert cli("ledger", "add", folder)[0] == 0
    assert summed("ledger").runs == 1


def test_a_ledger_that_cannot_be_reached_or_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be reached") as raised:
        add(ran(1), "nosuch://me:pass1@team/ledger?token=pass1")
    assert "pass1" not in raised.value.message
    with pytest.raises(InputError, match="is not a folder"):
        add(ran(1), str(tmp_path / "file"))
    with pytest.raises((OutputError, InputError)):
        add(ran(1), "/proc/ledger")


def test_the_last_completed_run_of_a_branch_is_the_baseline(ledger):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    branch = dataclasses.replace(RECORD.provenance, ref="refs/heads/feature")
    add(ran(1, provenance=main, ended_at="2026-11-01T00:00:00Z"), ledger)
    add(ran(2, provenance=main, ended_at="2026-11-02T00:00:00Z"), ledger)
    add(ran(3, provenance=main, ended_at="2026-11-03T00:00:00Z", outcome=Outcome.FAILED), ledger)
    add(ran(4, provenance=branch, ended_at="2026-11-04T00:00:00Z"), ledger)

    run = Identity(repository="me/models", job="train")
    entry, _ = latest(ledger, branch="main", run=run)
    assert entry.record.run_id == "run-2"
    entry, why = latest(ledger, branch="main", run=dataclasses.replace(run, repository="me/others"))
    assert entry is None
    assert "2 of another repository" in why
    entry, why = latest(ledger, branch="release", run=run)
    assert entry is None
    assert why == f"no completed run on release in {ledger} (it has runs on feature, main)"


@pytest.fixture
def files():
    """Records as files in the working folder."""

    def write(**records):
        for name, one in records.items():
            write_record(fitting(one), f"{name}.json")
        return [f"{name}.json" for name in records]

    return write


def test_the_verb_adds_and_holds_the_month_against_the_budget(cli, files):
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
def test_a_sum_over_nothing_is_no_pass_and_names_what_there_is(cli, files, verb):
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


def test_runs_that_all_have_no_figure_are_no_pass_even_if_some_may_be_missing(cli, files):
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


def test_a_killed_run_with_other_figures_for_the_same_time_is_a_conflict_too(ledger):
    add(recovered_run(), ledger)
    doubled = dataclasses.replace(recovered_run(), emissions_g=12.0, energy_kwh=Energy(total=0.2))
    assert add(doubled, ledger).status == "conflict"
    assert add(dataclasses.replace(doubled, outcome=Outcome.COMPLETED), ledger).status == "conflict"


def test_figures_that_look_alike_are_named_with_every_digit(ledger):
    add(ran(1), ledger)
    assert add(ran(1, emissions_g=10.00001), ledger).conflict == (
        "the record given: 10.00001 g, 0.2 kWh in 125.3 s; the ledger: 10 g, 0.2 kWh in 125.3 s"
    )


def test_a_clock_that_was_set_back_before_the_end_does_not_keep_the_state_of_a_recovered_run(ledger):
    """The last state ends earlier by the wall clock, and later by the run's own."""
    add(recovered_run(ended_at="2026-11-24T10:01:00Z"), ledger)

    assert add(ran(1, ended_at="2026-11-24T09:02:05Z"), ledger).status == "replaced"
    assert summed(ledger).emissions_g.likely == 10.0
    assert add(recovered_run(ended_at="2026-11-24T10:01:00Z"), ledger).status == "known"


def test_a_record_that_ends_before_it_starts_is_refused(cli):
    """`run` writes none, also if the clock is set back meanwhile: it adds the duration to the start."""
    one = dataclasses.replace(ran(1), ended_at="2026-10-01T00:00:00Z")
    write_record(one, "a.json")
    code, out, err = cli("ledger", "add", "a.json")
    assert (code, out) == (2, "")
    assert "a.json cannot be right: duration_s is" in err


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


def test_a_ledger_that_an_addition_makes_is_said(cli, files):
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


class Counting:
    """A ledger's folder that counts what is asked of it."""

    def __init__(self, storage, calls):
        self._storage, self._calls = storage, calls

    def __getattr__(self, name):
        def counted(*arguments):
            self._calls.append((name, *arguments[:1]))
            return getattr(self._storage, name)(*arguments)

        return counted


@pytest.fixture
def calls(monkeypatch):
    """What a ledger asks of its folder, call by call."""
    found = []
    real = ledger_module.open_storage
    monkeypatch.setattr(ledger_module, "open_storage", lambda url: Counting(real(url), found))
    return found


def test_however_many_records_are_added_each_month_is_listed_once(tmp_path, calls):
    list(add_all((ran(number) for number in range(50)), str(tmp_path)))

    listed = [call for call in calls if call[0] == "names"]
    assert sorted(listed) == [("names", "2026-10"), ("names", "2026-11"), ("names", "2026-12")]
    assert not any(call[0].startswith("read") for call in calls)


def test_a_baseline_is_read_from_the_latest_month_that_has_one(tmp_path, calls):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    other = dataclasses.replace(main, repository="me/others")
    for month in (9, 10, 11):
        add(ran(month, provenance=main, ended_at=f"2026-{month:02d}-10T00:00:00Z"), str(tmp_path))
        add(ran(f"{month}-other", provenance=other, ended_at=f"2026-{month:02d}-20T00:00:00Z"), str(tmp_path))
    calls.clear()

    found, _ = latest(str(tmp_path), branch="main", run=identity_of(ran("now", provenance=main)))
    assert found.record.run_id == "run-11"
    assert {path.split("/")[0] for call in calls if call[0] == "read_all" for path in call[1]} == {"2026-11"}
    until = list(newest_first(str(tmp_path), until="2026-10-15T00:00:00Z", containing=["me/models", None]))
    assert [entry.record.run_id for entry in until] == ["run-10", "run-9"]


def test_a_broken_record_of_another_repository_does_not_stop_a_baseline(tmp_path):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    add(ran(1, provenance=main), str(tmp_path))
    broken = next(tmp_path.glob("2026-11/*.json")).with_name("zz.json")
    broken.write_text('{"format": "x", "repository": "me/others"}')
    run = identity_of(ran("now", provenance=main))
    assert latest(str(tmp_path), branch="main", run=run)[0].record.run_id == "run-1"
    broken.write_text('{"format": "x", "repository": "me/models"}')
    with pytest.raises(InputError, match=r"zz\.json"):
        latest(str(tmp_path), branch="main", run=run)


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


def test_the_list_and_the_json_say_the_same(cli, files):
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


@settings(max_examples=examples(40))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(1, 3),
            st.one_of(st.none(), st.floats(min_value=1e-6, max_value=1e6)),
            st.integers(1, 12),
        ),
        max_size=12,
    )
)
def test_whatever_is_added_in_whatever_order_each_key_counts_once(uploads):
    """A run is one figure and one end: the same (number, attempt) added again is the same upload."""
    url = f"memory://ledger-{uuid.uuid4().hex}"
    runs = {}
    for number, attempt, emissions_g, month in uploads:
        where = dataclasses.replace(RECORD.provenance, run_attempt=attempt)
        one = ran(number, provenance=where, emissions_g=emissions_g, ended_at=f"2026-{month:02d}-10T00:00:00Z")
        one = runs.setdefault((number, attempt), one)
        add(one, url)

    both = summed(url)

    known = [one.emissions_g for one in runs.values() if one.emissions_g is not None]
    assert both.runs == len(runs)
    assert (both.emissions_g and both.emissions_g.likely) == (pytest.approx(sum(known)) if known else None)
    assert len(both.without_emissions) == len(runs) - len(known)
    months = {one.ended_at[:7] for one in runs.values()}
    assert sum(summed(url, month).runs for month in months) == len(runs)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(st.floats(1.0, 100.0), st.floats(1.0, 100.0), st.booleans()), min_size=1, max_size=6))
def test_whatever_states_of_one_run_are_added_none_is_lost_unsaid(states):
    """The ledger holds the furthest state, or the call that could not tell said so."""
    url = f"memory://ledger-{uuid.uuid4().hex}"
    told = []
    for grams, seconds, is_killed in states:
        outcome = Outcome.INTERRUPTED if is_killed else Outcome.COMPLETED
        told.append(add(ran(1, emissions_g=grams, energy_kwh=grams / 50, duration_s=seconds, outcome=outcome), url))

    kept = entries(url)[0].record
    assert len(entries(url)) == 1
    for (grams, seconds, _), added in zip(states, told, strict=True):
        is_within = grams <= kept.emissions_g and seconds <= kept.duration_s
        assert is_within or (added.status == "conflict" and added.conflict is not None)


def test_a_sum_over_two_bases_says_so():
    by = [dataclasses.replace(RECORD.intensity, basis=basis) for basis in (*Basis, None)]
    runs = [dataclasses.replace(ran(n), intensity=intensity) for n, intensity in enumerate(by)]
    found = [Entry(path=f"2026-11/{n}.json", record=run) for n, run in enumerate(runs)]
    assert "combustion and life-cycle" in sum_text(total(found), (), "all months")
    assert "bases" not in sum_text(total(found[1:]), (), "all months")
