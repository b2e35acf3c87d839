"""The in-job action in a job container: installed for real, by hash, into a venv that the job does not see."""

from __future__ import annotations

import json

import pytest

from tests.docker.conftest import ROOT, docker
from tests.github.runner import parse_file_command

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


BASE = "python:3.12-slim"
HOSTILE = "open('/work/hijacked', 'a').write(str(__import__('os').environ.get('CARBON_LINT_INPUTS')))\n"
PIP_OF_THE_JOB = {
    "PIP_CONSTRAINT": "/etc/pip/constraint.txt", "PIP_REQUIRE_HASHES": "0", "PIP_DRY_RUN": "1", "PIP_TARGET": "/t",
    "PIP_USER": "1", "PIP_NO_INDEX": "1", "PIP_REQUIRE_VIRTUALENV": "1",
}  # fmt: skip


def run_in_job(work, inputs, *, action="in-job", arguments=(), **env):
    """The composite action's step in a job container, and its outputs."""
    if docker("image", "inspect", BASE).returncode:
        pytest.skip(f"{BASE} is not here")
    (work / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    (work / "output").touch()
    environ = {
        "GITHUB_ACTION_PATH": f"/action/{action}", "GITHUB_WORKSPACE": "/work", "GITHUB_OUTPUT": "/work/output",
        "RUNNER_TEMP": "/tmp", "CARBON_LINT_INPUTS": json.dumps(inputs), "GITHUB_ACTIONS": "true", **env,
    }  # fmt: skip
    variables = [argument for name, value in environ.items() for argument in ("-e", f"{name}={value}")]
    done = docker(
        "run", "--rm", "--network=host", "-v", f"{work}:/work", "-v", f"{ROOT}:/action:ro", "-w", "/work", *variables,
        BASE, "bash", "-e", "/action/in-job/run.sh", *arguments,
    )  # fmt: skip
    return done, parse_file_command((work / "output").read_text())


def test_it_installs_itself_and_measures_in_a_hostile_workspace(tmp_path):
    for name in ("logging", "yaml", "random", "json", "sitecustomize", "carbon_lint"):
        (tmp_path / f"{name}.py").write_text(HOSTILE)
    inputs = {
        "command": "unset PYTHONPATH PYTHONHOME; cd /; python3 -c 'import codecarbon' && exit 9; echo clean",
        "location": "FRA",
        "max-emissions": "5 g",
    }
    done, outputs = run_in_job(tmp_path, inputs, PYTHONPATH="/work", PYTHONHOME="/nowhere", **PIP_OF_THE_JOB)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean" in done.stdout
    assert (outputs["outcome"], outputs["verdict"]) == ("completed", "pass")
    assert not (tmp_path / "hijacked").exists()


def test_the_lint_only_action_installs_the_core_and_finds_a_wrong_card(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models/README.md").write_text("---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    inputs = {"cards": "models", "sarif-file": "lint.sarif", "summary": "true"}
    done, outputs = run_in_job(tmp_path, inputs, action="lint", arguments=("core",))
    assert done.returncode == 1, done.stdout + done.stderr
    assert int(outputs["errors"]) >= 1
    assert "file=models/README.md" in done.stdout
    assert (tmp_path / "lint.sarif").exists()


def test_a_hugging_face_job_is_a_container_without_docker_that_states_its_share(tmp_path):
    """As https://github.com/huggingface/jobs-actions starts a runner; the variables are those of a Job."""
    inputs = {"command": "! command -v docker; sleep 0.3", "max-energy": "1 kWh"}
    job = {"JOB_ID": "6870d0", "CPU_CORES": "1", "MEMORY": "2Gi", "RUNNER_ENVIRONMENT": "self-hosted"}
    done, outputs = run_in_job(tmp_path, inputs, ACCELERATOR="none", **job)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (outputs["outcome"], outputs["emissions-g"]) == ("completed", "")
    record = json.loads((tmp_path / outputs["record"]).read_text())
    assert record["hardware"]["ram_gb"] == 2.0
    assert record["provenance"]["scheduler_job"] == "6870d0"
    done, outputs = run_in_job(tmp_path, inputs, ACCELERATOR="a10g-small", **job)
    assert done.returncode == 125, done.stdout + done.stderr
    assert "flavor a10g-small, so 1 GPU to count, and none can be read" in done.stdout
    assert outputs["outcome"] == "unmeasured"
