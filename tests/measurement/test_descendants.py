"""Which processes are below this one."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from carbon_lint.measurement.job import descendants

# Starts a child that sleeps and one that has ended and is not reaped, says their pids, and waits.
FAMILY = """
import os, subprocess, sys, time
sleeper = subprocess.Popen(["sleep", "60"])
ended = os.fork()
if ended == 0:
    os._exit(0)
while "Z" not in open(f"/proc/{ended}/stat").read().rpartition(")")[2].split()[0]:
    time.sleep(0.01)
print(sleeper.pid, ended, flush=True)
time.sleep(60)
"""


@pytest.fixture
def family():
    """The pids of a child of ours, its living child and its zombie."""
    parent = subprocess.Popen([sys.executable, "-S", "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    sleeper, ended = map(int, parent.stdout.readline().split())
    yield parent.pid, sleeper, ended
    for pid in (sleeper, parent.pid):
        psutil.Process(pid).kill()
    parent.wait()
    parent.stdout.close()


def test_children_and_their_children_are_found_by_pid_and_name_and_zombies_are_not(family):
    parent, sleeper, ended = family
    found = dict(descendants.living())
    assert found[sleeper] == "sleep"
    assert parent in found
    assert ended not in found


def test_who_is_excluded_is_left_out_with_all_that_is_below(family):
    parent, sleeper, _ = family
    found = dict(descendants.living(excluding={parent}))
    assert {parent, sleeper}.isdisjoint(found)


def test_the_table_of_processes_is_read_once_however_many_there_are(family, monkeypatch):
    """Read once a process it took longer than a cancelled job has."""
    passes = []
    read = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: passes.append(path) or read(path))
    assert family[1] in dict(descendants.living())
    assert len(passes) == 1


def test_kill_all_ends_them_and_leaves_the_excluded_alone(family):
    parent, sleeper, _ = family
    apart = subprocess.Popen(["sleep", "60"])
    try:
        assert descendants.kill_all(excluding={parent}) == []
        assert apart.wait() == -9
        assert psutil.Process(sleeper).status() != psutil.STATUS_ZOMBIE
    finally:
        apart.kill()
