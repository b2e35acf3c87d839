"""An intensity of hours: its mean, its source, and that a record's hours are those of its energy and grams."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carbon_lint.errors import InputError
from carbon_lint.records.intensity import find_disagreement, joined, over_hours, scaled, source_in_words
from carbon_lint.records.merge.merge import NamedRecord, merge
from carbon_lint.records.merge.shared import without_shared
from carbon_lint.records.plausible import find_contradiction
from carbon_lint.records.record import Energy, HourlyIntensity, Intensity
from carbon_lint.records.store import load_record, write_record
from tests.cases import cases
from tests.records.builders import FRANCE, a_record

GRID = Intensity(
    g_per_kwh=31.0,
    source="Electricity Maps, zone FR, lifecycle factors",
    year=2026,
    location=None,
    location_name="FR",
)


def at(hour, g_per_kwh, energy_kwh, *, is_estimated=False, day="2026-11-24"):
    return HourlyIntensity(
        hour=f"{day}T{hour:02}:00Z", g_per_kwh=g_per_kwh, energy_kwh=energy_kwh, is_estimated=is_estimated
    )


def hourly_record(*hours, run_id="a", node="node-1", grid=GRID, **changes):
    """A record whose energy is that of its hours, all of it on the CPU."""
    energy_kwh = sum(hour.energy_kwh for hour in hours)
    return a_record(
        run_id=run_id,
        intensity=over_hours(grid, hours),
        energy_kwh=Energy(total=energy_kwh, cpu=energy_kwh),
        emissions_g=sum(hour.g_per_kwh * hour.energy_kwh for hour in hours),
        hardware=replace(a_record().hardware, gpus=(), node=node),
        **changes,
    )


@given(st.floats(1e-12, 1e6))
@example(4.6579437344478174e-07)
def test_the_mean_of_one_figure_is_that_figure(energy_kwh):
    assert over_hours(GRID, [at(10, 33.0, energy_kwh), at(11, 33.0, energy_kwh)]).g_per_kwh == 33.0
    assert over_hours(GRID, [at(10, 33.0, energy_kwh)]).g_per_kwh == 33.0


def test_the_mean_is_by_energy_and_the_source_names_the_hours():
    found = over_hours(GRID, [at(11, 60.0, 3.0), at(10, 20.0, 1.0)])

    assert found.g_per_kwh == 50.0
    assert [hour.hour for hour in found.hours] == ["2026-11-24T10:00Z", "2026-11-24T11:00Z"]
    assert found.source == GRID.source
    assert source_in_words(found) == (
        "Electricity Maps, zone FR, lifecycle factors, hours of 2026-11-24T10:00Z to 2026-11-24T11:00Z, measured"
    )
    assert (found.year, found.location, found.location_name) == (2026, None, "FR")
    assert over_hours(found, found.hours) == found


def test_estimated_hours_are_marked():
    one, two = at(10, 20.0, 1.0, is_estimated=True), at(11, 60.0, 1.0)
    assert source_in_words(over_hours(GRID, [one])).endswith(", hour of 2026-11-24T10:00Z, estimated")
    assert source_in_words(over_hours(GRID, [one, two])).endswith("1 of 2 estimated, the rest measured")


def test_an_hour_without_energy_is_left_out_and_without_any_it_is_the_last_hours():
    assert over_hours(GRID, [at(10, 20.0, 0.0), at(11, 60.0, 1.0)]).hours == (at(11, 60.0, 1.0),)
    idle = over_hours(GRID, [at(10, 20.0, 0.0), at(11, 60.0, 0.0)])
    assert (idle.g_per_kwh, idle.hours) == (60.0, (at(11, 60.0, 0.0),))
    assert over_hours(GRID, []) == GRID


def test_hours_of_two_years_are_of_no_year():
    assert over_hours(GRID, [at(23, 20.0, 1.0, day="2026-12-31"), at(0, 60.0, 1.0, day="2027-01-01")]).year is None


def test_an_hour_with_two_different_figures_is_their_mean_by_energy():
    found = over_hours(GRID, [at(10, 20.0, 1.0), at(10, 60.0, 3.0, is_estimated=True)])
    assert found.hours == (at(10, 50.0, 4.0, is_estimated=True),)


@given(
    st.lists(st.tuples(st.integers(0, 23), st.floats(1.0, 1500.0), st.floats(1e-9, 1e6)), min_size=1, max_size=30),
    st.integers(1, 29),
)
def test_the_hours_hold_all_of_the_energy_and_the_grams_however_they_are_dealt_out(dealt, cut):
    hours = [at(*each) for each in dealt]
    total_kwh = sum(hour.energy_kwh for hour in hours)
    grams = sum(hour.energy_kwh * hour.g_per_kwh for hour in hours)
    whole = over_hours(GRID, hours)
    halves = [over_hours(GRID, part) for part in (hours[:cut], hours[cut:]) if part]

    assert whole.g_per_kwh * total_kwh == pytest.approx(grams)
    assert find_disagreement(whole, total_kwh, grams, tolerance=1e-9) is None
    assert find_disagreement(joined(halves), total_kwh, grams, tolerance=1e-9) is None
    assert find_disagreement(scaled(whole, 0.25), total_kwh / 4, grams / 4, tolerance=1e-9) is None


def test_merged_nodes_of_one_grid_have_its_hours_and_no_mixture():
    first = hourly_record(at(10, 20.0, 1.0), at(11, 60.0, 3.0), run_id="a", node="node-1")
    second = hourly_record(at(11, 60.0, 1.0), at(12, 40.0, 2.0), run_id="b", node="node-2")
    merged = merge([NamedRecord(name="a", record=first), NamedRecord(name="b", record=second)]).record

    assert merged.intensity.hours == (at(10, 20.0, 1.0), at(11, 60.0, 4.0), at(12, 40.0, 2.0))
    assert source_in_words(merged.intensity).endswith("hours of 2026-11-24T10:00Z to 2026-11-24T12:00Z, measured")
    assert merged.intensity.g_per_kwh * merged.energy_kwh.total == pytest.approx(merged.emissions_g)
    assert merged.emissions_g == pytest.approx(20 + 240 + 80)


def test_nodes_with_the_very_same_hours_are_summed_too():
    nodes = [hourly_record(at(10, 20.0, 1.0), run_id=node, node=node) for node in ("a", "b")]
    merged = merge([NamedRecord(name=node.run_id, record=node) for node in nodes]).record
    assert merged.intensity.hours == (at(10, 20.0, 2.0),)


def test_two_grids_and_a_grid_beside_a_place_stay_a_mixture():
    poland = replace(GRID, source="Electricity Maps, zone PL, lifecycle factors", location_name="PL")
    french = hourly_record(at(10, 20.0, 1.0), run_id="a", node="node-1")
    polish = hourly_record(at(10, 700.0, 1.0), run_id="b", node="node-2", grid=poland)
    merged = merge([NamedRecord(name="a", record=french), NamedRecord(name="b", record=polish)]).record
    assert (merged.intensity.g_per_kwh, merged.intensity.hours) == (360.0, ())
    assert merged.intensity.source == "mean by energy of FR, PL"

    annual = replace(polish, intensity=FRANCE, emissions_g=56.04)
    merged = merge([NamedRecord(name="a", record=french), NamedRecord(name="b", record=annual)]).record
    assert merged.intensity.source == "mean by energy of FR, FRA"


def test_what_counts_once_is_taken_out_of_the_hours_too(tmp_path):
    first = hourly_record(at(10, 20.0, 2.0), run_id="a")
    second = hourly_record(
        *(at(10, 20.0, 1.0), at(11, 60.0, 1.0)),
        run_id="b",
        command=("python", "other.py"),
        started_at="2026-11-24T10:30:00Z",
        ended_at="2026-11-24T11:30:00Z",
    )
    left = without_shared([first, second], by_machine=True)[1].record

    assert left.energy_kwh.total == pytest.approx(1.0)
    assert [hour.energy_kwh for hour in left.intensity.hours] == pytest.approx([0.5, 0.5])
    assert find_contradiction(left) is None


@cases(
    ("hours", "message"),
    [
        ((at(10, 56.04, 0.5), at(11, 56.04, 0.5)), r"hours of the intensity hold 1 kWh, the total is 1\.25 kWh"),
        ((at(10, 30.0, 0.5), at(11, 60.0, 0.75)), r"come to 60 g, the emissions are 70\.05 g"),
    ],
)
def test_a_record_whose_hours_are_not_its_energys_is_refused(tmp_path, hours, message):
    write_record(a_record(intensity=replace(FRANCE, hours=hours)), tmp_path / "r.json")
    with pytest.raises(InputError, match=message):
        load_record(tmp_path / "r.json")
