"""Running real children under the fake meter."""

from __future__ import annotations

import os
import sys

import pytest

from carbon_lint.measurement.request import RunRequest
from carbon_lint.measurement.run import measure
from carbon_lint.records.store import find_problem, record_to_json
from tests.measurement.fake_meter import FakeMeter


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

    def __call__(self, *command, meter=None, **options):
        """Run a command; a single string with a newline or blank is Python source."""
        if len(command) == 1:
            command = (sys.executable, "-S", "-c", command[0])
        options = {"environ": dict(os.environ), "grace_s": 2.0, "tick_s": 0.05, **options}
        record = measure(RunRequest(command=command, **options), meter or FakeMeter(), self.progress.append)
        assert find_problem(record_to_json(record)) is None
        return record


@pytest.fixture
def run():
    """`record = run("python source", ...)`; `run.notices` is what was said."""
    return Runs()
