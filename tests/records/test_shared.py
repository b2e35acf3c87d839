"""Time that several records share on one machine or GPU counts once, whatever their order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.records.merge.merge import merge
from carbon_lint.records.merge.shared import Window, union_s, without_shared
from carbon_lint.records.record import Energy
from tests.records.test_merge import energies, run_of, uneven


def once(*items):
    """What counts of each record, and the sum of it in kWh."""
    left = without_shared([item.record for item in items], by_machine=True)
    for each in left:
        energy = each.record.energy_kwh
        parts = [part for part in (energy.cpu, energy.gpu, energy.ram) if part is not None]
        assert energy.total == pytest.approx(sum(parts) if parts else energy.total)
        assert each.record.emissions_g == pytest.approx(energy.total * each.record.intensity.g_per_kwh)
    return left, sum(each.record.energy_kwh.total for each in left)


def test_runs_that_overlap_on_a_machine_count_as_the_time_that_they_share_allows():
    """Two hours, of which one is in both: a holds 10-11, b holds 10:30-11:30. 1 kW all the time."""
    a = run_of("a", kwh=(0.9, 0.0, 0.1))
    b = run_of("b", start=1800, kwh=(0.9, 0.0, 0.1), command=("python", "other.py"))
    left, total_kwh = once(a, b)
    assert total_kwh == pytest.approx(1.5)
    assert (left[0].machine_share, left[1].machine_share, left[1].holders) == (0, pytest.approx(0.5), (0,))
    assert once(a, run_of("c", "node-2"))[1] == pytest.approx(2.25), "another machine"
    assert once(a, run_of("c", start=3599))[1] == pytest.approx(2.25), "a retry that touches it"


def test_machines_of_one_name_that_started_apart_are_two():
    """Hosted runners all have the host name of their image: the jobs of a matrix run on several at the same time."""

    def on(name, boot, **times):
        item = run_of(name, "runnervm1li68", gpus=[None], **times)
        return replace(item, record=replace(item.record, hardware=replace(item.record.hardware, boot=boot)))

    assert once(on("a", "b1"), on("b", "b2"), on("c", None))[1] == pytest.approx(3.75)
    assert once(on("a", "b1"), on("b", "b1"))[1] == pytest.approx(1.25)
    merged = merge([on("a", "b1"), on("b", "b2")])
    assert merged.notes == ()
    assert merged.record.energy_kwh.total == pytest.approx(2.5)
    attempts = merge([on("a", "b1"), on("b", "b1", start=7200)]).record
    assert merged.record.hardware.machine == ("runnervm1li68", None)
    assert attempts.hardware.machine == ("runnervm1li68", "b1"), "it shares the machine with other runs"


def test_an_inner_run_adds_nothing_however_much_it_draws():
    """The outer run's mean is low; the inner one ran while the machine was busy."""
    outer = run_of("outer", seconds=36_000, kwh=(0.15, 0.0, 0.05))
    inner = run_of("inner", start=7200, kwh=(0.09, 0.0, 0.01), command=("python", "inner.py"))
    late = run_of("late", start=35_000, seconds=1000.4, kwh=(0.01, 0.0, 0.01))
    for order in permutations([outer, inner, late]):
        left, total_kwh = once(*order)
        assert total_kwh == pytest.approx(0.2)
        assert [each.is_held for each in left] == [item is not outer for item in order]


def test_a_sum_is_never_below_its_largest_part():
    small = run_of("a", seconds=36_000, kwh=(0.01, 0.0, 0.0))
    large = run_of("b", start=10, kwh=(0.9, 0.0, 0.1), command=("python", "other.py"))
    assert once(small, large)[1] == pytest.approx(1.0 + 0.009)


def test_gpus_of_their_own_count_whole_and_a_shared_one_once():
    a = run_of("a", kwh=(0.5, 1.0, 0.5), gpus=["G1"])
    b = run_of("b", kwh=(0.5, 0.8, 0.5), gpus=["G2"])
    left, _ = once(a, b)
    assert [each.record.energy_kwh.gpu for each in left] == [1.0, 0.8]
    assert [each.record.energy_kwh.cpu for each in left] == [0.5, 0.0]
    assert not left[1].is_held
    c = uneven("a", by_gpu={"G1": 3.0})
    d = uneven("b", by_gpu={"G1": 2.0, "G2": 0.2}, start=1800, command=("python", "other.py"))
    left, _ = once(c, d)
    assert energies(left[0].record) == {"G1": 3.0}
    assert energies(left[1].record) == pytest.approx({"G1": 1.0, "G2": 0.2})


