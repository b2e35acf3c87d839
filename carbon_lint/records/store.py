"""A record as JSON: written atomically, read back only when it is what the schema says."""

from __future__ import annotations

import json
import os
import shlex
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_lint import redact
from carbon_lint.errors import InputError
from carbon_lint.files import check_is_ours, read_file, write_atomically
from carbon_lint.places import unusual_intensity
from carbon_lint.records.emissions_csv.table import looks_like_csv
from carbon_lint.records.journal import BEGINNING, journal_path, read_ending, record_path, recover_command
from carbon_lint.records.plausible import TOLERANCE, find_contradiction, find_difference, find_implausible
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
from carbon_lint.records.storage import LocalStorage
from carbon_lint.records.unfinished import check_no_run_is_missing
from carbon_lint.schema_files import load_schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MARK = f'"{FORMAT}"'.encode()
"""What a file that is a record holds in its first MiB."""

_ANY_FORMAT = FORMAT.partition("@")[0] + "@"
_AS_WRITTEN = "use the record as the run wrote it, or measure again"
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
        command=redact.command(document["command"]),  # a record may come from anywhere
        provenance=Provenance(**document["provenance"]),
        warnings=tuple(document["warnings"]),
        merged_from=tuple(document.get("merged_from", ())),
    )


def intensity_to_json(intensity: Intensity) -> dict[str, Any]:
    """A record's intensity; a line of a journal holds one too."""
    return {
        **_fields(intensity, "g_per_kwh", "source", "year", "location", "location_name", "is_unusual"),
        "hours": [_fields(hour, "hour", "g_per_kwh", "energy_kwh", "is_estimated") for hour in intensity.hours],
    }


def intensity_from_json(document: dict[str, Any]) -> Intensity:
    """The intensity that `document` holds, which must be valid already."""
    hours = tuple(HourlyIntensity(**hour) for hour in document.get("hours", ()))
    return Intensity(**{**document, "hours": hours})


def load_record(path: str | os.PathLike[str], *, allow_unusual: bool = False) -> Record:
    """Read a record to act on it: one whose figures cannot be true, or are not its journal's, is refused.

    `allow_unusual` accepts a carbon intensity that no grid has, as the run itself may have done.

    A folder stands for the one record in it. Raises InputError.
    """
    path = record_file(path)
    record = parse_record(_read(path), path, allow_unusual=allow_unusual)
    check_plausible(record, path)
    check_journal(record, path)
    return record


def read_record(path: str | os.PathLike[str]) -> Record:
    """Read a record to know which run it is of. Raises InputError if it is no record, whatever its figures are."""
    return _parse(_read(path), path)


def parse_record(data: bytes, path: str | os.PathLike[str], *, allow_unusual: bool = False) -> Record:
    """The record whose file holds `data`; `path` is what messages call it.

    Raises InputError if it is no JSON, no record, not valid by the schema, or contradicts itself.
    """
    record = _parse(data, path)
    contradiction = find_contradiction(record)
    if contradiction is not None:
        raise InputError(f"{os.fspath(path)} contradicts itself: {contradiction}", hint=_AS_WRITTEN)
    unusual = None if allow_unusual else _unusual(record)
    if unusual is not None:
        raise InputError(f"{os.fspath(path)}: {unusual[0]}", hint=unusual[1])
    return record


def _unusual(record: Record) -> tuple[str, str] | None:
    """What is wrong with a carbon intensity that no grid has; `None` for a usual one, and if the run accepted it."""
    if record.intensity is None or record.intensity.is_unusual:
        return None
    figures = (record.intensity.g_per_kwh, *(hour.g_per_kwh for hour in record.intensity.hours))
    return next((found for found in map(unusual_intensity, figures) if found is not None), None)


def check_plausible(record: Record, path: str | os.PathLike[str]) -> None:
    """Raises InputError if a figure of the record cannot be true."""
    flaw = find_implausible(record)
    if flaw is not None:
        raise InputError(f"{os.fspath(path)} cannot be right: {flaw}", hint=_AS_WRITTEN)


def _read(path: str | os.PathLike[str]) -> bytes:
    data = read_file(os.fspath(path), "record")
    if data is None:
        raise InputError(f"cannot read {os.fspath(path)}: it is not there", hint="check the path of the record")
    return data


