"""What the runs of a ledger can be grouped by."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbon_lint.records.record import Record

UNNAMED = "(not stated)"


def _week(record: Record) -> str:
    return _week_of(record.ended_at[:10])


@lru_cache(maxsize=512)
def _week_of(day: str) -> str:
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02d}"


def model_name(record: Record) -> str | None:
    """Return the model that a run names. The path of a card, like `README.md`, names one beside its repository only."""
    model, repository = record.provenance.model, record.provenance.repository
    return f"{repository}: {model}" if model is not None and model.endswith(".md") and repository else model


def _place(record: Record) -> str | None:
    known = record.intensity
    return None if known is None else known.location_name or known.location


KEYS: Mapping[str, Callable[[Record], str | None]] = {
    "week": _week,
    "model": model_name,
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
