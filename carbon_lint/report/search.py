"""Write what a search of the Hub found, as text, JSON and CSV: what `carbon-lint find` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carbon_lint.hub.search.find import FindResult, FoundModel
from carbon_lint.report.layout import columns, csv_text, json_text
from carbon_lint.text import quoted, terminal
from carbon_lint.units import format_emissions

_STATED_WIDTH = 32
_FIELDS: dict[str, Callable[[FoundModel], Any]] = {
    "id": lambda it: it.entry.id,
    "emissions_g": lambda it: it.stated.emissions_g,
    "stated": lambda it: it.stated.text,
    "is_converted": lambda it: it.stated.is_converted,
    "note": lambda it: it.stated.note,
    "source": lambda it: it.stated.source,
    "task": lambda it: it.entry.task,
    "library": lambda it: it.entry.library,
    "downloads": lambda it: it.entry.downloads,
    "likes": lambda it: it.entry.likes,
}
"""What JSON and CSV have of a model; its address follows."""


def as_text(result: FindResult, endpoint: str, *, show_unreadable: bool) -> str:
    """Return a table for a terminal, and what was looked at."""
    del endpoint
    heads = ("emissions", "downloads", "likes", "task", "model", "note")
    rows = [_cells(it) for it in result.models]
    lines = columns(heads, rows, right=3) if rows else ["no model within the limits"]
    lines += ["", *_sums(result, show_unreadable=show_unreadable)]
    if show_unreadable and result.unreadable:
        lines += ["", *(f"{terminal(it.entry.id)}: {_reason(it)}" for it in result.unreadable)]
    return "".join(f"{line}\n" for line in lines)


def as_json(result: FindResult, endpoint: str, *, show_unreadable: bool) -> str:
    """Return all of the result, for a program."""
    del show_unreadable
    document = {
        "format": 1,
        "models": _rows(result.models, endpoint),
        "unreadable": _rows(result.unreadable, endpoint),
        "seen": result.seen,
        "within": result.within,
        "zeros_left_out": result.zeros,
        "is_complete": result.is_complete,
    }
    return json_text(document)


def as_csv(result: FindResult, endpoint: str, *, show_unreadable: bool) -> str:
    """Return a row for each model; no cell is a formula."""
    shown = result.models + (result.unreadable if show_unreadable else ())
    return csv_text([*_FIELDS, "url"], (row.values() for row in _rows(shown, endpoint)))


RENDER: dict[str, Callable[..., str]] = {"text": as_text, "json": as_json, "csv": as_csv}
"""Format -> `render(result, endpoint, show_unreadable=...)`."""


def _rows(found: tuple[FoundModel, ...], endpoint: str) -> list[dict[str, Any]]:
    """Return the results as JSON has them."""
    return [{**{name: get(it) for name, get in _FIELDS.items()}, "url": f"{endpoint}/{it.entry.id}"} for it in found]


def _sums(result: FindResult, *, show_unreadable: bool) -> list[str]:
    """Return what was looked at, and what became of it."""
    readable = result.seen - len(result.unreadable)
    so_far = "" if result.is_complete else " so far, more may follow"
    sums = f"{result.within} of {readable} readable figures fit{so_far}"
    if result.within > len(result.models):
        sums += f" (--limit shows {len(result.models)} of them)"
    if result.unreadable:
        hint = "" if show_unreadable else " (--show-unreadable lists them)"
        sums += f"; {len(result.unreadable)} could not be read{hint}"
    if not result.zeros:
        return [sums]
    return [sums, f"{result.zeros} left out: zero is often a placeholder"]


def _cells(found: FoundModel) -> tuple[str, ...]:
    entry, stated = found.entry, found.stated
    counts = ("-" if count is None else str(count) for count in (entry.downloads, entry.likes))
    note = f"{quoted(stated.text, _STATED_WIDTH)}, {stated.note}" if stated.is_converted else stated.note or ""
    emissions = format_emissions(stated.emissions_g or 0.0)
    return emissions, *counts, terminal(entry.task or "-"), terminal(entry.id), note


def _reason(found: FoundModel) -> str:
    stated = found.stated
    return f"{quoted(stated.text, _STATED_WIDTH)}: {stated.note}" if stated.text else stated.note or ""
