"""Findings as Markdown, for a step's summary or a comment. Card text is escaped or in code spans."""

from __future__ import annotations

import re

from carbon_lint.lint.diagnostic import RANK, Diagnostic, LintReport
from carbon_lint.report.findings.forge import relative_path, rule_url
from carbon_lint.report.findings.reporters import RenderOptions, sentence
from carbon_lint.text import markdown_code, markdown_text, plural, shortened

MAX_BYTES = 1_000_000
"""GitHub drops a summary of more than 1 MiB; the rest is room for what else the step writes."""

_MAX_CELL_CHARACTERS = 500
_CUT = "\n\n> Cut here: the whole would be too long for GitHub.\n"
_HEAD = "| Severity | Rule | Where | What |\n| --- | --- | --- | --- |\n"
_MARKS = {"error": "❌ error", "warning": "⚠️ warning", "note": "ℹ️ note"}  # noqa: RUF001  the information sign


def render(report: LintReport, options: RenderOptions) -> str:
    """Return the report as a heading, a table worst first, and the counts; under 1 MiB."""
    return "## carbon-lint\n\n" + findings(report, options, max_bytes=MAX_BYTES)


def findings(report: LintReport, options: RenderOptions, *, max_bytes: int) -> str:
    """Return the table and the counts in at most `max_bytes` of UTF-8. If rows do not fit, it states how many."""
    footer = f"\n{markdown_text(sentence(report))}\n"
    if not report.diagnostics:
        return footer[1:]
    rows = [_row(found, options) for found in sorted(report.diagnostics, key=lambda found: RANK[found.severity])]
    room = max_bytes - len((_HEAD + footer).encode()) - len(_left_out(len(rows)).encode())
    kept = _fitting(rows, room)
    left = len(rows) - kept
    return _HEAD + "".join(rows[:kept]) + (_left_out(left) if left else "") + footer


def cut(text: str, max_bytes: int) -> str:
    """Return `text`, or its first whole lines and a word that it was cut, in at most `max_bytes` of UTF-8."""
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    kept = data[: max(0, max_bytes - len(_CUT.encode()))].decode("utf-8", "ignore").rpartition("\n")[0]
    return kept + _CUT


def fenced(text: str) -> str:
    """Return `text` as a code block that nothing in it can close."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 0)
    return f"{fence}\n{text}\n{fence}\n"


def _row(found: Diagnostic, options: RenderOptions) -> str:
    where = markdown_code(f"{relative_path(found.path, options)}:{found.line}:{found.column}", in_table=True)
    what = markdown_text(shortened(found.message, _MAX_CELL_CHARACTERS))
    if found.fix:
        what += f" (fix: {markdown_text(shortened(found.fix.title, _MAX_CELL_CHARACTERS))})"
    cells = (_MARKS[found.severity], f"[{found.code}]({rule_url(found.code)})", where, what)
    return f"| {' | '.join(cells)} |\n"


def _fitting(rows: list[str], room: int) -> int:
    """Return how many of the rows fit into `room` bytes."""
    for index, row in enumerate(rows):
        room -= len(row.encode())
        if room < 0:
            return index
    return len(rows)


def _left_out(count: int) -> str:
    return f"\n{plural(count, 'more finding')} left out here; `carbon-lint check` shows all.\n"
