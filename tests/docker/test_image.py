"""The image, started as GitHub's runner starts it."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from tests.docker.conftest import ROOT, docker
from tests.effort import busy
from tests.github.runner import RUNNER_UID, Runner
from tests.standin.hub import WRITE_TOKEN, StandInHub

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

GOOD = "---\nlicense: mit\n---\n# A model\n"


@pytest.fixture
def runner(tmp_path, image):
    started = Runner(tmp_path, image=image, network="host")
    started.write("README.md", GOOD)
    started.own_by_runner()
    return started


def inside(image, *command, **options):
    return docker("run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:], **options)


def test_a_training_is_measured_gated_and_reported(runner):
    step = runner.step(
        setup="echo RATE=0.1 >> $GITHUB_ENV",
        command="echo rate $RATE; sleep 1.5; echo ::error::no >&2; echo a=1 >> $GITHUB_OUTPUT",
        location="FRA",
        max_emissions="5 g",
        card="README.md",
    )
    assert step.succeeded, step.log
    assert "rate 0.1" in step.log
    assert step.annotations("error") == []
    assert step.outputs["outcome"] == "completed"
    assert step.outputs["verdict"] == "pass"
    assert step.outputs["a"] == "1"
    assert float(step.outputs["emissions-g"]) > 0
    assert "Within budget" in step.summary
    record = json.loads((runner.workspace / step.outputs["record"]).read_text())
    assert record["provenance"]["repository"] == "octo/model"
    assert record["provenance"]["run_attempt"] == 2
    assert record["provenance"]["job_index"] == 0
    assert "co2_eq_emissions" in (runner.workspace / "README.md").read_text()
    assert {path.stat().st_uid for path in runner.workspace.iterdir()} == {RUNNER_UID}


def test_a_run_over_its_budget_is_stopped_and_fails(runner):
    step = runner.step(command="sleep 60", location="FRA", max_emissions="1 ug", grace="1s")
    assert step.exit_status == 1
    assert step.seconds < 30
    assert step.outputs["outcome"] == "over-budget"
    assert step.outputs["over-budget"] == "true"
    assert "over budget" in step.annotations("error")[0]


def test_a_bad_card_fails(runner):
    runner.write("README.md", "---\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    step = runner.step()
    assert step.exit_status == 1
    assert int(step.outputs["errors"]) >= 1
    assert step.annotations("error")


def test_a_cancelled_run_leaves_outputs_record_and_no_container(runner):
    step = runner.step(
        command="trap 'echo saved; exit 0' INT TERM; echo begun; sleep 60 & wait", location="FRA", cancel_when=b"begun"
    )
    assert step.seconds < 6 * busy()
    assert step.outputs["outcome"] == "interrupted"
    assert (runner.workspace / step.outputs["record"]).exists()
    assert step.summary
    assert container_is_gone(runner.container)


def test_a_job_that_ignores_every_signal_is_ended_in_time(runner):
    step = runner.step(
        command="trap '' INT TERM; echo begun; while :; do sleep 1; done", location="FRA", cancel_when=b"begun"
    )
    assert step.seconds < 7.5 * busy(), "before the runner sends SIGTERM"
    assert step.outputs["outcome"] == "interrupted"
    assert container_is_gone(runner.container)


def container_is_gone(name):
    for _ in range(50):
        if not docker("ps", "-aq", "--filter", f"name={name}").stdout.strip():
            return True
        time.sleep(0.1)
    return False


def test_orphans_of_the_job_are_reaped(runner):
    step = runner.step(
        setup="(sleep 0.2 &) ; (setsid sleep 0.2 &)",
        command="sleep 1.5; ps_out=$(cat /proc/[0-9]*/stat | grep -c ') Z ' || true); echo zombies $ps_out",
        location="FRA",
    )
    assert "zombies 0" in step.log


def test_python_is_started_without_a_shell_and_init_reaps(image):
    config = json.loads(docker("inspect", image).stdout)[0]["Config"]
    assert config["Entrypoint"] == [
        "/usr/bin/tini",
        "--",
        "/opt/carbon-lint/bin/python",
        "-I",
        "-u",
        "/opt/carbon-lint/entrypoint.py",
    ]
    assert "PYTHONUNBUFFERED=1" in config["Env"]
    assert "NVIDIA_VISIBLE_DEVICES=all" in config["Env"]
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in config["Env"]
    assert not config["User"]


def test_nothing_of_ours_is_where_the_job_finds_it(image):
    assert inside(image, "python3", "-c", "import codecarbon").returncode == 1
    assert inside(image, "python3", "-c", "import yaml").returncode == 1
    assert (
        inside(image, "/opt/carbon-lint/bin/python", "-c", "import codecarbon, github, huggingface_hub").returncode == 0
    )


def test_there_is_no_compiler_and_no_build_tool(image):
    script = (
        "for p in gcc cc make cargo hatchling; do command -v $p && exit 1; done; [ ! -e /opt/build ] && [ ! -e /build ]"
    )
    assert inside(image, "bash", "-c", script).returncode == 0


def test_what_is_installed_is_what_the_lock_names(image):
    listing = inside(
        image, "bash", "-c", "cd /opt/carbon-lint/lib/python3*/site-packages && ls -d *.dist-info"
    ).stdout.split()
    installed = {name.removesuffix(".dist-info").rpartition("-")[0].lower().replace("_", "-") for name in listing}
    locked = {
        line.split("==")[0].lower() for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert installed - {"carbon-lint"} <= locked
    assert {"codecarbon", "huggingface-hub", "pygithub", "pyyaml"} <= installed


def test_the_runtime_layer_is_small(image):
    sizes = [int(size) for size in docker("history", "--human=false", "--format", "{{.Size}}", image).stdout.split()]
    ours = docker("history", "--human=false", "--format", "{{.Size}}|{{.CreatedBy}}", image).stdout.splitlines()
    runtime = sum(int(line.split("|")[0]) for line in ours[:5])
    assert max(sizes) < 250e6
    assert runtime < 250e6, ours[:6]


def test_git_trusts_the_workspace_and_home_is_left_alone(runner):
    subprocess.run(["git", "init", "-q", str(runner.workspace)], check=True)
    runner.own_by_runner()
    step = runner.step(command="git status --short; echo trusted", location="FRA")
    assert "trusted" in step.log, step.log
    assert not (runner.home / ".gitconfig").exists()


def test_the_smoke_test_and_every_verb_start(image):
    assert inside(image, "carbon-lint", "--version").stdout.startswith("carbon-lint ")
    assert inside(image, "carbon-lint", "run", "--help").returncode == 0


def test_the_step_works_without_any_network(tmp_path, image):
    runner = Runner(tmp_path, image=image, network="none")
    runner.write("README.md", GOOD)
    step = runner.step(command="true", location="FRA")
    assert step.succeeded, step.log


def test_an_environment_without_the_runners_files_still_works(image, tmp_path):
    (tmp_path / "README.md").write_text(GOOD)
    done = docker("run", "--rm", "--network", "none", "-v", f"{tmp_path}:/w", "-w", "/w", image)
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.stat(tmp_path / "README.md").st_size == len(GOOD)


def test_the_card_reaches_a_hub_over_http(runner, tmp_path):
    with StandInHub(tmp_path / ".hub") as hub:
        hub.create("acme/m", GOOD)
        step = runner.step(
            command="true",
            location="FRA",
            card="README.md",
            hub_repo="acme/m",
            hf_token=WRITE_TOKEN,
            env=hub.environ(None, in_container=True),
        )
        assert step.succeeded, step.log
        assert step.outputs["card-url"].startswith(hub.endpoint)
        assert b"co2_eq_emissions" in hub.card("acme/m")
        assert step.log.count(WRITE_TOKEN) == 1


def test_a_read_only_workspace_is_reported_before_the_job(runner):
    runner.workspace_mode = ":ro"
    step = runner.step(command="echo never", location="FRA")
    assert step.exit_status == 2
    assert "never" not in step.log.replace("echo never", "")
    assert "read-only file system" in step.annotations("error")[0]
    elsewhere = runner.step(command="true", location="FRA", record=f"{runner.temp}/record.json")
    assert elsewhere.succeeded, elsewhere.log
    assert (runner.temp / "record.json").exists()


def test_files_of_the_job_belong_to_the_runner_too(runner):
    step = runner.step(command="mkdir -p out && echo x > out/model.bin", location="FRA")
    assert step.succeeded
    assert (runner.workspace / "out/model.bin").stat().st_uid == RUNNER_UID
    assert (runner.workspace / "out").stat().st_uid == RUNNER_UID


def test_a_gpu_that_the_container_was_not_given_stops_the_step_and_shows_the_other_way(runner, tmp_path):
    bus = tmp_path / "pci/0000:00:1e.0"
    bus.mkdir(parents=True)
    (bus / "vendor").write_text("0x10de\n")
    (bus / "class").write_text("0x030200\n")
    runner.mounts = ["-v", f"{bus.parent}:/sys/bus/pci/devices:ro"]
    step = runner.step(command="echo never", location="FRA")
    assert step.exit_status == 125
    assert step.outputs["outcome"] == "unmeasured"
    assert "options: --gpus all" in step.log
    assert "in-job@" in step.log
    assert "0000:00:1e.0" in step.annotations("error")[0]
    without = runner.step(command="true", location="FRA", require="none")
    assert without.succeeded, without.log
