"""Write a record in the terms of SCI for AI (Green Software Foundation): ((E * I) + M) per R, for the provider.

The score covers a model's whole making; a record is one part of it, the training that it measured. A score is stated
only if the user gives the functional unit, how many of them there were, and the embodied emissions; else it is left
empty with the reason.
"""

from __future__ import annotations

from typing import Any

from carbon_lint import __version__
from carbon_lint.errors import MissingFigureError, UsageError
from carbon_lint.records.ranges import emissions_range, energy_range
from carbon_lint.records.record import Record
from carbon_lint.records.uncertainty import Range
from carbon_lint.report.layout import json_text
from carbon_lint.report.run import phrases
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.text import quoted
from carbon_lint.units import parse_emissions_g

_UNITS = {"FLOP": "per FLOP", "training-token": "per training token", "parameter": "per parameter"}
"""The provider's functional units (SPEC.md, 8.2)."""
_BASES = ("gross", "effective")
_NOT_EMBODIED = "no sensor measures it: state the hardware's share with --term embodied='12 kg'"


def render(record: Record, subject: Subject) -> str:
    """Return the document. Raises MissingFigureError without grams, UsageError for a term that SCI does not have."""
    energy, operational = energy_range(record), emissions_range(record)
    if energy is None or operational is None or record.intensity is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no grams, which SCI is made of",
            hint="measure it with --location FRA",
        )
    unit, stated = _unit(subject), subject.terms.get("embodied")
    embodied_g, why_empty = (None, _NOT_EMBODIED) if stated is None else (parse_emissions_g(stated), None)
    document = {
        "specification": "SCI for AI, https://github.com/Green-Software-Foundation/sci-ai/blob/main/SPEC.md",
        "model": subject.model,
        "boundary": {
            "actor": "provider",
            "stage": "design and development: model training",
            "scope": evidence.scope(record),
            "not_in_these_figures": [
                "data preparation, other experiments, evaluation and deployment, unless this run did them",
                "storage and network outside of the machine",
                f"within the machine: {phrases.left_out(record)}",
            ],
        },
        "energy": {"unit": "kWh", **_ends(energy)},
        "carbon_intensity": {
            "unit": "gCO2eq/kWh",
            "value": record.intensity.g_per_kwh,
            "source": phrases.intensity(record),
        },
        "operational_emissions": {"unit": "gCO2eq", **_ends(operational)},
        "embodied_emissions": {"unit": "gCO2eq", "value": embodied_g, "why_empty": why_empty},
        "functional_unit": unit,
        "score": _score(operational, embodied_g, unit),
        "method": dict(evidence.method_rows(record)),
        "run": record.run_id,
        "tool": f"carbon-lint {__version__}",
        "warnings": list(record.warnings),
    }
    return json_text(document)


def _ends(known: Range) -> dict[str, float]:
    return {"value": known.likely, "low": known.low, "high": known.high}


def _unit(subject: Subject) -> dict[str, Any]:
    name, count = subject.terms.get("functional-unit"), subject.number("units", example="3e12")
    basis = subject.terms.get("basis")
    if name is not None and name not in _UNITS:
        raise UsageError(f"functional-unit {quoted(name)} is not one of SCI's", hint=", ".join(_UNITS))
    if basis is not None and basis not in _BASES:
        raise UsageError(f"basis {quoted(basis)} is not one of SCI's", hint=" or ".join(_BASES))
    why = [
        f"{term} was not stated (--term {term}=...)"
        for term in ("functional-unit", "units", "basis", "rationale")
        if term not in subject.terms
    ]
    return {
        "name": name and _UNITS[name],
        "count": count,
        "basis": basis,
        "rationale": subject.terms.get("rationale"),
        "why_empty": "; ".join(why) or None,
    }


def _score(operational: Range, embodied_g: float | None, unit: dict[str, Any]) -> dict[str, Any]:
    """Return the score with its range, or what is missing for one."""
    count, why = unit["count"], []
    if embodied_g is None:
        why.append("the embodied emissions are not known")
    if unit["name"] is None or count is None:
        why.append("the functional unit or its number was not stated")
    if why or embodied_g is None or count is None:
        return {"unit": None, "value": None, "low": None, "high": None, "why_empty": "; ".join(why)}
    ends = {name: (end + embodied_g) / count for name, end in _ends(operational).items()}
    return {"unit": f"gCO2eq {unit['name']}", **ends, "why_empty": None}
