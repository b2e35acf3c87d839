"""How a job ends, and that nothing of it outlives the run. Real children throughout."""

from __future__ import annotations

import contextlib
import gc
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.errors import CommandNotRunnableError
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.job.descendants import children, find_process
from carbon_lint.measurement.job.job import Job, JobState
from carbon_lint.measurement.request import OnLoss
from carbon_lint.records.record import Outcome, StoppedBy, exit_code
from tests import spawn
from tests.conftest import ROOT
from tests.measurement.fake_meter import FakeMeter, PatientMeter
from tests.measurement.processes import a_mark, marked
from tests.waiting import wait_until

TINY = Budget(max_energy_kwh=0.01)  # the fake meter is over it in 10 ms


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_the_exit_status_passes_through(run, status):
    record = run(f"raise SystemExit({status})")

    assert record.exit_status == status
    assert exit_code(record) == status
    assert record.outcome is (Outcome.FAILED if status else Outcome.COMPLETED)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_signal_gives_the_status_that_a_shell_gives(run, signum):
    record = run(f"import os; os.kill(os.getpid(), {int(signum)})")

    assert record.exit_status == exit_code(record) == 128 + signum
    assert record.outcome is Outcome.FAILED


def test_a_missing_command_is_127_and_starts_no_meter(run):
    meter = FakeMeter()
    with pytest.raises(CommandNotRunnableError, match="command not found: 'no-such-program'") as caught:
        run("no-such-program", "x", meter=meter)
    assert caught.value.exit_code == 127
    assert meter.reads == 0


def test_a_file_that_is_not_executable_is_126(run, tmp_path):
    script = tmp_path / "train.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(CommandNotRunnableError, match="Permission denied") as caught:
        run(str(script), "x")
    assert caught.value.exit_code == 126


@pytest.mark.parametrize("first_line", ["#!/no/such/interpreter", "no first line"])
def test_a_script_that_the_kernel_refuses_is_126_and_stops_the_meter(run, tmp_path, first_line):
    script = tmp_path / "train.sh"
    script.write_text(f"{first_line}\n")
    script.chmod(0o755)
    meter = FakeMeter()
    with pytest.raises(CommandNotRunnableError) as caught:
        run(str(script), "x", meter=meter)
    assert caught.value.exit_code == 126
    assert meter.is_stopped


def test_over_a_hard_limit_the_job_is_asked_first(run):
    record = run(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))\n"
        "open('ready', 'w').close()\n"
        "for _ in range(600): time.sleep(0.1)",  # a signal just before a sleep is handled when that sleep ends
        meter=PatientMeter(),
        budget=TINY,
    )

    assert record.outcome is Outcome.OVER_BUDGET
    assert record.over_budget
    assert record.exit_status == 0, "the job saved its checkpoint and left"
    assert exit_code(record) == 1
    assert any("an incomplete training" in warning for warning in record.warnings)
    assert record.duration_s < 30
    assert any("over budget: max-energy" in notice for notice in run.notices)


def test_a_job_that_ignores_the_request_is_killed_with_its_children(run):
    mark = a_mark()
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w'); time.sleep(60)"
    record = run(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-S', '-c', {child!r}, '{mark}'])\n"
        "time.sleep(60)\n",
        meter=PatientMeter(),
        budget=TINY,
        grace_s=0.3,
    )

    assert record.exit_status == 137
    assert exit_code(record) == 1
    assert record.duration_s < 30
    assert marked(mark) == []


SAVES = """
import os, signal, subprocess, time
def save(signum, _):
    with open("asked", "a") as file:
        file.write(f"{signum} ")
    print("saving", flush=True)
    if subprocess.call(["sleep", "0.7"]) == 0:
        os.rename("ready", "saved")
    os._exit(0)
signal.signal(signal.SIGTERM, save)
signal.signal(signal.SIGINT, save)
open("ready", "w").close()
while True:
    time.sleep(0.1)
"""
TRAIN = f"{sys.executable} -S train.py"
STARTS = "import subprocess, sys; subprocess.Popen([sys.executable, '-S', 'train.py'], start_new_session={}).wait()"
PASSING_ON = {"a group of its own", "a session of its own"}  # may send it a second one
LAUNCHERS = {
    "bash": ("bash", "-c", f"{TRAIN}; exit $?"),
    "sh": ("sh", "-c", f"{TRAIN}; exit $?"),
    "a pipeline": ("bash", "-c", f"{TRAIN} 2>&1 | tee log; exit $?"),
    "a group of its own": ("bash", "-c", f"timeout 100 {TRAIN}; exit $?"),
    "python": (sys.executable, "-S", "-c", STARTS.format(False)),
    "a session of its own": (sys.executable, "-S", "-c", STARTS.format(True)),
}


