"""The team's ledger: what is spent counts once, however the run ended."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon_lint.errors import InputError
from carbon_lint.records.comparable import Identity, identity_of
from carbon_lint.records.ledger import Entry, add, add_all, key, latest, newest_first
from carbon_lint.records.ledger_sum import Reason, count, total_of
from carbon_lint.records.record import Basis, Energy, Outcome
from carbon_lint.report.ledger.sum import sum_text
from tests.effort import examples
from tests.records.ledgers import entries, ran, recovered_run, summed
from tests.report.runs import RECORD


def test_the_same_record_counts_once_and_another_run_counts_again(ledger):
    assert add(ran(1), ledger).status == "added"
    assert add(ran(1), ledger).status == "known"
    assert add(ran(2), ledger).status == "added"

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.energy_kwh.likely) == (2, 20.0, 0.4)


@pytest.mark.parametrize(
    "change",
    [
        {"repository": "me/other"},
        {"run_id": "78"},
        {"run_attempt": 2},
        {"job": "evaluate"},
        {"job_index": 1},
    ],
)
def test_repository_run_attempt_job_and_index_each_make_another_run(ledger, change):
    other = dataclasses.replace(RECORD.provenance, **change)

    add(ran(1), ledger)
    add(ran(1, provenance=other), ledger)

    assert summed(ledger).runs == 2


def test_a_node_is_another_run_and_two_steps_of_one_job_are_two():
    node = dataclasses.replace(RECORD.hardware, node="node-2")

    assert key(ran(1)) != key(ran(1, hardware=node))
    assert key(ran(1)) != key(ran(2))


def test_failed_stopped_and_interrupted_runs_count(ledger):
    for number, outcome in enumerate((Outcome.FAILED, Outcome.OVER_BUDGET, Outcome.INTERRUPTED)):
        add(ran(number, outcome=outcome), ledger)

    assert summed(ledger).emissions_g.likely == 30.0


def test_a_month_is_that_in_which_the_run_ended(ledger):
    add(ran(1, started_at="2026-10-31T23:00:00Z", ended_at="2026-11-01T01:00:00Z"), ledger)
    add(ran(2, ended_at="2026-10-31T23:59:59Z"), ledger)

    assert summed(ledger, "2026-11").runs == 1
    assert summed(ledger, "2026-10").runs == 1
    assert summed(ledger, "2026-09").runs == 0
    assert [entry.path.split("/")[-2] for entry in entries(ledger)] == ["2026-10", "2026-11"]


def test_the_end_of_a_run_replaces_the_state_in_which_it_was_recovered_also_across_months(ledger):
    recovered = recovered_run(ended_at="2026-10-31T23:59:00Z")
    final = ran(1, emissions_g=10.0, ended_at="2026-11-01T00:01:00Z")

    assert [add(one, ledger).status for one in (recovered, final, recovered)] == ["added", "replaced", "known"]

    assert summed(ledger).emissions_g.likely == 10.0
    assert len(list(entries(ledger))) == 1


def test_at_the_turn_of_the_year_too(ledger):
    add(recovered_run(ended_at="2026-12-31T23:59:00Z"), ledger)

    assert add(ran(1, ended_at="2027-01-01T00:01:00Z"), ledger).status == "replaced"
    assert [entry.path.split("/")[-2] for entry in entries(ledger)] == ["2027-01"]


def test_a_merged_record_replaces_its_parts_in_the_sum(ledger):
    add(ran(1), ledger)
    add(ran(2), ledger)
    add(ran(3, emissions_g=20.0, energy_kwh=0.4, merged_from=("run-1", "run-2")), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.left_out) == (1, 20.0, {Reason.PART: 2})


def test_a_group_that_is_merged_again_as_it_grows_is_counted_once(ledger):
    for number in range(1, 4):
        add(ran(number), ledger)
        parts = tuple(f"run-{each}" for each in range(1, number + 1))
        add(ran(f"m{number}", emissions_g=10.0 * number, energy_kwh=0.2 * number, merged_from=parts), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely, both.left_out) == (1, 30.0, {Reason.PART: 5})


def test_merged_records_that_share_a_run_stop_the_sum(ledger):
    add(ran("m1", merged_from=("run-1", "run-2")), ledger)
    add(ran("m2", merged_from=("run-2", "run-3")), ledger)

    with pytest.raises(InputError, match="both hold run run-2"):
        summed(ledger)


@given(st.lists(st.sets(st.integers(0, 4), min_size=1), max_size=6))
def test_whatever_is_merged_no_run_is_counted_twice(merges):
    """Of runs that took a gram each: the sum is the number of runs, or there is none."""
    singles = [Entry(path=f"s{number}", record=ran(number, emissions_g=1.0)) for number in range(5)]
    sums = [
        Entry(
            path=f"m{at}",
            record=ran(f"m{at}", emissions_g=float(len(parts)), merged_from=tuple(f"run-{each}" for each in parts)),
        )
        for at, parts in enumerate(merges)
    ]
    try:
        both = total_of(count([*singles, *sums]))
    except InputError:
        return
    assert both.emissions_g.likely == 5.0


def test_a_run_without_a_figure_is_named_and_is_never_zero(ledger):
    add(ran(1), ledger)
    add(ran(2, emissions_g=None, energy_kwh=None, outcome=Outcome.UNMEASURED, intensity=None), ledger)
    add(ran(3, emissions_g=None, intensity=None), ledger)

    both = summed(ledger)

    assert (both.runs, both.emissions_g.likely) == (3, 10.0)
    assert both.energy_kwh.likely == pytest.approx(0.4)
    assert both.without_emissions == ("run-2", "run-3")
    assert both.without_energy == ("run-2",)
    assert summed(f"{ledger}-none").emissions_g is None


def test_the_last_completed_run_of_a_branch_is_the_baseline(ledger):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    branch = dataclasses.replace(RECORD.provenance, ref="refs/heads/feature")
    add(ran(1, provenance=main, ended_at="2026-11-01T00:00:00Z"), ledger)
    add(ran(2, provenance=main, ended_at="2026-11-02T00:00:00Z"), ledger)
    add(ran(3, provenance=main, ended_at="2026-11-03T00:00:00Z", outcome=Outcome.FAILED), ledger)
    add(ran(4, provenance=branch, ended_at="2026-11-04T00:00:00Z"), ledger)

    run = Identity(repository="me/models", job="train")
    entry, _ = latest(ledger, branch="main", run=run)
    assert entry.record.run_id == "run-2"
    entry, why = latest(ledger, branch="main", run=dataclasses.replace(run, repository="me/others"))
    assert entry is None
    assert "2 of another repository" in why
    entry, why = latest(ledger, branch="release", run=run)
    assert entry is None
    assert why == f"no completed run on release in {ledger} (it has runs on feature, main)"


def test_a_killed_run_with_other_figures_for_the_same_time_is_a_conflict_too(ledger):
    add(recovered_run(), ledger)
    doubled = dataclasses.replace(recovered_run(), emissions_g=12.0, energy_kwh=Energy(total=0.2))
    assert add(doubled, ledger).status == "conflict"
    assert add(dataclasses.replace(doubled, outcome=Outcome.COMPLETED), ledger).status == "conflict"


def test_figures_that_look_alike_are_named_with_every_digit(ledger):
    add(ran(1), ledger)
    assert add(ran(1, emissions_g=10.00001), ledger).conflict == (
        "the record given: 10.00001 g, 0.2 kWh in 125.3 s; the ledger: 10.0 g, 0.2 kWh in 125.3 s"
    )


def test_a_clock_that_was_set_back_before_the_end_does_not_keep_the_state_of_a_recovered_run(ledger):
    """The last state ends earlier by the wall clock, and later by the run's own."""
    add(recovered_run(ended_at="2026-11-24T10:01:00Z"), ledger)

    assert add(ran(1, ended_at="2026-11-24T09:02:05Z"), ledger).status == "replaced"
    assert summed(ledger).emissions_g.likely == 10.0
    assert add(recovered_run(ended_at="2026-11-24T10:01:00Z"), ledger).status == "known"


