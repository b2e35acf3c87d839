"""Render a team's month for a terminal and in Markdown."""

from __future__ import annotations

from carbon_lint.report.layout import columns, markdown_table
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
    return [f"  {line}" for line in columns(table.heads, [tuple(map(_cut, row)) for row in table.rows])]


def _cut(cell: str) -> str:
    shown = terminal(cell)
    return shown if len(shown) <= _WIDEST or "://" in shown else f"{shown[: _WIDEST - 1]}…"


def markdown(month: Month) -> str:
    """Return the report in Markdown, as GitHub renders it in an issue or a summary."""
    parts = [f"{MARK}\n## {markdown_text(answer(month))}\n", f"*{QUESTION}* {markdown_text(until(month))}.\n"]
    parts.append(markdown_table(("", ""), [(f"**{name}**", markdown_text(value)) for name, value in facts(month)]))
    for table in tables(month):
        rows = [tuple(map(markdown_text, row)) for row in table.rows]
        parts += [f"### {table.title}\n", markdown_table(table.heads, rows)]
        parts += [f"{table.note}\n"] if table.note else []
    return "\n".join([*parts, *(f"{markdown_text(note)}\n" for note in notes(month))])
