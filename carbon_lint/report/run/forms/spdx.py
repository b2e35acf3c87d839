"""Write a record as SPDX 3.0.1, which states energy alone. All else goes along as the comment."""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.records.record import Record
from carbon_lint.report.layout import json_text
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_FIELDS = {
    "training": "ai_trainingEnergyConsumption",
    "fine-tuning": "ai_finetuningEnergyConsumption",
    "inference": "ai_inferenceEnergyConsumption",
}
_INFO = "_:creationinfo"


def render(record: Record, subject: Subject) -> str:
    """Return a document with one AI package. Raises MissingFigureError without energy.

    SPDX has a field for training, fine-tuning and inference; the energy of another activity is in the comment alone.
    """
    base = f"urn:uuid:{evidence.identity(record, subject)}"
    package = _package(record, subject, base)
    tool = _element("Tool", f"{base}#carbon-lint", name=f"carbon-lint {__version__}")
    agent = _element("SoftwareAgent", f"{base}#agent", name="carbon-lint")
    document = _element(
        "SpdxDocument",
        f"{base}#document",
        profileConformance=["core", "software", "ai"],
        rootElement=[package["spdxId"]],
        element=[package["spdxId"], tool["spdxId"], agent["spdxId"]],
    )
    creation = {
        "type": "CreationInfo",
        "@id": _INFO,
        "specVersion": "3.0.1",
        "created": record.ended_at.partition(".")[0].rstrip("Z") + "Z",
        "createdBy": [agent["spdxId"]],
        "createdUsing": [tool["spdxId"]],
    }
    return json_text({"@context": CONTEXT, "@graph": [creation, agent, tool, document, package]})


def _package(record: Record, subject: Subject, base: str) -> dict[str, Any]:
    comment = "; ".join(f"{name}: {value}" for name, value in evidence.rows(record))
    package = _element("ai_AIPackage", f"{base}#model", name=subject.model, comment=comment)
    field, quantity = _FIELDS.get(subject.activity or ""), evidence.energy_kwh(record)
    if field is not None:
        amount = {"ai_energyQuantity": quantity, "ai_energyUnit": "kilowattHour"}
        description = {"type": "ai_EnergyConsumptionDescription", **amount}
        package["ai_energyConsumption"] = {"type": "ai_EnergyConsumption", field: [description]}
    return package


def _element(kind: str, identifier: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "spdxId": identifier, "creationInfo": _INFO, **fields}
