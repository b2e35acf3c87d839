"""An emissions.csv of any CodeCarbon becomes a record, or is refused with what to do."""

from __future__ import annotations

import csv
import io
import math
import re

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from carbon_lint.errors import CarbonLintError, InputError, MissingFigureError, UsageError
from carbon_lint.places import custom_place, every_place, find_place
from carbon_lint.records.emissions_csv.choice import Choice, chosen
from carbon_lint.records.emissions_csv.record import record_from_csv, record_of_runs
from carbon_lint.records.emissions_csv.runs import log_of
from carbon_lint.records.emissions_csv.table import looks_like_csv, parse_table
from carbon_lint.records.record import Methods, Outcome
from carbon_lint.records.store import record_from_json, record_to_json
from tests.cases import cases

FULL = [
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
]
OLDEST = [
    "timestamp",
    "experiment_id",
    "project_name",
    "duration",
    "emissions",
    "energy_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "on_cloud",
    "cloud_provider",
    "cloud_region",
]
ADDED = [  # as the column sets grew: 2.0, 2.2.0, 2.2.3, 2.7.0, 3.0.8, 3.2.1
    [name for name in FULL if name not in late]
    for late in (
        {"experiment_id", "codecarbon_version", "pue", "water_consumed", "wue", *FULL[31:35]},
        {"experiment_id", "pue", "water_consumed", "wue", *FULL[31:35]},
        {"experiment_id", "water_consumed", "wue", *FULL[31:35]},
        {"water_consumed", "wue", *FULL[31:35]},
        set(FULL[31:35]),
        set(),
    )
]
GOOD = {
    "timestamp": "2026-11-02T10:00:00",
    "project_name": "codecarbon",
    "run_id": "run-a",
    "experiment_id": "5b0fa12a-3dd7-45bb-9766-cc326314d9f1",
    "duration": "3600.0",
    "emissions": "0.0168",
    "emissions_rate": "123456",
    "cpu_energy": "0.1",
    "gpu_energy": "0.15",
    "ram_energy": "0.05",
    "energy_consumed": "0.3",
    "country_name": "France",
    "country_iso_code": "FRA",
    "region": "",
    "os": "Linux-6.8",
    "python_version": "3.12.1",
    "codecarbon_version": "3.3.2",
    "cpu_count": "8",
    "cpu_model": "AMD EPYC 7763",
    "gpu_count": "2",
    "gpu_model": "2 x NVIDIA A100-SXM4-80GB",
    "ram_total_size": "64.0",
    "tracking_mode": "machine",
    "on_cloud": "N",
    "pue": "1.0",
    "wue": "0",
}
QUEBEC = {"country_name": "Canada", "country_iso_code": "CAN", "region": "quebec", "emissions": "0.001181"}


def parts_of(energy):
    """A third, a half and a sixth of the energy, as GOOD has them, so that a test can change the total alone."""
    try:
        total = float(energy)
    except (TypeError, ValueError):
        return {}
    return {"cpu_energy": repr(total / 3), "gpu_energy": repr(total / 2), "ram_energy": repr(total / 6)}


def table(*rows, columns=FULL, delimiter=",", end="\n"):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = {**GOOD, **parts_of(row.get("energy_consumed")), **row}
        writer.writerow([cells.get(name, "") for name in columns])
    return out.getvalue().removesuffix("\n") + end


def record(text, **choice):
    data = text if isinstance(text, bytes) else text.encode()
    log, choice = log_of([parse_table(data, "emissions.csv")]), Choice(**choice)
    return record_of_runs(log, chosen(log, choice), choice)


@cases("columns", [OLDEST, *ADDED, [*FULL, "ram_tracking_method", "slurm_job_id"]], ids=len)
def test_every_column_set_gives_the_same_grams_energy_and_place(columns):
    found = record(table({}, columns=columns))
    assert found.emissions_g == pytest.approx(16.8)
    assert found.energy_kwh.total == 0.3
    assert found.intensity.location_name == "France"
    assert found.intensity.g_per_kwh == pytest.approx(56.0)
    assert found.duration_s == 3600


def test_what_the_file_states_is_in_the_record_and_the_rest_is_empty():
    found = record(table({}))
    assert found.outcome is Outcome.COMPLETED
    assert found.exit_status is None
    assert found.methods == Methods()
    assert (found.energy_kwh.cpu, found.energy_kwh.gpu, found.energy_kwh.ram) == (0.1, 0.15, 0.05)
    assert [gpu.name for gpu in found.hardware.gpus] == ["NVIDIA A100-SXM4-80GB"] * 2
    assert found.software == {"codecarbon": "3.3.2", "python": "3.12.1", "os": "Linux-6.8"}
    assert found.started_at == "2026-11-02T09:00:00Z"
    assert found.intensity.location == "FRA"
    assert "emissions / energy" in found.intensity.source
    record_from_json(record_to_json(found))


