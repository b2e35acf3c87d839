"""What a card is compared with: the newest run, its group, the sum of a file; and when two figures are equal."""

from __future__ import annotations

import pytest

from carbon_lint.errors import InputError
from carbon_lint.lint.evidence import (
    agrees,
    close,
    from_emissions_csv,
    from_records,
    models_in,
    older_with,
    other_place,
)
from carbon_lint.records.record import Energy, Outcome
from carbon_lint.records.store import write_record
from tests.cases import cases
from tests.records.builders import a_record, fitting

HEADER = "timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model\n"
ROWS = (
    "2026-01-06T10:00:00,run-2,7200,0.0991,1.768,1.6,France,FRA,1 x NVIDIA H100\n"
    "2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100\n"
)


def records(*values):
    paths = []
    for number, options in enumerate(values):
        path = f"r{number}.json"
        write_record(fitting(a_record(run_id=f"run-{number}", **options)), path)
        paths.append(path)
    return from_records(paths)


def test_the_newest_record_counts_and_the_others_are_older():
    found = records(
        {"emissions_g": 20.0, "ended_at": "2026-01-06T10:00:00Z"},
        {"emissions_g": 10.0, "ended_at": "2026-01-05T10:00:00Z"},
    )
    assert found.emissions_g == 20
    assert found.label == "the record r0.json"
    assert [older.emissions_g for older in found.older] == [10]


def test_a_run_group_is_summed():
    found = records({"emissions_g": 20.0, "run_group": "a"}, {"emissions_g": 10.0, "run_group": "a"})
    assert found.emissions_g == 30
    assert found.label == "the run group a"
    assert older_with(found, 10.0, "10.0").label == "the older record r1.json"


def two_attempts(**first):
    """r1.json and r2.json of one group, the second an hour later."""
    write_record(fitting(a_record(**{"run_id": "run-1", "run_group": "a", "emissions_g": 20.0, **first})), "r1.json")
    later = {"started_at": "2026-11-24T12:00:00Z", "ended_at": "2026-11-24T13:00:00Z"}
    write_record(fitting(a_record(run_id="run-2", run_group="a", emissions_g=30.0, **later)), "r2.json")


def test_of_a_group_the_records_beside_the_one_that_is_named_count_too():
    two_attempts()
    found = from_records(["r2.json"])
    assert found.emissions_g == pytest.approx(50)
    assert found.label == "the run group a"
    assert older_with(found, 30.0, "30.0").label == "the older record r2.json"


def test_a_record_that_is_a_sum_stands_for_itself():
    two_attempts()
    write_record(
        fitting(a_record(run_id="m", run_group="a", emissions_g=50.0, merged_from=("run-1", "run-2"))), "m.json"
    )
    found = from_records(["m.json"])
    assert (found.emissions_g, found.label) == (pytest.approx(50), "the record m.json")


def test_a_group_of_which_one_run_has_no_figure_has_none():
    two_attempts(emissions_g=None, energy_kwh=Energy(total=None), outcome=Outcome.UNMEASURED)
    assert from_records(["r2.json"]).emissions_g is None


def test_what_was_not_measured_makes_no_sum():
    found = records({"emissions_g": None, "run_group": "a"}, {"emissions_g": 10.0, "run_group": "a"})
    assert found.emissions_g is None
    assert not agrees(found, "emissions_g", 10.0, "10.0")


def test_runs_of_a_csv_are_ordered_by_time_and_the_sum_may_be_stated():
    with open("emissions.csv", "w") as stream:
        stream.write(HEADER + ROWS)
    found = from_emissions_csv("emissions.csv")
    assert found.emissions_g == pytest.approx(99.1)
    assert found.label == "run run-2 of emissions.csv"
    assert agrees(found, "emissions_g", 99.1, "99.1")
    assert agrees(found, "emissions_g", 111.6, "111.6")
    assert not agrees(found, "emissions_g", 12.5, "12.5")
    assert older_with(found, 12.5, "12.5").label == "the older run run-1 of emissions.csv"
    assert found.hardware == ("NVIDIA H100",)
    assert found.location_names == ("France", "FRA")


def test_a_file_that_is_not_there_is_an_input_error():
    with pytest.raises(InputError):
        from_records(["none.json"])
    with pytest.raises(InputError):
        from_emissions_csv("none.csv")


@cases(
    ("stated", "measured", "text", "is_close"),
    [
        (12.5, 12.5, "12.5", True),
        (12.47, 12.4689, "12.47", True),
        (12, 12.4, "12", True),
        (12, 12.6, "12", False),
        (12.5, 12.6, "12.5", False),
        (12.5, 12.55, "12.5", True),
        (1e-5, 2e-5, "1.0e-05", False),
        (0, 12.5, "0", False),
        (0.0125, 12.5, "0.0125", False),
        (1000, 1004, "1000", True),
    ],
)
def test_two_figures_are_one_within_their_rounding(stated, measured, text, is_close):
    assert close(stated, measured, text) == is_close


@cases(
    ("text", "models"),
    [
        ("1 x NVIDIA H100 80GB HBM3", {"H100"}),
        ("8 v100 GPUs", {"V100"}),
        ("NVIDIA A100-SXM4-40GB", {"A100"}),
        ("1 x NVIDIA GeForce RTX 3090", {"3090"}),
        ("Tesla T4, 2 x AMD MI250X", {"T4", "MI250X"}),
        ("Google TPU v4-32", {"TPUV4"}),
        ("TPU v5e", {"TPUV5E"}),
        ("8 x Intel Gaudi 2", {"GAUDI2"}),
        ("Habana Gaudi2", {"GAUDI2"}),
        ("Intel Data Center GPU Max 1550", {"MAX1550"}),
        ("NVIDIA TITAN RTX", {"TITANRTX"}),
        ("NVIDIA Quadro RTX 8000", {"8000"}),
        ("13th Gen Intel(R) Core(TM) i7-13700K", set()),
        ("a cluster", set()),
    ],
)
def test_models_of_accelerators_are_found(text, models):
    assert models_in(text) == models


@cases(
    ("text", "other"),
    [
        ("Warsaw, Poland", "Poland"),
        ("Paris, France", None),
        ("FRANCE", None),
        ("Paris", None),
        ("somewhere in the cloud", None),
        ("Franceville", None),
    ],
)
def test_only_a_text_that_names_another_country_names_another_place(text, other):
    assert other_place(text, ("France", "FRA")) == other
