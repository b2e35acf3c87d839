"""Lay values out as text: JSON, CSV, a table in Markdown, columns in line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from carbon_lint.text import json_literals, spreadsheet


def json_text(document: Any) -> str:
    """Return the document as ASCII JSON that a runner's log cannot act on. Raises ValueError for NaN and infinity."""
    return json_literals(json.dumps(document, indent=2, allow_nan=False)) + "\n"


def csv_text(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return CSV. A text that a spreadsheet would run as a formula gets a quote before it; `None` is an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(spreadsheet(cell) if isinstance(cell, str) else cell for cell in row)
    return stream.getvalue()


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; empty if there are no rows. Cells are Markdown already."""
    found = [" | ".join(row) for row in rows]
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *found] if found else []
    return "".join(f"| {line} |\n" for line in lines)


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: int = 0) -> list[str]:
    """Return the heads and the rows as lines with their columns in line, the first `right` of them to the right."""
    cells = [heads, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at < right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
