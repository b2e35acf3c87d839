"""Attempts of one run group under one name: none takes the place of another, so that the card's sum holds them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from carbon_lint.errors import OutputError
from carbon_lint.records.attempts import keep_attempt
from carbon_lint.records.folder import group_sum
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record, write_record
from tests.records.builders import a_record, fitting

LATER = {"started_at": "2026-11-24T12:00:00Z", "ended_at": "2026-11-24T13:00:00Z"}


def attempt(run_id, run_group="g", **changes):
    return fitting(a_record(run_id=run_id, run_group=run_group, **changes))


def names():
    return sorted(path.name for path in Path().iterdir())


def test_an_earlier_attempt_is_kept_under_a_name_of_its_own_and_summed():
    write_record(attempt("one", emissions_g=20.0, outcome=Outcome.FAILED), "r.json")
    second = attempt("two", emissions_g=30.0, **LATER)
    assert keep_attempt(second, "r.json") == Path("r.one.json").absolute()
    write_record(second, "r.json")
    assert names() == ["r.json", "r.one.json"]
    assert group_sum(second, "r.json").record.emissions_g == pytest.approx(50.0)


@pytest.mark.parametrize(
    "there",
    [attempt("one", run_group=None), attempt("one", run_group="other"), attempt("two")],
    ids=["no group", "another group", "the same run"],
)
def test_what_is_no_other_attempt_is_replaced(there):
    write_record(there, "r.json")
    assert keep_attempt(attempt("two"), "r.json") is None
    assert names() == ["r.json"]


@pytest.mark.parametrize("content", ["", "{}", "text"])
def test_what_is_no_record_is_replaced(content):
    Path("r.json").write_text(content)
    assert keep_attempt(attempt("two"), "r.json") is None


def test_a_run_without_a_group_keeps_nothing():
    write_record(attempt("one", run_group=None), "r.json")
    assert keep_attempt(attempt("two", run_group=None), "r.json") is None


def test_whatever_the_run_is_called_it_stays_in_its_folder():
    Path("here").mkdir()
    write_record(attempt("../../up and away"), "here/r.json")
    keep_attempt(attempt("two"), "here/r.json")
    assert (names(), len(list(Path("here").iterdir()))) == (["here"], 1)


def test_of_a_link_the_file_that_it_points_to_is_kept_beside_itself():
    Path("real").mkdir()
    write_record(attempt("one"), "real/r.json")
    Path("r.json").symlink_to("real/r.json")
    keep_attempt(attempt("two"), "r.json")
    assert load_record("real/r.one.json").run_id == "one"
    assert Path("r.json").is_symlink()


def test_an_attempt_that_cannot_be_kept_is_not_replaced():
    write_record(attempt("one"), "r.json")
    Path("r.one.json").mkdir()
    with pytest.raises(OutputError, match=r"cannot keep r\.json"):
        keep_attempt(attempt("two"), "r.json")
    assert load_record("r.json").run_id == "one"
