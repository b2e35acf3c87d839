"""Render a team's month for a terminal and in Markdown."""

from __future__ import annotations

from carbon_lint.report.ledger.answer import QUESTION
from carbon_lint.report.ledger.month import Month
from carbon_lint.report.ledger.tables import Table, facts, tables
from carbon_lint.report.ledger.words import answer, notes, until
from carbon_lint.text import markdown_text, terminal

MARK = "<!-- carbon-lint month -->"
_WIDEST = 40


def text(month: Month) -> str:
    """Return the report for a terminal: the answer, the figures, and each table with its columns in line."""
    lines = [answer(month), ""]
    lines += [f"{name + ':':<22}{value}" for name, value in (("Time", until(month)), *facts(month))]
    for table in tables(month):
        lines += ["", table.title, *_aligned(table), *([f"  {table.note}"] if table.note else [])]
    if notes(month):
        lines += ["", *notes(month)]
    return "".join(f"{terminal(line)}\n" for line in lines)


def _aligned(table: Table) -> list[str]:
    rows = [[_cut(cell) for cell in row] for row in (table.heads, *table.rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.heads))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return [f"  {'  '.join(row)}".rstrip() for row in padded]


def _cut(cell: str) -> str:
    shown = terminal(cell)
    return shown if len(shown) <= _WIDEST or "://" in shown else f"{shown[: _WIDEST - 1]}…"


def markdown(month: Month) -> str:
    """Return the report in Markdown, as GitHub renders it in an issue or a summary."""
    lines = [MARK, f"## {markdown_text(answer(month))}", ""]
    lines += [f"*{QUESTION}* {markdown_text(until(month))}.", ""]
    lines += _rows(("", ""), [(f"**{name}**", markdown_text(value)) for name, value in facts(month)])
    for table in tables(month):
        lines += ["", f"### {table.title}", ""]
        lines += _rows(table.heads, [tuple(map(markdown_text, row)) for row in table.rows])
        lines += ["", table.note] if table.note else []
    for note in notes(month):
        lines += ["", markdown_text(note)]
    return "\n".join(lines) + "\n"


def _rows(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table. Cells are Markdown already."""
    return [f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows)]