def test_the_figure_is_read_with_a_byte_order_mark_semicolons_or_no_line_break_at_the_end():
    for data in (
        b"\xef\xbb\xbf" + table({}).encode(),
        table({}, delimiter=";").encode(),
        table({"emissions": "0,0168", "energy_consumed": "0,3"}, delimiter=";").encode(),
        table({}, end="").encode(),
        table({}).replace("\n", "\r\n").encode(),
        table({"project_name": 'a "name", with\na line break'}).encode(),
        table({"country_name": "Côte d'Ivoire", "country_iso_code": "FRA"}).encode("cp1252"),
    ):
        assert record(data).emissions_g == pytest.approx(16.8)


def test_every_number_of_a_spreadsheet_with_decimal_commas_is_read():
    """If not, a record would call a GPU that was counted not measured."""
    plain = table(GOOD, delimiter=";")
    commas = re.sub(r"(?<=\d)\.(?=\d+;)", ",", plain.replace("3.12.1", "3,12,1"))
    assert "0,15;" in commas
    expected, read = record(table(GOOD)), record(commas)
    assert (read.energy_kwh, read.emissions_g, read.pue) == (expected.energy_kwh, expected.emissions_g, expected.pue)
    assert read.hardware == expected.hardware


def test_rows_of_one_run_are_cumulative_so_the_last_one_counts():
    rows = [
        {"emissions": "0.001", "energy_consumed": "0.02", "duration": "10"},
        {"emissions": "0.002", "energy_consumed": "0.04", "duration": "20"},
        {"emissions": "0.0168", "energy_consumed": "0.3", "duration": "5"},
    ]
    found = record(table(*rows))
    assert found.emissions_g == pytest.approx(16.8)
    assert found.duration_s == 25  # a second `train()` starts its clock again, not its energy


def test_a_run_whose_energy_falls_is_refused():
    with pytest.raises(MissingFigureError, match="falls"):
        record(table({}, {"energy_consumed": "0.1"}))


def test_several_runs_have_to_be_chosen_or_summed():
    text = table({}, {"run_id": "run-b", "emissions": "0.0336", "timestamp": "2026-11-03T10:00:00"})
    with pytest.raises(UsageError, match="holds 2 runs") as refused:
        record(text)
    assert [line.split()[-1] for line in refused.value.details] == ["run-b", "run-a"], "the newest first"
    assert "--sum" in refused.value.hint
    assert record(text, run_id="run-b").emissions_g == pytest.approx(33.6)
    both = record(text, sum_runs=True)
    assert both.emissions_g == pytest.approx(50.4)
    assert both.energy_kwh.total == pytest.approx(0.6)
    assert both.run_id == "run-a + run-b"
    record_from_json(record_to_json(both))
    with pytest.raises(UsageError, match="no run 'run-c'"):
        record(text, run_id="run-c")
    with pytest.raises(UsageError, match="exclude each other"):
        record(text, run_id="run-a", sum_runs=True)


def test_runs_without_ids_are_distinguished_by_their_time():
    text = table({}, {"timestamp": "2026-11-03T10:00:00"}, columns=OLDEST)
    with pytest.raises(UsageError, match="2 runs"):
        record(text)
    assert record(text, run_id="2026-11-03T10:00:00").emissions_g == pytest.approx(16.8)


def test_runs_that_overlap_are_summed_with_a_warning():
    text = table({}, {"run_id": "run-b"})
    assert any("counted twice" in warning for warning in record(text, sum_runs=True).warnings)
    apart = table({}, {"run_id": "run-b", "timestamp": "2026-11-02T12:00:00"})
    assert not any("counted twice" in warning for warning in record(apart, sum_runs=True).warnings)


def test_runs_in_two_places_or_machines_name_none():
    text = table({}, {"run_id": "b", "country_name": "Sweden", "country_iso_code": "SWE", "cpu_model": "Intel"})
    found = record(text, sum_runs=True)
    assert found.intensity.location_name is None
    assert found.hardware.cpu_model is None


