"""The in-job action's script, as a composite action's step runs it. The installation itself is tested with Docker."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.github.runner import ROOT, Runner, parse_commands, parse_file_command


@pytest.fixture
def job(tmp_path):
    """`job(inputs, **env)`: start the step in a job whose carbon-lint is installed already."""
    runner = Runner(tmp_path)
    runner.write("README.md", "---\nlicense: mit\n---\n# A model\n")
    version = subprocess.run(["python3", "-V"], capture_output=True, check=True).stdout
    key = hashlib.sha256((ROOT / "requirements.txt").read_bytes() + version).hexdigest()[:16]
    venv = runner.temp / f"carbon-lint-{key}"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (venv / "bin/python").chmod(0o755)
    (venv / ".ready").touch()
    files = runner._fresh_files()

    def start(inputs, **env):
        action = yaml.safe_load((ROOT / "in-job/action.yml").read_text())
        defaults = {name: spec["default"] for name, spec in action["inputs"].items()}
        values = {name: "" if "${{" in value else value for name, value in defaults.items()} | inputs
        environ = {
            **runner.github, **{name: str(path) for name, path in files.items()}, **env,
            "PATH": os.environ["PATH"], "HOME": str(runner.home), "RUNNER_TEMP": str(runner.temp), "CI": "true",
            "GITHUB_WORKSPACE": str(runner.workspace), "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT / "in-job"), "CARBON_LINT_INPUTS": json.dumps(values),
        }  # fmt: skip
        (step,) = action["runs"]["steps"]
        assert step["env"] == {"CARBON_LINT_INPUTS": "${{ toJSON(inputs) }}"}
        script = runner.temp / "step.sh"
        script.write_text(step["run"])
        # How the runner starts `shell: bash`.
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            env=environ, cwd=runner.workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    start.files = files
    start.runner = runner
    return start


def outputs(job):
    return parse_file_command(job.files["GITHUB_OUTPUT"].read_text())


def test_the_same_inputs_give_the_same_outputs(job):
    process = job({"command": "echo in $PWD", "location": "FRA", "max-emissions": "5 g"})
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 0, log
    assert f"in {job.runner.workspace}" in log
    assert outputs(job)["outcome"] == "completed"
    assert outputs(job)["verdict"] == "pass"


def test_the_jobs_python_keeps_its_path_and_is_not_given_ours(job):
    process = job(
        {"command": "echo path=$PYTHONPATH inputs=${CARBON_LINT_INPUTS:-none}", "location": "FRA"},
        PYTHONPATH="/their/packages",
    )
    log = process.communicate(timeout=60)[0]
    assert "path=/their/packages inputs=none" in log, log


def test_a_module_of_the_workspace_does_not_stand_in_for_one_of_ours(job):
    for name in ("yaml.py", "json.py", "carbon_lint.py"):
        job.runner.write(name, "raise SystemExit('hijacked')")
    process = job({"command": "true", "location": "FRA"}, PYTHONPATH=str(job.runner.workspace))
    log = process.communicate(timeout=60)[0]
    assert process.returncode == 0, log
    assert "hijacked" not in log


def test_a_cancelled_step_hears_the_signal_through_its_shell(job):
    process = job({"command": "echo begun; sleep 60", "location": "FRA"})
    while "begun" not in process.stdout.readline():
        pass
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert time.monotonic() - started < 6
    assert outputs(job)["outcome"] == "interrupted"


def test_a_job_without_a_python_is_told_which_step_gives_one(job, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "cat", "sha256sum", "cut", "env"):
        (tools / name).symlink_to(shutil.which(name))
    process = job({"command": "true"})
    process.communicate(timeout=60)
    environ = {"PATH": str(tools), "RUNNER_TEMP": str(tmp_path)}
    done = subprocess.run(
        ["bash", str(ROOT / "in-job/run.sh")], env=environ, capture_output=True, text=True, check=False
    )
    (command,) = parse_commands(done.stdout)
    assert done.returncode == 2
    assert "actions/setup-python" in command.data


def test_the_script_lies_beside_the_action_that_names_it():
    assert Path(ROOT / "in-job/run.sh").is_file()
    assert 'exec bash "$GITHUB_ACTION_PATH/run.sh"' in (ROOT / "in-job/action.yml").read_text()
