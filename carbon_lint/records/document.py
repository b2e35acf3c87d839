"""Turn a record, or a value of a journal's line, into JSON, and read a record's JSON by the types of its fields.

A `predicate` states a record for an in-toto attestation, which the workflow of a run signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from carbon_lint import redact
from carbon_lint.records.fields import Sha256
from carbon_lint.records.hashes import FIELD, sealed
from carbon_lint.records.record import FORMAT, Outcome, Record

ANY_FORMAT = FORMAT.partition("@")[0] + "@"
FORMAT_1 = ANY_FORMAT + "1"
_STOPPED_BY = {"over-budget": "budget", "unmeasured": "unmeasured", "interrupted": "cancel"}
PREDICATE_TYPE = "https://carbon-lint.dev/attestations/run@1"
"""The `predicateType` of the statement. Its subject is the record's file."""
BUNDLE = "carbon-lint.sigstore.json"
"""The name of the signed statement beside the card."""
RECORD = "carbon-lint.json"
JOURNAL = "carbon-lint.jsonl.gz"
_FIELDS = (
    *("record_sha256", "journal_sha256", "parts_sha256", "run_id", "run_group", "merged_from", "outcome"),
    *("emissions_g", "energy_kwh", "methods", "pue", "duration_s", "started_at", "ended_at", "software"),
)
_PROVENANCE = ("repository", "commit", "ref", "run_url", "run_id", "run_attempt", "job")
_INTENSITY = ("g_per_kwh", "source", "year", "basis", "location")


def to_json(value: Any) -> Any:
    r"""Return a value as JSON: a dataclass as its fields, bounds as `[low, high]`.

    A lone surrogate in a text (a byte of a path or an argument that is not UTF-8) becomes its escape, `\udcff`: no file
    could hold it.
    """
    if value is None or isinstance(value, float | int):
        return value
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    return {name: to_json(getattr(value, name)) for name in value.__slots__}


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
    document = {**document, "format": FORMAT}
    if document.get("exit_status") != 0:
        document["stopped_by"] = _STOPPED_BY.get(str(document.get("outcome")))
    if isinstance(document.get("energy_kwh"), dict):
        document["energy_kwh"] = {name: kwh for name, kwh in document["energy_kwh"].items() if name != "cpu_linear"}
    intensity = document.get("intensity")
    if isinstance(intensity, dict) and intensity.get("hours") and isinstance(intensity.get("source"), str):
        document["intensity"] = {**intensity, "source": intensity["source"].partition(", hour")[0]}
    return document


def record_from_json(document: dict[str, Any], *, is_of_ledger: bool = False) -> Record:
    """Return the record that `document` holds, of any format that is read. A name that it lacks has its default.

    The command of a record `is_of_ledger` is left empty: no verb of the ledger shows it, and to look for secrets in it
    would take longer than all the rest.

    Raises ValueError, which names the first field that is not as `Record` and the schema want it.
    """
    current = upgraded(document)
    if current.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT!r}")
    if is_of_ledger:
        msgspec.convert(current.get("command"), list[str])
        current = {**current, "command": []}
    record = msgspec.convert(current, Record)
    digest = msgspec.convert(current.get(FIELD), Sha256 | None)
    known = {"format": FORMAT, **msgspec.json.decode(msgspec.json.encode(record)), FIELD: digest}
    unknown = None if known == current else _unknown_name(known, current)
    if unknown is not None:
        raise ValueError(f"field {unknown} is not known")
    if record.outcome is Outcome.UNMEASURED and record.emissions_g is not None:
        raise ValueError("field emissions_g must be null in an unmeasured run")
    # The command goes without its secrets: a record may come from anywhere.
    return record if is_of_ledger else replace(record, command=redact.command(record.command))


def _unknown_name(known: Any, given: Any, path: str = "") -> str | None:
    """Return the path of the first name in `given` that is not in `known`, which was made of it."""
    if isinstance(given, dict):
        strange: set[str] = given.keys() - known.keys()
        if strange:
            return path + min(strange)
        members = [(name, known[name], value) for name, value in given.items() if isinstance(value, dict | list)]
    elif isinstance(given, list):
        members = [(str(number), known[number], value) for number, value in enumerate(given)]
    else:
        return None
    unknown = (_unknown_name(mine, value, f"{path}{name}.") for name, mine, value in members)
    return next(filter(None, unknown), None)


def predicate(record: Record) -> dict[str, Any]:
    """Return grams, kWh, methods, hashes and run of a record, each as the record states it."""
    document = record_to_json(record)
    intensity = document["intensity"]
    return {
        **{name: document[name] for name in _FIELDS},
        "intensity": intensity and {name: intensity[name] for name in _INTENSITY},
        "provenance": {name: document["provenance"][name] for name in _PROVENANCE},
    }
