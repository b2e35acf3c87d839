"""For a person at a terminal or in a log: each finding with its source line and a caret under the exact characters."""

from __future__ import annotations

from collections.abc import Mapping

from carbon_lint.lint.diagnostic import RANK, Diagnostic, LintReport
from carbon_lint.project import DOCS_URL
from carbon_lint.report.findings.reporters import RenderOptions, sentence
from carbon_lint.text import terminal, visible

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "path": "1", "gutter": "34", "fix": "32"}
_TAB_COLUMNS = 4
_LEAST_COLUMNS = 20


def render(report: LintReport, options: RenderOptions) -> str:
    """Return every finding, then one line of counts."""
    blocks = [_block(found, report.sources, options) for found in report.diagnostics]
    footer = f"{sentence(report)}\n"
    if report.diagnostics:
        worst = min(report.diagnostics, key=lambda found: RANK[found.severity])
        footer += f"`carbon-lint rules {worst.code}` explains a rule; so does {DOCS_URL}/rules\n"
    return "\n".join([*blocks, footer])


def _block(found: Diagnostic, sources: Mapping[str, str], options: RenderOptions) -> str:
    place = _paint(terminal(f"{found.path}:{found.line}:{found.column}:"), "path", options)
    label = _paint(f"{found.severity} {found.code}", found.severity, options)
    lines = [f"{place} {label} {terminal(found.message)} [{terminal(found.name)}]"]
    text = sources.get(found.path)
    if text:
        lines += _source(found, text, options)
    gutter = " " * len(str(found.line))
    for related in found.related:
        lines.append(f"{gutter} = line {related.line}: {terminal(related.message)}")
    if found.fix:
        flag = "--fix" if found.fix.is_safe else "--fix --unsafe-fixes"
        lines.append(f"{gutter} = {_paint('fix', 'fix', options)} ({flag}): {terminal(found.fix.title)}")
    return "\n".join(lines) + "\n"


def _source(found: Diagnostic, text: str, options: RenderOptions) -> list[str]:
    number = str(found.line)
    columns = max(options.width - len(number) - 3, _LEAST_COLUMNS)
    # Of a long line only what can be shown is looked at: a line may have thousands of findings.
    start = max(found.start - (found.column - 1), found.start - 2 * columns)
    line = _line_at(text, start, found.start + 2 * columns)
    first = found.start - start
    last = found.end - start if found.end_line == found.line else len(line)
    shown, carets = excerpt(line, first, last, columns)
    blank = _paint(" " * len(number) + " |", "gutter", options)
    more = f" ... to line {found.end_line}" if found.end_line > found.line else ""
    return [
        blank,
        f"{_paint(f'{number} |', 'gutter', options)} {shown}".rstrip(),
        f"{blank} {_paint(carets.lstrip() + more, found.severity, options, indent=carets)}",
    ]


def _line_at(text: str, start: int, most: int) -> str:
    end = text.find("\n", start, most)
    end = min(most, len(text)) if end < 0 else end
    carriage = text.find("\r", start, end)
    return text[start : end if carriage < 0 else carriage]


def excerpt(line: str, first: int, last: int, columns: int) -> tuple[str, str]:
    """Return the part of `line` around the characters `first` to `last`, and carets below exactly those.

    Tabs become spaces, control characters visible escapes, and a wide character takes two columns, so that the carets
    stand right in a terminal. What does not fit into `columns` is cut, with an ellipsis for each cut.
    """
    columns = max(columns, _LEAST_COLUMNS)
    if len(line) <= columns and line.isascii() and line.isprintable():
        return terminal(line), " " * first + "^" * max(1, last - first)
    low = max(0, first - columns // 3) if len(line) > columns else 0
    shown, before, under, used = ("..." if low else ""), (3 if low else 0), 0, (3 if low else 0)
    for index in range(low, len(line)):
        piece, width = _cell(line[index], used)
        if used + width > columns - (3 if index < len(line) - 1 else 0):
            shown += "..."
            break
        shown += piece
        used += width
        if index < first:
            before = used
        elif index < last:
            under += width
    return terminal(shown), " " * before + "^" * max(1, under)


def _cell(character: str, column: int) -> tuple[str, int]:
    """Return one character as it is shown, and its columns."""
    if character == "\t":
        width = _TAB_COLUMNS - column % _TAB_COLUMNS
        return " " * width, width
    if character.isascii() and character.isprintable():
        return character, 1
    shown = visible(character)
    return shown, len(shown) if shown != character else _columns(character)


def _columns(character: str) -> int:
    from unicodedata import category, east_asian_width  # noqa: PLC0415  only for cards that need it

    if category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def _paint(text: str, what: str, options: RenderOptions, indent: str = "") -> str:
    """Return `text` in the colour of `what`, after the leading blanks of `indent`."""
    lead = indent[: len(indent) - len(indent.lstrip())]
    return f"{lead}\x1b[{_COLOURS[what]}m{text}\x1b[0m" if options.colour else lead + text
