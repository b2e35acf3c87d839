"""Bills of materials: held against CycloneDX's own schema, and against the model that SPDX publishes."""

from __future__ import annotations

import importlib.resources
import io
import json

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from carbon_lint.errors import MissingFigureError
from carbon_lint.records.record import Energy, Gpu, Hardware, Methods, Outcome
from carbon_lint.records.store import write_record
from carbon_lint.report.run.export import ACTIVITIES, Subject, cyclonedx, spdx
from tests.cases import cases
from tests.report.runs import RECORD, record

SUBJECT = Subject(model="me/model", activity="fine-tuning")
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
    bom = json.loads(cyclonedx(RECORD, Subject(model="me/model", activity=activity)))

    bom_validator.validate(bom)
    (component,) = bom["components"]
    assert (component["type"], component["name"]) == ("machine-learning-model", "me/model")
    considerations = component["modelCard"]["considerations"]["environmentalConsiderations"]
    (consumption,) = considerations["energyConsumptions"]
    assert consumption["activity"] == activity
    assert consumption["activityEnergyCost"] == {"value": 0.22, "unit": "kWh"}
    assert consumption["co2CostEquivalent"]["unit"] == "tCO2eq"
    assert consumption["co2CostEquivalent"]["value"] * 1_000_000 == pytest.approx(12.34)
    said = [(one["name"], one["value"]) for one in consumption["properties"]]
    assert ("carbon-lint:GPU method", "counter") in said
    assert ("carbon-lint:CPU method", "load-model") in said
    assert dict(said)["carbon-lint:carbon intensity"].startswith("56 g/kWh: France, CodeCarbon 3.3.2 (2023")


def test_each_gpu_is_named_with_its_own_energy_and_whether_it_was_shared(bom_validator):
    known = Gpu(index=0, name="H100", energy_kwh=0.15)
    shared = Gpu(index=1, name="H100", is_shared=True)
    run = record(hardware=Hardware(gpus=(known, shared)))
    bom = json.loads(cyclonedx(run, Subject(model="me/model", activity="training")))
    bom_validator.validate(bom)
    (consumption,) = bom["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"][
        "energyConsumptions"
    ]
    said = [one["value"] for one in consumption["properties"] if one["name"] == "carbon-lint:hardware"]
    assert said == ["GPU 0: H100, 150 Wh", "GPU 1: H100, shared with others"]


def test_the_schema_in_use_refuses_another_unit(bom_validator):
    bom = json.loads(cyclonedx(RECORD, SUBJECT))
    card = bom["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    card["energyConsumptions"][0]["co2CostEquivalent"]["unit"] = "gCO2eq"

    with pytest.raises(jsonschema.ValidationError):
        bom_validator.validate(bom)


def test_an_energy_only_run_states_no_emissions(bom_validator):
    bom = json.loads(cyclonedx(record(emissions_g=None, intensity=None), SUBJECT))

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
    model, objects = read_spdx(spdx(RECORD, Subject(model="me/model", activity=activity)))

    (package,) = objects.foreach_type(model.ai_AIPackage)
    (description,) = getattr(package.ai_energyConsumption, field)
    assert float(description.ai_energyQuantity) == 0.22
    assert description.ai_energyUnit == model.ai_EnergyUnitType.kilowattHour
    assert package.name == "me/model"
    assert "GPU method: counter" in package.comment
    (document,) = objects.foreach_type(model.SpdxDocument)
    assert document.rootElement == [package]


def test_spdx_has_no_field_for_other_activities_and_none_is_misused():
    model, objects = read_spdx(spdx(RECORD, Subject(model="m", activity="validation")))

    (package,) = objects.foreach_type(model.ai_AIPackage)
    assert package.ai_energyConsumption is None


@cases("render", [cyclonedx, spdx])
def test_what_was_not_measured_is_no_document(render):
    blank = record(
        outcome=Outcome.UNMEASURED, emissions_g=None, energy_kwh=Energy(total=None), methods=Methods(), intensity=None
    )

    with pytest.raises(MissingFigureError, match="holds no energy"):
        render(blank, SUBJECT)


@pytest.mark.parametrize("render", [cyclonedx, spdx])
def test_the_same_run_gives_the_same_document_and_hostile_words_stay_words(render, bom_validator):
    odd = record(warnings=(HOSTILE,))
    subject = Subject(model=HOSTILE, activity="training")

    text = render(odd, subject)

    assert text == render(odd, subject)
    assert text != render(odd, SUBJECT)
    assert text.isascii()
    assert [piece for piece in ("::", "##[", "\x1b", "\r") if piece in text] == []
    document = json.loads(text)
    named = document["components"][0] if render is cyclonedx else document["@graph"][-1]
    assert named["name"] == HOSTILE


def test_the_verb_writes_both_and_guesses_nothing(cli):
    write_record(RECORD, "r.json")

    for name, first in (("cyclonedx", "$schema"), ("spdx", "@context")):
        code, out, _ = cli("report", "r.json", "--format", name, "--model", "me/model", "--activity", "training")
        assert code == 0
        assert next(iter(json.loads(out))) == first
        code, out, err = cli("report", "r.json", "--format", name, "--model", "me/model")
        assert (code, out) == (2, "")
        assert "needs --model and --activity" in err


@cases("change", [("kilowattHour", "parsec"), ("ai_energyQuantity", "ai_energyAmount"), ('"name"', '"nom"')])
def test_the_model_in_use_refuses_what_is_not_spdx(change):
    text = spdx(RECORD, SUBJECT)
    assert change[0] in text

    with pytest.raises((ValueError, TypeError, KeyError)):
        read_spdx(text.replace(*change))
