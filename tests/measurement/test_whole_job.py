"""A budget for a job on many nodes: the sum of all counts, any node stops all, and a warning names what is missing."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.errors import OutputError, UsageError
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement import whole_job
from carbon_lint.measurement.meter import Reading
from carbon_lint.measurement.whole_job import WholeJob
from carbon_lint.records.record import Energy, Outcome, StoppedBy
from carbon_lint.records.store import load_record
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from tests import spawn
from tests.conftest import ROOT
from tests.measurement.fake_meter import PatientMeter
from tests.waiting import wait_until

SLEEP = "import time; time.sleep(60)"
TWO = {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2"}


def node(rank, folder="shared", **environ):
    return WholeJob(folder, TWO | {"SLURM_NODEID": str(rank)} | environ, 0.05)


def reading(kwh, *, grams=True):
    return Reading(elapsed_s=1.0, energy_kwh=Energy(total=kwh), emissions_g=kwh * 50 if grams else None)


def known(kwh):
    return Uncertainty(energy_kwh=Bounds(low=kwh * 0.9, high=kwh * 1.2))


def write_node(folder, name="other#0", kwh=1.0, **change):
    """What a node's process would have left."""
    figures = {"name": name, "energy_kwh": kwh, "low_kwh": kwh, "high_kwh": kwh, "emissions_g": kwh * 50}
    path = Path(folder) / f"{name}-1.node.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures | {"has_ended": False} | change))
    return path


def test_each_node_sums_all_with_their_ranges_and_states_the_last():
    nodes = [node(0), node(1)]
    for one, kwh in zip(nodes, (1.0, 3.0), strict=True):
        one.take(reading(kwh), known(kwh))
    wait_until(
        lambda: all(one.sum(reading(kwh)).energy_kwh.total == 4.0 for one, kwh in zip(nodes, (1, 3), strict=True))
    )
    total = nodes[0].sum(reading(1.0))
    assert total.emissions_g == 200.0
    assert total.uncertainty.energy_kwh == Bounds(low=pytest.approx(3.6), high=pytest.approx(4.8))
    message = nodes[0].close(reading(1.0), is_lost=False)
    assert "4 kWh and 200 g when this node ended, by the figures of 2 of 2 nodes" in message
    nodes[1].take(reading(5.0), known(5.0))
    assert nodes[1].sum(reading(5.0)).energy_kwh.total == 6.0, "a node that has ended still counts"
    nodes[1].close(reading(5.0), is_lost=False)


