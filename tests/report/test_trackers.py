"""A run in an experiment tracker: trackio's real store, and the recipes of the documentation."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.measurement.journal import reading_to_json
from carbon_lint.measurement.meter import Reading, power_between_w
from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Energy
from carbon_lint.records.store import write_record
from carbon_lint.trackers.trackio import curve, final
from tests.conftest import ROOT
from tests.report.runs import RECORD, record
from tests.report.test_page import readings


def test_the_curve_has_times_and_no_figure_that_was_not_measured():
    first, second, *_ = curve(RECORD, readings(12))
    assert first.at == "2026-11-24T10:00:00+00:00"
    assert second.at == "2026-11-24T10:00:01+00:00"
    assert second.figures.keys() == {
        "carbon/emissions_g", "carbon/energy_kwh", "carbon/power_w", "carbon/gpu_power_w", "carbon/ram_power_w",
    }  # fmt: skip
    assert second.figures["carbon/ram_power_w"] == pytest.approx(10.0)
    assert "carbon/power_w" not in first.figures
    nothing = Reading(elapsed_s=1.0, energy_kwh=Energy(total=None), emissions_g=None)
    assert curve(RECORD, [nothing])[0].figures == {}
    assert curve(RECORD, []) == []


def test_power_is_that_since_the_reading_before_and_of_the_first_one_since_the_start():
    first, second, soon = (
        Reading(elapsed_s=at_s, energy_kwh=Energy(total=joules / 3.6e6), emissions_g=None)
        for at_s, joules in ((2.0, 200.0), (4.0, 700.0), (4.01, 705.0))
    )
    assert power_between_w(None, first) == pytest.approx(100)
    assert power_between_w(first, second) == pytest.approx(250)
    assert power_between_w(second, soon) is None, "a counter may have moved once within these 10 ms"
    assert power_between_w(first, second, "gpu") is None


def test_the_final_figures_have_their_range_and_their_measured_share():
    figures = final(RECORD).figures
    assert figures["carbon/total_emissions_g"] == 12.34
    assert figures["carbon/total_emissions_g_low"] < 12.34 < figures["carbon/total_emissions_g_high"]
    assert figures["carbon/measured_share"] == pytest.approx(0.818, abs=0.001)
    unmeasured = final(record(emissions_g=None, energy_kwh=Energy(total=None), intensity=None)).figures
    assert unmeasured.keys() == {"carbon/outcome", "carbon/run_id", "carbon/total_duration_s"}


REAL = """
import warnings; warnings.simplefilter("ignore")
import contextlib, io, json, sys
import trackio
from trackio import SQLiteStorage as store
from carbon_lint.cli import main

with contextlib.redirect_stdout(io.StringIO()):
    trackio.init(project="models", name="night", embed=False)
    trackio.log({"loss": 0.5}); trackio.log({"loss": 0.4}); trackio.finish()
said = []
for arguments in (["--tracker-run", "night"], ["--tracker-run", "night"], []):
    error = io.StringIO()
    with contextlib.redirect_stderr(error):
        assert main(["report", "r.json", "--tracker", "trackio", *arguments]) == 0
    said.append(error.getvalue())
night = [each for each in store.get_run_records("models") if each["name"] == "night"]
curve = store.get_system_logs("models", "night", night[0]["id"])
logs = store.get_logs("models", "night", run_id=night[0]["id"])
error = io.StringIO()
with contextlib.redirect_stderr(error):
    refused = main(["report", "r.json", "--tracker", "trackio", "--tracker-project", "registry-x"])
print(json.dumps([said, len(night), curve, logs, [each["name"] for each in store.get_run_records("models")],
                  refused, error.getvalue()], default=str))
"""


@pytest.mark.slow
def test_a_real_store_takes_the_curve_once_into_a_run_that_is_there_or_a_new_one():
    write_record(RECORD, "r.json")
    lines = [{"format": "carbon-lint/journal@1", "record": record_to_json(RECORD), "limits": {}}]
    lines += map(reading_to_json, readings(30))
    Path("r.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    environ = {**os.environ, "TRACKIO_DIR": os.path.abspath("trackio"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", REAL], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    message, runs, points, logs, names, refused, error = json.loads(done.stdout.splitlines()[-1])

    assert message[0] == "carbon-lint: trackio: 31 rows written into run 'night' of project 'models'\n"
    assert message[1].endswith("'models'; 31 were there already\n")
    assert message[2].startswith("carbon-lint: trackio: 31 rows written into new run 'carbon-lint-r1' of project")
    assert (runs, len(points), sorted(names)) == (1, 30, ["carbon-lint-r1", "night"])
    assert points[5]["timestamp"].startswith("2026-11-24T10:00:05")
    assert points[5]["carbon/ram_power_w"] == pytest.approx(10.0)
    assert [each["loss"] for each in logs if "loss" in each] == [0.5, 0.4]
    (last,) = (each for each in logs if "carbon/total_emissions_g" in each)
    assert (last["carbon/total_emissions_g"], last["step"]) == (12.34, 1)
    assert refused == 2
    assert "trackio refuses it" in error


def test_without_trackio_it_names_what_to_install(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackio", None)
    write_record(RECORD, "r.json")
    code, out, err = cli("report", "r.json", "--tracker", "trackio")
    assert (code, out) == (2, "")
    assert "--tracker trackio needs trackio: the package is missing" in err
    assert "carbon-lint[trackio]" in err


def recipes():
    text = (ROOT / "docs" / "trackers.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


class Recorded:
    """Stands for a tracker's module: takes any call and keeps it."""

    def __init__(self, calls, name=""):
        self.calls, self.name = calls, name

    def __getattr__(self, name):
        return Recorded(self.calls, f"{self.name}.{name}".lstrip("."))

    def __call__(self, *given, **named):
        self.calls.append((self.name, given, named))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_the_recipes_for_other_trackers_hand_over_the_figures(monkeypatch):
    write_record(RECORD, "r.json")
    found = recipes()
    assert len(found) == 3
    for recipe in found:
        ast.parse(recipe)
        assert len(recipe.strip().splitlines()) <= 12
        calls = []
        for name in ("mlflow", "wandb", "torch", "torch.utils", "torch.utils.tensorboard"):
            monkeypatch.setitem(sys.modules, name, Recorded(calls))
        exec(compile(recipe, "docs/trackers.md", "exec"), {})
        assert "12.34" in repr(calls), recipe
        assert "0.22" in repr(calls), recipe
