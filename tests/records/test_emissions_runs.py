"""Which rows of an emissions.csv are one run, which runs are meant, and which figures are believed."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carbon_lint.errors import CarbonLintError, InputError, MissingFigureError, UsageError
from carbon_lint.places import find_place
from carbon_lint.records.emissions_csv.choice import Choice, chosen
from carbon_lint.records.emissions_csv.place import region_name
from carbon_lint.records.emissions_csv.record import record_of_runs
from carbon_lint.records.emissions_csv.runs import log_of, overlapping
from carbon_lint.records.emissions_csv.table import REQUIRED, parse_table
from tests.cases import cases
from tests.conftest import ROOT
from tests.records.test_emissions_csv import FULL, OLDEST, record, table

TASKS = ["task_name", *FULL]
PRIMARY = json.loads((ROOT / "carbon_lint" / "data" / "codecarbon1.json").read_text())["g_per_kwh"]
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
NO_IDS = st.sampled_from(["", "nan", "None", "null", "0", "N/A", "0.0", "<NA>", "unknown", "undefined", ZERO_UUID])
ENERGIES = st.floats(1e-6, 1e3)
NOON = datetime.fromisoformat("2026-11-02T12:00:00")  # CodeCarbon writes local time without a zone


def row(energy_kwh=0.3, **cells):
    return {"energy_consumed": repr(energy_kwh), "emissions": repr(energy_kwh * 0.056), **cells}


def log(*texts):
    return log_of([parse_table(text.encode(), f"{number}.csv") for number, text in enumerate(texts)])


def sum_of(*texts, **choice):
    found = log(*texts)
    choice = Choice(sum_runs=True, **choice)
    return record_of_runs(found, chosen(found, choice), choice)


# Tasks


@given(st.lists(ENERGIES, min_size=1, max_size=6))
def test_the_tasks_of_a_run_are_added_up_in_whatever_order_they_stand(energies):
    rows = [row(energy, task_name=f"t{number}", duration="10") for number, energy in enumerate(energies)]
    found = record(table(*rows, columns=TASKS))
    assert found.energy_kwh.total == pytest.approx(math.fsum(energies))
    assert found.emissions_g == pytest.approx(56 * math.fsum(energies))
    assert found.duration_s == 10 * len(energies)
    assert found.run_id == "run-a"
    assert any("between them" in warning for warning in found.warnings)


def test_a_task_that_took_nothing_is_fine_and_a_run_whose_tasks_all_took_nothing_is_not():
    nothing = row(0.0, task_name="load", gpu_model="")
    assert record(table(nothing, row(0.3, task_name="train", gpu_model=""), columns=TASKS)).energy_kwh.total == 0.3
    with pytest.raises(MissingFigureError, match="nothing was measured"):
        record(table(nothing, columns=TASKS))


def test_a_task_too_short_for_grams_is_fine():
    tasks = [row(0.3, task_name="train"), row(1e-9, task_name="load", emissions="0.0")]
    assert record(table(*tasks, columns=TASKS)).emissions_g == pytest.approx(16.8)


def test_the_tasks_of_a_run_beside_its_own_row_are_counted_once():
    """As `--from emissions.csv --from emissions_base_ID.csv` gives them."""
    tasks = table(row(0.1, task_name="a"), row(0.15, task_name="b"), columns=TASKS)
    assert sum_of(table(row(0.3)), tasks).energy_kwh.total == 0.3
    assert sum_of(tasks, table(row(0.3))).energy_kwh.total == 0.3
    with pytest.raises(MissingFigureError, match=r"its tasks 0\.25 kWh"):
        sum_of(table(row(0.2)), tasks)


# Rows without a usable run id


@given(st.lists(st.tuples(NO_IDS, st.integers(0, 2), st.booleans()), min_size=2, max_size=6))
def test_every_row_without_a_usable_run_id_is_a_run_whatever_its_time(rows):
    cells = [
        row(0.1 * (number + 1), run_id=run_id, timestamp=f"2026-11-02T1{hour}:00:00" if is_time else "26:11.7")
        for number, (run_id, hour, is_time) in enumerate(rows)
    ]
    text = table(*cells)
    with pytest.raises(UsageError, match=f"holds {len(rows)} runs"):
        record(text)
    assert record(text, sum_runs=True).energy_kwh.total == pytest.approx(0.1 * len(rows) * (len(rows) + 1) / 2)
    names = list(log(text).runs)
    assert len(names) == len(rows)
    assert record(text, run_id=names[1]).energy_kwh.total == pytest.approx(0.2), "each can be chosen by its name"


def test_a_row_that_is_there_twice_is_counted_once_with_a_warning():
    text = table(row(run_id="", experiment_id="x"), row(run_id="", experiment_id="x"))
    found = record(text)
    assert found.energy_kwh.total == 0.3
    assert any("line 3 repeats" in warning for warning in found.warnings)
    nameless = table(row(run_id="", timestamp="26:11.7"), row(run_id="", timestamp="26:11.7"))
    assert record(nameless, sum_runs=True).energy_kwh.total == 0.6, "nothing says that the two are one"


@given(st.lists(ENERGIES, min_size=1, max_size=6, unique=True), st.randoms())
def test_the_last_row_by_time_counts_also_in_a_table_that_a_spreadsheet_has_sorted(energies, dice):
    rows = [
        row(energy, timestamp=f"2026-11-02T10:00:{number:02d}", duration=str(number + 1))
        for number, energy in enumerate(sorted(energies))
    ]
    dice.shuffle(rows)
    found = record(table(*rows))
    assert found.energy_kwh.total == max(energies)
    assert found.duration_s == len(energies)


# Parts of the energy


@given(st.floats(0.5, 1.5), ENERGIES)
def test_parts_that_do_not_add_up_to_the_total_are_refused(factor, energy):
    assume(not 0.019 < abs(factor - 1) < 0.021)
    parts = {"cpu_energy": energy * factor / 2, "gpu_energy": energy * factor / 4, "ram_energy": energy * factor / 4}
    text = table(row(energy, **{name: repr(value) for name, value in parts.items()}))
    if abs(factor - 1) < 0.02:
        assert record(text).energy_kwh.total == energy
    else:
        with pytest.raises(MissingFigureError, match="energy_consumed is"):
            record(text)


@cases("part", ["cpu_energy", "gpu_energy", "ram_energy"])
def test_a_part_that_is_negative_or_no_number_is_refused_and_one_that_is_not_there_is_not_missed(part):
    for cell in ("-0.05", "inf", "x"):
        with pytest.raises(MissingFigureError, match=part):
            record(table({"gpu_model": "", part: cell}))
    assert record(table({"gpu_model": "", part: ""})).energy_kwh.total == 0.3
    with pytest.raises(MissingFigureError, match="energy_consumed"):
        record(table({"gpu_model": "", "cpu_energy": "0.2", "gpu_energy": "0.2", "ram_energy": "0.2", part: ""}))


# CodeCarbon 1.x


def test_grams_that_codecarbon_1_made_of_primary_energy_need_a_location():
    for country, g_per_kwh in PRIMARY.items():
        cells = {"country_iso_code": country, "country_name": "", "emissions": repr(g_per_kwh / 1000)}
        text = table({**cells, "energy_consumed": "1.0"}, columns=OLDEST)
        with pytest.raises(MissingFigureError, match=r"CodeCarbon 1\.x") as refused:
            record(text)
        assert f"--location {country}" in refused.value.hint
        assert record(text, trust_location=True).emissions_g == pytest.approx(g_per_kwh)
        assert record(text, place=find_place("FRA")).emissions_g == pytest.approx(find_place("FRA").g_per_kwh)
        later = table({**cells, "energy_consumed": "1.0"})
        assert record(later).emissions_g == pytest.approx(g_per_kwh), "2.x prices electricity"


def test_what_codecarbon_1_priced_by_electricity_is_believed():
    illinois = {"country_iso_code": "USA", "country_name": "United States", "region": "illinois"}
    assert record(table({**illinois, "emissions": "0.11"}, columns=OLDEST)).emissions_g == pytest.approx(110)
    assert record(table({"emissions": "0.0168"}, columns=OLDEST)).emissions_g == pytest.approx(16.8)


# Places


def test_one_country_with_and_without_a_region_is_named():
    plain = row(run_id="a")
    here = sum_of(table(plain, row(run_id="b", region="occitanie"))).intensity
    assert (here.location, here.location_name) == ("FRA", "France")
    states = [
        row(run_id=name, region=name, country_name="United States", country_iso_code="USA", emissions="0.09")
        for name in ("virginia", "ohio")
    ]
    there = sum_of(table(*states)).intensity
    assert there.location is None, "its own figure is not that of either state"
    assert there.location_name == find_place("USA").name
    sweden = row(run_id="c", country_name="Sweden", country_iso_code="SWE")
    assert sum_of(table(plain, sweden)).intensity.location_name is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["FRA", ""]), st.sampled_from(["", "occitanie", "île-de-france"])),
        min_size=2,
        max_size=5,
    )
)
def test_runs_in_one_country_name_it_however_far_each_row_names_its_place(where):
    rows = [
        row(run_id=f"r{number}", country_iso_code=iso, country_name="France", region=region)
        for number, (iso, region) in enumerate(where)
    ]
    assert sum_of(table(*rows)).intensity.location_name.endswith("France")


@cases(
    ("written", "name"),
    [
        ("île-de-france", "Île-de-France"),
        ("provence-alpes-côte d'azur", "Provence-Alpes-Côte d'Azur"),
        ("pays de la loire", "Pays de la Loire"),
        ("hauts-de-france", "Hauts-de-France"),
        ("castilla-la mancha", "Castilla-La Mancha"),
        ("valle d\N{RIGHT SINGLE QUOTATION MARK}aosta", "Valle d\N{RIGHT SINGLE QUOTATION MARK}Aosta"),
        ("district of columbia", "District of Columbia"),
        ("newfoundland and labrador", "Newfoundland and Labrador"),
        ("rio de janeiro", "Rio de Janeiro"),
        ("north rhine-westphalia", "North Rhine-Westphalia"),
        ("la rioja", "La Rioja"),
        ("hawai'i", "Hawai'i"),
        ("o'higgins", "O'Higgins"),
        ("SE3", "SE3"),
        ("", ""),
    ],
)
def test_a_region_is_written_as_its_people_write_it(written, name):
    assert region_name(written) == name


# Time


@given(
    st.lists(st.floats(1.0, 500.0), min_size=2, max_size=6),
    st.sampled_from([("%Y-%m-%dT%H:%M:%S", 1), ("%Y-%m-%d %H:%M", 60), ("%Y-%m-%dT%H:%M:%S.%f", 1e-6)]),
    st.floats(0.0, 60.0),
)
def test_runs_one_after_the_other_do_not_overlap_because_their_times_were_cut(durations, writing, offset_s):
    form, _ = writing
    end, rows = NOON + timedelta(seconds=offset_s), []
    for number, duration in enumerate(durations):
        end += timedelta(seconds=duration)
        rows.append(row(run_id=f"r{number}", timestamp=end.strftime(form), duration=repr(duration - 1e-3)))
    assert overlapping(list(log(table(*rows)).runs.values())) == []


@given(st.floats(3.0, 1000.0), st.floats(0.0, 1.0))
def test_runs_that_share_more_than_the_resolution_of_their_times_do_overlap(shared_s, offset_s):
    first = NOON + timedelta(seconds=offset_s)
    second = first + timedelta(seconds=1000.0)
    rows = [
        row(run_id="a", timestamp=f"{first:%Y-%m-%dT%H:%M:%S}", duration="2000"),
        row(run_id="b", timestamp=f"{second:%Y-%m-%dT%H:%M:%S}", duration=repr(1000.0 + shared_s)),
    ]
    assert overlapping(list(log(table(*rows)).runs.values())) == ["a", "b"]


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=12, unique=True))
def test_the_last_run_is_the_one_that_ended_last_and_the_list_has_it_first(seconds):
    rows = [
        row(
            0.1 + at,
            run_id=f"r{at}",
            project_name=f"p{at}",
            timestamp=f"{NOON + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S}",
        )
        for at in seconds
    ]
    text = table(*rows)
    assert record(text, last=True).energy_kwh.total == pytest.approx(0.1 + max(seconds))
    with pytest.raises(UsageError, match=f"holds {len(seconds)} runs") as refused:
        record(text)
    assert "--last" in refused.value.hint
    newest = refused.value.details[0]
    for part in (f"{NOON + timedelta(seconds=max(seconds)):%Y-%m-%d %H:%M:%S}", f"p{max(seconds)}", f"r{max(seconds)}"):
        assert part in newest
    assert "1 h 00 min" in newest
    assert len(refused.value.details) <= 9
    if len(seconds) > 8:
        assert refused.value.details[-1] == f"and {len(seconds) - 8} older one{'s' * (len(seconds) > 9)}"


def test_the_last_run_is_not_guessed_if_the_times_are_equal_or_unreadable():
    with pytest.raises(UsageError, match="2 end at 2026-11-02 10:00:00"):
        record(table(row(run_id="a"), row(run_id="b")), last=True)
    with pytest.raises(UsageError, match="cannot be read"):
        record(table(row(run_id="a"), row(run_id="b", timestamp="26:11.7")), last=True)


def test_a_run_that_cannot_be_used_is_marked_in_the_list_and_stops_only_what_it_is_part_of():
    text = table(row(0.0, run_id="bad", timestamp="2026-11-01T10:00:00"), row(run_id="good"))
    with pytest.raises(UsageError) as refused:
        record(text)
    assert "unusable" in refused.value.details[1]
    assert "energy_consumed is 0" in refused.value.details[1]
    assert record(text, last=True).run_id == "good"
    with pytest.raises(MissingFigureError, match="energy_consumed is 0") as stopped:
        record(text, sum_runs=True)
    assert "a copy without that line" in stopped.value.hint


def test_runs_of_one_project_are_taken_and_an_unknown_project_is_answered_with_the_known_ones():
    text = table(row(0.1, run_id="a", project_name="x"), row(0.2, run_id="b", project_name="y"))
    assert record(text, project="y").energy_kwh.total == 0.2
    with pytest.raises(UsageError, match="no run of project 'z'") as refused:
        record(text, project="z")
    assert "x, y" in refused.value.hint
    assert any("2 projects (x, y)" in warning for warning in record(text, sum_runs=True).warnings)


# Several files


@given(st.lists(st.lists(ENERGIES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_several_files_are_summed_run_by_run(files):
    texts = [
        table(*(row(energy, run_id=f"{number}-{at}") for at, energy in enumerate(energies)))
        for number, energies in enumerate(files)
    ]
    total = math.fsum(energy for energies in files for energy in energies)
    assert sum_of(*texts).energy_kwh.total == pytest.approx(total)
    assert sum_of(*texts, *texts).energy_kwh.total == pytest.approx(total), "a file given twice counts once"


def test_one_run_that_goes_on_in_a_second_file_counts_once():
    """CodeCarbon puts the file aside (emissions.csv.bak) when its columns change."""
    first, second = table(row(0.1, timestamp="2026-11-02T09:00:00")), table(row(0.3))
    assert sum_of(first, second).energy_kwh.total == 0.3
    assert sum_of(second, first).energy_kwh.total == 0.3


# Files as spreadsheets and shells leave them


@given(
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.sampled_from(["", "sep={0}\n", '"sep={0}"\r\n', "SEP={0}\r\n", "\n\n"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["alone", "joined", "joined without a line end"]),
)
def test_the_same_rows_are_read_from_every_writing_of_the_table(delimiter, encoding, head, end, joining):
    first, second = row(run_id="a"), row(0.1, run_id="b", country_name="Côte d'Ivoire", project_name='x, "y"; z\tw')
    if joining == "alone":
        text = table(first, second, delimiter=delimiter)
    else:
        text = table(first, delimiter=delimiter, end="" if "without" in joining else "\n")
        text += table(second, delimiter=delimiter)
    text = head.format(delimiter) + text.replace("\n", end)
    if encoding == "utf-8-sig":
        text = text.replace("timestamp", "\ufefftimestamp").removeprefix("\ufeff")  # each joined file has its mark
    found = log_of([parse_table(text.encode(encoding), "e.csv")])
    assert found.warnings == ()
    assert {name: run.energy_kwh for name, run in found.runs.items()} == {"a": 0.3, "b": 0.1}
    assert found.runs["b"].project == 'x, "y"; z\tw'


@cases("end", ["\n", ""])
@cases("columns", [FULL, OLDEST, TASKS])
@cases("more", [FULL, OLDEST, TASKS])
def test_files_of_two_versions_that_were_joined_are_read_each_by_its_own_header(columns, more, end):
    second = row(0.1, emissions="0.0056", run_id="b", experiment_id="b", task_name="train")
    text = table(row(0.3, task_name="train"), columns=columns, end=end) + table(second, columns=more)
    found = record(text, sum_runs=True)
    assert found.energy_kwh.total == pytest.approx(0.4)
    assert not any("left out" in warning for warning in found.warnings)


@cases("column", REQUIRED)
@cases(("cell", "message"), [("", "is empty"), ("x", "is 'x', which is not a number")])
def test_a_cell_that_holds_no_number_is_named_by_its_column_and_line(column, cell, message):
    with pytest.raises(MissingFigureError) as refused:
        record(table({column: cell}))
    assert f"line 2 was left out: its cell {column!r} {message}" in refused.value.message


@cases(
    ("data", "message", "hint"),
    [
        (b'{"format": "carbon-lint/record@1"}', "is a record of carbon-lint", "check --record"),
        (b'{"format": "carbon-lint/journal@1"}\n', "is a journal of carbon-lint", "carbon-lint recover"),
        (b'{"a": 1}', "is JSON", "--record"),
    ],
)
def test_a_record_or_journal_given_as_a_table_is_called_what_it_is(data, message, hint):
    with pytest.raises(InputError, match=message) as refused:
        parse_table(data, "r.json")
    assert hint in refused.value.hint


@pytest.mark.slow
def test_a_file_of_empty_lines_is_read_in_time_that_grows_with_its_size():
    """Each line once: two million of them took minutes if the rest was copied for every line."""
    with pytest.raises(InputError, match=r"is not an emissions\.csv"):
        parse_table(b"\n" * 2_000_000, "e.csv")


@given(st.lists(st.text(alphabet='0123456789,;\t\n"\x00sep=emissionsenergy_consumedduration', max_size=60), max_size=8))
def test_whatever_stands_in_the_file_there_is_a_table_or_a_refusal(lines):
    random.Random(0).shuffle(lines)
    data = ("emissions,energy_consumed,duration\n" + "\n".join(lines)).encode()
    try:
        found = log_of([parse_table(data, "e.csv")])
    except CarbonLintError:
        return
    assert all(run.rows for run in found.runs.values())


# What a file went through on its way


def test_grams_that_fall_while_the_energy_grows_are_not_believed():
    rows = (row(1.0, duration="60"), row(1.2, emissions="0.028", duration="120"))
    with pytest.raises(MissingFigureError, match=r"fall from .* line 2 to .* line 3"):
        record(table(*rows))
    assert record(table(*rows), trust_location=True).emissions_g == 28
    place = find_place("FRA")
    assert record(table(*rows), place=place).emissions_g == pytest.approx(1.2 * place.g_per_kwh)


def test_columns_count_in_any_case_and_only_once():
    text = table(row())
    head, _, rest = text.partition("\n")
    assert record(f"{head.title()}\n{rest}").emissions_g == pytest.approx(16.8)
    with pytest.raises(InputError, match="the column 'emissions' 2 times"):
        record(f"{head},emissions\n{rest.rstrip()},99\n")


def test_ids_that_a_spreadsheet_made_numbers_of_join_no_runs():
    rows = [row(run_id="1.11E+31", timestamp=f"2026-11-0{day}T10:00:00") for day in (1, 2)]
    assert sum_of(table(*rows)).energy_kwh.total == pytest.approx(0.6)


def test_more_than_a_machine_draws_gives_a_warning():
    assert any("lost its decimal point" in warning for warning in record(table(row(300.0))).warnings)
    assert not any("lost its decimal point" in warning for warning in record(table(row(30.0))).warnings)


@cases(
    ("data", "found"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "a pointer of Git LFS"),
        (b"PK\x03\x04" + b"\0" * 40, "not a text file"),
        (table(row()).encode("utf-32"), "not a text file"),
    ],
)
def test_a_file_that_is_not_text_gets_an_error(data, found):
    with pytest.raises(InputError, match=found):
        record(data)
