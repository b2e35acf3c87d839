import json
import stat
from dataclasses import replace

import pytest

from carbon_lint.errors import InputError, OutputError
from carbon_lint.records.record import Energy, Gpu, HourlyIntensity, Methods, Outcome
from carbon_lint.records.store import as_stored, find_problem, load_record, record_to_json, write_record
from carbon_lint.schema_files import load_schema
from tests.records.builders import FRANCE, a_record


def test_what_is_written_is_valid_and_reads_back_equal(tmp_path):
    path = tmp_path / "r.json"
    write_record(a_record(), path)
    assert find_problem(json.loads(path.read_text())) is None
    assert load_record(path) == a_record()


def test_an_energy_only_and_an_unmeasured_record_hold_null_and_not_zero(tmp_path):
    unmeasured = a_record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )
    write_record(unmeasured, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["emissions_g"] is None
    assert document["energy_kwh"] == dict.fromkeys(("total", "cpu", "gpu", "ram", "cpu_linear"))
    assert load_record(tmp_path / "r.json") == unmeasured


def test_an_unmeasured_record_with_grams_is_refused():
    document = record_to_json(a_record(outcome=Outcome.UNMEASURED))
    assert "emissions_g" in find_problem(document)


def test_the_schema_knows_each_field_and_demands_each_but_what_joins_runs():
    schema = load_schema("record")
    assert set(schema["properties"]) == set(record_to_json(a_record()))
    assert set(schema["required"]) == set(schema["properties"]) - {"run_group", "merged_from"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a carbon-lint record"),
        ('{"emissions_g": 3}', "is not a carbon-lint record"),
        ('{"format": "carbon-lint/record@9"}', "carbon-lint/record@9"),
        ('{"format": "carbon-lint/record@1"}', "is a required property"),
        ("[" * 100_000, "is not"),
    ],
)
def test_a_file_that_is_no_record_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        load_record(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_missing_record_and_a_folder_are_refused(tmp_path):
    for path, said in ((tmp_path / "absent.json", "cannot read"), (tmp_path, "holds 0 records, expected one")):
        with pytest.raises(InputError, match=said):
            load_record(path)


def test_writing_keeps_the_mode_of_the_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "r.json"
    write_record(a_record(run_id="older"), path)
    path.chmod(0o640)
    write_record(a_record(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".home", "r.json", "work"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.json").touch()
    (tmp_path / "link.json").symlink_to("real.json")
    write_record(a_record(), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert load_record(tmp_path / "real.json") == a_record()


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        write_record(a_record(), tmp_path / "absent" / "r.json")


def test_not_a_number_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_record(a_record(emissions_g=float("nan")), tmp_path / "r.json")
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("emissions_g", [0.0, 0.07005, 71.0, 70050.0])
def test_grams_that_do_not_come_of_the_energy_are_refused(tmp_path, emissions_g):
    """Nothing, kilograms, another grid's, milligrams for the 1.25 kWh at 56.04 g/kWh that it states."""
    write_record(a_record(emissions_g=emissions_g), tmp_path / "r.json")
    with pytest.raises(InputError, match=r"contradicts itself.*1\.25 kWh at 56\.04 g/kWh are 70\.05 g"):
        load_record(tmp_path / "r.json")


@pytest.mark.parametrize("emissions_g", [70.05, 70.1, 69.9])
def test_rounded_grams_are_no_contradiction(tmp_path, emissions_g):
    write_record(a_record(emissions_g=emissions_g), tmp_path / "r.json")
    assert load_record(tmp_path / "r.json").emissions_g == emissions_g


def test_hours_gpu_energies_and_the_straight_line_read_back_equal(tmp_path):
    hours = (
        HourlyIntensity(hour="2026-11-24T10:00:00Z", g_per_kwh=40.0, energy_kwh=0.5),
        HourlyIntensity(hour="2026-11-24T11:00:00Z", g_per_kwh=66.73333333333333, energy_kwh=0.75),
    )
    gpu = Gpu(index=0, name="A100", uuid="GPU-1", energy_kwh=1.0, is_shared=True)
    record = a_record(
        intensity=replace(FRANCE, hours=hours),
        energy_kwh=replace(a_record().energy_kwh, cpu_linear=0.4),
        hardware=replace(a_record().hardware, gpus=(gpu,)),
    )
    write_record(record, tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == record


def test_a_record_from_before_these_fields_is_read(tmp_path):
    document = record_to_json(a_record())
    del document["energy_kwh"]["cpu_linear"], document["intensity"]["hours"]
    for gpu in document["hardware"]["gpus"]:
        del gpu["energy_kwh"], gpu["is_shared"]
    (tmp_path / "r.json").write_text(json.dumps(document))
    assert load_record(tmp_path / "r.json") == a_record()


def test_bytes_that_are_not_utf8_are_kept_as_escapes(tmp_path):
    """A path in a warning, an argument of the command, the name of a group: as Python takes them from the system."""
    odd = a_record(
        run_group="g\udcff",
        warnings=("out\udcff/emissions.csv", "é😀"),
        command=("train", "\udcfe"),
        software={"os": "\ud800"},
    )
    write_record(odd, tmp_path / "r.json")
    found = load_record(tmp_path / "r.json")
    assert found == as_stored(odd)
    assert found.run_group == r"g\udcff"
    assert found.warnings == (r"out\udcff/emissions.csv", "é😀")
    assert found.command == ("train", r"\udcfe")
    assert as_stored(a_record()) == a_record()
