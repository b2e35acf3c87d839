"""A job among many processes: as PID 1 of a container, with thousands of forks, inside another run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import spawn
from tests.measurement.processes import a_mark, fake_run, marked
from tests.waiting import wait_until

ENVIRON_ROOT = str(Path(__file__).parents[2])
# Each grandchild is orphaned at once; whoever is PID 1 or the subreaper must reap it.
ORPHANS = """
import os, sys, time
for _ in range({count}):
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
deadline = time.monotonic() + 20
def zombies():
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{{name}}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        count += fields[0] == "Z" and fields[1] == str(os.getppid())
    return count
while (left := zombies()) and time.monotonic() < deadline:
    time.sleep(0.02)
print("zombies", left)  # counted anew, it might hold an orphan that has just ended
"""


def crowded_run(*flags, source, mark="", prefix=()):
    command, environ = fake_run(source, *flags, more=(mark,))
    return [*prefix, *command], environ


def as_pid_1():
    """The prefix that makes a command PID 1 of a namespace of its own."""
    prefix = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        pytest.skip("this machine lets nobody make a PID namespace")
    return prefix


@pytest.mark.slow
def test_thousands_of_orphans_are_reaped_while_the_job_runs():
    command, environ = crowded_run(source=ORPHANS.format(count=2000))
    done = spawn.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout) == (0, "zombies 0\n"), done.stderr


def test_as_pid_1_the_job_is_measured_and_its_orphans_are_reaped():
    source = ORPHANS.format(count=50) + "raise SystemExit(5)"
    command, environ = crowded_run("--record", "r.json", source=source, prefix=as_pid_1())
    done = spawn.run(command, env=environ, capture_output=True, text=True, timeout=100, check=False)

    assert (done.returncode, done.stdout) == (5, "zombies 0\n"), done.stderr
    assert json.loads(Path("r.json").read_text())["outcome"] == "failed"


def test_as_pid_1_a_signal_is_passed_on():
    """PID 1 has no default actions: a signal that nobody handles is lost, and a container is killed after 10 s."""
    mark = a_mark()
    source = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(60)"
    command, environ = crowded_run("--record", "r.json", source=source, mark=mark, prefix=as_pid_1())
    process = spawn.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        wait_until(Path("ready").exists)
        unshared = process.pid
        (pid_1,) = map(int, Path(f"/proc/{unshared}/task/{unshared}/children").read_text().split())
        os.kill(pid_1, signal.SIGTERM)
        assert process.wait(60) == 143
    finally:
        process.kill()
        process.wait()
    assert json.loads(Path("r.json").read_text())["outcome"] == "interrupted"
    wait_until(lambda: marked(mark) == [])


def test_a_run_within_a_run_warns_that_it_is_counted_by_the_outer_one_too():
    inner, environ = crowded_run("--record", "inner.json", source="pass")
    outer = [sys.executable, "-m", "tests.measurement.run_fake", "--record", "outer.json", "--", *inner]
    done = spawn.run(outer, env=environ, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    inner_record, outer_record = (json.loads(Path(name).read_text()) for name in ("inner.json", "outer.json"))
    assert any(outer_record["run_id"] in warning for warning in inner_record["warnings"])
    assert outer_record["warnings"] == []


def test_what_stdin_holds_is_the_jobs():
    command, environ = crowded_run(source="import sys; print(sys.stdin.read().upper())")
    done = spawn.run(command, env=environ, input="from a pipe", capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "FROM A PIPE\n"


def test_closed_standard_streams_break_nothing():
    command, environ = crowded_run("--record", "r.json", source="import sys; sys.exit(4)")
    shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    assert subprocess.run(shell, env=environ, timeout=60, check=False).returncode == 4
    assert json.loads(Path("r.json").read_text())["exit_status"] == 4


def test_a_job_whose_output_nobody_reads_does_not_hold_up_the_budget():
    """The pipe is full and the job hangs in a write: it is stopped anyway."""
    source = "import os\nopen('ready', 'w').close()\nwhile True: os.write(1, b'x' * 65536)"
    command, environ = crowded_run("--max-energy", "1mWh", "--tick", "100ms", "--grace", "1s", source=source)
    began = time.monotonic()
    process = spawn.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.wait(60) == 1
        assert time.monotonic() - began < 30
    finally:
        process.kill()
        process.communicate()
