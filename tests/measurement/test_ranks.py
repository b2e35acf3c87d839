"""Under a launcher of many processes one of a node measures, the others run their command untouched."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from carbon_lint.measurement.job.ranks import (
    LOCAL_RANK_VARIABLES,
    is_measuring,
    local_rank,
    local_size,
    stray_rank,
    unseen_gpus,
    whole_node,
)
from carbon_lint.records.record import Gpu, Hardware
from tests.cases import cases
from tests.measurement.fake_meter import FakeMeter


@cases("name", LOCAL_RANK_VARIABLES)
def test_the_first_process_of_a_node_measures(name):
    beside = {"RANK": "0", "SLURM_PROCID": "0", "OMPI_COMM_WORLD_RANK": "0", "MPI_LOCALNRANKS": "8"}
    beside |= {"MV2_COMM_WORLD_RANK": "0", "PALS_RANKID": "0", "JSM_NAMESPACE_RANK": "0"}
    assert is_measuring({name: "0"} | beside)
    assert not is_measuring({name: "1"} | beside)
    assert not is_measuring({name: "7"} | beside)


@cases("name", LOCAL_RANK_VARIABLES)
def test_a_rank_that_no_launcher_set_does_not_keep_a_run_from_being_measured(name):
    """Left over in a shell, a container or a .env."""
    assert is_measuring({name: "3"})
    assert stray_rank({name: "3"}).startswith(f"{name}=3 is ignored: no launcher set it")
    assert stray_rank({name: "0"}) is None
    assert stray_rank({"LOCAL_RANK": "3", "RANK": "3"}) is None


@pytest.mark.slow
def test_a_run_with_a_left_over_rank_keeps_its_record_and_its_budget(carbon_lint):
    environ = {**os.environ, "LOCAL_RANK": "3"}
    limit = ("--energy-only", "--max-energy", "1e-9 kWh", "--record", "r.json")
    done = carbon_lint("run", *limit, "--", "true", env=environ)
    assert done.returncode == 1
    assert "warning: LOCAL_RANK=3 is ignored: no launcher set it" in done.stderr
    assert json.loads(Path("r.json").read_text())["over_budget"] is True


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--location", "FRA", "--record", "README.md"), "README.md exists and is not a carbon-lint record"),
        (("--record", "records/"), "no location was given"),
        (("--location", "FRA", "--card", "train.py"), "train.py is not a model card"),
        (("--location", "FRA", "--record", "README.md/r.json"), "cannot make the folder"),
        (("--location", "FRA", "--pushes-to", "no model"), "no model"),
    ],
)
def test_what_stops_the_first_rank_stops_every_rank(carbon_lint, flags, message):
    """Or the others train on, unmeasured and with exit status 0."""
    Path("README.md").write_text("# a model")
    Path("train.py").write_text("print(1)")
    ended = []
    for rank in ("0", "1"):
        environ = {**os.environ, "LOCAL_RANK": rank, "RANK": rank, "WORLD_SIZE": "2"}
        done = carbon_lint("run", *flags, "--", "touch", "ran", env=environ)
        ended.append(done.returncode)
        assert message in done.stderr
    assert ended[0] == ended[1] != 0
    assert not os.path.exists("ran")


def test_a_records_folder_is_made_and_every_rank_goes_on(carbon_lint):
    for rank in ("1", "0"):
        environ = {**os.environ, "LOCAL_RANK": rank, "RANK": rank, "WORLD_SIZE": "2"}
        done = carbon_lint("run", "--location", "FRA", "--record", "new/records/", "--", "true", env=environ)
        assert done.returncode == 0, done.stderr
    assert len(list(Path("new/records").glob("*.json"))) == 1


@cases("environ", [{}, {"RANK": "3"}, {"LOCAL_RANK": ""}, {"LOCAL_RANK": "x"}, {"SLURM_PROCID": "2"}])
def test_without_a_local_rank_there_is_nobody_else_on_the_node(environ):
    assert local_rank(environ) is None
    assert is_measuring(environ)


@cases(
    ("environ", "measures"),
    [
        ({"SLURM_LOCALID": "0", "SLURM_PROCID": "0", "LOCAL_RANK": "0", "RANK": "0"}, True),
        (
            {"SLURM_LOCALID": "0", "SLURM_PROCID": "0", "LOCAL_RANK": "3", "RANK": "3"},
            False,
        ),  # srun torchrun: every worker is in task 0
        (
            {"SLURM_LOCALID": "2", "SLURM_PROCID": "2", "LOCAL_RANK": "0", "RANK": "0"},
            False,
        ),  # srun of many torchruns with one worker each
    ],
)
def test_of_nested_launchers_the_highest_rank_counts(environ, measures):
    assert is_measuring(environ) is measures


@cases(
    ("environ", "size"),
    [
        ({}, 1),
        ({"LOCAL_WORLD_SIZE": "8"}, 8),
        ({"SLURM_STEP_TASKS_PER_NODE": "4(x16)"}, 4),
        ({"SLURM_STEP_TASKS_PER_NODE": "2,3(x2)"}, 3),
        ({"SLURM_STEP_TASKS_PER_NODE": "1", "LOCAL_WORLD_SIZE": "8"}, 8),
        ({"LOCAL_WORLD_SIZE": "many"}, 1),
    ],
)
def test_how_many_processes_a_node_has(environ, size):
    assert local_size(environ) == size


def test_the_first_rank_counts_the_gpus_of_all_ranks_of_its_node():
    """Slurm gave each of 8 tasks a GPU: CUDA_VISIBLE_DEVICES of the first names one of the 8 that the job burns."""
    environ = {"SLURM_LOCALID": "0", "SLURM_STEP_TASKS_PER_NODE": "8(x2)", "CUDA_VISIBLE_DEVICES": "0", "A": "1"}
    others, warnings = whole_node(environ)
    assert "CUDA_VISIBLE_DEVICES" not in others
    assert others["A"] == "1"
    assert "8 processes run on this node and CUDA_VISIBLE_DEVICES is 0 in this one" in warnings[0]


def test_on_amd_gpus_the_variables_of_rocm_are_as_those_of_cuda():
    """Slurm sets both for each task."""
    environ = {
        "SLURM_LOCALID": "0",
        "SLURM_STEP_TASKS_PER_NODE": "4",
        "ROCR_VISIBLE_DEVICES": "3",
        "HIP_VISIBLE_DEVICES": "0",
    }
    others, warnings = whole_node(environ)
    assert set(others) == {"SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"}
    assert "ROCR_VISIBLE_DEVICES is 3 and HIP_VISIBLE_DEVICES is 0 in this one" in warnings[0]
    shared = environ | {"ROCR_VISIBLE_DEVICES": "0,1,2,3", "HIP_VISIBLE_DEVICES": "0,1,2,3"}
    assert whole_node(shared) == (shared, ())


@cases(
    "environ",
    [
        {"CUDA_VISIBLE_DEVICES": "0"},  # one process: the user's choice
        {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"},
        {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2", "CUDA_VISIBLE_DEVICES": "2,3"},  # shared by both
        {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "CUDA_VISIBLE_DEVICES": "2"},
        {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": ""},  # on the CPU
        {"LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4", "CUDA_VISIBLE_DEVICES": "-1"},
    ],
)
def test_gpus_that_were_given_to_all_ranks_stay_the_ones_that_count(environ):
    assert whole_node(environ) == (environ, ())


@cases(("gpu_count", "is_warned"), [(0, False), (1, True), (7, True), (8, False)])
def test_gpus_that_the_first_rank_cannot_see_are_warned_of(gpu_count, is_warned):
    environ = {"SLURM_LOCALID": "0", "SLURM_STEP_TASKS_PER_NODE": "8"}
    assert (unseen_gpus(environ, gpu_count) is not None) is is_warned
    assert unseen_gpus({}, gpu_count) is None


def test_the_warning_gets_into_the_record(run):
    gpus = (Gpu(index=0, name="a GPU", uuid="GPU-1"),)
    meter = FakeMeter()
    meter.hardware = Hardware(gpus=gpus)
    environ = {**os.environ, "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4"}
    record = run("pass", meter=meter, environ=environ)
    assert any("4 processes run on this node and the first sees 1 GPUs" in warning for warning in record.warnings)


def test_another_rank_becomes_its_command(carbon_lint):
    show = "import json, os, sys; print(json.dumps([os.getpid(), sorted(os.environ), sys.argv])); sys.exit(5)"
    command = ("run", "--location", "FRA", "--record", "r.json", "--", sys.executable, "-c", show, "a b", "--c")
    environ = {**os.environ, "LOCAL_RANK": "1", "RANK": "9", "HF_TOKEN": "x"}
    done = carbon_lint(*command, env=environ)

    pid, names, argv = json.loads(done.stdout)
    assert done.returncode == 5
    assert argv == ["-c", "a b", "--c"]
    assert {"LOCAL_RANK", "RANK"} <= set(names)
    assert "HF_TOKEN" not in names, "the ranks differ in nothing but who measures"
    assert done.stderr == (
        "carbon-lint: LOCAL_RANK=1: not measured here; the process with LOCAL_RANK=0 on this node measures, "
        "with record and budget\n"
    )
    assert not os.path.exists("r.json")
    del pid


def test_another_rank_with_a_missing_command_is_127(carbon_lint):
    environ = {**os.environ, "OMPI_COMM_WORLD_LOCAL_RANK": "1", "OMPI_COMM_WORLD_RANK": "1"}
    assert carbon_lint("run", "--location", "FRA", "--", "no-such-command", env=environ).returncode == 127


def test_the_first_rank_measures(carbon_lint):
    environ = {**os.environ, "LOCAL_RANK": "0", "RANK": "8"}
    done = carbon_lint("run", "--energy-only", "--record", "r.json", "--", "true", env=environ)
    assert done.returncode == 0, done.stderr
    assert os.path.exists("r.json")
