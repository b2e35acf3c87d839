"""The step reads the job's progress from its output, and warns of the limit that it is heading over."""

from __future__ import annotations

import re
import sys

import pytest

from tests.github.runner import Runner

WARNED = r"heading for \d+% of the budget by the end of the job, going by "
# 400 of 10,000 steps of 20 ms: 8 s of 200 s
BAR = f"""{sys.executable} -c "
import time
from tqdm import tqdm
for step in tqdm(range(10_000)):
    time.sleep(0.02)
    if step == 400: break
"
"""


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


@pytest.fixture
def limit(runner):
    """`limit(seconds)`: about what this machine takes in that time."""
    step = runner.step(command="sleep 1", location="FRA")
    return lambda seconds: f"{float(step.outputs['energy-kwh']) * seconds:.9f} kWh"


@pytest.mark.slow
def test_a_bar_in_the_log_is_forecast_and_an_annotation(runner, limit):
    step = runner.step(command=BAR, max_energy=limit(50), location="FRA")
    assert step.succeeded, step.log
    (warning,) = (text for text in step.annotations("warning") if "heading for" in text)
    assert re.fullmatch(WARNED + r"its bar, \d+/10000", warning)
    assert step.log.count("heading for") == 1


def test_without_a_hard_limit_nothing_is_forecast(runner):
    command = "true"
    step = runner.step(command=command, location="FRA", expected_duration="1h")
    assert any("`expected-duration`" in text for text in step.annotations("notice"))


def test_the_expected_duration_serves_if_the_job_prints_no_progress(runner, limit):
    step = runner.step(command="sleep 3", max_energy=limit(10), location="FRA", expected_duration="1min")
    assert step.succeeded, step.log
    (warning,) = (text for text in step.annotations("warning") if "heading for" in text)
    assert re.fullmatch(WARNED + "the 1 min 00 s that it is expected to take", warning)
