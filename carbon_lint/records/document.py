"""Turn a record into a JSON document and back, and hold a document against its schema. Files are `records.store`'s."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from carbon_lint import redact
from carbon_lint.records.hashes import FIELD, sealed
from carbon_lint.records.quick import LARGEST, compile_schema
from carbon_lint.records.record import (
    FORMAT,
    Basis,
    CodeCarbonEnergy,
    Energy,
    Gpu,
    Hardware,
    HourlyIntensity,
    Intensity,
    Method,
    Methods,
    Outcome,
    Phase,
    PhaseKind,
    Provenance,
    Record,
    StoppedBy,
    UnmeasuredCode,
    UnmeasuredReason,
    UsedException,
)
from carbon_lint.records.uncertainty import Assumptions, Bounds, LeftOut, Uncertainty
from carbon_lint.schema_files import load_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema.exceptions import ValidationError

ANY_FORMAT = FORMAT.partition("@")[0] + "@"
FORMAT_1 = ANY_FORMAT + "1"
_STOPPED_BY = {"over-budget": "budget", "unmeasured": "unmeasured", "interrupted": "cancel"}
_NEW_IN_2 = (
    "stopped_by",
    "unmeasured_because",
    "uncertainty",
    "assumptions",
    "left_out",
    "codecarbon",
    "job_cpu_s",
    "machine_cpu_s",
)
_SHOWN_CHARACTERS = 60
_TYPES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}


def record_to_json(record: Record) -> dict[str, Any]:
    r"""Return the record as `schemas/record.schema.json` describes it. Written out, so that no field is renamed unseen.

    The last field is the hash of all others.

    A lone surrogate in a text (a byte of a path or an argument that is not UTF-8) becomes its escape, `\udcff`: no file
    could hold the record with it.
    """
    document = {
        "format": FORMAT,
        "run_id": record.run_id,
        "run_group": record.run_group,
        "outcome": str(record.outcome),
        "exit_status": record.exit_status,
        "over_budget": record.over_budget,
        "emissions_g": record.emissions_g,
        "energy_kwh": _fields(record.energy_kwh, "total", "cpu", "gpu", "ram"),
        "methods": _fields(record.methods, "cpu", "gpu", "ram"),
        "intensity": record.intensity and intensity_to_json(record.intensity),
        "pue": record.pue,
        "duration_s": record.duration_s,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "hardware": {
            **_fields(record.hardware, "cpu_model", "cpu_count", "ram_gb", "node"),
            "gpus": [_fields(gpu, "index", "name", "uuid", "energy_kwh", "is_shared") for gpu in record.hardware.gpus],
        },
        "software": dict(record.software),
        "command": list(record.command),
        "provenance": _fields(record.provenance, *Provenance.__slots__),
        "warnings": list(record.warnings),
        "stopped_by": record.stopped_by and str(record.stopped_by),
        "unmeasured_because": record.unmeasured_because
        and {"code": str(record.unmeasured_because.code), "message": record.unmeasured_because.message},
        "uncertainty": record.uncertainty and uncertainty_to_json(record.uncertainty),
        "assumptions": record.assumptions and assumptions_to_json(record.assumptions),
        "left_out": record.left_out and _fields(record.left_out, *LeftOut.__slots__),
        "codecarbon": record.codecarbon and _fields(record.codecarbon, *CodeCarbonEnergy.__slots__),
        "job_cpu_s": record.job_cpu_s,
        "machine_cpu_s": record.machine_cpu_s,
        "phases": [_phase_to_json(phase) for phase in record.phases],
        "exceptions": [_fields(one, *UsedException.__slots__) for one in record.exceptions],
        "merged_from": list(record.merged_from),
        "parts_sha256": list(record.parts_sha256),
        "journal_sha256": record.journal_sha256,
    }
    return sealed({name: _encodable(value) for name, value in document.items()})


def hash_of(record: Record) -> str:
    """Return the hash that the record's file states. Raises ValueError for a number that is not finite."""
    digest = record_to_json(record)[FIELD]
    if digest is None:
        raise ValueError("a number of the record is not finite")
    return str(digest)


def upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document of a record in the current format. One that is in it already, or in none, is itself.

    Format 1 has no range (`records.ranges` derives it), its `intensity.source` repeats the hours that `hours` holds,
    and that carbon-lint stopped a job shows in the outcome and the exit status.
    """
    if document.get("format") != FORMAT_1:
        return document
    document = {**dict.fromkeys(_NEW_IN_2), "phases": [], **document, "format": FORMAT}
    if document.get("exit_status") != 0:
        document["stopped_by"] = _STOPPED_BY.get(str(document.get("outcome")))
    if isinstance(document.get("energy_kwh"), dict):
        document["energy_kwh"] = {name: kwh for name, kwh in document["energy_kwh"].items() if name != "cpu_linear"}
    intensity = document.get("intensity")
    if isinstance(intensity, dict) and intensity.get("hours") and isinstance(intensity.get("source"), str):
        document["intensity"] = {**intensity, "source": intensity["source"].partition(", hour")[0]}
    return document


def record_from_json(document: dict[str, Any]) -> Record:
    """Return the record that `document` holds, of any format that is read. It must be valid by the schema already."""
    document = upgraded(document)
    reason, left_out, codecarbon = (document[name] for name in ("unmeasured_because", "left_out", "codecarbon"))
    return Record(
        run_id=document["run_id"],
        run_group=document.get("run_group"),
        outcome=Outcome(document["outcome"]),
        exit_status=document["exit_status"],
        over_budget=document["over_budget"],
        emissions_g=document["emissions_g"],
        energy_kwh=energy_from_json(document["energy_kwh"]),
        methods=Methods(**{name: value and Method(value) for name, value in document["methods"].items()}),
        intensity=document["intensity"] and intensity_from_json(document["intensity"]),
        pue=document["pue"],
        duration_s=document["duration_s"],
        started_at=document["started_at"],
        ended_at=document["ended_at"],
        hardware=Hardware(
            **{**document["hardware"], "gpus": tuple(Gpu(**gpu) for gpu in document["hardware"].get("gpus", ()))}
        ),
        software=document["software"],
        command=redact.command(document["command"]),  # a record may come from anywhere
        provenance=Provenance(**document["provenance"]),
        warnings=tuple(document["warnings"]),
        exceptions=tuple(UsedException(**one) for one in document.get("exceptions", ())),
        merged_from=tuple(document.get("merged_from", ())),
        parts_sha256=tuple(document.get("parts_sha256", ())),
        journal_sha256=document.get("journal_sha256"),
        stopped_by=document["stopped_by"] and StoppedBy(document["stopped_by"]),
        unmeasured_because=reason and UnmeasuredReason(code=UnmeasuredCode(reason["code"]), message=reason["message"]),
        uncertainty=document["uncertainty"] and uncertainty_from_json(document["uncertainty"]),
        assumptions=document["assumptions"] and Assumptions(**document["assumptions"]),
        left_out=left_out and LeftOut(**left_out),
        codecarbon=codecarbon and CodeCarbonEnergy(**codecarbon),
        job_cpu_s=document["job_cpu_s"],
        machine_cpu_s=document["machine_cpu_s"],
        phases=tuple(_phase_from_json(phase) for phase in document["phases"]),
    )


def energy_from_json(document: dict[str, Any]) -> Energy:
    """Return the energy that a record or a journal's line holds, of any format that is read."""
    return Energy(total=document["total"], **{name: document.get(name) for name in ("cpu", "gpu", "ram")})


def _phase_to_json(phase: Phase) -> dict[str, Any]:
    energy_kwh = _fields(phase.energy_kwh, "total", "cpu", "gpu", "ram")
    return {**_fields(phase, *Phase.__slots__), "kind": str(phase.kind), "energy_kwh": energy_kwh}


