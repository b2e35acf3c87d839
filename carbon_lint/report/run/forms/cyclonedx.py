"""Write a record as CycloneDX 1.6: kilowatt-hours, and tonnes of CO2 equivalent.

The format has no field for methods, ranges, carbon intensity and PUE: they go along as properties.
"""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.records.record import Record
from carbon_lint.report.layout import json_text
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.units import tonnes_from_grams


def render(record: Record, subject: Subject) -> str:
    """Return a document with one machine-learning model. Raises MissingFigureError without energy."""
    consumption: dict[str, Any] = {
        "activity": subject.activity,
        "energyProviders": [],
        "activityEnergyCost": {"value": evidence.energy_kwh(record), "unit": "kWh"},
        "properties": [{"name": f"carbon-lint:{name}", "value": value} for name, value in evidence.rows(record)],
    }
    if record.emissions_g is not None:
        consumption["co2CostEquivalent"] = {"value": tonnes_from_grams(record.emissions_g), "unit": "tCO2eq"}
    component = {
        "type": "machine-learning-model",
        "name": subject.model,
        "modelCard": {"considerations": {"environmentalConsiderations": {"energyConsumptions": [consumption]}}},
    }
    return json_text(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{evidence.identity(record, subject)}",
            "version": 1,
            "metadata": {
                "timestamp": record.ended_at,
                "tools": {"components": [{"type": "application", "name": "carbon-lint", "version": __version__}]},
            },
            "components": [component],
        }
    )
