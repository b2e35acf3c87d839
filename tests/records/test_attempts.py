"""Attempts of one run group under one name: none takes the place of another, so that the card's sum holds them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_lint.errors import OutputError
from carbon_lint.records.folder import group_sum, keep_earlier, records_in
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, write_record
from tests.cases import cases
from tests.records.builders import a_record, fitting

LATER = {"started_at": "2026-11-24T12:00:00Z", "ended_at": "2026-11-24T13:00:00Z"}


def attempt(run_id, run_group="g", **changes):
    return fitting(a_record(run_id=run_id, run_group=run_group, **changes))


def names():
    return sorted(path.name for path in Path().iterdir())


def test_an_earlier_attempt_is_kept_under_a_name_of_its_own_and_summed():
    write_record(attempt("one", emissions_g=20.0, outcome=Outcome.FAILED), "r.json")
    second = attempt("two", emissions_g=30.0, **LATER)
    assert keep_earlier(second, "r.json").aside == Path("r.one.json").absolute()
    write_record(second, "r.json")
    assert names() == ["r.json", "r.one.json"]
    assert group_sum(second, "r.json").record.emissions_g == pytest.approx(50.0)


def test_a_record_of_another_group_is_kept_for_the_sum_over_that_group():
    write_record(attempt("one", run_group="other"), "r.json")
    assert keep_earlier(attempt("two"), "r.json").aside == Path("r.one.json").absolute()
    write_record(attempt("two"), "r.json")
    later = attempt("three", run_group="other", emissions_g=1.0, **LATER)
    assert group_sum(later, "new.json").record.merged_from == ("one", "three")


@cases("run_group", ["g", None])
def test_a_record_without_a_group_is_kept_outside_every_sum_over_the_folder(run_group):
    write_record(attempt("one", run_group=None), "r.json")
    assert keep_earlier(attempt("two", run_group=run_group), "r.json").aside == Path("r.json.old").absolute()
    assert records_in(".") == []
    assert load_record("r.json.old").run_id == "one"


def test_a_group_that_is_forgotten_on_the_resume_loses_no_attempt():
    write_record(attempt("one"), "r.json")
    keep_earlier(attempt("two", run_group=None), "r.json")
    assert names() == ["r.one.json"]


def test_the_same_runs_record_is_replaced():
    write_record(attempt("two"), "r.json")
    assert keep_earlier(attempt("two"), "r.json") is None
    assert names() == ["r.json"]


@cases("content", ["", "{}", "text"])
def test_a_file_that_is_not_a_record_is_replaced(content):
    Path("r.json").write_text(content)
    assert keep_earlier(attempt("two"), "r.json") is None


def test_whatever_the_run_is_called_it_stays_in_its_folder():
    Path("here").mkdir()
    write_record(attempt("../../up and away"), "here/r.json")
    keep_earlier(attempt("two"), "here/r.json")
    assert (names(), len(list(Path("here").iterdir()))) == (["here"], 1)


def test_of_a_link_the_file_that_it_points_to_is_kept_beside_itself():
    Path("real").mkdir()
    write_record(attempt("one"), "real/r.json")
    Path("r.json").symlink_to("real/r.json")
    keep_earlier(attempt("two"), "r.json")
    assert load_record("real/r.one.json").run_id == "one"
    assert Path("r.json").is_symlink()


def test_an_attempt_that_cannot_be_kept_is_not_replaced():
    write_record(attempt("one"), "r.json")
    Path("r.one.json").mkdir()
    with pytest.raises(OutputError, match=r"cannot keep r\.json"):
        keep_earlier(attempt("two"), "r.json")
    assert load_record("r.json").run_id == "one"
