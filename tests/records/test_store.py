import gzip
import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import InputError, OutputError
from carbon_lint.records.document import record_from_json, record_to_json
from carbon_lint.records.intensity import source_in_words
from carbon_lint.records.record import (
    Basis,
    CodeCarbonEnergy,
    Energy,
    Gpu,
    HourlyIntensity,
    Methods,
    Outcome,
    StoppedBy,
    UnmeasuredCode,
    UnmeasuredReason,
)
from carbon_lint.records.store import as_stored, load_record, parse_record, render_record, write_record
from carbon_lint.records.uncertainty import Assumptions, Bounds, Range, Uncertainty
from tests.cases import cases
from tests.records.builders import FRANCE, a_record
from tests.schemas import load_schema

FORMAT_1_FIELDS = (
    *("format", "run_id", "run_group", "outcome", "exit_status", "over_budget", "emissions_g", "energy_kwh", "methods"),
    *("intensity", "pue", "duration_s", "started_at", "ended_at", "hardware", "software", "command", "provenance"),
    *("warnings", "merged_from"),
)


def test_what_is_written_is_valid_and_reads_back_equal(tmp_path):
    path = tmp_path / "r.json"
    write_record(a_record(), path)
    record_from_json(json.loads(path.read_text()))
    assert load_record(path) == a_record()


def test_an_energy_only_and_an_unmeasured_record_hold_null_and_not_zero(tmp_path):
    unmeasured = a_record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )
    write_record(unmeasured, tmp_path / "r.json")
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["emissions_g"] is None
    assert document["energy_kwh"] == dict.fromkeys(("total", "cpu", "gpu", "ram"))
    assert load_record(tmp_path / "r.json") == unmeasured


def test_an_unmeasured_record_with_grams_is_refused():
    document = record_to_json(a_record(outcome=Outcome.UNMEASURED))
    with pytest.raises(ValueError, match="field emissions_g"):
        record_from_json(document)


def test_the_schema_has_each_field_of_each_value():
    schema = load_schema("record")
    assert set(schema["properties"]) == set(record_to_json(a_record()))
    for name, kind in (("uncertainty", Uncertainty), ("assumptions", Assumptions), ("left_out", Range)):
        assert set(schema["properties"][name]["properties"]) == set(kind.__slots__)


@cases(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a carbon-lint record"),
        ('{"emissions_g": 3}', "is not a carbon-lint record"),
        ('{"format": "carbon-lint/record@9"}', "carbon-lint/record@9"),
        ('{"format": "carbon-lint/record@1"}', "missing required field `run_id`"),
        ("[" * 100_000, "is not"),
    ],
)
def test_a_file_that_is_not_a_record_is_refused_by_name(tmp_path, text, says):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        load_record(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_compressed_journal_is_not_taken_for_a_record(tmp_path):
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"format": "carbon-lint/journal@1"}\n'))
    with pytest.raises(InputError, match=r"is a journal, expected the record beside it \(r\.json\)"):
        load_record(path)


def test_a_missing_record_and_a_folder_are_refused(tmp_path):
    for path, shown in ((tmp_path / "absent.json", "cannot read"), (tmp_path, "holds 0 records, expected one")):
        with pytest.raises(InputError, match=shown):
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


@cases("emissions_g", [0.0, 0.07005, 71.0, 70050.0])
def test_grams_that_do_not_come_of_the_energy_are_refused(tmp_path, emissions_g):
    """Nothing, kilograms, another grid's, milligrams for the 1.25 kWh at 56.04 g/kWh that it states."""
    write_record(a_record(emissions_g=emissions_g), tmp_path / "r.json")
    with pytest.raises(InputError, match=r"contradicts itself.*1\.25 kWh at 56\.04 g/kWh are 70\.05 g"):
        load_record(tmp_path / "r.json")


@cases("emissions_g", [70.05, 70.1, 69.9])
def test_rounded_grams_do_not_contradict(tmp_path, emissions_g):
    write_record(a_record(emissions_g=emissions_g), tmp_path / "r.json")
    assert load_record(tmp_path / "r.json").emissions_g == emissions_g


