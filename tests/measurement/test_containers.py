"""Jobs whose work is done in containers or elsewhere: how they are recognised, and how they end when Docker fails."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import stat
import subprocess
import time

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.job import containers as module
from carbon_lint.measurement.job.containers import read_command
from carbon_lint.measurement.job.job import Job, JobState
from carbon_lint.measurement.job.shims import finder, open_shims
from carbon_lint.records.record import StoppedBy, exit_code
from tests.waiting import wait_until

LABEL = "--label carbon-lint.run=ID"
LABELLED = {
    "docker run --rm IMG python train.py -d": f"docker run {LABEL} --rm IMG python train.py -d",
    "docker --context default container run -it IMG": f"docker --context default container run {LABEL} -it IMG",
    "docker run -e -d IMG": f"docker run {LABEL} -e -d IMG",
    "docker run --name -d --detach=false IMG": f"docker run {LABEL} --name -d --detach=false IMG",
    "docker -H unix:///run/d.sock run IMG": f"docker -H unix:///run/d.sock run {LABEL} IMG",
    "docker compose -f a.yml run --rm svc": f"docker compose -f a.yml run {LABEL} --rm svc",
    "docker-compose run svc": f"docker-compose run {LABEL} svc",
    "podman run IMG": f"podman run {LABEL} IMG",
    "nerdctl -n k8s.io run IMG": f"nerdctl -n k8s.io run {LABEL} IMG",
    "nerdctl -H /run/k3s/containerd.sock run IMG": f"nerdctl -H /run/k3s/containerd.sock run {LABEL} IMG",
    "env X=1 docker run IMG": f"env X=1 docker run {LABEL} IMG",
    "sudo -u root -E /usr/bin/docker run IMG": f"sudo -u root -E /usr/bin/docker run {LABEL} IMG",
    "timeout -k 5 60 nice -n 5 docker run IMG": f"timeout -k 5 60 nice -n 5 docker run {LABEL} IMG",
    "sh -c 'cd /x && docker run IMG | tee log'": f"sh -c 'cd /x && docker run {LABEL} IMG | tee log'",
    "bash -ec 'for a in 1 2; do docker \\\n  run \\\n  IMG; done'": "bash -ec 'for a in 1 2; do docker \\\n  run "
    f"{LABEL} \\\n  IMG; done'",
}
PLAIN = [
    "python train.py",
    "bash train.sh",
    "docker build .",
    "docker ps",
    "podman kube generate c",
    "echo docker run IMG",
    "apptainer exec a b",
    "systemd-run --scope python train.py",
    "hf upload me/model .",
    "env",
]
SHELL = "bash --noprofile --norc -euo pipefail -c"
LABELLED[f"{SHELL} '# docker run OLD\ndocker run IMG'"] = f"{SHELL} '# docker run OLD\ndocker run {LABEL} IMG'"
PARTLY = [
    "sh -c 'ssh host cat data | tar x; python train.py'",
    "sh -c 'docker run -d db && python train.py'",
]
ELSEWHERE = [
    "kubectl run x",
    "srun python train.py",
    "ssh host train",
    "systemd-run python train.py",
    "hf jobs run IMG",
    "systemd-run -H host --scope train",
    "docker run -dit IMG",
    "docker run --detach IMG",
    "docker exec c train",
    "docker -H tcp://10.0.0.1:2375 run IMG",
    "docker --host=ssh://host run IMG",
    "env DOCKER_HOST=tcp://h docker run IMG",
    "docker compose up",
    "podman kube play pod.yml",
    "podman --remote run IMG",
    "podman-remote run IMG",
    "sudo kubectl run x",
    "sh -c 'x=1; ssh host train'",
    "timeout 60 srun train",
    "sh -c 'docker run A; podman run B'",
    "sh -c 'echo \"docker run A\"; docker run B'",
]


def test_a_command_is_labelled_left_alone_or_known_to_work_elsewhere():
    for command, expected in LABELLED.items():
        found = read_command(shlex.split(command), {}, "ID")
        assert (found.elsewhere, found.words) == (None, tuple(shlex.split(expected))), command
        assert found.containers is not None
    for command in PLAIN:
        assert read_command(shlex.split(command), {}, "ID") == module.JobCommand(words=tuple(shlex.split(command))), (
            command
        )
    assert read_command(("sh", "-c", "echo 'unclosed"), {}, "ID").containers is None
    script = "python - <<'EOF'\nssh host train\nEOF\necho done"
    assert read_command(("bash", "-c", script), {}, "ID").elsewhere is None
    for command in (*ELSEWHERE, *PARTLY):
        found = read_command(shlex.split(command), {}, "ID")
        assert found.elsewhere is not None, command
        assert found.is_whole is (command not in PARTLY), command
        assert ("only the client" in found.warnings[0]) is found.is_whole


def test_the_engine_is_asked_as_the_user_asks_it():
    for command, engine in {
        "timeout 60 sudo -E docker --context default run IMG": "sudo -E -n docker --context default",
        "env A=1 podman --log-level debug run IMG": "env A=1 podman --log-level debug",
        "docker compose -p x run svc": "docker",
        "sh -c 'A=1 docker run IMG'": "env A=1 docker",
    }.items():
        found = read_command(shlex.split(command), {}, "ID").containers
        assert found is not None
        assert tuple(map(shlex.join, found.engines)) == (engine,)


def test_a_docker_context_in_use_decides_where_it_runs(tmp_path):
    for host, is_local in {
        "unix:///run/docker.sock": True,
        "tcp://localhost:2375": True,
        "tcp://127.0.0.1": True,
        "ssh://gpu.example.org": False,
        "tcp://localhost.example.org:2375": False,
    }.items():
        meta = tmp_path / "contexts/meta" / hashlib.sha256(b"far").hexdigest() / "meta.json"
        meta.parent.mkdir(parents=True, exist_ok=True)
        meta.write_text(json.dumps({"Endpoints": {"docker": {"Host": host}}}))
        (tmp_path / "config.json").write_text('{"currentContext": "far"}')
        environ = {"DOCKER_CONFIG": str(tmp_path)}
        assert (read_command(("docker", "run", "IMG"), environ, "ID").elsewhere is None) is is_local, host
        assert read_command(("docker", "--context", "default", "run", "IMG"), environ, "ID").elsewhere is None
        (tmp_path / "config.json").write_text("no JSON")
        assert read_command(("docker", "run", "IMG"), environ, "ID").elsewhere is None


def test_a_job_elsewhere_is_refused_unless_its_client_is_all_that_is_wanted(run, tmp_path):
    fake_client(tmp_path, "ssh", "exit 0")
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with pytest.raises(MeasurementError, match="ssh runs the job on another machine") as caught:
        run("ssh", "host", "train", environ=environ)
    assert caught.value.exit_code == 125
    assert ("remote-ok", "") in caught.value.suggest

    record = run("ssh", "host", "train", environ=environ, remote_ok=True)
    assert exit_code(record) == 0
    assert any("only the client was measured" in warning for warning in record.warnings)
    assert record.command == ("ssh", "host", "train")


def fake_client(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def fake_docker(folder, *, name="docker", **verbs):
    """Put a client on PATH that keeps its one container as a file `up`; a verb can be given another script."""
    scripts = {
        "run": "trap 'echo TERM >> heard; rm -f up; exit' TERM; echo $$ > new; mv new up; "
        "while [ -e up ]; do sleep .02; done; exit 7",
        "ps": "[ ! -e up ] || echo c0ffee",
        "kill": 'echo "kill $3" >> heard; rm -f up',
        "inspect": "echo '{}'",
        **verbs,
    }
    cases = "\n".join(f"{verb}) {script};;" for verb, script in scripts.items())
    fake_client(folder, name, f'cd "{folder}"\ncase "$1" in\n{cases}\nesac')
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def driven(environ, command="docker run IMG", *, stop_at=(), grace_s=0.3, signum=None, with_shims=False):
    """Run the command as a job, stop it when these files are there; return it and the seconds from there to its end."""
    found = read_command(shlex.split(command), environ, "ID")
    shims = open_shims(environ, "ID") if with_shims else None
    job = Job(found.words, environ if shims is None else shims.on_path(environ), (), finder(found.containers, shims))
    try:
        job.start()
        wait_until(lambda: all(path.exists() for path in stop_at))
        began = time.monotonic()
        if signum is not None:
            job.cancel(signum, grace_s)
        elif stop_at:
            job.end(grace_s, StoppedBy.BUDGET)
        wait_until(lambda: job.poll() is JobState.GONE)
        return job, time.monotonic() - began
    finally:
        job.close()
        if shims is not None:
            shims.__exit__()


def test_stopping_asks_the_container_once_and_not_its_client(tmp_path):
    for name, prefix, signum in (
        ("docker", "", None),
        ("docker", "", signal.SIGINT),
        ("podman", "env X=1 nice -n 5 timeout 100", None),
        ("nerdctl", "bash -c", signal.SIGTERM),
    ):
        saves = "(sleep .3; rm -f up) >/dev/null 2>&1 &"
        environ = fake_docker(tmp_path, name=name, kill=f'echo "kill $3" >> heard; {saves}')
        is_script = prefix == "bash -c"  # the shell gets the signal, too, so that it starts no more
        run = shlex.quote(f"{name} run IMG; exit $?") if is_script else f"{name} run IMG"
        for with_shims in {False, is_script}:  # what both label is one container
            stop = {"stop_at": [tmp_path / "up"], "grace_s": 20.0, "signum": signum}
            job, _ = driven(environ, f"{prefix} {run}", **stop, with_shims=with_shims)
            assert (tmp_path / "heard").read_text().split("\n")[:-1] == [f"kill {int(signum or signal.SIGTERM)}"]
            assert (job.exit_status, job.notices) == (128 + signal.SIGTERM if is_script else 7, [])
            (tmp_path / "heard").unlink()


def test_an_engine_is_asked_without_what_is_withheld_from_the_job(tmp_path, run):
    asks = 'echo "token:$HF_TOKEN" >> asked'
    environ = fake_docker(
        tmp_path, run="touch up; exit 3", ps=f"{asks}; [ ! -e up ] || echo c0ffee", kill=f"{asks}; rm up"
    )
    run("docker", "run", "IMG", environ={**environ, "HF_TOKEN": "hf_withheld"})
    assert set((tmp_path / "asked").read_text().splitlines()) == {"token:"}


def test_a_container_that_does_not_end_is_killed(tmp_path):
    environ = fake_docker(tmp_path, kill='echo "kill $3" >> heard; [ "$3" != 9 ] || rm -f up')
    driven(environ, stop_at=[tmp_path / "up"], grace_s=0.2)
    assert {"kill 15", "kill 9"} == set((tmp_path / "heard").read_text().splitlines())
    assert not (tmp_path / "up").exists()


def test_a_container_that_ended_before_it_was_killed_is_not_a_failure(tmp_path):
    environ = fake_docker(tmp_path, kill='echo "kill $3" >> heard; rm -f up; exit 1')
    job, _ = driven(environ, stop_at=[tmp_path / "up"], grace_s=20.0)
    assert (job.exit_status, job.notices) == (7, [])


def test_a_container_that_outlives_its_client_is_ended_too(tmp_path):
    environ = fake_docker(tmp_path, run="touch up; exit 3")
    job, _ = driven(environ)
    assert job.exit_status == 3
    assert "container_c0ffee" in "".join(job.notices)
    assert not (tmp_path / "up").exists()


def test_an_engine_that_fails_or_hangs_leaves_the_signal_to_its_client(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_S", 0.3)
    for broken in ("exit 1", "exec sleep 60"):
        environ = fake_docker(tmp_path, ps=broken, kill=broken)
        job, seconds = driven(environ, stop_at=[tmp_path / "up"], grace_s=20.0)
        assert (tmp_path / "heard").read_text() == "TERM\n"
        assert any("may still run" in notice for notice in job.notices), "nobody knows whether the container ended"
        assert seconds < 30, "half of what the engine sleeps"
        (tmp_path / "heard").unlink()


def test_a_client_that_hangs_does_not_hang_us(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_S", 0.3)
    environ = fake_docker(tmp_path, run="trap '' TERM; touch up; sleep 60", ps="exec sleep 60")
    job, seconds = driven(environ, stop_at=[tmp_path / "up"], grace_s=0.2)
    assert job.exit_status == 128 + signal.SIGKILL
    assert seconds < 30, "half of what the client sleeps"


def test_a_script_that_starts_one_container_after_the_other_starts_no_more(tmp_path):
    environ = fake_docker(tmp_path)
    driven(environ, "sh -c 'docker run A; docker run B; docker run C'", stop_at=[tmp_path / "up"], grace_s=20.0)
    assert len((tmp_path / "heard").read_text().splitlines()) <= 2
    assert not (tmp_path / "up").exists()


FRONTED = {
    "docker run --rm IMG python 'a b' '' run": f"docker run {LABEL} --rm IMG python 'a b' '' run",
    "docker --context run -D run -it IMG": f"docker --context run -D run {LABEL} -it IMG",
    "docker container run IMG": f"docker container run {LABEL} IMG",
    "docker compose -f a.yml run svc": f"docker compose -f a.yml run {LABEL} svc",
    "docker build --label run .": "docker build --label run .",
    "docker exec c docker run IMG": "docker exec c docker run IMG",
    "docker compose -f a.yml up": "docker compose -f a.yml up",
    "docker network create run": "docker network create run",
    "docker create IMG": f"docker create {LABEL} IMG",
    "docker -- run '-x\ny'": f"docker -- run {LABEL} '-x\ny'",
    "docker": "docker",
}


def test_a_front_adds_the_label_to_run_and_hands_everything_else_on(tmp_path):
    client = tmp_path / "a b" / "docker"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\ncat\nexit 7\n")
    client.chmod(0o755)
    environ = {"PATH": f"{client.parent}:{os.environ['PATH']}"}
    shims = open_shims(environ, "ID")
    assert shims is not None
    for command, expected in FRONTED.items():
        done = subprocess.run(
            shlex.split(command), env=shims.on_path(environ), input=b"stdin", capture_output=True, check=False
        )
        words = "".join(f"{word}\0" for word in shlex.split(expected)[1:]) or "\0"
        assert (done.returncode, done.stdout.decode(), done.stderr) == (7, f"{words}stdin", b""), command
    found = shims.containers()
    assert found is not None
    assert set(found.engines) == {(str(client), *words) for words in ((), ("--context", "run", "-D"), ("--",))}
    subprocess.run(
        ["docker", "run", "IMG"],
        env={**shims.on_path(environ), "DOCKER_HOST": "tcp://far:1"},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert ("env", "DOCKER_HOST=tcp://far:1", str(client)) in shims.containers().engines
    client.write_text('#!/bin/sh\necho "$at $skip $word $left $head"\n')
    own = {"at": "1", "skip": "2", "word": "3", "left": "4", "head": "5"}
    reported = subprocess.check_output(["docker", "-D", "run", "IMG"], env={**shims.on_path(environ), **own})
    assert reported == b"1 2 3 4 5\n", "the client sees the job's variables"
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "gone").rename(shims._calls / "gone")
    assert shims.containers() is not None, "the job may remove files while they are read"
    assert sorted(text.partition(":")[0] for text in shims.elsewhere({})) == [
        "a script of the job called `docker compose up`",
        "a script of the job called `docker exec`",
        "docker starts its containers at tcp",
    ]
    shims.__exit__()
    assert shims.containers() is None
    assert open_shims({"PATH": str(tmp_path)}, "x") is None


def test_what_a_script_file_starts_is_stopped_with_it_and_a_job_without_containers_is_left_alone(tmp_path):
    script = tmp_path / "train.sh"
    script.write_text("docker run IMG\n")
    environ = fake_docker(tmp_path)
    job, _ = driven(environ, f"sh {script}", stop_at=[tmp_path / "up"], grace_s=20.0, with_shims=True)
    assert (tmp_path / "heard").read_text() == "kill 15\n"
    assert not (tmp_path / "up").exists()
    (tmp_path / "heard").unlink()

    script.write_text("trap 'echo TERM >> heard; exit 3' TERM; docker ps; touch waits; while :; do sleep .02; done\n")
    command = f"sh -c 'cd {tmp_path}; . {script}'"
    job, _ = driven(environ, command, stop_at=[tmp_path / "waits"], grace_s=20.0, with_shims=True)
    assert ((tmp_path / "heard").read_text(), job.exit_status) == ("TERM\n", 3)


def test_a_container_that_a_script_creates_and_starts_is_the_jobs_and_one_that_it_only_starts_is_named(tmp_path):
    environ = fake_docker(tmp_path, create="", start="")
    for calls, is_own, is_said in (
        ("create I", False, False),
        ("start c", False, True),
        ("create I;start c", True, False),
    ):
        shims = open_shims(environ, "ID")
        for call in calls.split(";"):
            subprocess.run(["docker", *call.split()], env=shims.on_path(environ), check=True)
        assert ((shims.containers() is not None), bool(shims.elsewhere({}))) == (is_own, is_said), calls
        shims.__exit__()


def test_an_attached_container_of_podman_is_not_taken_for_a_detached_one():
    """Podman attaches no stream by its own account: its container keeps the call instead."""
    for config, is_detached in {
        '{"AttachStdout":false}': True,
        '{"AttachStdout": true}': False,
        '{"AttachStdout":false,"CreateCommand":["podman","run","--rm","I","-d"]}': False,
        '{"AttachStdout":false,"CreateCommand":["podman","run","-d","I"]}': True,
        '{"AttachStdout":false,"CreateCommand":null}': True,
        "no JSON": False,
    }.items():
        assert module._says_detached(config) is is_detached, config


def test_a_container_that_a_script_detached_outlives_a_job_that_ends_by_itself(tmp_path):
    environ = fake_docker(tmp_path, run="touch up", inspect="""echo '{"AttachStdout":false}'""")
    script = tmp_path / "train.sh"
    script.write_text("docker run -d IMG\n")
    job, _ = driven(environ, f"sh {script}", with_shims=True)
    assert (tmp_path / "up").exists()
    assert job.notices == [
        "the job left detached containers running, which are not counted from here on: container_c0ffee"
    ]
    script.write_text(f"docker run -d IMG\ntouch {tmp_path}/later\nsleep 60\n")
    driven(environ, f"sh {script}", stop_at=[tmp_path / "later"], with_shims=True)
    assert not (tmp_path / "up").exists()
