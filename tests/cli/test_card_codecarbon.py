"""The emissions.csv of the CodeCarbon that is installed, as the Trainer's callback makes it write one."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from carbon_lint.card.read import read_card

pytestmark = pytest.mark.skipif(importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed")

# As transformers' CodeCarbonCallback drives it, except for the place: offline the callback's tracker takes Quebec.
JOB = """
import json, sys, time
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(
    country_iso_code="FRA", output_dir=sys.argv[1], log_level="critical", measure_power_secs=1, force_cpu_power=20
)
for _ in range(2):
    tracker.start()
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        sum(range(1000))
    kilograms = tracker.stop()
print(json.dumps(kilograms))
"""


TASKS = """
import json, sys, time
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(
    country_iso_code="FRA", output_dir=sys.argv[1], log_level="critical", measure_power_secs=1, force_cpu_power=20
)
kilograms = 0
for name, seconds in (("load", 0.3), ("train", 0.9), ("evaluate", 0.2)):
    tracker.start_task(name)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))
    kilograms += tracker.stop_task().emissions
print(json.dumps([kilograms, tracker.stop()]))
"""


def output_of(job, folder):
    done = subprocess.run(
        [sys.executable, "-c", job, str(folder)], capture_output=True, text=True, check=True, timeout=100, cwd=folder
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_tasks_that_codecarbon_writes_are_added_up_and_are_a_part_of_the_run(cli, tmp_path):
    tasks_kg, whole_kg = output_of(TASKS, tmp_path)
    (tasks,) = tmp_path.glob("emissions_base_*.csv")
    card = tmp_path / "README.md"

    code, out, err = cli("card", card, "--from", tasks)
    assert code == 0, out + err
    assert read_card(card.read_bytes(), "README.md").block.get("emissions").value == pytest.approx(1000 * tasks_kg)

    code, out, err = cli("card", card, "--from", tasks, "--from", tmp_path / "emissions.csv")
    assert code == 0, out + err
    assert read_card(card.read_bytes(), "README.md").block.get("emissions").value == pytest.approx(1000 * whole_kg)


@pytest.mark.slow
def test_the_table_that_codecarbon_writes_is_taken_over(cli, tmp_path):
    kilograms = output_of(JOB, tmp_path)
    code, out, err = cli("card", tmp_path / "README.md", "--from", tmp_path / "emissions.csv")
    assert code == 0, out + err
    block = read_card((tmp_path / "README.md").read_bytes(), "README.md").block
    assert block.get("emissions").value == pytest.approx(1000 * kilograms, rel=1e-6)
    assert block.get("geographical_location").value == "France"
    assert block.get("source").value == "codecarbon"
