"""Under a launcher of many processes one of a node measures, the others run their command untouched."""

from __future__ import annotations

import json
import os
import sys

import pytest

from carbon_lint.measure.ranks import LOCAL_RANK_VARIABLES, is_measuring, local_rank


@pytest.mark.parametrize("name", LOCAL_RANK_VARIABLES)
def test_the_first_process_of_a_node_measures(name):
    assert is_measuring({name: "0"})
    assert not is_measuring({name: "1"})
    assert not is_measuring({name: "7", "RANK": "0"})


@pytest.mark.parametrize("environ", [{}, {"RANK": "3"}, {"LOCAL_RANK": ""}, {"LOCAL_RANK": "x"}, {"SLURM_PROCID": "2"}])
def test_without_a_local_rank_there_is_nobody_else_on_the_node(environ):
    assert local_rank(environ) is None
    assert is_measuring(environ)


@pytest.mark.parametrize(
    ("environ", "measures"),
    [
        ({"SLURM_LOCALID": "0", "LOCAL_RANK": "0"}, True),
        ({"SLURM_LOCALID": "0", "LOCAL_RANK": "3"}, False),  # srun torchrun: every worker is in task 0
        ({"SLURM_LOCALID": "2", "LOCAL_RANK": "0"}, False),  # srun of many torchruns with one worker each
    ],
)
def test_of_nested_launchers_the_highest_rank_counts(environ, measures):
    assert is_measuring(environ) is measures


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
    assert done.stderr == ""
    assert not os.path.exists("r.json")
    del pid


def test_another_rank_with_a_missing_command_is_127(carbon_lint):
    environ = {**os.environ, "OMPI_COMM_WORLD_LOCAL_RANK": "1"}
    assert carbon_lint("run", "--location", "FRA", "--", "no-such-command", env=environ).returncode == 127


def test_the_first_rank_measures(carbon_lint):
    environ = {**os.environ, "LOCAL_RANK": "0", "RANK": "8"}
    done = carbon_lint("run", "--energy-only", "--record", "r.json", "--", "true", env=environ)
    assert done.returncode == 0, done.stderr
    assert os.path.exists("r.json")
