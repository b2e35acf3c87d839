"""Running real children under the fake meter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import measure
from carbon_lint.records.store import record_from_json, record_to_json
from tests.measurement.fake_meter import FakeMeter

WAITS = "import os, time\nwhile not os.path.exists(os.path.expanduser('~/enough')): time.sleep(0.01)\n"


class Runs:
    """What the loop reported."""

    def __init__(self):
        self.progress = []

    @property
    def notices(self):
        return [notice for progress in self.progress for notice in progress.notices]

    @property
    def forecasts(self):
        return [progress.forecast_warning for progress in self.progress if progress.forecast_warning]

    def is_over(self):
        return any(notice.startswith("over budget") for notice in self.notices)

    def __call__(self, *command, meter=None, until=None, **options):
        """
        Run a command; a single string is Python source.

        There is a file `~/enough` when the loop has made `until` reports, or when `until()` is true after one of them.
        A source that does not look for the file waits for it first.
        """
        enough = Path.home() / "enough"
        enough.unlink(missing_ok=True)
        if isinstance(until, int):
            before, wanted = len(self.progress), until

            def until():
                return len(self.progress) - before >= wanted

        def take(progress):
            self.progress.append(progress)
            if until is not None and until():
                enough.touch()

        if len(command) == 1:
            waits = "" if until is None or "~/enough" in command[0] else WAITS
            command = (sys.executable, "-S", "-c", waits + command[0])
        options = {"environ": dict(os.environ), "grace_s": 2.0, "tick_s": 0.05, **options}
        record = measure(RunRequest(command=command, **options), meter or FakeMeter(), take)
        record_from_json(record_to_json(record))
        return record


@pytest.fixture
def run():
    """`record = run("python source", until=4)` ends with the loop's fourth report; `run.notices` is what it said."""
    return Runs()
