"""The gate's verdicts. Pure values in, pure values out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.budget import OnModelled, format_limit, is_failing, judge, limit_results, used_share
from carbon_lint.gate.verdict import Budget, LimitResult, Status
from carbon_lint.records.record import Energy, Method, Methods, Outcome
from carbon_lint.records.uncertainty import Bounds, Uncertainty
from tests.cases import cases
from tests.records.builders import a_record

COUNTED = Methods(cpu=Method.COUNTER, gpu=Method.COUNTER, ram=Method.COUNTER)
MODELLED = Methods(cpu=Method.LOAD_MODEL, ram=Method.CONSTANT)


def counted(emissions_g=100.0, energy_kwh=1.0):
    energy = Energy(total=energy_kwh, cpu=energy_kwh / 2, gpu=energy_kwh / 4, ram=energy_kwh / 4)
    return a_record(emissions_g=emissions_g, energy_kwh=energy, methods=COUNTED)


def modelled(emissions_g=100.0):
    """1 kWh, all of it modelled, 0.58 to 1.42 by its own account."""
    bounds = Bounds(low=0.58, high=1.42)
    return a_record(
        emissions_g=emissions_g,
        energy_kwh=Energy(total=1.0, cpu=0.8, ram=0.2),
        methods=MODELLED,
        uncertainty=Uncertainty(energy_kwh=bounds, emissions_g=bounds.times(emissions_g)),
    )


@cases(
    ("allowed", "status"),
    [(105.1, Status.PASS), (104.9, Status.INCONCLUSIVE), (95.1, Status.INCONCLUSIVE), (94.9, Status.FAIL)],
)
def test_a_counted_figure_has_the_few_percent_of_its_sensor(allowed, status):
    assert judge(counted(), Budget(max_emissions_g=allowed)).status is status


@cases(("allowed", "status"), [(471.9, Status.INCONCLUSIVE), (472.1, Status.PASS), (42.3, Status.FAIL)])
def test_a_record_without_a_range_has_that_of_its_methods(allowed, status):
    """0.8 kWh by CodeCarbon's load model and 0.2 by its constant: 0.424 to 4.72 kWh."""
    assert judge(replace(modelled(), uncertainty=None), Budget(max_emissions_g=allowed)).status is status


def test_the_worst_limit_decides():
    verdict = judge(counted(), Budget(max_emissions_g=1000.0, max_energy_kwh=0.5))
    assert verdict.status is Status.FAIL
    assert [(limit.name, limit.is_over) for limit in verdict.limits] == [("max-emissions", False), ("max-energy", True)]


def test_no_limit_passes():
    assert judge(counted(), Budget()).status is Status.PASS


@cases(
    ("allowed", "status"),
    [(60.0, Status.INCONCLUSIVE), (140.0, Status.INCONCLUSIVE), (57.9, Status.FAIL), (142.1, Status.PASS)],
)
def test_a_modelled_figure_near_its_limit_is_inconclusive(allowed, status):
    assert judge(modelled(), Budget(max_emissions_g=allowed)).status is status
    assert judge(modelled(), Budget(max_energy_kwh=allowed / 100)).status is status


def test_a_sure_limit_that_is_over_fails_whatever_the_other_is():
    verdict = judge(modelled(), Budget(max_emissions_g=110.0, max_energy_kwh=0.1))
    assert verdict.status is Status.FAIL


def test_the_reason_has_the_range_and_the_limit():
    (reason,) = judge(modelled(), Budget(max_emissions_g=90.0)).reasons
    assert "100 g (58 to 140)" in reason
    assert "90 g" in reason


def test_the_users_own_uncertainty_replaces_the_methods():
    assert judge(modelled(), Budget(max_emissions_g=90.0), uncertainty=0.05).status is Status.FAIL
    assert judge(modelled(), Budget(max_emissions_g=90.0), uncertainty=0.0).status is Status.FAIL


@cases(
    ("allowed", "on_modelled", "fails"),
    [
        (110.0, OnModelled.FIGURE, False),
        (90.0, OnModelled.FIGURE, True),
        (110.0, OnModelled.FAIL, True),
        (90.0, OnModelled.FAIL, True),
        (110.0, OnModelled.PASS, False),
        (90.0, OnModelled.PASS, False),
    ],
)
def test_what_an_inconclusive_verdict_does(allowed, on_modelled, fails):
    verdict = judge(modelled(), Budget(max_emissions_g=allowed))
    assert verdict.status is Status.INCONCLUSIVE
    assert is_failing(verdict, on_modelled) is fails