def test_however_many_records_are_added_each_month_is_listed_once(tmp_path, calls):
    list(add_all((ran(number) for number in range(50)), str(tmp_path)))

    listed = [call for call in calls if call[0] == "names"]
    assert sorted(listed) == [("names", "2026-10"), ("names", "2026-11"), ("names", "2026-12")]
    assert not any(call[0].startswith("read") for call in calls)


def test_a_baseline_is_read_from_the_latest_month_that_has_one(tmp_path, calls):
    main = dataclasses.replace(RECORD.provenance, ref="refs/heads/main")
    other = dataclasses.replace(main, repository="me/others")
    for month in (9, 10, 11):
        add(ran(month, provenance=main, ended_at=f"2026-{month:02d}-10T00:00:00Z"), str(tmp_path))
        add(ran(f"{month}-other", provenance=other, ended_at=f"2026-{month:02d}-20T00:00:00Z"), str(tmp_path))
    calls.clear()

    found, _ = latest(str(tmp_path), branch="main", run=identity_of(ran("now", provenance=main)))
    assert found.record.run_id == "run-11"
    assert {path.split("/")[0] for call in calls if call[0] == "read_all" for path in call[1]} == {"2026-11"}
    until = list(newest_first(str(tmp_path), "me/models", "2026-10-15T00:00:00Z"))
    assert [entry.record.run_id for entry in until] == ["run-10", "run-9"]