@cases(
    ("spoil", "kind"),
    [
        (lambda text: text[:-40], "cut off"),
        (lambda text: text.rstrip("\n") + text.split("\n")[1] + "\n", "two rows in one"),
        (lambda text: text.replace("0.0168", "n/a", 1), "'emissions' is 'n/a'"),
    ],
)
def test_a_broken_row_is_left_out_with_a_warning(spoil, kind):
    whole = table({"run_id": "whole", "timestamp": "2026-11-01T00:00:00"})
    broken = spoil(table({})).partition("\n")[2]
    found = record(whole + broken)
    assert found.run_id == "whole"
    assert any(kind in warning and "line 3" in warning for warning in found.warnings)


@cases(
    "row",
    [
        {"energy_consumed": "0"},
        {"energy_consumed": "-0.3"},
        {"energy_consumed": "nan"},
        {"energy_consumed": "inf"},
        {"emissions": "0.0"},
        {"emissions": "-1"},
        {"emissions": "nan"},
        {"duration": "-1"},
        {"pue": "0.5"},
        {"pue": "x"},
    ],
    ids=str,
)
def test_a_figure_that_cannot_be_true_is_refused(row):
    with pytest.raises(MissingFigureError) as refused:
        record(table(row))
    assert refused.value.exit_code == 2
    assert refused.value.hint


def test_quebec_has_to_be_confirmed_because_codecarbon_writes_it_for_an_unknown_place():
    text = table(QUEBEC)
    with pytest.raises(MissingFigureError, match="Quebec") as refused:
        record(text)
    assert "--location" in refused.value.hint
    trusted = record(text, trust_location=True)
    assert trusted.intensity.location == "CAN/quebec"
    assert trusted.emissions_g == pytest.approx(1.181)


def test_a_row_with_quebec_and_another_grids_intensity_names_no_place():
    found = record(table({**QUEBEC, "emissions": "0.11"}), trust_location=True)
    assert found.intensity.location is None
    assert found.intensity.location_name is None
    assert found.intensity.g_per_kwh == pytest.approx(1000 * 0.11 / 0.3)


@cases(
    "where",
    [
        {"country_iso_code": "US", "country_name": "United States"},
        {"country_iso_code": "", "country_name": ""},
        {
            "country_iso_code": "",
            "country_name": "",
            "cloud_provider": "aws",
            "cloud_region": "eu-west-9",
            "on_cloud": "Y",
        },
        {},
    ],
)
def test_the_worlds_average_has_to_be_confirmed_because_codecarbon_takes_it_for_an_unknown_place(where):
    row = {**where, "emissions": "0.1425"}
    with pytest.raises(MissingFigureError, match="world's average") as caught:
        record(table(row))
    assert "--location FRA" in caught.value.hint
    assert record(table(row), trust_location=True).emissions_g == pytest.approx(142.5)
    assert record(table(row), place=find_place("FRA")).emissions_g == pytest.approx(0.3 * find_place("FRA").g_per_kwh)


def test_a_country_whose_own_figure_is_near_the_worlds_is_believed():
    countries = [place for place in every_place() if place.code == place.country_iso]
    near = next(country for country in countries if abs(country.in_codecarbon_g_per_kwh - 475) < 20)
    row = {"country_iso_code": near.country_iso, "country_name": near.name, "emissions": "0.1425"}
    assert record(table(row)).intensity.location == near.code


def test_an_intensity_far_from_its_places_own_gives_a_warning():
    """As `force_carbon_intensity_g_co2e_kwh` in a .codecarbon.config makes it."""
    found = record(table({"emissions": "0.0006"}))
    assert found.intensity.location == "FRA"
    assert any("far from the 56.04 g/kWh of France" in warning for warning in found.warnings)
    assert not any("far from" in warning for warning in record(table({})).warnings)
    assert not any("far from" in warning for warning in record(table({"emissions": "0.03"})).warnings)


@given(st.floats(1e-6, 1e9))
def test_grams_that_no_grid_makes_of_the_energy_are_refused_unless_they_are_trusted(g_per_kwh):
    """As kilograms that were taken for grams, or grams that were taken for kilograms, make them."""
    assume(all(not math.isclose(g_per_kwh, edge, rel_tol=1e-6) for edge in (1, 475, 1500)))
    text = table({"country_name": "", "country_iso_code": "", "emissions": repr(g_per_kwh * 0.3 / 1000)})
    if 1 < g_per_kwh < 1500:
        assert record(text, trust_location=abs(g_per_kwh - 475) < 1).intensity.g_per_kwh == pytest.approx(g_per_kwh)
        return
    with pytest.raises(MissingFigureError, match="not the carbon intensity of a grid") as refused:
        record(text)
    assert "--location FRA" in refused.value.hint
    assert record(text, trust_location=True).emissions_g == pytest.approx(g_per_kwh * 0.3)


