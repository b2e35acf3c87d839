"""A record as JSON: written atomically, read back only when it is what the schema says."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import InputError
from carbon_lint.files import write_atomically
from carbon_lint.records.emissions_table import looks_like_csv
from carbon_lint.records.hours import find_disagreement
from carbon_lint.records.record import (
    FORMAT,
    Energy,
    Gpu,
    Hardware,
    HourlyIntensity,
    Intensity,
    Method,
    Methods,
    Outcome,
    Provenance,
    Record,
)
from carbon_lint.schema_files import load_schema

if TYPE_CHECKING:
    import os

_TOLERANCE = 0.01
"""Relative. What a run writes fits to nine digits; what another tool rounded is let pass."""


class OtherFormatError(InputError):
    """The file is not a record of this version's format."""


def record_to_json(record: Record) -> dict[str, Any]:
    r"""The record as `schemas/record.schema.json` describes it. Written out, so that no field is renamed unseen.

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
        "energy_kwh": _fields(record.energy_kwh, "total", "cpu", "gpu", "ram", "cpu_linear"),
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
        "merged_from": list(record.merged_from),
    }
    return {name: _encodable(value) for name, value in document.items()}


def as_stored(record: Record) -> Record:
    """The record as its file will give it back: who asks for its group or its provenance has the same text."""
    return record_from_json(record_to_json(record))


def record_from_json(document: dict[str, Any]) -> Record:
    """The record that `document` holds. It must be valid by the schema already."""
    return Record(
        run_id=document["run_id"],
        run_group=document.get("run_group"),
        outcome=Outcome(document["outcome"]),
        exit_status=document["exit_status"],
        over_budget=document["over_budget"],
        emissions_g=document["emissions_g"],
        energy_kwh=Energy(**document["energy_kwh"]),
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
        command=tuple(document["command"]),
        provenance=Provenance(**document["provenance"]),
        warnings=tuple(document["warnings"]),
        merged_from=tuple(document.get("merged_from", ())),
    )


def intensity_to_json(intensity: Intensity) -> dict[str, Any]:
    """A record's intensity; a line of a journal holds one too."""
    return {
        **_fields(intensity, "g_per_kwh", "source", "year", "location", "location_name"),
        "hours": [_fields(hour, "hour", "g_per_kwh", "energy_kwh", "is_estimated") for hour in intensity.hours],
    }


def intensity_from_json(document: dict[str, Any]) -> Intensity:
    """The intensity that `document` holds, which must be valid already."""
    hours = tuple(HourlyIntensity(**hour) for hour in document.get("hours", ()))
    return Intensity(**{**document, "hours": hours})


def load_record(path: str | os.PathLike[str]) -> Record:
    """Read a record.

    Raises InputError where the file cannot be read, is no JSON, is not valid by the schema, or contradicts itself.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path of the record") from error
    return parse_record(data, path)


def parse_record(data: bytes, path: str | os.PathLike[str]) -> Record:
    """The record whose file holds `data`; `path` is what messages call it. Raises InputError as `load_record` does."""
    try:
        document = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        if looks_like_csv(data):
            raise InputError(
                f"{path} is an emissions.csv of CodeCarbon, not a record",
                hint="`carbon-lint card --from` and `carbon-lint check --emissions-csv` take one",
            ) from error
        raise InputError(f"{path} is not JSON: {error}", hint="name a file that `carbon-lint run` wrote") from error
    if not isinstance(document, dict) or "format" not in document:
        raise InputError(
            f"{path} is not a carbon-lint record", hint="a record is what `carbon-lint run --record` writes"
        )
    if document["format"] != FORMAT:
        raise OtherFormatError(
            f"{path} has format {document['format']!r}, expected {FORMAT!r}",
            hint="it was written by another version of carbon-lint: use that version to read it",
        )
    problem = find_problem(document)
    if problem is not None:
        raise InputError(f"{path} is not a valid record: {problem}", hint="records are not meant to be edited by hand")
    record = record_from_json(document)
    contradiction = find_contradiction(record)
    if contradiction is not None:
        raise InputError(f"{path} contradicts itself: {contradiction}", hint="take the record as the run wrote it")
    return record


def find_contradiction(record: Record) -> str | None:
    """Why the grams cannot come of the energy, in one line; `None` where they do, or one of the two is not known."""
    total_kwh = record.energy_kwh.total
    if record.emissions_g is None or total_kwh is None or record.intensity is None:
        return None
    expected_g = total_kwh * record.intensity.g_per_kwh
    if math.isclose(record.emissions_g, expected_g, rel_tol=_TOLERANCE):
        return find_disagreement(record.intensity, total_kwh, record.emissions_g, tolerance=_TOLERANCE)
    return (
        f"emissions_g is {record.emissions_g:.6g}, and {total_kwh:.6g} kWh at {record.intensity.g_per_kwh:.6g} g/kWh "
        f"are {expected_g:.6g} g"
    )


def find_problem(document: object) -> str | None:
    """What the record schema has against `document`, in one line; `None` where it is valid."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  as in `_validator`

    error = best_match(_validator().iter_errors(document))
    return None if error is None else f"{error.json_path}: {error.message}"


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Made once: a ledger holds thousands of records."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  costs 3.4 x `import yaml`; only readers of records pay

    return Draft202012Validator(load_schema("record"))


def render_record(record: Record) -> str:
    """The record as the text of its file. Raises ValueError on a number that JSON cannot hold (NaN, infinite)."""
    return json.dumps(record_to_json(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_record(record: Record, path: str | os.PathLike[str]) -> None:
    """Write atomically: readers see the old file or the new one. Raises OutputError."""
    write_atomically(path, render_record(record).encode())


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list) else value
