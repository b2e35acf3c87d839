"""What the runs of a ledger can be grouped by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from carbon_lint.records.record import Record

UNNAMED = "(not stated)"


def _week(record: Record) -> str:
    year, week, _ = date.fromisoformat(record.ended_at[:10]).isocalendar()
    return f"{year}-W{week:02d}"


def _place(record: Record) -> str | None:
    known = record.intensity
    return None if known is None else known.location_name or known.location


KEYS: Mapping[str, Callable[[Record], str | None]] = {
    "week": _week,
    "model": lambda record: record.provenance.model_name,
    "branch": lambda record: record.provenance.ref and record.provenance.ref.removeprefix("refs/heads/"),
    "runner": lambda record: record.hardware.node,
    "account": lambda record: record.provenance.account,
    "user": lambda record: record.provenance.user,
    "location": _place,
    "partition": lambda record: record.provenance.partition,
    "repository": lambda record: record.provenance.repository,
    "outcome": lambda record: str(record.outcome),
}
"""What runs can be grouped by: name -> the value of a record, `None` if it states none."""
USUAL_KEYS = ("week", "model", "branch", "runner", "account", "user", "location")