def test_a_run_without_grams_does_not_hide_in_a_sum():
    text = table({}, {"run_id": "b", "timestamp": "2026-11-02T12:00:00", "emissions": "0.0"})
    with pytest.raises(MissingFigureError, match="priced at 0 g/kWh"):
        record(text, sum_runs=True)


def test_a_place_prices_the_energy_again():
    france = find_place("FRA")
    found = record(table(QUEBEC), place=france)
    assert found.emissions_g == pytest.approx(0.3 * france.g_per_kwh)
    assert found.intensity.location_name == "France"
    assert any("priced at" in warning for warning in found.warnings)
    assert record(table({"emissions": "0"}), place=custom_place(100.0)).emissions_g == pytest.approx(30.0)


@cases(
    ("row", "name", "code"),
    [
        (
            {"country_name": "United States", "country_iso_code": "USA", "region": "virginia"},
            "Virginia, United States",
            None,
        ),
        ({"country_name": "Freedonia", "country_iso_code": "XXX", "region": "north"}, "North, Freedonia", None),
        ({"country_name": "", "country_iso_code": ""}, None, None),
        ({"cloud_provider": "gcp", "cloud_region": "us-central1", "on_cloud": "Y"}, None, "gcp/us-central1"),
    ],
)
def test_the_place_is_named_in_words_as_far_as_it_is_known(row, name, code):
    intensity = record(table(row)).intensity
    if code is not None:
        assert intensity.location == code
    elif name is None:
        assert intensity.location_name is None
    else:
        assert intensity.location_name.split(",")[0] == name.split(",")[0]


def test_a_gpu_that_is_named_but_took_no_energy_is_refused_unless_it_was_not_used():
    text = table({"cpu_energy": "0.2", "gpu_energy": "0.0", "ram_energy": "0.1"})
    with pytest.raises(MissingFigureError, match="counts no energy"):
        record(text)
    found = record(text, gpu_unused=True)
    assert found.energy_kwh.gpu is None
    assert found.hardware.gpus == ()


def test_coordinates_and_process_tracking_are_warned_about():
    warnings = record(table({"longitude": "2.35", "latitude": "48.8", "tracking_mode": "process"})).warnings
    assert any("longitude" in warning for warning in warnings)
    assert any("process" in warning for warning in warnings)
    assert not any("2.35" in warning for warning in warnings)
    assert any("leaves no row" in warning for warning in warnings)


@cases(
    ("data", "error"),
    [
        (b"", InputError),
        (b"a,b\n1,2\n", InputError),
        (b"\x00\x01\x02", InputError),
        (table().encode(), MissingFigureError),
        ((table() + "1,2\n").encode(), MissingFigureError),
        (b"emissions,energy_consumed\n1,2\n", InputError),
    ],
)
def test_a_file_that_is_not_such_a_table_is_refused(data, error):
    with pytest.raises(error):
        record(data)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        record_from_csv([tmp_path / "none.csv"], Choice())
    (tmp_path / "emissions.csv").write_text(table({}))
    assert record_from_csv([tmp_path / "emissions.csv"], Choice()).run_id == "run-a"


def test_a_table_is_not_taken_for_a_record():
    assert looks_like_csv(table({}).encode())
    assert looks_like_csv(b"\xef\xbb\xbf" + table({}, delimiter=";").encode())
    assert not looks_like_csv(b'{"emissions_g": 1, "a": 2}')
    assert not looks_like_csv(b"")
    assert not looks_like_csv(b"# Notes on emissions, energy and duration\n")


CELLS = st.one_of(
    st.sampled_from(["", "0", "1e-5", "nan", "-1", "inf", "CAN", "quebec", "x", "1e308", "1e300", "2 x A", "1_0"]),
    st.text(max_size=6),
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine the first example alone takes seconds
@example([{"duration": "1e308"}], False, False)
@example([{"duration": "1e308"}, {}], False, False)
@example([{"pue": "1e308"}], False, False)
@example([{"cpu_count": "1e308", "ram_total_size": "1e308"}], False, False)
@given(st.lists(st.dictionaries(st.sampled_from(FULL), CELLS, max_size=5), max_size=4), st.booleans(), st.booleans())
def test_whatever_the_cells_there_is_a_sound_record_or_a_refusal(rows, sums, trusts):
    try:
        found = record(table(*rows), sum_runs=sums, trust_location=trusts)
    except CarbonLintError:
        return
    assert found.emissions_g > 0
    assert found.energy_kwh.total > 0
    record_from_json(record_to_json(found))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_without_a_crash(data):
    with pytest.raises(CarbonLintError):
        record(data)