def test_two_nodes_are_stopped_by_their_sum_in_processes_of_their_own(tmp_path):
    """1000 W on each: 0.3 Wh are used after half a second by both together, and after a second by one."""
    flags = ("--budget-folder", "shared", "--max-energy", "0.3 Wh", "--tick", "50ms", "--record")
    started = [
        spawn.Popen(
            [sys.executable, "-m", "tests.measurement.run_fake", *flags, f"records/{rank}.json", "--", "sleep", "60"],
            env={**os.environ, **TWO, "SLURM_NODEID": str(rank), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    message = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [1, 1], message
    records = [load_record(path) for path in sorted(Path("records").glob("*.json"))]
    assert [record.outcome for record in records] == [Outcome.OVER_BUDGET] * 2, message
    assert {record.run_group for record in records} == {"slurm-7"}
    assert sum(record.energy_kwh.total for record in records) >= 0.0003
    # On a busy machine the first may be over the limit before the second has begun.
    assert any("by the figures of 2 of 2 nodes" in text for record in records for text in record.warnings)


def test_the_limit_holds_after_the_first_node_has_died(run, monkeypatch):
    """Its last figure counts, a warning names its silence, and no clock is believed: its file is of 1970."""
    monkeypatch.setattr(whole_job, "SILENT_S", 0.2)
    path = write_node("shared/slurm-7-1", kwh=5.0)
    os.utime(path, (0, 0))

    def is_silent():
        if any("has written nothing" in notice for notice in run.notices):
            Path("ready").touch()  # the meter counts from here on

    environ = dict(os.environ) | TWO | {"SLURM_NODEID": "1"}
    budget = Budget(max_energy_kwh=5.1)
    record = run(SLEEP, meter=PatientMeter(), until=is_silent, environ=environ, budget=budget, budget_folder="shared")
    assert record.stopped_by is StoppedBy.BUDGET
    assert record.energy_kwh.total < 5.1, "alone it is far below"
    assert any("node other#0 has written nothing for 0.2 s" in text for text in record.warnings)


def test_a_node_that_another_one_stops_names_that_one(run):
    stop = Path("shared/slurm-7-1/stop.json")
    stop.parent.mkdir(parents=True)
    stop.write_text('{"node": "gpu4#2"}')
    environ = dict(os.environ) | TWO | {"SLURM_NODEID": "1"}
    record = run(SLEEP, environ=environ, budget=Budget(max_energy_kwh=1e9), budget_folder="shared")
    assert record.outcome is Outcome.OVER_BUDGET
    assert record.exit_status == 128 + signal.SIGTERM
    assert "over budget: node gpu4#2 found the whole job over its limits" in record.warnings
    assert run.notices.count(record.warnings[0]) == 1
    assert not any("not over budget" in text for text in record.warnings), "its own sum may lag behind"


def test_what_makes_the_sum_too_small_is_reported_once(monkeypatch):
    monkeypatch.setattr(whole_job, "SILENT_S", 0.1)
    one = node(0)
    write_node("shared/slurm-7-1", is_lost=True, has_ended=True)
    one.take(reading(1.0), known(1.0))
    wait_until(lambda: len(one._seen()) == 1)
    assert one.warnings() == ["node other#0 can no longer be measured: the sum lacks what it uses since then"]
    assert one.warnings() == []
    one.close(reading(1.0), is_lost=False)
    for environ, message in ((TWO, "1 of 2 nodes have written"), ({}, "no other node has written")):
        alone = WholeJob(f"alone{len(environ)}", environ, 0.05)
        alone.take(reading(1.0), known(1.0))
        wait_until(lambda message=message, alone=alone: any(message in text for text in alone.warnings()))
        assert "by the figures of 1" in alone.close(reading(1.0), is_lost=False)


def test_a_folder_of_an_earlier_job_or_one_that_cannot_be_used_starts_nothing():
    """A scheduler's job has a folder of its own in it, so that a requeued job never adds the attempt before."""
    write_node("old", has_ended=True)
    with pytest.raises(UsageError, match="holds the figures of an earlier job"):
        WholeJob("old", {}, 1.0)
    with pytest.raises(UsageError, match="holds the figures of an earlier job"):
        WholeJob("old", {"RANK": "0"}, 1.0)
    assert WholeJob("old", {"RANK": "1"}, 1.0).stopped_by is None, "node 0 may have ended before node 1 began"
    write_node("killed", name="vm#1")
    assert WholeJob("killed", {"RANK": "11"}, 1.0).stopped_by is None
    with pytest.raises(UsageError, match="holds the figures of an earlier job"):
        WholeJob("killed", {"RANK": "1"}, 1.0)
    assert WholeJob("old", TWO, 1.0).stopped_by is None
    Path("file").touch()
    with pytest.raises(OutputError, match="cannot write to the budget's folder"):
        WholeJob("file", {}, 1.0)


def test_a_full_disk_under_the_folder_is_reported(monkeypatch, run):
    """An empty file fits on it, so only a write with data fails. A failure of the last write is in the record."""
    written, whole = [], WholeJob._write

    def write(self, name, data):
        written.append(name)
        if data and len(written) > fits:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(self, name, data)

    monkeypatch.setattr(WholeJob, "_write", write)
    fits = 0
    with pytest.raises(OutputError, match="cannot write to the budget's folder 'full': No space left"):
        WholeJob("full", {}, 1.0)
    written, fits = [], 1
    record = run("pass", budget=Budget(max_energy_kwh=1e9), budget_folder="filled")
    assert any("the job's budget cannot be used: No space left" in text for text in record.warnings)


def test_the_tasks_of_an_array_and_the_builds_of_two_projects_are_jobs_of_their_own():
    lsf, jenkins = {"LSB_JOBID": "5"}, {"JENKINS_URL": "u", "BUILD_URL": "b", "BUILD_NUMBER": "3"}
    names = (
        (lsf | {"LSB_JOBINDEX": "1"}, "lsf-5-1-1"),
        (lsf | {"LSB_JOBINDEX": "2"}, "lsf-5-2-1"),
        (lsf | {"LSB_JOBINDEX": "0"}, "lsf-5-1"),
        ({"JOB_ID": "5", "SGE_ROOT": "r", "SGE_TASK_ID": "2"}, "sge-5-2-1"),
        (jenkins | {"JOB_NAME": "a/b"}, "jenkins-a-b-3-1"),
        (jenkins | {"JOB_NAME": "c"}, "jenkins-c-3-1"),
    )
    for environ, _ in names:
        WholeJob("arrays", environ, 1.0)
    assert sorted(os.listdir("arrays")) == sorted(name for _, name in names)


def test_files_that_hold_no_figures_are_not_counted_as_nodes():
    one = node(0)
    bad = ({"energy_kwh": float("nan")}, {"energy_kwh": "much"}, {"low_kwh": -1.0}, {"x": 1}, {"emissions_g": "1"})
    for number, change in enumerate(bad):
        write_node("shared/slurm-7-1", name=f"bad{number}", **change)
    Path("shared/slurm-7-1/torn.node.json").write_text('{"name": ')
    write_node("shared/slurm-7-1", kwh=2.0, emissions_g=None)
    one.take(reading(1.0), known(1.0))
    wait_until(lambda: one._seen() != [])
    total = one.sum(reading(1.0))
    assert (total.energy_kwh.total, total.emissions_g) == (3.0, 150.0), "priced as this node's energy is"
    assert one.sum(reading(1.0, grams=False)).emissions_g is None
    one.close(reading(1.0), is_lost=False)


def test_a_folder_for_the_budget_needs_a_limit(cli):
    code, _, err = cli("run", "--budget-folder", "shared", "--energy-only", "--", "true")
    assert code == 2
    assert "--budget-folder: needs a limit" in err
