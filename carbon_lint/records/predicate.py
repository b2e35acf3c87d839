"""State a record for an in-toto attestation: the predicate that the workflow of a run signs. Pure."""

from __future__ import annotations

from typing import Any

from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Record

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


def predicate(record: Record) -> dict[str, Any]:
    """Return grams, kWh, methods, hashes and run of a record, each as the record states it."""
    document = record_to_json(record)
    intensity = document["intensity"]
    return {
        **{name: document[name] for name in _FIELDS},
        "intensity": intensity and {name: intensity[name] for name in _INTENSITY},
        "provenance": {name: document["provenance"][name] for name in _PROVENANCE},
    }
