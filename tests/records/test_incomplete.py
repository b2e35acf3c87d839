"""A run that was killed leaves a journal and no record: every sum names it, and so does the next job's start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.cli import main
from carbon_lint.measurement.journal import Journal
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, record_to_json, write_record
from tests import spawn
from tests.cases import cases
from tests.records.builders import a_record
from tests.waiting import wait_until


def node(name, **changes):
    return a_record(run_id=f"run-{name}", hardware=replace(a_record().hardware, node=name, gpus=()), **changes)


def killed(path, name, *, readings=3, group=None, command=None):
    """As a run leaves it that was killed with SIGKILL."""
    changes = {"outcome": Outcome.INTERRUPTED, "exit_status": None, "run_group": group, "emissions_g": None}
    changes |= {} if command is None else {"command": command}
    header = {"format": "carbon-lint/journal@1", "record": record_to_json(node(name, **changes)), "limits": {}}
    lines = [header]
    for number in range(1, readings + 1):
        energy = {"total": number / 10, "cpu": number / 20, "gpu": None, "ram": number / 20}
        lines.append({"elapsed_s": 600.0 * number, "energy_kwh": energy, "emissions_g": 5.604 * number})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))


def saved(path, record):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_record(record, path)


def test_a_folder_in_which_a_node_was_killed_is_not_summed_until_it_is_recovered(cli):
    saved("records/node-0.json", node("a"))
    killed("records/node-1.jsonl", "b")
    code, out, err = cli("merge", "records", "-o", "run.json")
    assert (code, out) == (2, "")
    assert "records/node-1.jsonl is the journal of a run that has no record here: the figure would be too small" in err
    assert "it was killed: carbon-lint recover records/node-1.jsonl" in err
    assert not Path("run.json").exists()

    code, out, _ = cli("recover", "records")
    assert code == 0
    assert out == ("records/node-1.jsonl: interrupted, 16.8 g CO2eq, 300 Wh, written to records/node-1.json\n")
    code, out, _ = cli("merge", "records", "-o", "run.json")
    assert code == 0
    assert "the sum of 2 runs, written to run.json" in out
    assert load_record("run.json").energy_kwh.total == pytest.approx(1.25 + 0.3)


@cases(
    "verb",
    [
        ("gate", "records", "--max-emissions", "1kg"),
        ("card", "README.md", "--from", "records"),
        ("check", "README.md", "--record", "records"),
        ("report", "records"),
        ("estimate", "--from-record", "records"),
    ],
)
def test_a_folder_with_one_record_and_a_killed_run_does_not_stand_for_that_record(cli, verb):
    saved("records/node-0.json", node("a"))
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    assert cli(*verb)[0] in (0, 1)
    Path("README.md").write_text("---\nlicense: mit\n---\n")
    killed("records/node-1.jsonl", "b")
    code, _, err = cli(*verb)
    assert code == 2
    assert "records/node-1.jsonl is the journal of a run that has no record here" in err
    assert "emissions" not in Path("README.md").read_text()


@cases(
    ("group", "command", "is_refused"),
    [(None, None, True), ("g", ("other",), True), ("h", ("other",), False), (None, ("other",), False)],
)
def test_beside_files_that_are_named_a_killed_run_of_their_group_or_command_stops_the_sum(
    cli, group, command, is_refused
):
    """As with `records/*.json`; what else was killed there has nothing to do with it."""
    saved("records/node-0.json", node("a", run_group="g"))
    saved("records/node-1.json", node("b", run_group="g"))
    killed("records/node-2.jsonl", "c", group=group, command=command)
    code, _, err = cli("merge", "records/node-0.json", "records/node-1.json", "-o", "run.json")
    assert (code == 2) is is_refused, err
    assert ("has no record here" in err) is is_refused


def test_a_group_is_not_stopped_by_the_killed_run_of_another_group(cli):
    saved("records/a.json", node("a", run_group="g"))
    killed("records/b.jsonl", "b", group="h")
    assert cli("merge", "records", "--run-group", "g", "-o", "run.json")[0] == 0
    killed("records/c.jsonl", "c", group="g")
    code, _, err = cli("merge", "records", "--run-group", "g", "-o", "run.json")
    assert code == 2
    assert "records/c.jsonl is the journal of a run of group 'g' that has no record here" in err


def test_a_run_that_was_killed_before_its_first_reading_stops_nothing_and_is_reported(cli):
    saved("records/a.json", node("a"))
    killed("records/b.jsonl", "b", readings=0)
    assert cli("merge", "records", "-o", "run.json")[0] == 0
    code, out, _ = cli("recover", "records")
    assert (code, out) == (0, "records/b.jsonl: killed before its first reading, so nothing is known of its energy\n")


def test_a_folder_without_a_killed_run_gets_a_message(cli):
    saved("records/a.json", node("a"))
    assert cli("recover", "records") == (0, "carbon-lint: every journal in records has its record\n", "")
    assert cli("recover", "records", "-o", "x.json")[0] == 2


def test_what_cannot_be_recovered_does_not_keep_the_others_from_it(cli):
    killed("records/a.jsonl", "a")
    killed("records/b.jsonl", "b")
    Path("records/a.jsonl").write_text(Path("records/a.jsonl").read_text().replace('"total": 0.3', '"total": "x"'))
    code, out, err = cli("recover", "records")
    assert code == 2
    assert "records/a.jsonl" in err
    assert "records/b.jsonl: interrupted" in out


def test_a_recovered_run_gets_a_name_of_its_own_if_another_has_it(cli):
    saved("records/r.json", node("a"))
    killed("records/r.jsonl", "b")
    assert cli("recover", "records/r.jsonl")[0] == 0
    assert load_record("records/r.json") == node("a")
    assert load_record("records/r.run-b.json").run_id == "run-b"


def test_a_run_that_still_goes_on_is_not_recovered(cli):
    killed("r.jsonl", "a")
    journal = Journal(Path("x.jsonl"))
    Path("x.jsonl").write_text(Path("r.jsonl").read_text().replace("run-a", "run-b"))
    try:
        code, _, err = cli("recover", ".")
        assert code == 2
        assert "x.jsonl: the run still goes on" in err
        assert Path("r.json").exists()
        assert "when the run has ended: carbon-lint recover" in cli("merge", ".", "-o", "sum.json")[2]
    finally:
        journal.close()


@cases("name", ["r.json", "other.json"])
def test_a_card_that_could_not_state_its_group_is_refused_before_the_job(cli, name):
    killed("r.jsonl", "a", group="g")
    flags = ("--location", "FRA", "--run-group", "g", "--record", name, "--card", "README.md")
    code, _, err = cli("run", *flags, "--", "touch", "ran")
    assert code == 2
    assert "r.jsonl is the journal of a run of group 'g' that has no record here" in err
    assert not Path("ran").exists()
    assert cli("recover", "r.jsonl")[0] == 0


def test_a_group_one_of_whose_records_has_no_figure_is_refused_before_the_job(cli):
    unmeasured = node("a", run_group="g", outcome=Outcome.UNMEASURED, emissions_g=None)
    none = replace(unmeasured.energy_kwh, total=None, cpu=None, gpu=None, ram=None)
    saved("a.json", replace(unmeasured, energy_kwh=none))
    flags = ("--location", "FRA", "--run-group", "g", "--record", "r.json", "--card", "README.md")
    code, _, err = cli("run", *flags, "--", "touch", "ran")
    assert code == 125
    assert "a.json holds no energy" in err
    assert not Path("ran").exists()


def test_a_group_whose_other_run_still_goes_on_is_begun(cli):
    """Its record is there by the end, and then the sum is made."""
    killed("other.jsonl", "a", group="g")
    text = Path("other.jsonl").read_text()
    Path("other.jsonl").unlink()
    journal = Journal(Path("other.jsonl"))
    Path("other.jsonl").write_text(text)
    try:
        flags = ("--location", "FRA", "--run-group", "g", "--record", "r.json", "--card", "README.md")
        code, _, err = cli("run", *flags, "--", "touch", "ran")
    finally:
        journal.close()
    assert Path("ran").exists()
    assert code == 2
    assert "when the run has ended" in err


def test_a_run_that_is_killed_for_good_is_recovered_by_the_command_that_merge_names(cli, tmp_path):
    flags = ["--location", "FRA", "--record", "records/", "--tick", "50ms"]
    command = [sys.executable, "-m", "carbon_lint", "run", *flags, "--", "sleep", "60"]
    process = spawn.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: any(len(path.read_text().splitlines()) > 3 for path in Path("records").glob("*.jsonl")), 40)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    code, _, err = cli("merge", "records/", "-o", "run.json")
    assert code == 2
    named = err.partition("carbon-lint recover ")[2].partition(";")[0]
    assert wait_until(lambda: cli("recover", named)[0] == 0, 20)
    assert cli("merge", "records/", "-o", "run.json")[0] == 0


@given(
    ended=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True),
    lost=st.lists(st.sampled_from("uvwxyz"), max_size=3, unique=True),
)
def test_a_folder_is_summed_exactly_if_every_run_in_it_has_a_record(tmp_path_factory, ended, lost):
    folder = tmp_path_factory.mktemp("records")
    for name in ended:
        saved(folder / f"{name}.json", node(name))
    for name in lost:
        killed(folder / f"{name}.jsonl", name)
    merge = ["merge", str(folder), "-o", str(folder / "sum.json")]
    assert main(merge) == (2 if lost else 0)
    assert main(["recover", str(folder)]) == 0
    assert main(merge) == 0
    held = load_record(folder / "sum.json")
    assert set(held.merged_from or {held.run_id}) == {f"run-{name}" for name in (*ended, *lost)}


@cases("explicit", [True, False])
def test_the_curve_of_another_run_is_never_drawn(cli, explicit):
    saved("r.json", node("a"))
    killed("other.jsonl" if explicit else "r.jsonl", "b", readings=30)
    flags = ("--journal", "other.jsonl") if explicit else ()
    code, out, err = cli("report", "r.json", "--format", "markdown", *flags)
    if explicit:
        assert code == 2
        assert "other.jsonl is the journal of run run-b, and r.json is of run run-a" in err
    else:
        assert code == 0
    assert "mermaid" not in out
