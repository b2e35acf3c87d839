"""Find the cells of a card's tables: Markdown's, which GitHub defined, and HTML's."""

from __future__ import annotations

import re
from itertools import pairwise

from carbon_lint.card.markup import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    Cell = tuple[int, int]
    Rows = list[list[Cell]]

_SEPARATOR = r"[ \t>]{0,12}\|?[ \t]{0,9}:?-[-: |\t]{0,1000}\r?"
_BAR = r"(?<!\\)\|"
_BAR_FIRST = re.compile(r"[ \t>]*\|")
_OPENING = r"<table\b"
_CLOSING = r"</table\b[^>]{0,20}>"
_TAG = r"<(?P<closes>/?)(?P<name>tr|td|th)\b(?P<more>[^<>]{0,300})>"
_SPANS = r"(?:row|col)span\s*=\s*[\"']?(?:[2-9]|1\d)"
_MAX_ROWS = 300
_MAX_ABOVE = 100
_MAX_TABLES = 50
_MAX_LINE = 2000
_MAX_TABLE = 100_000


def pipe_table(text: str, start: int, end: int) -> tuple[Rows, int] | None:
    """Return the cells of the Markdown table around the line `text[start:end]`, and the end of the table."""
    if text.find("|", start, end) < 0:
        return None
    header = start
    for _ in range(_MAX_ABOVE):
        separator = _line_behind(text, header)
        if separator is not None and pattern(_SEPARATOR).fullmatch(text, *separator):
            break
        above = text.rfind("\n", 0, max(0, header - 1)) + 1
        if header == 0 or header - above > _MAX_LINE or text.find("|", above, header) < 0:
            return None
        header = above
    else:
        return None
    first = (header, max(header, text.find("\n", header)))
    rows = [_cells(text, *first)]
    if len(_cells(text, *separator)) == len(rows[0]) + 1 and _BAR_FIRST.match(text, header):
        rows[0].insert(0, (header, header))  # ` |a|b` over `---|---|---`: the bar ends an empty cell
    last = separator
    while len(rows) < _MAX_ROWS and (line := _line_behind(text, last[0])) is not None:
        if text.find("|", *line) < 0 or line[1] - line[0] > _MAX_LINE:
            break
        rows.append(_cells(text, *line))
        last = line
    return rows, max(last[1], end)


def _line_behind(text: str, start: int) -> tuple[int, int] | None:
    """Start and end of the line behind the one that starts at `start`."""
    line_break = text.find("\n", start)
    if line_break < 0:
        return None
    end = text.find("\n", line_break + 1)
    return line_break + 1, len(text) if end < 0 else end


def _cells(text: str, start: int, end: int) -> list[Cell]:
    """Return the cells. A leading and a trailing bar belong to the row; all others divide cells, empty ones too."""
    bars = [match.start() for match in pattern(_BAR).finditer(text, start, end)]
    edges = [start - 1, *bars, end]
    if bars and not text[start : bars[0]].strip(" \t>"):
        edges = edges[1:]
    if bars and len(edges) > 2 and not text[bars[-1] + 1 : end].strip():  # noqa: PLR2004  a cell lies between two edges
        edges = edges[:-1]
    return [(left + 1, right) for left, right in pairwise(edges)]


def html_tables(text: str, start: int) -> list[tuple[int, int, Rows]]:
    """Start, end and cells of each HTML table; one whose cells span rows or columns has no cells, for they shift."""
    found: list[tuple[int, int, Rows]] = []
    stop = start
    while len(found) < _MAX_TABLES and (opening := pattern(_OPENING).search(text, stop)):
        end = pattern(_CLOSING).search(text, opening.end())
        stop = end.end() if end else len(text)
        rows = _html_rows(text, opening.end(), stop) if stop - opening.end() <= _MAX_TABLE else []
        found.append((opening.start(), stop, rows))
    return found


def _html_rows(text: str, start: int, end: int) -> Rows:
    rows: Rows = []
    cell_start: int | None = None
    for tag in pattern(_TAG).finditer(text, start, end):
        if pattern(_SPANS).search(tag["more"]):
            return []
        if cell_start is not None and rows:
            rows[-1].append((cell_start, tag.start()))
        cell_start = None
        if tag["name"].lower() == "tr":
            if not tag["closes"]:
                rows.append([])
        elif not tag["closes"]:
            cell_start = tag.end()
    return [row for row in rows[:_MAX_ROWS] if row]
