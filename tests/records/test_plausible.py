"""A record that somebody has edited is refused by every verb that reads one; a record that a run wrote never is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.places import every_place
from carbon_lint.records.hashes import sealed
from carbon_lint.records.journal import FORMAT
from carbon_lint.records.merge.combine import combine
from carbon_lint.records.plausible import _gpu_flaws, find_contradiction, find_implausible
from carbon_lint.records.record import Energy, Gpu, Hardware, Intensity, Method, Methods, Outcome
from carbon_lint.records.store import as_stored, record_from_json, record_to_json, write_record
from tests.cases import cases
from tests.records.builders import RECORD, a_record

READERS = {
    "gate": ("gate", "r.json", "--max-emissions", "1 kg"),
    "card": ("card", "CARD.md", "--from", "r.json"),
    "check": ("check", "README.md", "--record", "r.json"),
    "report": ("report", "r.json"),
    "merge": ("merge", "r.json", "-o", "sum.json"),
    "merge of a folder": ("merge", ".", "-o", "sum.json"),
    "ledger": ("ledger", "add", "r.json", "--ledger", "ledger"),
    "a baseline": ("gate", "b.json", "--baseline", "record:r.json", "--max-increase", "5%"),
    "estimate": ("estimate", "--from-record", "r.json"),
    "init": ("init", "--record", "r.json"),
}
HALF_A_MINUTE_S = 30.0


def edited(**changes):
    """The record's JSON with `energy_kwh.total=3` and similar changes, and the hash that belongs to it."""
    document = record_to_json(a_record())
    for path, value in changes.items():
        *groups, name = path.split("__")
        place = document
        for group in groups:
            place = place[group]
        place[name] = value
    return sealed(document)


EDITS = {
    "the grams alone": (edited(emissions_g=1.0), "emissions_g is 1"),
    "energy and grams, not the parts": (
        edited(emissions_g=0.7005, energy_kwh__total=0.0125),
        "energy_kwh.total is 0.0125, expected 1.25: the sum of cpu, gpu, ram",
    ),
    "an intensity that is not the place's": (
        edited(emissions_g=3.9 * 1.25, intensity__g_per_kwh=3.9),
        "intensity.g_per_kwh is 3.9, expected about 44.18: the figure of FRA (France)",
    ),
    "an intensity of no code but the place's name": (
        edited(emissions_g=3.9 * 1.25, intensity__g_per_kwh=3.9, intensity__location=None),
        "intensity.g_per_kwh is 3.9, expected about 44.18",
    ),
    "an intensity taken away": (edited(intensity=None), "intensity is null"),
    "a machine of 25 mW": (
        edited(
            energy_kwh={"total": 2.5e-5, "cpu": 4e-6, "gpu": 2e-5, "ram": 1e-6},
            emissions_g=2.5e-5 * 56.04,
        ),
        "which is 25 mW over 1 h 00 min, expected 500 mW to ",
    ),
    "energy a thousand times too large": (
        edited(
            energy_kwh={"total": 1250.0, "cpu": 200.0, "gpu": 1000.0, "ram": 50.0},
            emissions_g=1250 * 56.04,
        ),
        "1250 kW",
    ),
    "memory whose power was sampled": (
        edited(methods__ram="sampled-power"),
        "methods.ram is sampled-power, expected counter or load-model",
    ),
    "a GPU that was modelled": (edited(methods__gpu="load-model"), "methods.gpu is load-model, expected counter or"),
    "bounds that do not hold their figure": (
        edited(
            uncertainty={**dict.fromkeys(("cpu_kwh", "gpu_kwh", "ram_kwh", "emissions_g")), "energy_kwh": [0.1, 1.2]}
        ),
        "uncertainty.energy_kwh is 0.1 to 1.2, expected bounds of 1.25",
    ),
    "no method": (edited(methods__cpu=None), "methods.cpu is null, expected "),
    "a hundred times the duration": (
        edited(duration_s=360000.0),
        "duration_s is 360000, expected 3600: the time from started_at to ended_at",
    ),
    "a hundredth of the duration": (edited(duration_s=36.0), "duration_s is 36, expected 3600"),
    "an outcome, and not the hash": (
        record_to_json(a_record()) | {"outcome": "failed"},
        "was changed after it was written: its hash is",
    ),
    "an end before the start": (edited(ended_at="2026-11-24T09:00:00Z"), "duration_s is 3600, expected 0"),
}


@cases("edit", EDITS)
def test_an_edited_record_gives_the_field_what_was_found_and_what_was_expected(cli, edit):
    document, message = EDITS[edit]
    Path("r.json").write_text(json.dumps(document))
    code, out, err = cli("gate", "r.json", "--max-emissions", "1 kg")
    assert (code, out) == (2, "")
    assert "r.json" in err
    assert message in " ".join(err.split())


