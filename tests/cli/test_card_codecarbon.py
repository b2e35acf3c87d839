"""The emissions.csv of the CodeCarbon that is installed, as the Trainer's callback makes it write one."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from carbon_lint.card.read import read_card

pytestmark = pytest.mark.skipif(importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed")

# As transformers' CodeCarbonCallback drives it, but for the place: offline the callback's tracker would say Quebec.
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


def test_the_table_that_codecarbon_writes_is_taken_over(cli, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", JOB, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
        cwd=tmp_path,
    )
    kilograms = json.loads(done.stdout.splitlines()[-1])
    code, out, err = cli("card", tmp_path / "README.md", "--from", tmp_path / "emissions.csv")
    assert code == 0, out + err
    block = read_card((tmp_path / "README.md").read_bytes(), "README.md").block
    assert block.get("emissions").value == pytest.approx(1000 * kilograms, rel=1e-6)
    assert block.get("geographical_location").value == "France"
    assert block.get("source").value == "codecarbon"
