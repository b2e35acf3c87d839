"""A run against its baseline: the code is never blamed for the grid, nor for another machine."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import UsageError
from carbon_lint.gate.baseline import (
    RunFigures,
    changes,
    compare,
    figures_of_record,
    increase,
    why_not,
    with_increase,
)
from carbon_lint.gate.budget import judge
from carbon_lint.gate.verdict import Budget, Status, Verdict
from carbon_lint.limits import MaxIncrease, Source, parse_age_s, parse_max_increase, parse_source
from carbon_lint.records.record import Basis, Energy, Gpu, Hardware, Intensity, Method, Methods, Outcome
from tests.cases import cases
from tests.report.runs import RECORD, record

PASS = Verdict(status=Status.PASS, limits=())
POLAND = Intensity(g_per_kwh=661.9, source="CodeCarbon 3.3.2", year=2023, location="POL", location_name="Poland")


def priced(energy_kwh, intensity, **changes):
    return record(
        energy_kwh=Energy(total=energy_kwh, gpu=energy_kwh),
        methods=Methods(gpu=Method.COUNTER),
        emissions_g=energy_kwh * intensity.g_per_kwh,
        intensity=intensity,
        **changes,
    )


def sides(now, then):
    return figures_of_record(now, "this run"), figures_of_record(then, "record base.json")


def test_a_move_to_another_grid_is_reported_and_not_blamed_on_the_code():
    now, then = sides(priced(1.0, POLAND), priced(1.0, RECORD.intensity))

    comparison = compare(now, then)

    assert changes(comparison) == "energy 0 %, grid +1100 %"
    assert comparison.emissions_change == pytest.approx(661.9 / 56.04 - 1)
    limit = increase(comparison, MaxIncrease(share=0.0, emissions_g=0.0))
    assert (limit.measured, limit.is_over) == (0.0, False)


def test_two_bases_are_named_and_grams_alone_are_not_compared_across_them():
    by_life, by_smoke = (replace(POLAND, basis=basis) for basis in Basis)
    now, then = sides(priced(1.0, by_smoke), priced(1.0, by_life))
    assert "combustion here, life-cycle in the baseline" in changes(compare(now, then))
    assert "basis" not in changes(compare(now, now))
    grams, then_grams = (
        replace(side, energy_kwh=None, intensity_g_per_kwh=None)
        for side in sides(priced(1.0, by_smoke), priced(1.0, by_life))
    )
    assert not compare(grams, then_grams).can_be_judged
    assert compare(grams, replace(then_grams, basis=None)).can_be_judged


def test_a_cleaner_grid_does_not_hide_that_more_energy_was_used():
    now, then = sides(priced(1.2, RECORD.intensity), priced(1.0, POLAND))

    comparison = compare(now, then)

    assert comparison.emissions_change < -0.8
    assert changes(comparison) == "energy +20 %, grid -92 %"
    limit = increase(comparison, parse_max_increase("10% and 5 g"))
    assert limit.is_over
    assert limit.unit == "g"
    assert limit.measured == pytest.approx(0.2 * 56.04)
    assert limit.allowed == pytest.approx(0.1 * 56.04)


@cases(
    ("text", "now_kwh", "is_over"),
    [
        ("10% and 5 g", 1.09, False),
        ("10% and 5 g", 1.11, True),
        ("10% and 8 g", 1.11, False),
        ("10% and 5 g", 0.5, False),
        ("5%", 1.06, True),
        ("20 Wh", 1.03, True),
        ("20 Wh", 1.01, False),
        ("1% and 100 Wh", 1.05, False),
        ("0%", 1.0, False),
    ],
)
def test_both_parts_of_a_limit_must_be_passed_to_fail(text, now_kwh, is_over):
    now, then = sides(priced(now_kwh, RECORD.intensity), priced(1.0, RECORD.intensity))

    verdict = with_increase(PASS, compare(now, then), parse_max_increase(text))

    assert (verdict.status is Status.FAIL) == is_over
    assert verdict.limits[0].name == "max-increase"


@cases(
    ("changes_", "message"),
    [
        ({"hardware": Hardware(gpus=(Gpu(index=0, name="A100"),))}, "another hardware: 1 x H100 here, 1 x A100 in"),
        (
            {"hardware": Hardware(gpus=(Gpu(index=0, name="H100"), Gpu(index=1, name="H100")))},
            "2 x H100 in the baseline",
        ),
        ({"methods": Methods(gpu=Method.LOAD_MODEL)}, "GPU by counter here, by load-model in the baseline"),
        (
            {"methods": Methods(gpu=Method.COUNTER, cpu=Method.LOAD_MODEL)},
            "CPU by nothing here, by load-model in the baseline",
        ),
        ({"pue": 1.5}, "another PUE: 1.2 here, 1.5 in the baseline"),
        ({"run_group": "g"}, "another run group: one run here, g in the baseline"),
        ({"outcome": Outcome.FAILED}, "the baseline (record base.json) did not complete"),
    ],
)
def test_what_cannot_be_compared_is_not_judged_and_the_reason_is_given(changes_, message):
    now = priced(2.0, RECORD.intensity)
    then = priced(1.0, RECORD.intensity)
    import dataclasses

    comparison = compare(*sides(now, dataclasses.replace(then, **changes_)))

    verdict = with_increase(PASS, comparison, parse_max_increase("1%"))
    assert verdict.status is Status.PASS
    assert verdict.limits == ()
    assert verdict.reasons[0].startswith("max-increase was not judged: ")
    assert message in verdict.reasons[0]


def test_beside_a_gpu_another_cpu_is_not_another_machine_and_without_one_it_is():
    other_cpu = Hardware(cpu_model="EPYC", gpus=RECORD.hardware.gpus)
    assert compare(*sides(RECORD, record(hardware=other_cpu))).obstacles == ()

    alone = compare(*sides(record(hardware=Hardware(cpu_model="Xeon")), record(hardware=Hardware(cpu_model="EPYC"))))
    assert alone.obstacles == ("another hardware: Xeon here, EPYC in the baseline",)


def test_a_card_without_energy_is_compared_on_the_same_grid_and_on_no_other():
    now = figures_of_record(RECORD, "this run")
    here = RunFigures(origin="card README.md", emissions_g=10.0, location="France")
    elsewhere = RunFigures(origin="card README.md", emissions_g=10.0, location="Poland")
    nowhere = RunFigures(origin="card README.md", emissions_g=10.0)

    limit = increase(compare(now, here), parse_max_increase("10% and 1 g"))
    assert (limit.unit, limit.is_over) == ("g", True)
    assert limit.measured == pytest.approx(2.34)
    assert changes(compare(now, here)) == "energy not known, grid not known"
    for other in (elsewhere, nowhere):
        comparison = compare(now, other)
        assert increase(comparison, parse_max_increase("10%")) is None
        assert "a change of grid cannot be distinguished from a change of the code" in comparison.obstacles[0]


def test_a_card_with_energy_is_repriced_like_a_record():
    now = figures_of_record(priced(1.2, RECORD.intensity), "this run")
    card = RunFigures(origin="card README.md", emissions_g=661.9, energy_kwh=1.0, location="Poland")

    limit = increase(compare(now, card), parse_max_increase("10%"))

    assert (limit.unit, limit.is_over) == ("kWh", True)
    assert limit.measured == pytest.approx(0.2)


def test_a_stale_baseline_is_shown_and_not_judged():
    old = priced(1.0, RECORD.intensity, ended_at="2026-07-01T00:00:00Z")
    comparison = compare(*sides(priced(2.0, RECORD.intensity), old), max_age_s=90 * 86400)

    verdict = with_increase(PASS, comparison, parse_max_increase("1%"))

    assert comparison.is_stale
    assert comparison.energy_change == pytest.approx(1.0)
    assert verdict.reasons == (
        "max-increase was not judged: the baseline (record base.json) is 146 days old, over the limit of 90 days",
    )


def test_no_baseline_passes_and_is_stated():
    verdict = with_increase(PASS, None, parse_max_increase("1%"))

    assert verdict == Verdict(status=Status.PASS, limits=(), reasons=("nothing to compare with: there is no baseline",))


def test_an_increase_is_added_to_the_other_limits_and_never_makes_a_failure_pass():
    failed = judge(RECORD, Budget(max_emissions_g=1))
    comparison = compare(*sides(RECORD, RECORD))

    verdict = with_increase(failed, comparison, parse_max_increase("10%"))

    assert verdict.status is Status.FAIL
    assert [limit.name for limit in verdict.limits] == ["max-emissions", "max-increase"]


def test_unmeasured_figures_are_never_compared_as_zero():
    nothing = record(emissions_g=None, energy_kwh=Energy(total=None), intensity=None, outcome=Outcome.UNMEASURED)

    comparison = compare(*sides(nothing, RECORD))

    assert comparison.energy_change is None
    assert comparison.emissions_change is None
    assert increase(comparison, parse_max_increase("0%")) is None


@given(
    st.floats(min_value=1e-6, max_value=1e6),
    st.floats(min_value=1e-6, max_value=1e6),
    st.floats(min_value=1, max_value=1500),
    st.floats(min_value=1, max_value=1500),
)
def test_energy_and_grid_together_are_the_whole_change(now_kwh, then_kwh, now_price, then_price):
    import dataclasses

    def at(energy_kwh, price):
        return priced(energy_kwh, dataclasses.replace(POLAND, g_per_kwh=price))

    comparison = compare(*sides(at(now_kwh, now_price), at(then_kwh, then_price)))

    both = (1 + comparison.energy_change) * (1 + comparison.grid_change)
    # a fall to next to nothing is 1 - 1: of it no digits are left to compare
    assert math.isclose(both, 1 + comparison.emissions_change, rel_tol=1e-6, abs_tol=1e-12)
    limit = increase(comparison, MaxIncrease(share=0.0))
    assert limit.is_over == (now_kwh > then_kwh)


@cases(
    ("text", "expected"),
    [
        ("card", Source(kind="card")),
        ("record:out/r.json", Source(kind="record", value="out/r.json")),
        ("ledger:main", Source(kind="ledger", value="main")),
        ("hub:me/my-model.v2", Source(kind="hub", value="me/my-model.v2")),
    ],
)
def test_a_baseline_is_named_by_where_it_is(text, expected):
    assert parse_source(text) == expected
    assert str(expected) == text


@cases("text", ["", "cards", "card:x", "record", "record:", "hub:model", "hub:a/b/c", "ledger:"])
def test_another_baseline_is_refused_with_the_kinds_there_are(text):
    with pytest.raises(UsageError, match="is not a baseline") as caught:
        parse_source(text)
    assert "hub:OWNER/MODEL" in caught.value.hint


@cases(
    ("text", "expected"),
    [
        ("10%", MaxIncrease(share=0.1)),
        (" +2.5 % and 5 g", MaxIncrease(share=0.025, emissions_g=5.0)),
        ("0.2 kWh and 10%", MaxIncrease(share=0.1, energy_kwh=0.2)),
        ("5 kg", MaxIncrease(emissions_g=5000.0)),
        ("10%, 5 g", MaxIncrease(share=0.1, emissions_g=5.0)),
    ],
)
def test_an_increase_is_a_share_an_amount_or_both(text, expected):
    assert parse_max_increase(text) == expected


@cases("text", ["", "10", "10 % and", "10% and 20%", "5 g and 6 g", "-10%", "ten%", "5 parsecs", "10% or 5 g"])
def test_only_an_increase_is_accepted(text):
    with pytest.raises(UsageError):
        parse_max_increase(text)


@cases(
    ("hours", "limit_s", "message"),
    [
        (15, 3600, "is 15 h old, over the limit of 1 h"),
        (24 * 40, 86400 * 30, "is 40 days old, over the limit of 30 days"),
    ],
)
def test_an_age_is_given_in_a_readable_unit(hours, limit_s, message):
    ended = datetime.fromisoformat(RECORD.ended_at) - timedelta(hours=hours)
    old = priced(1.0, RECORD.intensity, ended_at=ended.isoformat())
    comparison = compare(*sides(priced(2.0, RECORD.intensity), old), max_age_s=limit_s)
    assert message in why_not(comparison)


@cases("text", ["90", " 7 ", "1.5"])
def test_an_age_without_a_unit_is_answered_with_days(text):
    with pytest.raises(UsageError) as caught:
        parse_age_s(text)
    assert caught.value.hint.startswith(f"write {text.strip()}d for days")
