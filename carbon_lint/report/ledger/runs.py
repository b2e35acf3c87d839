"""Render the runs of a ledger: as lines for a person, and as one flat row a run for DuckDB, pandas or a spreadsheet."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from carbon_lint.errors import UsageError
from carbon_lint.project import install_hint
from carbon_lint.records.ledger_sum import Counted, Reason
from carbon_lint.records.ranges import emissions_range, energy_range, measured_share
from carbon_lint.records.uncertainty import Range
from carbon_lint.report.layout import csv_text
from carbon_lint.report.run.phrases import energy_with_range, with_range
from carbon_lint.text import json_literals

_COUNTS = {
    Reason.SAME: "not added: the same run as",
    Reason.PART: "not added: part of",
    Reason.HELD: "not added: ran inside",
    Reason.SHARED: "added in part: shares its machine or a GPU with",
}

COLUMNS = (
    *("path", "run_id", "repository", "model", "ref", "commit", "job", "node", "run_group", "outcome"),
    *("started_at", "ended_at", "duration_s", "emissions_g", "emissions_g_low", "emissions_g_high"),
    *("energy_kwh", "energy_kwh_low", "energy_kwh_high", "measured_share", "location", "intensity_g_per_kwh"),
    *("counted", "counted_emissions_g", "counted_energy_kwh", "held_by"),
)
"""What a row holds. `counted` is `all`, `part` or `none`; `held_by` names the record that holds the rest."""
_NUMBERS = ("_s", "_g", "_kwh", "_low", "_high", "_share")
"""How the name of a column of numbers ends; all others are texts."""


def line(counted: Counted) -> str:
    """Return one run as a line for a person."""
    record = counted.entry.record
    figures = (with_range("g", emissions_range(record)), energy_with_range(record))
    where = record.provenance.repository or "-"
    words = [record.ended_at, f"{figures[0]:>24}", f"{figures[1]:>24}", f"{record.outcome:<11}", where]
    words.append(counted.entry.path)
    if counted.reason is not None:
        words.append(f"{_COUNTS[counted.reason]} {', '.join(counted.holders)}")
    return "  ".join(words)


def row(counted: Counted) -> dict[str, Any]:
    """Return one run as a flat row of `COLUMNS`; `None` is not known or not measured."""
    record, left = counted.entry.record, counted.record
    where, known = record.provenance, record.intensity
    values = (
        *(counted.entry.path, record.run_id, where.repository, where.model, where.ref, where.commit, where.job),
        *(record.hardware.node, record.run_group, str(record.outcome)),
        *(record.started_at, record.ended_at, record.duration_s),
        *_ends(record.emissions_g, emissions_range(record)),
        *_ends(record.energy_kwh.total, energy_range(record)),
        measured_share(record),
        *((None, None) if known is None else (known.location, known.g_per_kwh)),
        "none" if left is None else "all" if counted.reason is None else "part",
        *((None, None) if left is None else (left.emissions_g, left.energy_kwh.total)),
        counted.holders[0] if counted.holders else None,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _ends(likely: float | None, known: Range | None) -> tuple[float | None, ...]:
    return (likely, None, None) if known is None else (known.likely, known.low, known.high)


def as_csv(counted: Sequence[Counted]) -> bytes:
    """Return the rows as CSV. A text that a spreadsheet would run as a formula gets a quote before it."""
    return csv_text(COLUMNS, (row(each).values() for each in counted)).encode(errors="backslashreplace")


def as_json(counted: Sequence[Counted]) -> bytes:
    """Return the rows as a JSON array."""
    rows = ",\n".join(json.dumps(row(each)) for each in counted)
    return json_literals(f"[\n{rows}\n]\n").encode()


def as_parquet(counted: Sequence[Counted]) -> bytes:
    """Return the rows as a Parquet file. Raises UsageError without pyarrow."""
    try:
        import pyarrow as pa  # noqa: PLC0415  in an extra, and large
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow", hint=install_hint("audit")) from error
    schema = pa.schema([(name, pa.float64() if name.endswith(_NUMBERS) else pa.string()) for name in COLUMNS])
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([row(each) for each in counted], schema=schema), buffer)
    return buffer.getvalue()


FORMATS = {"csv": as_csv, "json": as_json, "parquet": as_parquet}
