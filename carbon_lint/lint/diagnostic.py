"""What rules yield and what reporters are given. Values only: no reading, no policy, no text for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


SEVERITIES = ("error", "warning", "note")
"""Worst first, in GitHub's and SARIF's own words, so that no reporter needs a table."""
ERROR, WARNING, NOTE = SEVERITIES

RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
"""Severity -> 0 for the worst; sort by it for worst first."""


class Edit(Value):
    """Replace the characters `start` to `end` of the card's text by `text`."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with edits that do not overlap."""
    from carbon_lint.card.edit import replace_span

    return replace_span(text, ((edit.start, edit.end, edit.text) for edit in edits))


class Fix(Value):
    """A way to fix what was found. `is_safe` only if the meaning provably stays; a guess of a unit never is."""

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool


class Hit(Value):
    """What a rule yields: it knows neither its severity nor its code nor the path.

    `start` and `end` are offsets into the card's text, in characters, `end` exclusive. `related` holds further places
    as (message, start, end).
    """

    message: str
    start: int
    end: int
    fix: Fix | None = None
    related: tuple[tuple[str, int, int], ...] = ()


Hits = Iterator[Hit]
"""What the check of a rule returns."""


class Related(Value):
    """Another place in the same card that a diagnostic mentions. Lines and columns as in `Diagnostic`."""

    message: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


class Diagnostic(Value, kw_only=True):
    """One finding. Lines and columns count characters from 1; `end_column` is one past the last character.

    `start` and `end` are offsets into the text (BOM stripped); a file that could not be read has 0 and 0, and line 1,
    column 1.
    """

    code: str
    name: str
    severity: str
    message: str
    path: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    fix: Fix | None = None
    related: tuple[Related, ...] = ()

    def __str__(self) -> str:
        """Return the finding on one line, not escaped: `path:line:col: severity CODE message [name]`."""
        return f"{self.path}:{self.line}:{self.column}: {self.severity} {self.code} {self.message} [{self.name}]"

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The total order of diagnostics."""
        return (self.path, self.start, self.end, self.code, self.message)

    def __lt__(self, other: Diagnostic) -> bool:
        return self.sort_key < other.sort_key


class LintReport(Value, kw_only=True):
    """What one `check` found. `diagnostics` are in order of the files given, and sorted within a file.

    `files_skipped` counts files found or named that are not model cards, `files_unread` those that could not be read,
    which are not among `files_checked`; `suppressed` the findings that a comment or the configuration silenced; `fixed`
    the paths that `--fix` rewrote; `is_failing` whether a file could not be read or a diagnostic is at least as bad
    as the `fail-on` of its card's settings. `sources` gives the text of a path that has diagnostics (a mapping that
    reads on demand, so that a report does not hold every card).
    """

    diagnostics: tuple[Diagnostic, ...]
    files_checked: int
    files_skipped: int = 0
    files_unread: int = 0
    suppressed: int = 0
    fixed: tuple[str, ...] = ()
    is_failing: bool = False
    sources: Mapping[str, str] = MappingProxyType({})

    def count(self, severity: str) -> int:
        """Return how many diagnostics have this severity."""
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)


class Lines:
    """Offsets of one text as lines and columns. A line ends at LF, CRLF or a lone CR, as editors have it."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of an offset, both from 1."""
        from bisect import bisect_right

        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> tuple[int, int, int, int]:
        """Return (line, column, end line, end column) of a span."""
        return (*self.place(start), *self.place(end))
