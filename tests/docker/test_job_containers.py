"""Jobs in real containers: what was started is stopped, and its CPU counted. No image of ours is needed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from carbon_lint.measurement.host import cgroup
from tests.docker.conftest import ROOT, docker
from tests.measurement.processes import a_mark
from tests.waiting import wait_until

pytestmark = pytest.mark.docker

BASE = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0]
IGNORES = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(120)"
SAVES = """
import signal, sys, time
def save(signum, frame):
    heard.append(signum)
heard = []
signal.signal(2, save), signal.signal(15, save)
print('ready', flush=True)
while not heard: time.sleep(0.01)
time.sleep(1)
print('heard', *heard, flush=True)
sys.exit(9)
"""
BURNS = "import time\nwhile time.process_time() < 4: pass"


def carbon_lint(folder, *arguments, **options):
    command = [sys.executable, "-m", "carbon_lint", "run", "--energy-only", "--record", "r.json", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def job(mark, script, *options):
    return ("docker", "run", "--rm", "--network=none", "--name", mark, *options, BASE, "python", "-c", script)


def is_up(mark):
    return docker("ps", "-q", "--filter", f"name={mark}").stdout.strip()


@pytest.fixture
def mark():
    name = a_mark()
    yield name
    docker("kill", name)


def record_of(folder):
    return json.loads((Path(folder) / "r.json").read_text())


@pytest.mark.parametrize("wrap", ["plain", "shell", "detached-later", "file"])
def test_a_container_over_budget_is_really_stopped(tmp_path, mark, wrap):
    command = job(mark, IGNORES)
    if wrap == "shell":
        command = ("timeout", "100", "sh", "-c", f"true && {shlex.join(command)}; echo after")
    if wrap == "detached-later":  # a name that our option did not give: only the search for leftovers finds it
        command = ("sh", "-c", f"docker run --rm --network=none --name {mark} {BASE} sleep 100 & sleep 4")
    if wrap == "file":
        (tmp_path / "train.sh").write_text(f"{shlex.join(command)}; echo after\n")
        command = ("bash", "train.sh")
    limits = () if wrap == "detached-later" else ("--max-energy", "30 J", "--grace", "1s")
    with carbon_lint(tmp_path, *limits, "--", *command) as run:
        out, err = run.communicate(timeout=60)
    assert run.returncode == (0 if wrap == "detached-later" else 1), err
    assert not is_up(mark)
    assert b"after" not in out


def test_a_cancelled_container_gets_one_signal_and_can_save(tmp_path, mark):
    with carbon_lint(tmp_path, "--", *job(mark, SAVES)) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert out == b"heard 2\n", err
    assert run.returncode == 9
    assert not is_up(mark)


@pytest.mark.parametrize("victim", ["carbon-lint", "guardian"])
def test_a_container_does_not_outlive_a_carbon_lint_that_was_killed(tmp_path, mark, victim):
    with carbon_lint(tmp_path, "--", *job(mark, IGNORES)) as run:
        assert run.stdout.readline() == b"ready\n"
        pid = run.pid
        if victim == "guardian":
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pid = int(children[0])
        os.kill(pid, signal.SIGKILL)
        run.communicate(timeout=60)
    wait_until(lambda: not is_up(mark))


def test_the_cpu_seconds_of_a_container_are_the_jobs(tmp_path, mark):
    with carbon_lint(tmp_path, "--", *job(mark, BURNS)) as run:
        _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    record = record_of(tmp_path)
    assert 2.5 < record["job_cpu_s"] < 6.0
    assert record["machine_cpu_s"] >= record["job_cpu_s"] - 1.5


def test_a_real_group_of_cgroup_v2_is_found_and_read():
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    mount = next((Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"), None)
    if mount is None or not os.access(mount, os.W_OK):
        pytest.skip("no cgroup v2 is mounted in which this user may make a group")
    group = mount / a_mark()
    group.mkdir()
    try:
        script = f"import os\nopen('{group}/cgroup.procs', 'w').write(str(os.getpid()))\n{BURNS}\ninput()"
        with subprocess.Popen(
            [sys.executable, "-S", "-c", script.replace("< 4", "< 0.5")], stdin=subprocess.PIPE
        ) as process:
            wait_until(lambda: (cgroup.usage_s(group) or 0.0) > 0.4)
            found = cgroup.group_of(Path("/"), process.pid)
            process.communicate(b"\n", timeout=30)
        assert found == group
        assert 0.4 < cgroup.usage_s(group) < 5.0
    finally:
        group.rmdir()
    assert cgroup.usage_s(group) is None, "a group that vanished states nothing"


@pytest.fixture(scope="module")
def podman():
    """How to run an image of Docker's by Podman, with no limits that a container in a container may not set."""
    if shutil.which("podman") is None:
        pytest.skip("podman is not here")
    saved = subprocess.run(["docker", "save", BASE], capture_output=True, check=True, timeout=120).stdout
    loaded = subprocess.run(["podman", "load"], input=saved, capture_output=True, check=True, timeout=120).stdout
    image = loaded.decode().rpartition(": ")[2].strip()
    options = ("--rm", "--network=none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
    return ("podman", "run", *options, image, "python", "-c")


@pytest.mark.parametrize("is_in_script", [False, True])
def test_a_container_of_podman_is_counted_stopped_and_can_save(tmp_path, podman, is_in_script):
    def command(script):
        whole = (*podman, script)
        (tmp_path / "train.sh").write_text(f"{shlex.join(whole)}\n")
        return ("bash", "train.sh") if is_in_script else whole

    with carbon_lint(tmp_path, "--", *command(BURNS)) as run:
        _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert 2.5 < record_of(tmp_path)["job_cpu_s"] < 8.0
    with carbon_lint(tmp_path, "--", *command(SAVES)) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=60)
    assert b"heard 15\n" in out, err
    with carbon_lint(tmp_path, "--max-energy", "30 J", "--grace", "1s", "--", *command(IGNORES)) as run:
        _, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    left = subprocess.run(["podman", "ps", "-q", "--filter", "label=carbon-lint.run"], capture_output=True, check=True)
    assert left.stdout == b""


def test_a_container_ended_by_somebody_else_ends_the_run(tmp_path, mark):
    with carbon_lint(tmp_path, "--", *job(mark, IGNORES)) as run:
        assert run.stdout.readline() == b"ready\n"
        time.sleep(1.2)
        docker("kill", mark)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 137, err
    assert record_of(tmp_path)["outcome"] == "failed"


def test_a_container_that_a_program_starts_is_counted_cancelled_and_left_if_it_was_detached(tmp_path, mark):
    started = f"import subprocess; subprocess.call({job(mark, SAVES)})"
    with carbon_lint(tmp_path, "--", sys.executable, "-c", started) as run:
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=60)
    assert b"heard 15\n" in out, err
    assert not is_up(mark)

    (tmp_path / "train.sh").write_text(f"{shlex.join(job(mark, BURNS, '-d'))}\nsleep 6\n")
    with carbon_lint(tmp_path, "--", "bash", "train.sh") as run:
        _, err = run.communicate(timeout=60)
    assert record_of(tmp_path)["job_cpu_s"] > 0.5
    docker("kill", mark)
    (tmp_path / "train.sh").write_text(f"{shlex.join(job(mark, IGNORES, '-d'))}\n")
    with carbon_lint(tmp_path, "--", "bash", "train.sh") as run:
        _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert is_up(mark)
    assert any("left detached containers running" in text for text in record_of(tmp_path)["warnings"])