def _phase_from_json(document: dict[str, Any]) -> Phase:
    energy_kwh = energy_from_json(document["energy_kwh"])
    return Phase(**{**document, "kind": PhaseKind(document["kind"]), "energy_kwh": energy_kwh})


def uncertainty_to_json(known: Uncertainty) -> dict[str, Any]:
    """Return the bounds as pairs, `[low, high]`; a line of a journal holds them too."""
    pairs = ((name, getattr(known, name)) for name in Uncertainty.__slots__)
    return {name: bounds and [bounds.low, bounds.high] for name, bounds in pairs}


def uncertainty_from_json(document: dict[str, Any]) -> Uncertainty:
    """Return the bounds that `document` holds, which must be valid already."""
    return Uncertainty(**{name: pair and Bounds(low=pair[0], high=pair[1]) for name, pair in document.items()})


def assumptions_to_json(assumptions: Assumptions) -> dict[str, Any]:
    """Return the assumptions; a line of a journal holds them too."""
    return {**_fields(assumptions, *Assumptions.__slots__), "tables": dict(assumptions.tables)}


def intensity_to_json(intensity: Intensity) -> dict[str, Any]:
    """Return a record's intensity; a line of a journal holds one too."""
    return {
        **_fields(intensity, "g_per_kwh", "source", "year", "basis", "location", "location_name", "is_unusual"),
        "hours": [_fields(hour, "hour", "g_per_kwh", "energy_kwh", "is_estimated") for hour in intensity.hours],
    }


def intensity_from_json(document: dict[str, Any]) -> Intensity:
    """Return the intensity that `document` holds, which must be valid already."""
    hours = tuple(HourlyIntensity(**hour) for hour in document.get("hours", ()))
    basis = document.get("basis")
    return Intensity(**{**document, "hours": hours, "basis": basis and Basis(basis)})


def find_problem(document: object) -> str | None:
    """Return the first field of `document` that the schema refuses, in one line; `None` if it is valid.

    A document of an older format is judged as `upgraded` gives it.
    """
    current = upgraded(document) if isinstance(document, dict) else document
    if _quick_check()(current):
        return None
    from jsonschema.exceptions import best_match  # noqa: PLC0415  as in `_validator`

    error = best_match(_validator().iter_errors(current))
    if error is not None:
        return _in_words(error)
    field = _find_infinite(current)
    return None if field is None else f"field {field} must be a finite number"


def _find_infinite(value: object, field: str = "") -> str | None:
    """Return the path of the first number that JSON cannot hold, or that no sum can take; `None` if there is none."""
    if isinstance(value, int | float):
        return None if abs(value) <= LARGEST else field
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    paths = (_find_infinite(each, f"{field}.{name}".removeprefix(".")) for name, each in members)
    return next((path for path in paths if path is not None), None)


def _in_words(error: ValidationError) -> str:
    """Say what the schema refuses: `field duration_s must be a number, and is "1h"`."""
    field = error.json_path.removeprefix("$").removeprefix(".")
    subject = f"field {field}" if field else "the record"
    found = json.dumps(error.instance, ensure_ascii=False, default=str)
    shown = found if len(found) <= _SHOWN_CHARACTERS else found[:_SHOWN_CHARACTERS] + "..."
    expected: Any = error.validator_value
    if error.validator == "type":
        names = [expected] if isinstance(expected, str) else expected
        return f"{subject} must be {' or '.join(_TYPES[name] for name in names)}, and is {shown}"
    if error.validator == "enum":
        return f"{subject} must be one of {', '.join(json.dumps(value) for value in expected)}, and is {shown}"
    if error.validator in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}:
        return f"{subject} must be {_BOUNDS[error.validator]} {expected}, and is {shown}"
    return f"{subject}: {error.message}"


@lru_cache(maxsize=1)
def _quick_check() -> Callable[[Any], bool]:
    return compile_schema(load_schema("record"))


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Return the schema's validator, made once: a ledger holds thousands of records."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  costs 3.4 x `import yaml`; only readers of records pay

    return Draft202012Validator(load_schema("record"))


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list) else value
