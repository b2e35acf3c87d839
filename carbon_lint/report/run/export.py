"""A record in the words of bills of materials: CycloneDX 1.6 and SPDX 3.0.1. Plain dicts, nothing guessed.

CycloneDX states tonnes of CO2 equivalent and kilowatt-hours, SPDX energy alone. What neither has a field for (how each
component was measured, carbon intensity and whose figure it is, PUE) goes along as properties, or as the comment.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbon_lint import __version__
from carbon_lint.errors import MissingFigureError
from carbon_lint.project import DOCS_URL
from carbon_lint.report.run import phrases
from carbon_lint.text import json_literals
from carbon_lint.units import significant

if TYPE_CHECKING:
    from carbon_lint.records.record import Record

ACTIVITIES = ("training", "fine-tuning", "validation", "inference", "other")
"""What the energy was spent on, in CycloneDX's words (bom-1.6 `energyConsumption.activity`)."""

SPDX_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_SPDX_FIELDS = {
    "training": "ai_trainingEnergyConsumption",
    "fine-tuning": "ai_finetuningEnergyConsumption",
    "inference": "ai_inferenceEnergyConsumption",
}
_GRAMS_PER_TONNE = 1_000_000
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, DOCS_URL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the record cannot say: which model the energy made, and by what activity."""

    model: str
    activity: str


def cyclonedx(record: Record, subject: Subject) -> str:
    """A CycloneDX 1.6 document with one machine-learning model. Raises MissingFigureError without energy."""
    consumption: dict[str, Any] = {
        "activity": subject.activity,
        "energyProviders": [],
        "activityEnergyCost": {"value": _energy_kwh(record), "unit": "kWh"},
        "properties": [{"name": f"carbon-lint:{name}", "value": value} for name, value in _evidence(record)],
    }
    if record.emissions_g is not None:
        consumption["co2CostEquivalent"] = {"value": record.emissions_g / _GRAMS_PER_TONNE, "unit": "tCO2eq"}
    component = {
        "type": "machine-learning-model",
        "name": subject.model,
        "modelCard": {"considerations": {"environmentalConsiderations": {"energyConsumptions": [consumption]}}},
    }
    return _text(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{_identity(record, subject)}",
            "version": 1,
            "metadata": {
                "timestamp": record.ended_at,
                "tools": {"components": [{"type": "application", "name": "carbon-lint", "version": __version__}]},
            },
            "components": [component],
        }
    )


def spdx(record: Record, subject: Subject) -> str:
    """An SPDX 3.0.1 document with one AI package. Raises MissingFigureError without energy.

    SPDX has a field for training, fine-tuning and inference; of another activity it says nothing but the comment.
    """
    base = f"urn:uuid:{_identity(record, subject)}"
    info = "_:creationinfo"
    package: dict[str, Any] = {
        "type": "ai_AIPackage",
        "spdxId": f"{base}#model",
        "creationInfo": info,
        "name": subject.model,
        "comment": "; ".join(f"{name}: {value}" for name, value in _evidence(record)),
    }
    field = _SPDX_FIELDS.get(subject.activity)
    quantity = _energy_kwh(record)
    if field is not None:
        description = {
            "type": "ai_EnergyConsumptionDescription",
            "ai_energyQuantity": quantity,
            "ai_energyUnit": "kilowattHour",
        }
        package["ai_energyConsumption"] = {"type": "ai_EnergyConsumption", field: [description]}
    tool = {
        "type": "Tool",
        "spdxId": f"{base}#carbon-lint",
        "creationInfo": info,
        "name": f"carbon-lint {__version__}",
    }
    agent = {"type": "SoftwareAgent", "spdxId": f"{base}#agent", "creationInfo": info, "name": "carbon-lint"}
    document = {
        "type": "SpdxDocument",
        "spdxId": f"{base}#document",
        "creationInfo": info,
        "profileConformance": ["core", "software", "ai"],
        "rootElement": [package["spdxId"]],
        "element": [package["spdxId"], tool["spdxId"], agent["spdxId"]],
    }
    creation = {
        "type": "CreationInfo",
        "@id": info,
        "specVersion": "3.0.1",
        "created": record.ended_at.partition(".")[0].rstrip("Z") + "Z",
        "createdBy": [agent["spdxId"]],
        "createdUsing": [tool["spdxId"]],
    }
    return _text({"@context": SPDX_CONTEXT, "@graph": [creation, agent, tool, document, package]})


def _energy_kwh(record: Record) -> float:
    if record.energy_kwh.total is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no energy, which every such document must state",
            hint="measure the run again; its warnings say why it was not measured",
        )
    return record.energy_kwh.total


def _evidence(record: Record) -> list[tuple[str, str]]:
    """Name and value of all that makes the figures worth something, in a fixed order."""
    rows = [("run", record.run_id), ("outcome", str(record.outcome)), ("PUE", significant(record.pue))]
    for name, energy_kwh, method in phrases.components(record):
        rows.append((f"{name} energy", phrases.energy(energy_kwh)))
        rows.append((f"{name} method", str(method) if method else "not stated"))
    if record.emissions_g is not None:
        rows.append(("emissions", phrases.emissions(record.emissions_g)))
    rows.append(("carbon intensity", phrases.intensity(record)))
    for gpu in record.hardware.gpus:
        own = f", {phrases.energy(gpu.energy_kwh)}" if gpu.energy_kwh is not None else ""
        rows.append(("hardware", f"GPU {gpu.index}: {gpu.name}{own}{', shared with others' * gpu.is_shared}"))
    if record.provenance.commit:
        rows.append(("commit", record.provenance.commit))
    rows += [("warning", warning) for warning in record.warnings]
    return rows


def _identity(record: Record, subject: Subject) -> uuid.UUID:
    """The same run and model give the same document, so that it can be compared with the last one."""
    return uuid.uuid5(_NAMESPACE, f"{record.run_id}\0{subject.model}\0{subject.activity}")


def _text(document: dict[str, Any]) -> str:
    return json_literals(json.dumps(document, indent=2, allow_nan=False)) + "\n"
