"""Real launchers of many processes: one of a node measures, and the job does not notice that we are there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from carbon_lint.measurement.recover import recover
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record
from tests.conftest import ROOT
from tests.measurement.processes import a_mark, marked
from tests.waiting import wait_until

pytestmark = [pytest.mark.launchers, pytest.mark.timeout(300)]
CACHE = ROOT / ".ci-cache"
RUN = (sys.executable, "-m", "carbon_lint", "run", "--location", "FRA", "--record", "records/", "--")

MPI_JOB = """\
import sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
time.sleep(1)
print(f"{world.rank} of {world.size}: {world.allreduce(world.rank + 1)}", flush=True)
sys.exit(int(sys.argv[1]) if world.rank == 0 else 0)
"""
TORCH_JOB = """\
import sys, time
import torch
import torch.distributed as group
group.init_process_group("gloo")
number = torch.tensor([group.get_rank() + 1])
group.all_reduce(number)
print(f"{group.get_rank()} of {group.get_world_size()}: {number.item()}", flush=True)
time.sleep(float(sys.argv[2]))
group.destroy_process_group()
sys.exit(int(sys.argv[1]))
"""
JOBS = {"mpich": MPI_JOB, "openmpi": MPI_JOB, "torchrun": TORCH_JOB}
ALL = pytest.mark.parametrize("launcher", JOBS)


def python_of(name):
    path = CACHE / f"{name}-venv" / "bin" / "python"
    assert path.exists(), "-m launchers was asked for: tools/launchers_env.sh and tools/trainer_env.sh make it"
    return path


@pytest.fixture
def launch(tmp_path):
    """`launch(name, job, *arguments)`: two processes of `job`, each under `carbon-lint run`, as a running process."""
    (tmp_path / "records").mkdir()
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "OMP_NUM_THREADS": "1",
    }

    def start(name, job, *arguments, run=RUN):
        python = python_of("trainer" if name == "torchrun" else name)
        (tmp_path / "job.py").write_text(job)
        launcher = (
            ("torchrun", "--nproc-per-node", "2", "--no-python") if name == "torchrun" else ("mpiexec", "-n", "2")
        )
        command = (python.parent / launcher[0], *launcher[1:], *run, python, "job.py", *arguments)
        return subprocess.Popen(
            command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


@ALL
def test_the_ranks_reach_one_another_and_one_record_is_written(launch, tmp_path, launcher):
    done = launch(launcher, JOBS[launcher], "0", "0")
    out, err = done.communicate(timeout=200)

    assert done.returncode == 0, err
    # a launcher may put the lines of two ranks into one
    assert sorted(re.findall(r"\d of 2: \d", out)) == ["0 of 2: 3", "1 of 2: 3"]
    (path,) = (tmp_path / "records").glob("*.json")
    record = load_record(path)
    assert record.outcome is Outcome.COMPLETED
    assert record.energy_kwh.total > 0


@pytest.mark.parametrize("launcher", ["mpich", "openmpi"])
def test_the_status_of_the_rank_that_measures_reaches_the_launcher(launch, tmp_path, launcher):
    done = launch(launcher, MPI_JOB, "3")
    _, err = done.communicate(timeout=200)

    assert done.returncode == 3, err
    (path,) = (tmp_path / "records").glob("*.json")
    assert load_record(path).exit_status == 3


@pytest.mark.parametrize("launcher", ["mpich", "openmpi"])
def test_a_budget_of_the_whole_job_stops_every_node(launch, tmp_path, launcher):
    """Two ranks stand for two nodes: the environment of each makes it the first of its node, so both measure."""
    script = f"""#!/bin/sh
export OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=1 MPI_LOCALRANKID=0 MPI_LOCALNRANKS=1
exec {sys.executable} -m carbon_lint run --location FRA --max-energy "16 mWh" --tick 200ms \\
  --budget-folder budget --record "records/$$.json" -- "$@"
"""
    (tmp_path / "node.sh").write_text(script)
    (tmp_path / "node.sh").chmod(0o755)
    slow = MPI_JOB.replace("time.sleep(1)", "time.sleep(60)")
    done = launch(launcher, slow, "0", run=(str(tmp_path / "node.sh"),))
    _, err = done.communicate(timeout=200)
    assert done.returncode != 0, err
    records = [load_record(path) for path in (tmp_path / "records").glob("*.json")]
    journals = list((tmp_path / "records").glob("*.jsonl*"))
    assert len(journals) == 2, err
    assert any(record.outcome is Outcome.OVER_BUDGET for record in records), err
    names = {json.loads(path.read_text())["name"] for path in (tmp_path / "budget").rglob("*.node.json")}
    assert len(names) == 2
    assert len(list((tmp_path / "budget").rglob("stop.json"))) == 1


@ALL
def test_a_launch_that_is_cancelled_leaves_its_figures_and_no_process(launch, tmp_path, launcher):
    """torchrun asks its workers to end; both MPIs kill theirs at once, and the journal is what is left."""
    mark = a_mark()
    slow = JOBS[launcher].replace("time.sleep(1)", "time.sleep(60)")
    running = launch(launcher, slow, "0", "60", mark)
    journal = wait_until(lambda: _journal_with_readings(tmp_path / "records"), 60)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=120)
    wait_until(lambda: marked(mark) == [])

    records = list((tmp_path / "records").glob("*.json"))
    record = load_record(records[0]) if launcher == "torchrun" else recover(journal)
    assert record.outcome is Outcome.INTERRUPTED
    assert record.energy_kwh.total > 0


def _journal_with_readings(folder):
    lines = {path: path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl")}
    return next((path for path, count in lines.items() if count >= 3), None)
