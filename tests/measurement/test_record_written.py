"""Whatever the job leaves behind, and whatever things are called: the record is written, and sums can take it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from carbon_lint.measurement import nested
from carbon_lint.measurement.recover import recover
from carbon_lint.records.folder import group_sum
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record
from tests.measurement.fake_meter import FakeMeter

TABLE = b"timestamp,emissions,energy_consumed,duration\n2999-01-01T00:00:00,1,0.5,60\n"
WRITES_A_TABLE = f"import os; os.mkdir(b'out\\xff'); open(b'out\\xff/emissions.csv', 'wb').write({TABLE!r})"


def test_bytes_that_are_not_utf8_cost_no_record(run):
    record = run(WRITES_A_TABLE, record_path="r\udcfe.json", run_group="g\udcff")
    assert load_record("r\udcfe.json") == recover("r\udcfe.jsonl") == record
    assert record.run_group == r"g\udcff"
    assert any(r"CodeCarbon wrote out\udcff/emissions.csv" in text for text in record.warnings)


def test_attempts_of_a_group_whose_name_is_not_utf8_are_summed(run):
    first = run("pass", record_path="r.json", run_group="g\udcff")
    second = run("pass", record_path="r.json", run_group="g\udcff")
    merged = group_sum(second, "r.json").record
    assert merged.energy_kwh.total == pytest.approx(first.energy_kwh.total + second.energy_kwh.total)


def test_nothing_that_is_looked_at_after_the_job_can_lose_the_record(run, monkeypatch):
    def stumble(record, folder):
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(nested, "notes", stumble)
    with pytest.raises(RuntimeError):
        run("pass", record_path="r.json")
    assert load_record("r.json").outcome is Outcome.COMPLETED
    assert recover("r.jsonl") == load_record("r.json")


def test_a_warning_names_the_notes_that_a_record_lacks_if_it_could_not_be_replaced(run, monkeypatch):
    real = nested.notes

    def protected(record, folder):
        Path("r.json").chmod(0o444)
        return real(record, folder)

    monkeypatch.setattr(nested, "notes", protected)
    record = run(WRITES_A_TABLE, record_path="r.json")
    assert "could not add the note about the job's own CodeCarbon to the record: " in record.warnings[-1]
    assert load_record("r.json").run_id == record.run_id


class Cancelled(FakeMeter):
    def start(self):
        super().start()
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_run_whose_job_was_not_started_stops_no_sum_over_its_group(run):
    first = run("pass", record_path="a.json", run_group="g")
    record = run("pass", record_path="b.json", run_group="g", meter=Cancelled(distort=lambda _: None))
    assert (record.run_group, record.exit_status, record.energy_kwh.total) == (None, None, None)
    assert load_record("b.json") == record
    assert any("the job was never started, so this record is left out of group 'g'" in text for text in record.warnings)
    third = run("pass", record_path="c.json", run_group="g")
    merged = group_sum(third, "c.json").record
    assert merged.energy_kwh.total == pytest.approx(first.energy_kwh.total + third.energy_kwh.total)