def test_hours_and_gpu_energies_read_back_equal(tmp_path):
    hours = (
        HourlyIntensity(hour="2026-11-24T10:00:00Z", g_per_kwh=40.0, energy_kwh=0.5),
        HourlyIntensity(hour="2026-11-24T11:00:00Z", g_per_kwh=66.73333333333333, energy_kwh=0.75),
    )
    gpu = Gpu(index=0, name="A100", uuid="GPU-1", energy_kwh=1.0, is_shared=True)
    record = a_record(
        intensity=replace(FRANCE, hours=hours),
        hardware=replace(a_record().hardware, gpus=(gpu,)),
    )
    write_record(record, tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == record


def test_a_record_from_before_these_fields_is_read(tmp_path):
    document = record_to_json(a_record())
    del document["intensity"]["hours"], document["intensity"]["basis"]
    for gpu in document["hardware"]["gpus"]:
        del gpu["energy_kwh"], gpu["is_shared"]
    del document["record_sha256"]
    (tmp_path / "r.json").write_text(json.dumps(document))
    assert load_record(tmp_path / "r.json") == a_record()


amounts = st.floats(0, 1e9)
shares = st.floats(0, 1)
bounds = st.builds(Bounds, low=amounts, high=amounts)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    stopped_by=st.none() | st.sampled_from(StoppedBy),
    unmeasured_because=st.none() | st.builds(UnmeasuredReason, code=st.sampled_from(UnmeasuredCode), message=texts),
    uncertainty=st.none()
    | st.builds(
        Uncertainty,
        energy_kwh=bounds,
        **dict.fromkeys(("emissions_g", "cpu_kwh", "gpu_kwh", "ram_kwh"), st.none() | bounds),
    ),
    assumptions=st.none()
    | st.builds(Assumptions, cpu_thread_share=st.none() | shares, cpu_mean_load=st.none() | shares),
    left_out=st.none() | st.builds(Range, low=amounts, likely=amounts, high=amounts),
    codecarbon=st.none() | st.builds(CodeCarbonEnergy, cpu_kwh=st.none() | amounts, ram_kwh=st.none() | amounts),
    job_cpu_s=st.none() | amounts,
    machine_cpu_s=st.none() | amounts,
    basis=st.none() | st.sampled_from(Basis),
)
def test_what_format_2_adds_is_valid_and_reads_back_equal(basis, **changes):
    record = a_record(intensity=replace(FRANCE, basis=basis), **changes)
    document = json.loads(render_record(record))
    assert record_from_json(document) == record


def test_a_record_of_format_1_is_read_and_its_source_and_its_stop_become_fields(tmp_path):
    document = record_to_json(a_record(outcome=Outcome.OVER_BUDGET, exit_status=143, over_budget=True))
    for name in set(document) - set(FORMAT_1_FIELDS):
        del document[name]
    hours = [{"hour": "2026-11-24T10:00Z", "g_per_kwh": 56.04, "energy_kwh": 1.25}]
    source = "Electricity Maps, zone FR, hour of 2026-11-24T10:00Z, measured"
    document |= {"format": "carbon-lint/record@1", "energy_kwh": {**document["energy_kwh"], "cpu_linear": 0.4}}
    document["intensity"] = {"g_per_kwh": 56.04, "source": source, "year": 2026, "location": None, "hours": hours}
    (tmp_path / "r.json").write_text(json.dumps(document))

    record = load_record(tmp_path / "r.json")
    assert record.intensity.source == "Electricity Maps, zone FR"
    assert source_in_words(record.intensity) == source
    assert (record.stopped_by, record.uncertainty) == (StoppedBy.BUDGET, None)
    write_record(record, tmp_path / "r.json")
    assert load_record(tmp_path / "r.json") == record


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


def test_half_of_a_character_is_refused_and_a_whole_one_as_an_escape_is_not():
    document = record_to_json(a_record(run_id="half \N{GRINNING FACE}"))
    whole = json.dumps(document).encode()
    assert b"\\ud83d\\ude00" in whole
    for is_of_ledger in (False, True):
        assert parse_record(whole, "r.json", is_of_ledger=is_of_ledger).run_id == "half \N{GRINNING FACE}"
        with pytest.raises(InputError, match="surrogate pair"):
            parse_record(whole.replace(b"\\ude00", b""), "r.json", is_of_ledger=is_of_ledger)
