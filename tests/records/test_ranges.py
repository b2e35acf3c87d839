"""The bounds of a run's figures: its own, those of its methods, those of a sum and of a part."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.records.merge.merge import NamedRecord, merge
from carbon_lint.records.merge.shared import without_shared
from carbon_lint.records.plausible import find_implausible
from carbon_lint.records.ranges import (
    DERIVED,
    emissions_range,
    energy_range,
    measured_share,
    scaled_to,
    sum_of,
    uncertainty_of,
    uncertainty_of_parts,
)
from carbon_lint.records.record import Energy, Method, Methods
from carbon_lint.records.uncertainty import Bounds
from tests.cases import cases
from tests.records.builders import RECORD, a_record

MODELLED = Methods(cpu=Method.LOAD_MODEL, ram=Method.CONSTANT)
amounts = st.floats(1e-9, 1e6)


def test_a_record_without_bounds_has_those_of_its_methods():
    known = uncertainty_of(a_record())
    assert known.cpu_kwh == DERIVED[Method.LOAD_MODEL].times(0.2)
    assert known.gpu_kwh == DERIVED[Method.COUNTER].times(1.0)
    assert known.energy_kwh.low == pytest.approx(0.2 * 0.5 + 1.0 * 0.95 + 0.05 * 0.12)
    assert known.energy_kwh.high == pytest.approx(0.2 * 5.3 + 1.0 * 1.05 + 0.05 * 2.4)
    assert known.emissions_g.high == pytest.approx(known.energy_kwh.high * 56.04)
    assert uncertainty_of(a_record(energy_kwh=Energy(total=None), emissions_g=None)) is None


def test_a_record_of_codecarbon_which_names_no_method_has_bounds_too():
    found = uncertainty_of(a_record(methods=Methods()))
    assert found.energy_kwh.low < 1.25 < found.energy_kwh.high
    assert measured_share(a_record(methods=Methods())) is None


def test_the_bounds_of_a_model_are_taken_for_what_it_modelled_and_never_for_a_counter():
    given_bounds = Bounds(low=0.1, high=0.9)
    energy = Energy(total=1.0, cpu=0.8, ram=0.2)
    modelled = uncertainty_of_parts(energy, MODELLED, g_per_kwh=None, cpu_kwh=given_bounds)
    counted = uncertainty_of_parts(energy, replace(MODELLED, cpu=Method.COUNTER), g_per_kwh=None, cpu_kwh=given_bounds)
    assert (modelled.cpu_kwh, modelled.emissions_g) == (given_bounds, None)
    assert counted.cpu_kwh == DERIVED[Method.COUNTER].times(0.8)


@given(cpu=amounts, gpu=amounts, ram=amounts, ends=st.tuples(amounts, amounts), method=st.sampled_from(Method))
def test_every_figure_lies_within_its_bounds(cpu, gpu, ram, ends, method):
    record = replace(
        RECORD,
        energy_kwh=Energy(total=cpu + gpu + ram, cpu=cpu, gpu=gpu, ram=ram),
        methods=replace(RECORD.methods, cpu=method),
        emissions_g=(cpu + gpu + ram) * 56.04,
    )
    low, high = sorted(ends)
    found = uncertainty_of_parts(record.energy_kwh, record.methods, g_per_kwh=56.04, cpu_kwh=Bounds(low=low, high=high))
    stated = replace(record, uncertainty=found)
    assert not (find_implausible(stated) or "").startswith("uncertainty")
    for of in (energy_range, emissions_range):
        assert of(stated).low <= of(stated).likely <= of(stated).high


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5))
def test_the_bounds_of_a_sum_are_the_sums_of_the_bounds(parts):
    records = [a_record(energy_kwh=Energy(total=cpu + ram, cpu=cpu, ram=ram), methods=MODELLED) for cpu, ram in parts]
    total = sum_of(records)
    ranges = [energy_range(record) for record in records]
    assert total.energy_kwh.low == pytest.approx(sum(each.low for each in ranges))
    assert total.energy_kwh.high == pytest.approx(sum(each.high for each in ranges))


def test_a_merged_record_states_the_bounds_of_its_sum():
    first = a_record(run_id="a")
    second = a_record(run_id="b", hardware=replace(RECORD.hardware, node="node-2", gpus=()))
    merged = merge([NamedRecord(name="a", record=first), NamedRecord(name="b", record=second)]).record
    assert merged.uncertainty == sum_of([first, second])
    assert find_implausible(merged) is None


def test_what_counts_once_is_taken_off_the_bounds():
    known = replace(RECORD, uncertainty=uncertainty_of(RECORD), hardware=replace(RECORD.hardware, gpus=()))
    later = replace(
        known, run_id="b", command=("x",), started_at="2026-11-24T10:30:00Z", ended_at="2026-11-24T11:30:00Z"
    )
    first, second = (left.record for left in without_shared([known, later], by_machine=True))
    assert first == known
    assert second.uncertainty.cpu_kwh.high == pytest.approx(0.5 * known.uncertainty.cpu_kwh.high)
    assert second.uncertainty.gpu_kwh == known.uncertainty.gpu_kwh
    assert sum_of([first, second]).cpu_kwh.high == pytest.approx(1.5 * known.uncertainty.cpu_kwh.high)


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_the_bounds_of_a_part_hold_the_part(cpu, ram):
    before = Energy(total=1.0, cpu=0.8, ram=0.2)
    after = Energy(total=0.8 * cpu + 0.2 * ram, cpu=0.8 * cpu, ram=0.2 * ram)
    known = uncertainty_of_parts(before, MODELLED, g_per_kwh=50.0)
    left = scaled_to(known, before, after, after.total * 50.0)
    assert left.energy_kwh.low <= after.total <= left.energy_kwh.high
    assert left.cpu_kwh.high == pytest.approx(known.cpu_kwh.high * cpu)


@cases(
    ("methods", "share"),
    [
        (Methods(cpu=Method.COUNTER, gpu=Method.SAMPLED_POWER, ram=Method.COUNTER), 1.0),
        (RECORD.methods, 0.8),
        (Methods(cpu=Method.USER, gpu=Method.COUNTER, ram=Method.CONSTANT), 0.8),
        (Methods(cpu=Method.COUNTER, gpu=Method.COUNTER), None),
    ],
)
def test_the_measured_share_is_what_sensors_read(methods, share):
    assert measured_share(a_record(methods=methods)) == (None if share is None else pytest.approx(share))