@cases("on_modelled", OnModelled)
def test_a_sure_verdict_does_not_ask(on_modelled):
    assert is_failing(judge(counted(), Budget(max_emissions_g=1.0)), on_modelled)
    assert not is_failing(judge(counted(), Budget(max_emissions_g=1000.0)), on_modelled)


def test_what_was_not_measured_is_never_0():
    with pytest.raises(MeasurementError, match="holds no emissions"):
        judge(a_record(emissions_g=None), Budget(max_emissions_g=1.0))
    with pytest.raises(MeasurementError, match="holds no energy"):
        judge(a_record(energy_kwh=Energy(total=None)), Budget(max_energy_kwh=1.0))
    with pytest.raises(MeasurementError):
        judge(a_record(outcome=Outcome.UNMEASURED), Budget(max_emissions_g=1.0))
    with pytest.raises(MeasurementError):
        limit_results(Budget(max_emissions_g=1.0), math.nan, 1.0)


def test_a_limit_of_0_has_no_share_but_is_over():
    limits = limit_results(Budget(max_emissions_g=0.0), 0.5, None)
    assert used_share(limits) == math.inf
    assert limits[0].is_over
    assert used_share(limit_results(Budget(max_emissions_g=0.0), 0.0, None)) == 0.0
    assert used_share(()) is None


def test_a_limit_in_words():
    over = LimitResult(name="max-emissions", unit="g", measured=1200.0, allowed=1000.0)
    left = LimitResult(name="max-energy", unit="kWh", measured=0.5, allowed=2.0)
    assert format_limit(over) == "max-emissions: 1.2 kg used, 1 kg allowed, over by 200 g"
    assert format_limit(left) == "max-energy: 500 Wh used, 2 kWh allowed, 1.5 kWh left"


amounts = st.floats(min_value=1e-9, max_value=1e9)


@given(measured=amounts, allowed=amounts)
def test_the_verdict_agrees_with_the_figures(measured, allowed):
    """Whatever the uncertainty, PASS is never said of what is over, nor FAIL of what is not."""
    for record in (counted(measured), modelled(measured)):
        verdict = judge(record, Budget(max_emissions_g=allowed))
        if verdict.status is Status.PASS:
            assert measured <= allowed
        if verdict.status is Status.FAIL:
            assert measured > allowed


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 1e6))
def test_only_what_a_sensor_read_is_called_measured(cpu_share, ram_share, emissions_g):
    total = 1.0
    cpu, ram = cpu_share / 2, ram_share / 2
    assume(not math.isclose(cpu + ram, 0.005))  # either word is right
    energy = Energy(total=total, cpu=cpu, gpu=total - cpu - ram, ram=ram)
    methods = Methods(cpu=Method.LOAD_MODEL, gpu=Method.COUNTER, ram=Method.CONSTANT)
    record = a_record(emissions_g=emissions_g, energy_kwh=energy, methods=methods)
    (limit,) = judge(record, Budget(max_emissions_g=1.0, emissions_source="--max-emissions")).limits
    text = format_limit(limit)
    assert ("g measured" in text or ") measured" in text) == (cpu + ram < 0.005)
    assert "allowed (--max-emissions)" in text
    assert limit.bounds.low <= limit.measured <= limit.bounds.high


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_an_increase_is_more_or_less_than_the_baseline_and_never_a_negative_amount(measured, allowed):
    text = format_limit(LimitResult(name="max-increase", unit="g", measured=measured, allowed=allowed))
    assert "-" not in text.removeprefix("max-increase")
    assert ("more than the baseline" in text) == (measured >= 0)
    assert ("over by" in text) == (measured > allowed)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_of_two_limits_the_smaller_one_holds_with_its_source(mine, other):
    both = Budget(max_emissions_g=mine, emissions_source="a").tightened(
        Budget(max_emissions_g=other, emissions_source="b")
    )
    assert both.max_emissions_g == min(mine, other)
    assert both.emissions_source == ("a" if mine <= other else "b")
