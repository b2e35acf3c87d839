"""`carbon-lint run` as a cluster's job, in this process and under the fake meter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbon_lint.pipeline import plan
from carbon_lint.records.journal import journal_lines
from carbon_lint.records.store import load_record
from tests.measurement.fake_meter import FakeMeter

SLURM = {"SLURM_JOB_ID": "71", "SLURM_JOB_NAME": "train"}
RUN = ("run", "--location", "FRA", "--tick", "50ms")


@pytest.fixture
def on_a_cluster(cli, monkeypatch):
    """`on_a_cluster({"SLURM_JOB_ID": "7"}, *argv)`: the exit status and stderr of `carbon-lint run` there."""
    monkeypatch.setattr(plan, "meter_of", lambda plan, environ: FakeMeter(power_w=3_600_000.0))

    def run(environ, *argv):
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            code, _, err = cli(*argv)
        return code, err

    return run


def groups():
    return sorted(str(load_record(path).run_group) for path in Path("records").glob("*.json"))


def test_attempts_and_array_tasks_of_a_job_are_one_run_group_that_a_name_replaces(on_a_cluster):
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    command = ("--", "sleep", "0.1")
    code, err = on_a_cluster(SLURM, *RUN, "--record", "records/r.json", *command)
    assert code == 0, err
    assert "run group slurm-71: attempts of this job" in err
    code, err = on_a_cluster(
        SLURM | {"SLURM_RESTART_COUNT": "1"}, *RUN, "--record", "records/r.json", "--card", "README.md", *command
    )
    assert code == 0, err
    assert "sum of 2 runs of group 'slurm-71'" in err, "the requeued job's card states both attempts"
    array = SLURM | {"SLURM_ARRAY_JOB_ID": "80"}
    for task in ("0", "1"):
        on_a_cluster(array | {"SLURM_ARRAY_TASK_ID": task}, *RUN, "--record", f"records/{task}.json", *command)
    assert groups() == ["slurm-71", "slurm-71", "slurm-80", "slurm-80"]
    _, err = on_a_cluster(SLURM, *RUN, "--record", "records/n.json", "--run-group", "sweep", *command)
    assert "sweep" in groups()
    assert "attempts of this job" not in err


def test_a_job_of_a_cluster_has_no_group_by_default_if_its_sum_would_be_half_a_sum(on_a_cluster):
    """One task of an array, or one of two nodes, writes a card before the others have ended."""
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    flags = (*RUN, "--card", "README.md")
    for number, more in enumerate(({"SLURM_ARRAY_TASK_ID": "3"}, {"SLURM_JOB_NUM_NODES": "2"})):
        code, err = on_a_cluster(SLURM | more, *flags, "--record", f"records/{number}.json", "--", "true")
        assert code == 0, err
    code, err = on_a_cluster(SLURM, *RUN, "--", "true")
    assert code == 0, err
    assert groups() == ["None", "None"]


def test_a_requeued_job_makes_the_record_of_the_attempt_that_was_killed(on_a_cluster):
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    flags = (*RUN, "--record", "records/r.json", "--", "sleep", "0.2")
    assert on_a_cluster(SLURM, *flags)[0] == 0
    lines = list(journal_lines("records/r.jsonl"))
    killed = json.loads(Path("records/r.json").read_text())["run_id"]
    for path in Path("records").iterdir():
        path.unlink()
    Path("records/r.jsonl").write_bytes(b"".join(lines[:-1]))  # without the line that ends it
    code, err = on_a_cluster(SLURM, *RUN, "--record", "records/first.json", "--", "true")
    assert "an earlier attempt" not in err, "it may still run"
    Path("records/first.json").unlink()
    Path("records/first.jsonl.gz").unlink()
    code, err = on_a_cluster(SLURM | {"SLURM_RESTART_COUNT": "1"}, *RUN, "--card", "README.md", *flags[len(RUN) :])
    assert code == 0, err
    assert "an earlier attempt of this job was killed: its record was made of its journal" in err
    assert "sum of 2 runs of group 'slurm-71'" in err
    records = [load_record(path) for path in Path("records").glob("*.json")]
    assert {record.run_id for record in records} > {killed}
    assert {str(record.outcome) for record in records} == {"interrupted", "completed"}
