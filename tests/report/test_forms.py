"""Forms: each checked against its official schema or model, with its range, its scope and what is left empty."""

from __future__ import annotations

import csv
import importlib.resources
import io
import json
import os
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT7

from carbon_lint.errors import MissingFigureError
from carbon_lint.records.emissions_csv.choice import Choice
from carbon_lint.records.emissions_csv.record import record_from_csv
from carbon_lint.records.ranges import emissions_range, energy_range
from carbon_lint.records.record import Energy, Gpu, Hardware, Method, Methods, Outcome
from carbon_lint.records.store import write_record
from carbon_lint.report.run.forms.table import ACTIVITIES, FORMS
from carbon_lint.units import format_energy_range, rounded
from tests.cases import cases
from tests.report.runs import RECORD, TERMS, a_form, record

HOSTILE = "\x1b[31m\n::error::x\r##[error]\u202e<b>"


@pytest.fixture(scope="module")
def bom_validator():
    """The schema that CycloneDX's own library carries, with those that it refers to."""
    folder = importlib.resources.files("cyclonedx.schema") / "_res"
    resources = []
    for file in folder.iterdir():
        if file.name.endswith(".schema.json"):
            content = json.loads(file.read_text(encoding="utf-8"))
            resources.append((content.get("$id"), Resource.from_contents(content, default_specification=DRAFT7)))
    registry = Registry().with_resources((uri, resource) for uri, resource in resources if uri)
    schema = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text(encoding="utf-8"))
    assert "CycloneDX" in schema["title"]
    return jsonschema.Draft7Validator(schema, registry=registry)


def read_spdx(text):
    """The document as SPDX's own model reads it: unknown fields, wrong types and missing ones are errors there."""
    from spdx_python_model import v3_0_1 as model

    objects = model.SHACLObjectSet()
    model.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
    return model, objects


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_cyclonedx_document_is_valid_and_in_its_own_units(bom_validator, activity):
    bom = json.loads(a_form("cyclonedx", activity=activity))

    bom_validator.validate(bom)
    (component,) = bom["components"]
    assert (component["type"], component["name"]) == ("machine-learning-model", "me/model")
    considerations = component["modelCard"]["considerations"]["environmentalConsiderations"]
    (consumption,) = considerations["energyConsumptions"]
    assert consumption["activity"] == activity
    assert consumption["activityEnergyCost"] == {"value": 0.22, "unit": "kWh"}
    assert consumption["co2CostEquivalent"]["unit"] == "tCO2eq"
    assert consumption["co2CostEquivalent"]["value"] * 1_000_000 == pytest.approx(12.34)
    message = [(one["name"], one["value"]) for one in consumption["properties"]]
    assert ("carbon-lint:GPU method", "counter") in message
    assert ("carbon-lint:CPU method", "load-model") in message
    assert dict(message)["carbon-lint:carbon intensity"].startswith("56 g/kWh: France, CodeCarbon 3.3.2 (2023")


def test_each_gpu_is_named_with_its_own_energy_and_whether_it_was_shared(bom_validator):
    known = Gpu(index=0, name="H100", energy_kwh=0.15)
    shared = Gpu(index=1, name="H100", is_shared=True)
    run = record(hardware=Hardware(gpus=(known, shared)))
    bom = json.loads(a_form("cyclonedx", run))
    bom_validator.validate(bom)
    (consumption,) = bom["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"][
        "energyConsumptions"
    ]
    message = [one["value"] for one in consumption["properties"] if one["name"] == "carbon-lint:hardware"]
    assert message == ["GPU 0: H100, 150 Wh", "GPU 1: H100, shared with others"]


def test_the_schema_in_use_refuses_another_unit(bom_validator):
    bom = json.loads(a_form("cyclonedx"))
    card = bom["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    card["energyConsumptions"][0]["co2CostEquivalent"]["unit"] = "gCO2eq"

    with pytest.raises(jsonschema.ValidationError):
        bom_validator.validate(bom)


def test_an_energy_only_run_states_no_emissions(bom_validator):
    bom = json.loads(a_form("cyclonedx", record(emissions_g=None, intensity=None)))

    bom_validator.validate(bom)
    assert "co2CostEquivalent" not in json.dumps(bom)


@cases(
    ("activity", "field"),
    [
        ("training", "ai_trainingEnergyConsumption"),
        ("fine-tuning", "ai_finetuningEnergyConsumption"),
        ("inference", "ai_inferenceEnergyConsumption"),
    ],
)
def test_an_spdx_document_is_read_by_spdx_own_model(activity, field):
    model, objects = read_spdx(a_form("spdx", activity=activity))

    (package,) = objects.foreach_type(model.ai_AIPackage)
    (description,) = getattr(package.ai_energyConsumption, field)
    assert float(description.ai_energyQuantity) == 0.22
    assert description.ai_energyUnit == model.ai_EnergyUnitType.kilowattHour
    assert package.name == "me/model"
    assert "GPU method: counter" in package.comment
    (document,) = objects.foreach_type(model.SpdxDocument)
    assert document.rootElement == [package]


def test_spdx_has_no_field_for_other_activities_so_they_are_left_out():
    model, objects = read_spdx(a_form("spdx", activity="validation"))

    (package,) = objects.foreach_type(model.ai_AIPackage)
    assert package.ai_energyConsumption is None


def test_an_unmeasured_run_gives_no_form():
    blank = record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )
    for name in FORMS:
        with pytest.raises(MissingFigureError, match=r"holds no (energy|grams)"):
            a_form(name, blank)