@pytest.fixture
def stopped(monkeypatch):
    """Start a job whose training saves a checkpoint for a second, and end it when the training is ready."""
    for constant in ("SETTLE_S", "STRAGGLER_GRACE_S"):
        monkeypatch.setattr(f"carbon_lint.measurement.job.guardian.{constant}", 0.2)
    Path("train.py").write_text(SAVES)

    def stop(command, signum=None, grace_s=60.0):
        job = Job(command, os.environ)
        try:
            job.start()
            wait_until(Path("ready").exists)
            if signum is None:
                job.end(grace_s, StoppedBy.BUDGET)
            else:
                job.cancel(signum, grace_s)
            wait_until(lambda: job.poll() is JobState.GONE)
        finally:
            job.close()
        return job

    return stop


@pytest.mark.parametrize("signum", [None, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_training_keeps_its_grace_though_its_launcher_ends_at_once(stopped, launcher, signum):
    """It is asked once, and what it starts to save its checkpoint, or prints meanwhile, is not cut off."""
    job = stopped(LAUNCHERS[launcher], signum)
    asked = Path("asked").read_text()
    assert (Path("saved").exists(), job.notices) == (True, [])
    assert asked == f"{int(signum or signal.SIGTERM)} " or launcher in PASSING_ON


@pytest.mark.parametrize("launcher", ["bash", "a group of its own", "a session of its own"])
def test_a_suspended_job_is_suspended_whole(launcher):
    """As by Ctrl-Z: a training that went on meanwhile would be held to no limit."""
    Path("train.py").write_text(f"import os; open('pid', 'w').write(f'{{os.getpid()}} ')\n{SAVES}")

    def state():
        return find_process(int(Path("pid").read_text())).columns[0]

    job = Job(LAUNCHERS[launcher], os.environ)
    try:
        job.start()
        wait_until(Path("ready").exists)
        job.signal(signal.SIGSTOP)
        wait_until(lambda: state() == b"T")
        job.signal(signal.SIGCONT)
        wait_until(lambda: state() != b"T")
    finally:
        job.close()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_what_ignores_the_signal_of_a_stopped_job_is_ended_and_named(stopped, signum):
    """A script's `command &` ignores SIGINT: it gets SIGTERM. What ignores that, too, has the grace and no longer."""
    mark = a_mark()
    ignores = f"import signal, time; signal.signal(15, signal.SIG_IGN); open('stub', 'w'); time.sleep(60) # {mark}"
    stub = shlex.join([sys.executable, "-S", "-c", ignores])
    script = f"{stub} & {TRAIN} & while [ ! -e stub ]; do sleep .01; done; wait"
    job = stopped(("bash", "-c", script), signum, 1.5)
    assert Path("saved").exists()
    (notice,) = job.notices
    assert "had left processes running" in notice
    assert marked(mark) == []


def test_a_job_may_finish_over_budget(run):
    record = run("pass", until=run.is_over, budget=TINY, on_exceed=OnLoss.FINISH)

    assert record.outcome is Outcome.OVER_BUDGET
    assert record.exit_status == 0
    assert exit_code(record) == 1


def test_a_job_that_fails_by_itself_over_budget_keeps_its_status(run):
    record = run("raise SystemExit(3)", until=run.is_over, budget=TINY, on_exceed=OnLoss.FINISH)

    assert record.outcome is Outcome.FAILED
    assert record.over_budget
    assert exit_code(record) == 3


def test_daemons_that_left_the_session_are_ended_when_the_job_ends(run, monkeypatch):
    # The guardian is forked: it inherits this.
    monkeypatch.setattr("carbon_lint.measurement.job.guardian.STRAGGLER_GRACE_S", 0.5)
    mark = a_mark()
    daemon = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "open(sys.argv[2], 'w').close()\n"
        "time.sleep(60)\n"
    )
    script = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-S', '-c', {daemon!r}, '{mark}', 'ready'])\n"
        "while not os.path.exists('ready'): time.sleep(0.01)\n"
    )
    limit = {"budget": Budget(max_energy_kwh=0.45), "on_exceed": OnLoss.FINISH}
    record = run(script, meter=PatientMeter(), grace_s=0.3, **limit)

    assert marked(mark) == []
    assert record.over_budget, "the time that the daemon held on was measured too"
    assert any("had left processes running" in warning for warning in record.warnings)


