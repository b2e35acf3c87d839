"""What a signal to carbon-lint does to the job, with carbon-lint as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests import spawn
from tests.measurement.processes import a_mark, fake_run, marked
from tests.waiting import wait_until

# A job that says when it is ready, notes each signal in a file, and ends at the second SIGINT or the first SIGTERM.
# Its sleeps are short: Python handles a signal that arrives just before a sleep only when that sleep ends.
LISTENER = """
import pathlib, signal, sys, time
def note(signum, frame):
    with open("received", "a") as stream: stream.write(f"{signum}\\n")
    if signum == signal.SIGTERM: sys.exit(0)
for signum in (1, 2, 10, 12, 15, 28): signal.signal(signum, note)
pathlib.Path("ready").touch()
for _ in range(600): time.sleep(0.1)
"""


@pytest.fixture
def started():
    """Start carbon-lint over a Python job; the job's `ready` file is there when it returns."""
    processes = []

    def start(source, *flags, mark="", **options):
        command, environ = fake_run(source, *flags, more=(mark,))
        process = spawn.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, **options)
        processes.append(process)
        wait_until(Path("ready").exists)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def record():
    return json.loads(Path("r.json").read_text())


def received():
    return [int(line) for line in Path("received").read_text().split()] if Path("received").exists() else []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_record_is_written(started, signum):
    ends = f"import signal, time, pathlib; signal.signal({int(signum)}, signal.SIG_DFL); pathlib.Path('ready').touch()"
    process = started(f"{ends}; time.sleep(60)", "--record", "r.json")
    process.send_signal(signum)

    assert process.wait(60) == 128 + signum
    assert record()["outcome"] == "interrupted"
    assert record()["exit_status"] == 128 + signum
    assert record()["energy_kwh"]["total"] > 0


def test_a_cancelled_job_that_exits_0_still_counts_as_cancelled(started):
    process = started(LISTENER, "--record", "r.json")
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 130
    assert (record()["outcome"], record()["exit_status"]) == ("interrupted", 0)
    assert received() == [signal.SIGTERM]


def test_the_whole_group_gets_the_signal(started):
    source = (
        "import os, signal, sys, time, pathlib\n"
        "def note(*a): pathlib.Path(f'received-{os.getpid()}').touch(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, note)\n"
        "child = os.fork()\n"
        "if not child: pathlib.Path('ready').touch()\n"
        "for _ in range(600): time.sleep(0.1)\n"
    )
    process = started(source)
    process.send_signal(signal.SIGTERM)
    process.wait(60)

    assert len(list(Path().glob("received-*"))) == 2


@pytest.mark.slow
def test_a_cancel_that_is_ignored_ends_within_the_runners_time(started):
    """GitHub's runner: SIGINT, after 7.5 s SIGTERM, 2.5 s later SIGKILL."""
    mark = a_mark()
    source = (
        "import pathlib, signal, time; signal.signal(2, signal.SIG_IGN); pathlib.Path('ready').touch(); time.sleep(60)"
    )
    for _ in range(5):  # a machine that is busy may take its time
        Path("ready").unlink(missing_ok=True)
        process = started(source, "--record", "r.json", "--grace", "30s", mark=mark)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)

        assert process.wait(60) == 137
        took_s = time.monotonic() - began
        assert took_s > 5.5
        assert record()["outcome"] == "interrupted"
        assert marked(mark) == []
        if took_s < 7.5:
            break
    assert took_s < 7.5


def test_the_third_ctrl_c_does_not_wait(started):
    process = started(LISTENER, "--grace", "60s")
    began = time.monotonic()
    for count in (1, 2, 3):
        process.send_signal(signal.SIGINT)
        if count < 3:
            wait_until(lambda wanted=count: len(received()) >= wanted)

    assert process.wait(60) == 137
    assert time.monotonic() - began < 30, "half of the grace"
    assert received()[:2] == [signal.SIGINT, signal.SIGINT]
    assert process.stderr.read().count("to end; once more kills it at once\n") == 1


def test_user_signals_and_resizes_are_passed_on_without_ending_anything(started):
    process = started(LISTENER)
    for count, signum in enumerate((signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH), 1):
        process.send_signal(signum)
        wait_until(lambda wanted=count: len(received()) == wanted)
    assert received() == [signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH]

    process.send_signal(signal.SIGTERM)
    process.wait(60)


def test_when_carbon_lint_is_killed_the_job_and_its_daemons_are_ended(started, monkeypatch):
    """Its temporary folders go, too: of the progress and of the containers' clients."""
    for folder in ("temporary", "bin"):
        Path(folder).mkdir()
    Path("bin/docker").write_text("#!/bin/sh\n")
    Path("bin/docker").chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(Path("temporary").absolute()))
    monkeypatch.setenv("PATH", f"{Path('bin').absolute()}:{os.environ['PATH']}")
    mark = a_mark()
    source = (
        "import os, pathlib, subprocess, sys, time\n"
        "sleeper = [sys.executable, '-S', '-c', 'import time; time.sleep(60)', sys.argv[1]]\n"
        "subprocess.Popen(sleeper, start_new_session=True)\n"
        "pathlib.Path('ready').touch()\n"
        "time.sleep(60)\n"
    )
    process = started(source, "--record", "r.json", mark=mark)
    wait_until(lambda: len(marked(mark)) >= 3)  # ours, the job, its daemon
    assert len(os.listdir("temporary")) == 2
    process.kill()

    wait_until(lambda: marked(mark) == [])
    wait_until(lambda: os.listdir("temporary") == [])
    assert not Path("r.json").exists()


def test_what_was_ignored_from_the_start_stays_ignored(started):
    """`nohup carbon-lint run ...` goes on when the terminal is closed."""
    source = "import pathlib, signal, time; pathlib.Path('ready').write_text(str(signal.getsignal(1)))\n"
    source += "while not pathlib.Path('go').exists(): time.sleep(0.01)"
    process = started(source, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    Path("go").touch()

    assert process.wait(60) == 0
    assert Path("ready").read_text() in {"1", "Handlers.SIG_IGN"}


def test_carbon_lint_stopped_for_a_while_makes_one_late_tick(started):
    source = "import pathlib, time; pathlib.Path('ready').touch()\n"
    source += "while not pathlib.Path('go').exists(): time.sleep(0.01)"
    process = started(source, "--record", "r.json", "--tick", "200ms")

    def moments():
        lines = Path("r.jsonl").read_text().splitlines()
        return [json.loads(line)["elapsed_s"] for line in lines if re.match(r'\{"elapsed_s".*\}$', line)]

    wait_until(moments)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    seen = len(moments())
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: len(moments()) >= seen + 3)
    gaps_s = [later - sooner for sooner, later in pairwise(moments())]
    Path("go").touch()

    assert process.wait(60) == 0
    assert max(gaps_s) > 0.9
    assert min(gaps_s) > 0.15, "what was missed is not made up for by ticks in a row"
    assert record()["energy_kwh"]["total"] > 1.0 * 1000 / 3600 / 1000, "the time in which it was stopped is counted"
