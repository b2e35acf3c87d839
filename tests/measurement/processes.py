"""Starting `run` with the fake meter, and finding processes by a mark in their command line."""

from __future__ import annotations

import os
import sys
import uuid

import psutil

from tests.conftest import ROOT


def fake_run(source, *flags, python=("-S",), more=()):
    """The command and the environment of `run` with the fake meter, over a job that is Python source."""
    ours = [sys.executable, "-m", "tests.measurement.run_fake", *flags]
    return [*ours, "--", sys.executable, *python, "-c", source, *more], {**os.environ, "PYTHONPATH": str(ROOT)}


def a_mark():
    """A word that no other process has in its command line."""
    return f"mark-{uuid.uuid4().hex}"


def marked(mark):
    """Pids of living processes whose command line holds `mark`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        is_alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if is_alive and any(mark in word for word in process.info["cmdline"] or ()):
            found.append(process.pid)
    return found
