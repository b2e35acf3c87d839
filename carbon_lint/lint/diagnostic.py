"""What rules yield and what reporters are given. Values only: no reading, no policy, no text for people.

On the check path, so these are plain classes on one small base: fifteen dataclasses alone would cost more than half of
`import yaml` at start-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


class Severity:
    """The three severities, in GitHub's and SARIF's own words, so that no reporter needs a table."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
"""Worst first."""

RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}
"""Severity -> 0 for the worst; sort by it for worst first."""


class Value:
    """Base of the immutable values here: equality, hash and repr over `__slots__`; set once, by `__init__`."""

    __slots__: tuple[str, ...] = ()

    def _fields(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({shown})"


class Edit(Value):
    """Replace the characters `start` to `end` of the card's text by `text`."""

    __slots__ = ("end", "start", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text


class Fix(Value):
    """A way to fix what was found. `is_safe` only if the meaning provably stays; a guess of a unit never is."""

    __slots__ = ("edits", "is_safe", "title")

    def __init__(self, title: str, edits: tuple[Edit, ...], *, is_safe: bool) -> None:
        self.title = title
        self.edits = edits
        self.is_safe = is_safe


class Hit(Value):
    """What a rule yields: it knows neither its severity nor its code nor the path.

    `start` and `end` are offsets into the card's text, in characters, `end` exclusive. `related` holds further places
    as (message, start, end).
    """

    __slots__ = ("end", "fix", "message", "related", "start")

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        fix: Fix | None = None,
        related: tuple[tuple[str, int, int], ...] = (),
    ) -> None:
        self.message = message
        self.start = start
        self.end = end
        self.fix = fix
        self.related = related


class Related(Value):
    """Another place in the same card that a diagnostic mentions. Lines and columns as in `Diagnostic`."""

    __slots__ = ("column", "end", "end_column", "end_line", "line", "message", "start")

    def __init__(self, message: str, start: int, end: int, place: tuple[int, int, int, int]) -> None:
        self.message = message
        self.start = start
        self.end = end
        self.line, self.column, self.end_line, self.end_column = place


class Diagnostic(Value):
    """One finding. Lines and columns count characters from 1; `end_column` is one past the last character.

    `start` and `end` are offsets into the text (BOM stripped); a file that could not be read has 0 and 0, and line 1,
    column 1.
    """

    __slots__ = (
        "code",
        "column",
        "end",
        "end_column",
        "end_line",
        "fix",
        "line",
        "message",
        "name",
        "path",
        "related",
        "severity",
        "start",
    )

    def __init__(
        self,
        *,
        code: str,
        name: str,
        severity: str,
        message: str,
        path: str,
        start: int,
        end: int,
        line: int,
        column: int,
        end_line: int,
        end_column: int,
        fix: Fix | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        self.code = code
        self.name = name
        self.severity = severity
        self.message = message
        self.path = path
        self.start = start
        self.end = end
        self.line = line
        self.column = column
        self.end_line = end_line
        self.end_column = end_column
        self.fix = fix
        self.related = related

    def __str__(self) -> str:
        """Return the finding on one line, not escaped: `path:line:col: severity CODE message [name]`."""
        return f"{self.path}:{self.line}:{self.column}: {self.severity} {self.code} {self.message} [{self.name}]"

    def with_message(self, message: str) -> Diagnostic:
        """Return the finding in other words."""
        return Diagnostic(**{**{name: getattr(self, name) for name in self.__slots__}, "message": message})

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The total order of diagnostics."""
        return (self.path, self.start, self.end, self.code, self.message)

    def __lt__(self, other: Diagnostic) -> bool:
        return self.sort_key < other.sort_key

    @property
    def fixable(self) -> bool:
        """Whether `--fix`, with or without `--unsafe-fixes`, can fix it."""
        return self.fix is not None


class LintReport(Value):
    """What one `check` found. `diagnostics` are in order of the files given, and sorted within a file.

    `files_skipped` counts files found or named that are not model cards, `files_unread` those that could not be read,
    which are not among `files_checked`; `suppressed` the findings that a comment or the configuration silenced; `fixed`
    the paths that `--fix` rewrote; `is_failing` whether a file could not be read or a diagnostic is at least as bad
    as the `fail-on` of its card's settings. `sources` gives the text of a path that has diagnostics (a mapping that
    reads on demand, so that a report does not hold every card).
    """

    __slots__ = (
        *("diagnostics", "files_checked", "files_skipped", "files_unread", "fixed", "is_failing", "sources"),
        "suppressed",
    )

    def __init__(
        self,
        *,
        diagnostics: tuple[Diagnostic, ...],
        files_checked: int,
        files_skipped: int = 0,
        files_unread: int = 0,
        suppressed: int = 0,
        fixed: tuple[str, ...] = (),
        is_failing: bool = False,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.diagnostics = diagnostics
        self.files_checked = files_checked
        self.files_skipped = files_skipped
        self.files_unread = files_unread
        self.suppressed = suppressed
        self.fixed = fixed
        self.is_failing = is_failing
        self.sources: Mapping[str, str] = {} if sources is None else sources

    def with_diagnostics(self, diagnostics: Iterable[Diagnostic]) -> LintReport:
        """Return the report with other diagnostics."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return LintReport(**{**values, "diagnostics": tuple(diagnostics)})

    def count(self, severity: str) -> int:
        """Return how many diagnostics have this severity."""
        return sum(diagnostic.severity == severity for diagnostic in self.diagnostics)


class Lines:
    """Offsets of one text as lines and columns. A line ends at LF, CRLF or a lone CR, as editors have it."""

    __slots__ = ("_starts",)

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
