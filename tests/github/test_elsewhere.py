"""The scripts for other places than GitHub, run as they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cases import cases
from tests.github.runner import ROOT
from tests.schemas import check_jsonschema

ELSEWHERE = ROOT / "examples/elsewhere"


@pytest.fixture
def machine(tmp_path):
    """`machine(script, *arguments, **env)`: run a script with carbon-lint, and a srun of two nodes, on its PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "carbon-lint").write_text(f'#!/bin/sh\nexec {sys.executable} -m carbon_lint "$@"\n')
    # One process a node; exits with the worst status, as srun does.
    # One process a node; hands SIGTERM on, and exits with the worst status, as srun does.
    (tools / "srun").write_text(
        """#!/bin/bash
        for n in 0 1; do SLURM_NODEID=$n "$@" & pids="$pids $!"; done
        trap 'kill -TERM $pids' TERM
        worst=0
        for p in $pids; do
          wait $p || { worst=$?; [ $worst -le 128 ] || wait $p || worst=$?; }
        done
        exit $worst
        """
    )
    for path in tools.iterdir():
        path.chmod(0o755)

    def run(script, *arguments, wait=True, **env):
        environ = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **env}
        if not wait:
            return subprocess.Popen(
                [str(ELSEWHERE / script), *arguments], env=environ, stdout=subprocess.PIPE, text=True
            )
        return subprocess.run(
            [str(ELSEWHERE / script), *arguments], env=environ, capture_output=True, text=True, check=False, timeout=100
        )

    return run


def test_a_plain_shell_trains_writes_and_lints(machine):
    Path("README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    done = machine("shell.sh", "python3", "-c", "print('trained')", LOCATION="FRA")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trained" in done.stdout
    assert "co2_eq_emissions" in Path("README.md").read_text()
    assert json.loads(Path("record.json").read_text())["outcome"] == "completed"


def test_a_plain_shell_keeps_the_record_of_a_run_that_failed(machine):
    done = machine("shell.sh", "false", LOCATION="FRA")
    assert done.returncode == 1
    assert json.loads(Path("record.json").read_text())["outcome"] == "failed"
    assert not Path("README.md").exists()


def test_a_plain_shell_asks_for_the_location(machine):
    done = machine("shell.sh", "true")
    assert done.returncode != 0
    assert "LOCATION" in done.stderr


def test_slurm_leaves_a_record_a_node_and_one_for_all(machine):
    done = machine("slurm.sh", "sh", "-c", "echo node $SLURM_NODEID", LOCATION="FRA")
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = [json.loads(path.read_text()) for path in sorted(Path("records-local").glob("node-*.json"))]
    assert len(nodes) == 2
    assert json.loads(Path("run.json").read_text())["outcome"] == "completed"


def test_slurm_gates_the_whole_job(machine):
    done = machine("slurm.sh", "sleep", "0.5", LOCATION="FRA", MAX_EMISSIONS="0.0001 ug")
    assert done.returncode == 1, done.stdout + done.stderr
    assert Path("run.json").exists()


def test_slurms_warning_before_the_time_limit_leaves_the_records(machine):
    process = machine("slurm.sh", "sh", "-c", "echo begun; sleep 60", LOCATION="FRA", wait=False)
    assert "begun" in process.stdout.readline()
    assert "begun" in process.stdout.readline(), "both nodes"
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    outcomes = {json.loads(path.read_text())["outcome"] for path in Path("records-local").glob("node-*.json")}
    assert outcomes == {"interrupted"}
    assert json.loads(Path("run.json").read_text())["outcome"] == "interrupted"
    assert process.returncode != 0


def test_gitlabs_file_is_valid_and_its_commands_are_ours():
    path = ELSEWHERE / "gitlab-ci.yml"
    code, output = check_jsonschema("--builtin-schema", "vendor.gitlab-ci", path)
    assert code == 0, output
    lines = [line for job in ("train", "publish") for line in yaml.safe_load(path.read_text())[job]["script"]]
    verbs = {line.split()[1] for line in lines if line.startswith("carbon-lint")}
    assert verbs == {"run", "card", "check", "publish"}
    assert all("carbon-lint" not in line or "$" not in line or line.endswith('--to "$HUB_REPO"') for line in lines)


def test_the_report_for_gitlab_is_what_its_command_writes(cli):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    code, out, _ = cli("check", "--format", "gitlab", "README.md")
    assert code == 1
    assert json.loads(out)[0]["location"]["path"] == "README.md"


@cases("name", ["gitlab-ci.yml", "shell.sh", "slurm.sh"])
def test_the_documentation_shows_the_very_files(name):
    text = (ROOT / "docs/ci-elsewhere.md").read_text()
    assert f"examples/elsewhere/{name}" in text