def test_the_same_run_gives_the_same_document_and_hostile_words_stay_words(bom_validator):
    odd = record(warnings=(HOSTILE,))
    for name in FORMS:
        text = a_form(name, odd, model=HOSTILE)
        assert text == a_form(name, odd, model=HOSTILE) != a_form(name)
        assert [piece for piece in ("\n::", "##[", "\x1b", "\r") if piece in text] == []
    bom_validator.validate(json.loads(a_form("cyclonedx", odd, model=HOSTILE)))
    assert json.loads(a_form("cyclonedx", odd, model=HOSTILE))["components"][0]["name"] == HOSTILE
    assert json.loads(a_form("spdx", odd, model=HOSTILE))["@graph"][-1]["name"] == HOSTILE


def test_each_form_states_its_scope_and_its_range():
    group = record(run_group="sweep", merged_from=("a", "b"), outcome=Outcome.FAILED)
    energy, grams = energy_range(group), emissions_range(group)
    for name in FORMS:
        text = a_form(name, group)
        assert "run group sweep, the sum of 2 records, failed" in text, name
        in_words = {
            "annex-xi": f"{rounded(energy.low / 1000)} to {rounded(energy.high / 1000)}",
            "sci": repr(energy.low),
            "codecarbon-csv": repr(energy.low),
        }
        assert in_words.get(name, format_energy_range(0.22, energy.low, energy.high)) in text, name
    assert grams.low < group.emissions_g < grams.high


def test_the_verb_writes_each_form_and_guesses_nothing(cli):
    write_record(RECORD, "r.json")
    named = ("--model", "me/model", "--activity", "training")
    for name, form in FORMS.items():
        terms = [part for term, value in TERMS.get(name, {}).items() for part in ("--term", f"{term}={value}")]
        code, out, _ = cli("report", "r.json", "--format", name, *named, *terms)
        assert (code, out) == (0, a_form(name)), name
        for _ in range(2):  # a document of the same form may be replaced
            assert cli("report", "r.json", "--format", name, *named, *terms, "-o", f"{name}.out")[0] == 0
        assert Path(f"{name}.out").read_text() == out
        code, out, err = cli("report", "r.json", "--format", name, *terms)
        assert (code, out == "", "--model" in err) == ((2, True, True) if form.needs else (0, False, False))
    Path("mine.md").write_text("mine")
    assert cli("report", "r.json", "--format", "annex-xi", *named, "-o", "mine.md")[0] == 2
    for wrong, message in (
        (["annex-xi", "--term", "compute=much"], "not a number above zero"),
        (["annex-xi", "--term", "compute"], "is not NAME=VALUE"),
        (["annex-xi", "--term", "flops=1"], "it takes compute"),
        (["annex-xi", "--term", "compute=1", "--term", "compute=2"], "given twice"),
        (["boamps"], "task-family, data-type, infra-type"),
        (["sci", "--term", "functional-unit=token"], "training-token"),
        (["sci", "--term", "units=0"], "above zero"),
        (["sci", "--term", "units=1e-320"], "above zero"),
        (["sci", "--term", "embodied=12"], "has no unit"),
    ):
        code, out, err = cli("report", "r.json", *named, "--format", *wrong)
        assert (code, out) == (2, "")
        assert message in err


@cases("change", [("kilowattHour", "parsec"), ("ai_energyQuantity", "ai_energyAmount"), ('"name"', '"nom"')])
def test_the_model_in_use_refuses_what_is_not_spdx(change):
    text = a_form("spdx")
    assert change[0] in text

    with pytest.raises((ValueError, TypeError, KeyError)):
        read_spdx(text.replace(*change))