def test_a_neighbour_of_the_job_is_left_alone(run):
    mark = a_mark()
    neighbour = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)", mark])
    try:
        run("import time; time.sleep(60)", budget=TINY, grace_s=0.2)
        assert neighbour.poll() is None
    finally:
        neighbour.kill()
        neighbour.wait()


def test_a_job_that_ends_in_a_millisecond_is_measured(run):
    record = run("/bin/true", "x")

    assert record.outcome is Outcome.COMPLETED
    assert record.energy_kwh.total > 0


def test_a_job_that_kills_its_parent_is_ended_and_leaves_its_record(run):
    mark = a_mark()
    record = run(
        "import os, signal, subprocess, sys, time\n"
        "sleeper = [sys.executable, '-S', '-c', 'import time; time.sleep(60)']\n"
        f"subprocess.Popen([*sleeper, '{mark}'], start_new_session=True)\n"
        "os.kill(os.getppid(), signal.SIGKILL)\n"
        "time.sleep(60)\n"
    )

    assert record.outcome is Outcome.FAILED
    assert record.exit_status == 137
    assert marked(mark) == []
    assert any("watched over the job was killed" in warning for warning in record.warnings)


def test_a_job_in_its_own_session_inherits_neither_locks_nor_handlers(run, capfd):
    run(
        "import os, signal\n"
        "print(os.getsid(0) == os.getpid(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,\n"
        "      signal.pthread_sigmask(signal.SIG_BLOCK, []), sorted(map(int, os.listdir('/proc/self/fd')))[:-1])\n",
        record_path="r.json",
    )
    assert capfd.readouterr().out == "True True set() [0, 1, 2]\n"


def test_a_descriptor_that_was_left_open_for_the_program_reaches_the_job(tmp_path):
    """As PMI_FD, through which an MPI launcher talks to each rank: without it MPI_Init fails."""
    read_end, write_end = os.pipe()
    command = (sys.executable, "-m", "tests.measurement.run_fake", "--record", tmp_path / "r.json", "--")
    script = f"import os; os.write({write_end}, b'heard'); print(*os.listdir('/proc/self/fd'))"
    with spawn.Popen(
        (*command, sys.executable, "-c", script),
        pass_fds=[write_end],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(write_end)
        listed = process.communicate(timeout=60)[0].split()
    with open(read_end) as stream:
        assert stream.read() == "heard"
    assert process.returncode == 0
    assert set(listed) <= {"0", "1", "2", "3", str(write_end)}, "3 is the listing's own"


def test_a_stopped_job_is_still_ended(run):
    stop = "import os, signal; open('ready', 'w').close(); os.kill(os.getpid(), signal.SIGSTOP)"
    record = run(stop, meter=PatientMeter(), budget=TINY, grace_s=30.0)

    assert record.exit_status == 128 + signal.SIGTERM
    assert record.duration_s < 30, "SIGTERM was heard, for the job was continued"


def test_a_burst_of_forks_is_hunted_down(run):
    mark = a_mark()
    script = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for _ in range(60):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        while True:\n"
        "            time.sleep(0.2)\n"
        "            if os.fork(): os._exit(0)\n"  # hops from pid to pid
        "open('ready', 'w').close()\n"
        "time.sleep(60)\n"
    )
    record = run(sys.executable, "-S", "-c", script, mark, meter=PatientMeter(), budget=TINY, grace_s=0.2)

    assert record.exit_status == 137
    assert marked(mark) == []


def open_files():
    """What each descriptor of this process leads to, by number; not the one that lists them."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


def test_nothing_of_ours_is_left_behind(run):
    run("pass")  # what the process opens once, and keeps, is open before the count
    # An earlier test's garbage may be collected in between, so fewer may be open afterwards.
    before, those_before = open_files(), children()
    run("pass")
    run("pass", record_path="r.json")
    gc.collect()

    assert dict(open_files().items() - before.items()) == {}
    assert set(children()) - set(those_before) == set()