@cases("verb", READERS)
@cases("edit", ["energy and grams, not the parts", "a machine of 25 mW"])
def test_every_verb_that_reads_a_record_refuses_it(cli, verb, edit):
    Path("README.md").write_text("---\nco2_eq_emissions:\n  emissions: 0.7005\n---\n")
    Path("r.json").write_text(json.dumps(EDITS[edit][0]))
    if verb == "a baseline":
        write_record(a_record(run_id="b"), "b.json")
    code, _, err = cli(*READERS[verb])
    assert code != 0
    assert "r.json cannot be right: energy_kwh.total is" in err
    assert not {"CARD.md", "sum.json", "ledger"} & {path.name for path in Path().iterdir()}


@cases(
    ("changes", "message"),
    [
        ({"duration_s": "1h"}, "Expected `float`, got `str` - at `$.duration_s`"),
        ({"exit_status": "0"}, "Expected `int | null`, got `str` - at `$.exit_status`"),
        ({"exit_status": 256}, "Expected `int` <= 255 - at `$.exit_status`"),
        ({"over_budget": "no"}, "Expected `bool`, got `str` - at `$.over_budget`"),
        ({"warnings": {}}, "Expected `array`, got `object` - at `$.warnings`"),
        ({"hardware__cpu_count": 1.5}, "Expected `int | null`, got `float` - at `$.hardware.cpu_count`"),
        ({"methods__cpu": "guess"}, "Invalid enum value 'guess' - at `$.methods.cpu`"),
        ({"energy_kwh__total": -1}, "Expected `float` >= 0.0 - at `$.energy_kwh.total`"),
        ({"energy_kwh__gpus": 1.0}, "field energy_kwh.gpus is not known"),
        ({"outcome": "unmeasured"}, "field emissions_g must be null in an unmeasured run"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_with_what_it_must_be(cli, changes, message):
    Path("r.json").write_text(json.dumps(edited(**changes)))
    code, _, err = cli("report", "r.json")
    assert code == 2
    assert f"r.json is not a valid record: {message}" in err


def a_journal(record, *lines):
    header = {"format": FORMAT, "record": record_to_json(record), "limits": {}}
    Path("r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)))


def reading(kwh, elapsed_s):
    return {"elapsed_s": elapsed_s, "energy_kwh": {"total": kwh, "cpu": None, "gpu": None, "ram": kwh}}


def halved():
    """Half of everything, which fits together."""
    energy = {"total": 0.625, "cpu": 0.1, "gpu": 0.5, "ram": 0.025}
    return edited(energy_kwh=energy, emissions_g=0.625 * 56.04)


def test_a_record_that_its_own_journal_contradicts_is_refused_and_recover_brings_it_back(cli):
    a_journal(a_record(), reading(0.4, 1200.0), {"ended": record_to_json(a_record())})
    Path("r.json").write_text(json.dumps(halved()))
    for verb in (READERS["gate"], READERS["card"], READERS["merge of a folder"]):
        code, _, err = cli(*verb)
        assert code == 2
        assert "contradicts its journal r.jsonl: emissions_g is 35.025, expected 70.05" in err
        assert "carbon-lint recover" in err
    assert cli("recover", "r.jsonl", "--force")[0] == 0
    assert cli(*READERS["gate"])[0] == 0


@cases("journal", ["another run's", "no journal", "absent", "torn"])
def test_only_the_journal_of_the_same_run_can_contradict_a_record(cli, journal):
    if journal == "another run's":
        a_journal(a_record(run_id="other"), {"ended": record_to_json(a_record(run_id="other"))})
    elif journal == "no journal":
        Path("r.jsonl").write_text('{"loss": 1}\n')
    elif journal == "torn":
        Path("r.jsonl").write_text('{"format": "carbon-lint/journal@1", "rec')
    Path("r.json").write_text(json.dumps(halved()))
    assert cli(*READERS["gate"])[0] == 0


@cases(("kwh", "is_refused"), [(1.0, True), (0.625, False), (0.3, False)])
def test_a_record_holds_at_least_the_last_reading_of_a_journal_that_was_cut_short(cli, kwh, is_refused):
    a_journal(a_record(), reading(kwh, 3600.0))
    Path("r.json").write_text(json.dumps(halved()))
    code, _, err = cli(*READERS["gate"])
    assert (code == 2) is is_refused
    assert ("energy_kwh.total is 0.625, expected at least 1" in err) is is_refused


@cases("verb", ["gate", "card", "report", "merge", "ledger", "estimate", "init"])
def test_a_journal_in_the_place_of_a_record_is_named_as_one(cli, verb):
    a_journal(a_record(), reading(0.4, 1200.0))
    argv = ["r.jsonl" if word == "r.json" else word for word in READERS[verb]]
    code, _, err = cli(*argv)
    assert code == 2
    assert "r.jsonl is a journal, expected the record beside it (r.json)" in err
    assert "carbon-lint recover r.jsonl" in err


def test_a_folder_stands_for_the_one_record_in_it_as_run_wrote_it(cli):
    Path("rec").mkdir()
    write_record(a_record(), "rec/node-1.json")
    Path("rec/notes.json").write_text("{}")
    assert cli("gate", "rec/", "--max-emissions", "1 kg")[0] == 0
    assert cli("card", "CARD.md", "--from", "rec/")[0] == 0
    write_record(a_record(run_id="two"), "rec/node-2.json")
    code, _, err = cli("gate", "rec/", "--max-emissions", "1 kg")
    assert code == 2
    assert "rec/ holds 2 records, expected one: node-1.json, node-2.json" in err
    assert "carbon-lint merge rec/ -o sum.json" in err


# What `run` can write: any place of the table or a figure of the user's own, any hardware, any share of its power.
PLACES = st.sampled_from([place for place in every_place() if place.g_per_kwh])


@st.composite
def measured(draw):
    duration_s = draw(st.floats(0.1, 1e6))
    pue = draw(st.floats(1.0, 2.0))
    watts = {"cpu": draw(st.floats(0.0, 400.0)), "ram": draw(st.floats(3.0, 60.0))}
    gpus = draw(st.integers(0, 8))
    if gpus:
        watts["gpu"] = draw(st.floats(5.0, 1200.0)) * gpus
    parts = {name: power * pue * duration_s / 3.6e6 for name, power in watts.items()}
    total = sum(parts.values())
    place = draw(PLACES)
    by_place = Intensity(
        g_per_kwh=place.g_per_kwh, source=place.source, year=place.year, location=place.code, location_name=place.name
    )
    own = Intensity(g_per_kwh=draw(st.floats(1.0, 1500.0)), source="given by the user", year=None, location=None)
    intensity = draw(st.sampled_from([by_place, own, None]))
    return a_record(
        run_id=str(draw(st.uuids())),
        outcome=draw(st.sampled_from(sorted(set(Outcome) - {Outcome.UNMEASURED}))),
        duration_s=duration_s,
        energy_kwh=Energy(total=total, **parts),
        emissions_g=intensity and total * intensity.g_per_kwh,
        intensity=intensity,
        pue=pue,
        methods=Methods(
            cpu=draw(st.sampled_from([Method.COUNTER, Method.LOAD_MODEL, Method.USER])),
            gpu=draw(st.sampled_from([Method.COUNTER, Method.SAMPLED_POWER])) if gpus else None,
            ram=Method.CONSTANT,
        ),
        hardware=Hardware(
            cpu_count=draw(st.integers(1, 384)),
            ram_gb=16.0,
            gpus=tuple(Gpu(index=number, name="a GPU", uuid=str(draw(st.uuids()))) for number in range(gpus)),
        ),
    )


@given(measured())
def test_no_record_that_a_run_can_write_is_refused(record):
    assert (find_contradiction(record), find_implausible(record)) == (None, None)
    assert find_implausible(as_stored(record)) is None


@given(st.lists(measured(), min_size=2, max_size=4))
def test_no_sum_of_such_records_is_refused(records):
    kept = [record for record in records if (record.emissions_g is None) is (records[0].emissions_g is None)]
    sum_of = combine(kept)
    sum_of = replace(sum_of, merged_from=tuple(record.run_id for record in kept) if len(kept) > 1 else ())
    assert (find_contradiction(sum_of), find_implausible(sum_of)) == (None, None)


@given(record=measured(), factor=st.sampled_from([1e-3, 1e-2, 0.1, 0.5, 2.0, 10.0, 1e3]), data=st.data())
def test_one_figure_that_is_changed_is_always_found(record, factor, data):
    """Whoever changes one number, and not all that hangs together, is found out."""
    document = record_to_json(record)
    places = [("energy_kwh", "total")]
    if document["emissions_g"]:
        places.append(("emissions_g",))
        places.append(("intensity", "g_per_kwh"))
    if record.duration_s > HALF_A_MINUTE_S:
        places.append(("duration_s",))
    *groups, name = data.draw(st.sampled_from(places))
    place = document
    for group in groups:
        place = place[group]
    place[name] *= factor
    changed = record_from_json(document)
    assert find_contradiction(changed) or find_implausible(changed)


@cases(("gpu_kwh", "found"), [(None, "null"), (0.5, "0.5")])
def test_the_energy_of_the_gpus_is_their_sum_and_one_that_is_not_known_is_not_called_zero(gpu_kwh, found):
    gpus = tuple(replace(gpu, energy_kwh=1.0) for gpu in RECORD.hardware.gpus)
    one = a_record(
        hardware=replace(RECORD.hardware, gpus=gpus),
        energy_kwh=replace(RECORD.energy_kwh, gpu=gpu_kwh),
    )
    assert list(_gpu_flaws(one)) == [f"energy_kwh.gpu is {found}, expected 1: the sum of hardware.gpus"]
    unknown = replace(one, hardware=RECORD.hardware)
    assert list(_gpu_flaws(unknown)) == []
