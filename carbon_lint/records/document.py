"""Turn a record, or a value of a journal's line, into JSON and back, and hold a record's JSON against its schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache, lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from carbon_lint import redact
from carbon_lint.records import record as values
from carbon_lint.records import uncertainty
from carbon_lint.records.hashes import FIELD, sealed
from carbon_lint.records.quick import LARGEST, compile_schema
from carbon_lint.records.record import FORMAT, Record
from carbon_lint.records.uncertainty import Bounds
from carbon_lint.schema_files import load_schema

if TYPE_CHECKING:
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
_MOST_SHAPES = 64  # of one value, by the names of its fields
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
_NAMES = {**vars(values), **vars(uncertainty), "Mapping": Mapping}
"""What the annotations of a field may name."""


def to_json(value: Any) -> Any:
    r"""Return a value as JSON: a dataclass as its fields, bounds as `[low, high]`.

    A lone surrogate in a text (a byte of a path or an argument that is not UTF-8) becomes its escape, `\udcff`: no file
    could hold it.
    """
    if value is None or isinstance(value, float | int):
        return value
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Bounds):
        return [value.low, value.high]
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    return {name: to_json(getattr(value, name)) for name in value.__slots__}


@cache
def reader_of(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a value of `kind` of its JSON, which must be valid already.

    Names that a dataclass does not have are skipped. The function raises AttributeError, KeyError, TypeError or
    ValueError for JSON that is not valid.
    """
    arguments = get_args(kind)
    if get_origin(kind) is UnionType:  # a value or None
        return reader_of(arguments[0])
    if get_origin(kind) is tuple:
        each = reader_of(arguments[0])
        return tuple if each is _same else lambda values: tuple(map(each, values))
    if kind is Bounds:
        return lambda pair: Bounds(low=pair[0], high=pair[1])
    if is_dataclass(kind):
        return _reader_of_fields(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {member.value: member for member in kind}.__getitem__
    return _same


def _reader_of_fields(kind: Any) -> Callable[[dict[str, Any]], Any]:
    readers = {name: reader_of(hint) for name, hint in get_type_hints(kind, localns=_NAMES).items()}

    @lru_cache(maxsize=_MOST_SHAPES)
    def parts(names: tuple[str, ...]) -> tuple[list[str], list[tuple[str, Callable[[Any], Any]]]]:
        """Return the names that `kind` does not have, and those whose values are more than their JSON."""
        foreign = [name for name in names if name not in readers]
        return foreign, [(name, readers[name]) for name in names if readers.get(name, _same) is not _same]

    def read(document: dict[str, Any]) -> Any:
        foreign, made = parts(tuple(document))
        values = document.copy()
        for name in foreign:
            del values[name]
        for name, reader in made:
            if values[name] is not None:
                values[name] = reader(values[name])
        return kind(**values)

    return read


def _same(value: Any) -> Any:
    return value


def record_to_json(record: Record) -> dict[str, Any]:
    """Return the record as `schemas/record.schema.json` describes it. The last field is the hash of all others.

    `hardware.boot` is left out if it is not known, so that a record that lacks it keeps the hash that its card names.
    """
    document = {"format": FORMAT, **to_json(record)}
    if record.hardware.boot is None:
        del document["hardware"]["boot"]
    return sealed(document)


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
    # The command goes without its secrets: a record may come from anywhere.
    record: Record = reader_of(Record)({**upgraded(document), "command": redact.command(document["command"])})
    return record


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