def test_boamps_is_read_by_codecarbons_own_model_of_it():
    from codecarbon.output_methods.boamps import BoAmpsReport

    run = record(energy_kwh=Energy(total=0.22, gpu=0.22), methods=Methods(gpu=Method.COUNTER))
    document = json.loads(a_form("boamps", run, activity="fine-tuning", algorithm="transformers"))

    assert BoAmpsReport.from_dict(document).to_dict() == document
    (measure,) = document["measures"]
    assert (measure["powerConsumption"], measure["measurementDuration"]) == (0.22, 125.3)
    assert measure["measurementDateTime"] == "2026-11-24 10:00:00"
    assert document["quality"] == "high"
    assert document["task"]["taskStage"] == "finetuning"
    assert document["environment"] == {"country": "France", "powerSourceCarbonIntensity": 56.04}
    assert "quality" not in json.loads(a_form("boamps"))  # wider than +-50 %
    assert "no quality" in json.loads(a_form("boamps"))["task"]["taskDescription"]


@pytest.mark.skipif("BOAMPS_MODEL" not in os.environ, reason="BOAMPS_MODEL names no folder with BoAmps' own schemas")
def test_boamps_is_valid_by_its_own_schemas():
    """BOAMPS_MODEL is the folder `model` of https://github.com/Boavizta/BoAmps."""
    schemas = [json.loads(path.read_text()) for path in Path(os.environ["BOAMPS_MODEL"]).glob("*.json")]
    known = [(one["id"], Resource.from_contents(one, default_specification=DRAFT4)) for one in schemas]
    report = next(one for one in schemas if one["title"] == "report")
    validator = jsonschema.Draft4Validator(report, registry=Registry().with_resources(known))
    for run in (RECORD, record(intensity=None, hardware=Hardware())):
        validator.validate(json.loads(a_form("boamps", run)))
    document = json.loads(a_form("boamps"))
    document["infrastructure"]["infraType"] = "moon"
    assert not validator.is_valid(document)


def test_codecarbons_table_has_its_columns_and_is_read_back():
    from codecarbon.output_methods.emissions_data import EmissionsData

    text = a_form("codecarbon-csv", record(pue=1.0), model="=HYPERLINK(1)")
    header, row = csv.reader(text.splitlines())
    assert tuple(header[:38]) == tuple(EmissionsData.__dataclass_fields__)
    cells = dict(zip(header, row, strict=True))
    assert cells["project_name"] == "'=HYPERLINK(1)"
    assert float(cells["emissions"]) == pytest.approx(0.01234)
    assert float(cells["cpu_power"]) == pytest.approx(0.03 * 3.6e6 / 125.3)
    assert (cells["longitude"], cells["water_consumed"]) == ("", "")
    Path("emissions.csv").write_text(text)

    read = record_from_csv(["emissions.csv"], Choice())

    assert read.emissions_g == pytest.approx(RECORD.emissions_g)
    assert read.energy_kwh == RECORD.energy_kwh
    assert (read.duration_s, read.ended_at, read.run_id) == (125.3, RECORD.ended_at, "r1")
    assert (read.intensity.location, read.intensity.g_per_kwh) == ("FRA", pytest.approx(12.34 / 0.22))
    assert read.hardware.gpus[0].name == "H100"


def test_annex_xi_states_megawatt_hours_with_two_digits_or_more_and_why_a_cell_is_empty():
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:4]]
        for line in a_form("annex-xi", record(energy_kwh=Energy(total=300.0, gpu=300.0))).splitlines()
        if len(cells := line.split("|")) == 5
    }
    assert rows["Energy consumption (MWh)"][0] == "0.300"
    assert rows["Energy consumption, lowest to highest (MWh)"][0] == "0.285 to 0.315"
    assert rows["Training compute (FLOP)"][0] == ""
    assert rows["Training compute (FLOP)"][1].startswith("empty: no record holds it")
    assert rows["Training time, by the clock (days)"][0] == "0.00145"
    assert "| 1.2e21 | stated by the provider |" in a_form("annex-xi", compute="1.2e21")


def test_a_score_of_sci_needs_its_unit_and_the_embodied_emissions():
    blank = json.loads(a_form("sci"))
    assert blank["score"]["value"] is None
    assert "embodied emissions are not known" in blank["score"]["why_empty"]
    assert "functional-unit was not stated" in blank["functional_unit"]["why_empty"]
    whole = json.loads(
        a_form("sci", functional_unit="FLOP", units="1e6", embodied="1 g", basis="gross", rationale="compute")
    )
    assert whole["score"]["value"] == pytest.approx(13.34e-6)
    assert whole["score"]["low"] < whole["score"]["value"] < whole["score"]["high"]
    assert (whole["score"]["unit"], whole["score"]["why_empty"]) == ("gCO2eq per FLOP", None)
    assert whole["functional_unit"]["why_empty"] is None