@settings(max_examples=examples(40))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(1, 3),
            st.one_of(st.none(), st.floats(min_value=1e-6, max_value=1e6)),
            st.integers(1, 12),
        ),
        max_size=12,
    )
)
def test_whatever_is_added_in_whatever_order_each_key_counts_once(uploads):
    """A run is one figure and one end: the same (number, attempt) added again is the same upload."""
    url = f"memory://ledger-{uuid.uuid4().hex}"
    runs = {}
    for number, attempt, emissions_g, month in uploads:
        where = dataclasses.replace(RECORD.provenance, run_attempt=attempt)
        one = ran(number, provenance=where, emissions_g=emissions_g, ended_at=f"2026-{month:02d}-10T00:00:00Z")
        one = runs.setdefault((number, attempt), one)
        add(one, url)

    both = summed(url)

    known = [one.emissions_g for one in runs.values() if one.emissions_g is not None]
    assert both.runs == len(runs)
    assert (both.emissions_g and both.emissions_g.likely) == (pytest.approx(sum(known)) if known else None)
    assert len(both.without_emissions) == len(runs) - len(known)
    months = {one.ended_at[:7] for one in runs.values()}
    assert sum(summed(url, month).runs for month in months) == len(runs)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(st.floats(1.0, 100.0), st.floats(1.0, 100.0), st.booleans()), min_size=1, max_size=6))
def test_every_state_of_one_run_that_is_added_counts_or_is_reported(states):
    """The ledger holds the furthest state, or the call that could not tell said so."""
    url = f"memory://ledger-{uuid.uuid4().hex}"
    reported = []
    for grams, seconds, is_killed in states:
        outcome = Outcome.INTERRUPTED if is_killed else Outcome.COMPLETED
        reported.append(add(ran(1, emissions_g=grams, energy_kwh=grams / 50, duration_s=seconds, outcome=outcome), url))

    kept = entries(url)[0].record
    assert len(entries(url)) == 1
    for (grams, seconds, _), added in zip(states, reported, strict=True):
        is_within = grams <= kept.emissions_g and seconds <= kept.duration_s
        assert is_within or (added.status == "conflict" and added.conflict is not None)


def test_a_sum_over_two_bases_is_marked():
    by = [dataclasses.replace(RECORD.intensity, basis=basis) for basis in (*Basis, None)]
    runs = [dataclasses.replace(ran(n), intensity=intensity) for n, intensity in enumerate(by)]
    found = [Entry(path=f"2026-11/{n}.json", record=run) for n, run in enumerate(runs)]
    assert "combustion and life-cycle" in sum_text(total_of(count(found)), (), "all months")
    assert "bases" not in sum_text(total_of(count(found[1:])), (), "all months")
