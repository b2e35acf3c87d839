"""The sum over a run group holds every run of it that left a trace, once, or there is no sum."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.errors import InputError
from carbon_lint.measurement.journal import Journal
from carbon_lint.measurement.recover import recover
from carbon_lint.records.folder import group_sum, records_in
from carbon_lint.records.merge.merge import NamedRecord, merge
from carbon_lint.records.record import Outcome
from carbon_lint.records.storage import HEAD_BYTES
from carbon_lint.records.store import load_record, record_to_json, write_record
from tests.cases import cases
from tests.measurement.fake_meter import FakeMeter
from tests.records.builders import a_record, fitting

NO_LIMITS = {"max_emissions_g": None, "max_energy_kwh": None}


def attempt(run_id, hour=10, **changes):
    times = {"started_at": f"2026-11-24T{hour}:00:00Z", "ended_at": f"2026-11-24T{hour + 1}:00:00Z"}
    return fitting(a_record(**{"run_id": run_id, "run_group": "g", **times, **changes}))


def journal(path, run_id, *, readings=2, has_ended=False, **changes):
    """As a run leaves it that is killed, or that could not write its record."""
    started = attempt(run_id, outcome=Outcome.INTERRUPTED, exit_status=None, **changes)
    lines = Journal(Path(path))
    lines.write_header(record_to_json(started), NO_LIMITS)
    meter = FakeMeter(power_w=1000.0, clock=iter(range(readings + 2)).__next__)
    meter.start()
    for second in range(readings):
        lines.write_reading(replace(meter.read(), elapsed_s=second + 1.0))
    if has_ended:
        lines.write_record(record_to_json(started))
    lines.close()


def parts(path):
    return group_sum(load_record(path), path).record.merged_from


def saved(record, path):
    Path(path).parent.mkdir(exist_ok=True, parents=True)
    write_record(record, path)
    return path


def sum_of(*records):
    return merge([NamedRecord(name=record.run_id, record=record) for record in records]).record


@cases("has_ended", [False, True])
def test_an_attempt_that_left_its_journal_alone_stops_the_sum_until_it_is_recovered(has_ended):
    path = saved(attempt("two", 12), "my records/r.json")
    journal("my records/r.one.jsonl", "one", has_ended=has_ended)
    with pytest.raises(
        InputError, match=r"r\.one\.jsonl is the journal of a run of group 'g' that has no record here"
    ) as caught:
        group_sum(load_record(path), path)
    assert "carbon-lint recover 'my records/r.one.jsonl'" in caught.value.hint
    saved(recover("my records/r.one.jsonl"), "my records/r.one.json")
    assert parts(path) == ("one", "two")


@cases(
    "left",
    [
        lambda: journal("a.jsonl", "one", run_group="other"),
        lambda: journal("a.jsonl", "one", run_group=None),
        lambda: journal("a.jsonl", "two"),
        lambda: journal("a.jsonl", "one", readings=0),
        lambda: Path("data.jsonl").write_text('{"elapsed_s": 1}\n'),
        lambda: Path("torn.jsonl").write_text('{"format": "carbon-lint/journal@1", "rec'),
        lambda: os.mkfifo("pipe.jsonl"),
    ],
    ids=["another group", "no group", "this run", "no reading", "no journal", "torn", "a pipe"],
)
def test_other_journals_stop_no_sum(left):
    path = saved(attempt("two", 12), "r.json")
    left()
    assert group_sum(load_record(path), path).record == load_record(path)


def test_a_run_that_a_sum_holds_is_not_missing():
    path = saved(attempt("three", 14), "r.json")
    saved(sum_of(attempt("one"), attempt("two", 12)), "first.json")
    journal("one.jsonl", "one")
    assert parts(path) == ("one", "three", "two")


def test_a_sum_whose_parts_lie_elsewhere_counts():
    saved(sum_of(attempt("one"), attempt("two", 12)), "first.json")
    path = saved(attempt("three", 14), "second.json")
    assert group_sum(load_record(path), path).record.energy_kwh.total == pytest.approx(3 * 1.25)


def test_sums_whose_parts_are_all_there_count_once():
    one, two, three = attempt("one"), attempt("two", 12), attempt("three", 14)
    first = sum_of(one, two)
    saved(first, "first.json")
    saved(first, "copy.json")
    saved(sum_of(first, three), "all.json")
    path = saved(three, "three.json")
    assert parts(path) == ("one", "three", "two")
    saved(one, "one.json")
    with pytest.raises(InputError, match="both hold run one"):
        parts(path)
    saved(two, "two.json")
    assert parts(path) == ("one", "three", "two")


def test_of_a_link_what_lies_beside_it_and_beside_its_file_counts_once_each():
    target = saved(attempt("three", 14), "scratch/r.json")
    saved(attempt("one"), "scratch/r.one.json")
    saved(attempt("two", 12), "records/two.json")
    Path("records/r.json").symlink_to(os.path.abspath(target))
    Path("records/latest.json").symlink_to("r.json")
    merged = group_sum(load_record(target), "records/r.json")
    assert merged.record.merged_from == ("one", "three", "two")
    assert merged.notes == ()


def test_a_data_set_beside_the_records_is_not_read_whole(monkeypatch):
    saved(attempt("one"), "r.json")
    Path("dataset.json").write_bytes(b" " * 8 * HEAD_BYTES)
    size_read = []
    opened = Path.open

    def counted(self, *arguments):
        stream = opened(self, *arguments)
        read = stream.read
        size_read.append(0)

        class Counted:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                stream.close()

            def read(self, *size):
                data = read(*size)
                size_read[-1] += len(data)
                return data

        return Counted()

    monkeypatch.setattr(Path, "open", counted)
    assert [item.record.run_id for item in records_in(".")] == ["one"]
    assert max(size_read) == HEAD_BYTES


@pytest.mark.slow
def test_a_record_longer_than_what_is_looked_at_is_read_to_its_end():
    command = ("python", "x" * 2 * HEAD_BYTES)
    saved(attempt("one", command=command), "r.json")
    assert records_in(".")[0].record.command == command
