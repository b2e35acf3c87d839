"""Render a team's month for a terminal and in Markdown."""

from __future__ import annotations

from datetime import timedelta

from carbon_lint.records.ledger_sum import Reason
from carbon_lint.report.layout import columns, markdown_table
from carbon_lint.report.ledger.answer import QUESTION, basis, headline
from carbon_lint.report.ledger.month import Month
from carbon_lint.report.ledger.tables import facts, tables
from carbon_lint.text import markdown_text, plural, terminal

MARK = "<!-- carbon-lint month -->"
_MOST_DAYS = 6
_WIDEST = 40  # characters of a cell


def answer(month: Month) -> str:
    """Return the answer to the question whether the budgets are kept, or what was spent if there are none."""
    if not month.total.runs and not month.broken and not month.budgets:
        return f"No run ended in {month.period.name}"
    (_, grams), (_, energy), (_, runs), _ = facts(month)
    return headline(month.budgets, f"{grams}, {energy} in {runs} run{'' if runs == '1' else 's'}")


def notes(month: Month) -> list[str]:
    """Return what a reader must know of the figures: how the outlook was drawn, and what counts once."""
    found = []
    ahead = next((one.outlook for one in month.budgets if one.outlook is not None), month.outlook_g)
    if ahead is not None:
        found.append(basis(ahead))
    found += _unmeasured_days(month)
    held, shared = (month.total.left_out.get(reason, 0) for reason in (Reason.HELD, Reason.SHARED))
    if held:
        ran, are = ("another run", "it is") if held == 1 else ("other runs", "they are")
        found.append(
            f"{plural(held, 'more record')} ran inside {ran}: that time counts once, so {are} not among the runs."
        )
    if shared:
        found.append(f"{plural(shared, 'run')} shared a machine or a GPU with others: that time counts once.")
    if month.of_no_team:
        what, them = ("1 run names", "it") if month.of_no_team == 1 else (f"{month.of_no_team} runs name", "them")
        found.append(f"{what} no model that a budget names: only budgets of all runs count {them}.")
    if len(month.total.bases) > 1:
        found.append(f"The grams are of two bases, {' and '.join(month.total.bases)}: compare months by their energy.")
    return found


def _unmeasured_days(month: Month) -> list[str]:
    """Say of which days nothing is known, as no run that ended on them has grams."""
    days = [f"{month.period.start + timedelta(days=at):%d %b}" for at, day in enumerate(month.days_g) if day is None]
    shown = f"{', '.join(days[:_MOST_DAYS])}{f' and {len(days) - _MOST_DAYS} more days' * (len(days) > _MOST_DAYS)}"
    return [f"No run of {shown} was measured in grams: not known, and not 0."] if days else []


def until(month: Month) -> str:
    """Return what time the report covers: `2026-11, up to 2026-11-28 14:05 UTC`."""
    seen = "" if month.is_over else f", up to {month.now:%Y-%m-%d %H:%M} UTC"
    return f"{month.period.name}{seen}"


def text(month: Month) -> str:
    """Return the report for a terminal: the answer, the figures, and each table with its columns in line."""
    lines = [answer(month), ""]
    lines += [f"{name + ':':<22}{value}" for name, value in (("Time", until(month)), *facts(month))]
    for table in tables(month):
        rows = columns(table.heads, [tuple(map(_cut, row)) for row in table.rows])
        lines += ["", table.title, *(f"  {line}" for line in (*rows, table.note) if line)]
    if notes(month):
        lines += ["", *notes(month)]
    return "".join(f"{terminal(line)}\n" for line in lines)


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