def test_on_one_machine_a_gpu_without_uuid_is_known_by_its_place():
    a = run_of("a", kwh=(0.5, 2.0, 0.5), gpus=[None])
    b = run_of("b", kwh=(0.5, 2.0, 0.5), gpus=[None], start=1800, command=("python", "other.py"))
    assert sum(each.record.energy_kwh.gpu for each in once(a, b)[0]) == pytest.approx(3.0)
    elsewhere = run_of("c", "node-2", kwh=(0.5, 2.0, 0.5), gpus=[None])
    unnamed = [run_of(name, None, kwh=(0.5, 2.0, 0.5), gpus=[None]) for name in "de"]
    assert once(a, elsewhere, *unnamed)[1] == pytest.approx(12.0)


def test_a_sum_whose_attempts_lie_apart_has_an_unknown_shared_part():
    apart = replace(run_of("m", seconds=7200), name="m.json")
    apart = replace(apart, record=replace(apart.record, duration_s=3600.0, merged_from=("x", "y")))
    assert once(apart, run_of("b", start=100))[1] == pytest.approx(2.5)


def test_a_total_without_components_counts_once_too():
    items = [run_of(name, command=("python", name)) for name in "ab"]
    items = [
        replace(item, record=replace(item.record, energy_kwh=Energy(total=item.record.energy_kwh.total)))
        for item in items
    ]
    assert once(*items)[1] == pytest.approx(1.25)


stretches = st.lists(st.tuples(st.integers(0, 5000), st.integers(60, 4000)), min_size=1, max_size=6)


@given(stretches)
def test_constant_power_gives_the_time_of_the_union(spans):
    """1 kW on one machine, whatever runs overlap: the sum is 1 kW times the time that any of them covers."""
    items = [
        run_of(f"r{at}", start=start, seconds=length, kwh=(length / 3600, 0.0, 0.0), command=("python", str(at)))
        for at, (start, length) in enumerate(spans)
    ]
    covered_s = union_s(Window(start, start + length) for start, length in spans)
    assert once(*items)[1] == pytest.approx(covered_s / 3600, abs=len(items) * 1.1 / 3600)


@given(stretches, st.lists(st.floats(0.01, 10.0), min_size=6, max_size=6))
def test_whatever_is_drawn_the_sum_lies_between_the_largest_and_all(spans, kwh):
    items = [
        run_of(f"r{at}", start=start, seconds=length, kwh=(kwh[at], 0.0, 0.0), gpus=["G1"])
        for at, (start, length) in enumerate(spans)
    ]
    found = once(*items)[1]
    most = [item.record.energy_kwh.total for item in items]
    assert max(most) - 1e-9 <= found <= sum(most) + 1e-9
    assert found == pytest.approx(once(*reversed(items))[1])


def test_five_thousand_records_of_one_machine_take_a_moment():
    """Each overlaps the next, and one covers them all: comparing all pairs would take minutes."""
    base = run_of("a", seconds=60)
    many = [run_of(f"r{at}", start=at * 30, seconds=60).record for at in range(20)]
    stamps = [(one.started_at, one.ended_at) for one in many]
    records = [
        replace(base.record, run_id=str(at), started_at=stamps[at % 20][0], ended_at=stamps[at % 20][1])
        for at in range(5_000)
    ]
    records.append(run_of("all", seconds=700, kwh=(9.0, 0, 0)).record)
    left = without_shared(records, by_machine=True)
    assert sum(each.is_held for each in left) == 5_000


def test_merging_many_nodes_stays_quick():
    items = [run_of(f"r{at}", f"node-{at % 10}", start=at // 10 * 4000) for at in range(2000)]
    assert merge(items).record.energy_kwh.total == pytest.approx(2500)
