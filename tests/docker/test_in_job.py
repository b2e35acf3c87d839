"""The in-job action in a job container: installed for real, by hash, into a venv that the job does not see."""

from __future__ import annotations

import json

import pytest

from tests.docker.conftest import ROOT, docker
from tests.github.runner import parse_file_command

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


@pytest.mark.parametrize("base", ["python:3.11-slim-bookworm"])
def test_it_installs_itself_and_measures(tmp_path, base):
    if docker("image", "inspect", base).returncode:
        pytest.skip(f"{base} is not here")
    work = tmp_path / "job"
    work.mkdir()
    (work / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    (work / "output").touch()
    inputs = {
        "command": "python3 -c 'import codecarbon' && exit 9; echo clean",
        "location": "FRA",
        "max-emissions": "5 g",
    }
    environ = {
        "GITHUB_ACTION_PATH": "/action/in-job", "GITHUB_WORKSPACE": "/work", "GITHUB_OUTPUT": "/work/output",
        "RUNNER_TEMP": "/tmp", "CARBON_LINT_INPUTS": json.dumps(inputs), "GITHUB_ACTIONS": "true",
    }  # fmt: skip
    variables = [argument for name, value in environ.items() for argument in ("-e", f"{name}={value}")]
    done = docker(
        "run", "--rm", "--network=host", "-v", f"{work}:/work", "-v", f"{ROOT}:/action:ro", "-w", "/work", *variables,
        base, "bash", "-e", "/action/in-job/run.sh",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean" in done.stdout
    outputs = parse_file_command((work / "output").read_text())
    assert (outputs["outcome"], outputs["verdict"]) == ("completed", "pass")