def _parse(data: bytes, path: str | os.PathLike[str]) -> Record:
    path = os.fspath(path)
    if data.startswith(BEGINNING):
        raise InputError(
            f"{path} is a journal, expected the record beside it ({record_path(path).name})",
            hint=f"if the run was killed: {recover_command(path)}",
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
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
        raise InputError(f"{path} is not a valid record: {problem}", hint=_AS_WRITTEN)
    return record_from_json(document)


def record_file(path: str | os.PathLike[str]) -> str:
    """The file that `path` names: of a folder the one record in it, as `run --record folder/` leaves it.

    Raises InputError, also if the folder holds the journal of another run, which was killed before it had a record.
    """
    if not os.path.isdir(path):
        return os.fspath(path)
    folder = path
    storage = LocalStorage(Path(folder))
    found = sorted(name for name in storage.files() if storage.read_marked(name, MARK) is not None)
    if len(found) == 1:
        file = os.path.join(folder, found[0])
        record = read_record(file)
        check_no_run_is_missing(Path(folder), {record.run_id, *record.merged_from})
        return file
    shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")  # noqa: PLR2004  a glance is enough
    raise InputError(
        f"{os.fspath(folder)} holds {len(found)} records, expected one" + (f": {shown}" if found else ""),
        hint=f"name one, or add them up: carbon-lint merge {shlex.quote(os.fspath(folder))} -o sum.json"
        if found
        else "name the record, or the folder that `run --record` wrote it into",
    )


def check_journal(record: Record, path: str | os.PathLike[str]) -> None:
    """Raises InputError if the journal beside the record is of the same run and holds other figures."""
    beside = journal_path(os.path.realpath(path) if os.path.islink(path) else path)
    content = read_ending(beside)
    if content is None or content.run_id != record.run_id:
        return
    try:
        difference = (
            _before(record, content.last_reading or {})
            if content.ended is None
            else find_difference(record, record_from_json(content.ended))
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{beside} is damaged: {error!r}", hint=f"move it away to use {os.fspath(path)} without its journal"
        ) from error
    if difference is not None:
        raise InputError(
            f"{os.fspath(path)} contradicts its journal {beside.name}: {difference}",
            hint=f"the journal is what was measured: {recover_command(beside)} --force",
        )


def _before(record: Record, reading: dict[str, Any]) -> str | None:
    """Why a run whose journal ends at `reading` cannot have this record; `None` if it can. Energy only grows."""
    total_kwh, least_kwh = record.energy_kwh.total, reading.get("energy_kwh", {}).get("total")
    elapsed_s = reading.get("elapsed_s")
    if least_kwh and (total_kwh is None or total_kwh < least_kwh * (1 - TOLERANCE)):
        found = "null" if total_kwh is None else f"{total_kwh:.6g}"
        return f"energy_kwh.total is {found}, expected at least {least_kwh:.6g}"
    if elapsed_s is not None and record.duration_s < elapsed_s - 1:
        return f"duration_s is {record.duration_s:.6g}, expected at least {elapsed_s:.6g}"
    return None


def find_problem(document: object) -> str | None:
    """The first field of `document` that the record schema refuses, in one line; `None` if it is valid."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  as in `_validator`

    error = best_match(_validator().iter_errors(document))
    return None if error is None else _in_words(error)


def _in_words(error: ValidationError) -> str:
    """`field duration_s must be a number, and is "1h"`."""
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
def _validator() -> Any:
    """Made once: a ledger holds thousands of records."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  costs 3.4 x `import yaml`; only readers of records pay

    return Draft202012Validator(load_schema("record"))


def render_record(record: Record) -> str:
    """The record as the text of its file. Raises ValueError on a number that JSON cannot hold (NaN, infinite)."""
    return json.dumps(record_to_json(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_record(record: Record, path: str | os.PathLike[str]) -> None:
    """Write atomically: readers see the old file or the new one. Raises OutputError, also if it is no record."""
    check_replaceable_by_record(path)
    write_atomically(path, render_record(record).encode())


def check_replaceable_by_record(path: str | os.PathLike[str], *, hint: str | None = None) -> None:
    """Raise OutputError if a file is at `path` that is no record: a card, a training script."""
    check_is_ours(path, "a carbon-lint record", is_record, hint=hint)


def is_record(data: bytes) -> bool:
    """Whether a file that holds `data` is a record, of whichever version, whatever its figures are."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("format", "")).startswith(_ANY_FORMAT)


def _fields(value: object, *names: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _encodable(each) for name, each in value.items()}
    return [_encodable(each) for each in value] if isinstance(value, list) else value
