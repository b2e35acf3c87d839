"""A job that has a CodeCarbon of its own, as the Trainer's callback starts one: reported, never added."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from carbon_lint.measurement import nested
from tests.cases import cases
from tests.records.builders import a_record
from tests.records.test_emissions_csv import table

JOB = """
import time
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(country_iso_code="FRA", output_dir="out", log_level="critical", force_cpu_power=1)
tracker.start()
time.sleep(0.5)
tracker.stop()
"""
NOW = "2026-11-24T10:30:00"  # within the hour of `a_record`, whose clock is UTC as that of the tests


def put(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(table(*rows))
    os.utime(path, (time.time(), time.time()))


@pytest.mark.slow
def test_the_jobs_own_tracker_is_reported_and_not_added(carbon_lint, tmp_path):
    (tmp_path / "out").mkdir()
    run = carbon_lint(
        *("run", "--location", "FRA", "--record", tmp_path / "r.json", "--", sys.executable, "-c", JOB), cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    reported = [text for text in record["warnings"] if "the job's own CodeCarbon wrote out/emissions.csv" in text]
    assert len(reported) == 1
    assert "it counts the same energy and was not added" in reported[0]
    parts = record["energy_kwh"]
    assert parts["total"] == pytest.approx(parts["cpu"] + parts["ram"])


def test_energy_and_time_are_set_beside_those_of_the_run(tmp_path):
    put(tmp_path / "out" / "emissions.csv", {"timestamp": NOW, "energy_consumed": "1.0", "duration": "2700"})
    (reported,) = nested.notes(a_record(), str(tmp_path))
    assert "1 kWh, 80 % of this run's energy in 75 % of its time; it counts" in reported


def test_only_what_was_written_meanwhile_counts_and_of_a_run_its_last_row(tmp_path):
    put(
        tmp_path / "emissions.csv",
        {"timestamp": "2026-11-23T10:30:00", "run_id": "yesterday", "energy_consumed": "7"},
        {"timestamp": NOW, "run_id": "now", "energy_consumed": "0.1"},
        {"timestamp": NOW, "run_id": "now", "energy_consumed": "0.3"},
    )
    (reported,) = nested.notes(a_record(), str(tmp_path))
    assert "wrote emissions.csv: 300 Wh, " in reported


def test_more_than_the_whole_run_and_coordinates_give_a_warning(tmp_path):
    put(tmp_path / "emissions.csv", {"timestamp": NOW, "energy_consumed": "9", "longitude": "2.35", "latitude": "48.8"})
    more, where = nested.notes(a_record(), str(tmp_path))
    assert "more than the whole run" in more
    assert "longitude and latitude" in where


def test_a_table_that_cannot_be_read_is_reported(tmp_path):
    (tmp_path / "emissions.csv").write_text("not a table")
    (reported,) = nested.notes(a_record(), str(tmp_path))
    assert "emissions.csv was written while the job ran and is not a table of CodeCarbon's" in reported


def test_hidden_and_distant_tables_are_skipped(tmp_path):
    put(tmp_path / ".cache" / "emissions.csv", {"timestamp": NOW})
    put(Path(tmp_path, "a", "b", "c", "d", "e") / "emissions.csv", {"timestamp": NOW})
    assert nested.notes(a_record(), str(tmp_path)) == ()


@cases("zone", ["", "+05:00", "-05:00"])
@cases("stamp", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "no time"])
def test_a_time_at_the_ends_of_the_calendar_stops_nothing(tmp_path, stamp, zone):
    put(tmp_path / "a" / "emissions.csv", {"timestamp": stamp + zone, "run_id": "odd"})
    put(tmp_path / "b" / "emissions.csv", {"timestamp": NOW, "energy_consumed": "0.3"})
    reported = nested.notes(a_record(), str(tmp_path))
    assert any("wrote b/emissions.csv" in note for note in reported)


def test_a_fifo_of_that_name_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "emissions.csv")
    opened = []

    def read(path):
        opened.append(path)
        raise FileNotFoundError

    monkeypatch.setattr(nested, "read_log", read)
    assert nested.notes(a_record(), str(tmp_path)) == ()
    assert opened == []
