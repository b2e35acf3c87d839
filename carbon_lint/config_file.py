"""Read a file of configuration: every value, checked by `config_keys`, with the line that states it.

On the check path, but imported only if there is a file to read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint import limits
from carbon_lint.config_keys import KEYS, TableKind, ValueKind
from carbon_lint.errors import CarbonLintError, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_TABLE = "tool.carbon-lint"
_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_SEE = "docs/config.md has an example"
_MOST_SHOWN = 160


class StatedValue(NamedTuple):
    """Hold what was stated for a key.

    Attributes:
        value: as `Settings` holds it.
        written: as it was written.
        source: `PATH:LINE`, or whatever else states it.
        path: the file; None if no file that can be opened states it.
        line: the line in the file, from 1.
    """

    value: Any
    written: Any
    source: str
    path: str | None = None
    line: int | None = None


class Origin:
    """Name the places of one file, or of another source of values such as the command line."""

    def __init__(self, name: str, *, note: str = "", text: str = "", table: str = "", is_file: bool = False) -> None:
        self._name, self._note = name, note
        self._path = name if is_file and not note else None
        self._lines = _lines_of(text, table) if text else {}

    def line(self, *at: str) -> int | None:
        """Return the line of a value, or else of the nearest table around it."""
        return next((self._lines[at[:length]] for length in range(len(at), -1, -1) if at[:length] in self._lines), None)

    def source(self, *at: str) -> str:
        """Return `PATH:LINE` of a value."""
        return self._named(self.line(*at))

    def stated(self, key: str, value: object) -> StatedValue:
        """Check one value. Raises ConfigError for an unknown key, or a value that is not of the key's kind."""
        if key not in KEYS:
            raise self.error(f"unknown key {key!r}", key, hint=nearest(key, KEYS, "known keys"))
        found = self._read(KEYS[key].kind, value, key)
        if isinstance(found, limits.MaxIncrease):
            found = found._replace(source=self.source(key))
        return StatedValue(found, value, self.source(key), self._path, self.line(key))

    def error(self, message: str, *at: str, hint: str | None = None, line: int | None = None) -> ConfigError:
        """Return the error of a value, or of a `line`, which names its place."""
        line = self.line(*at) if line is None else line
        option = at[0] if at else None
        return ConfigError(f"{self._named(line)}: {message}", hint=hint, option=option, path=self._path, line=line)

    def _named(self, line: int | None) -> str:
        return f"{self._name}{'' if line is None else f':{line}'}{self._note}"

    def _read(self, kind: ValueKind, value: object, *at: str) -> Any:
        name = at[0] if len(at) == 1 else f"[[{at[0]}]] {at[-1]}"
        try:
            found = kind.read(value)
        except CarbonLintError as error:
            raise self.error(f"{name}: {error.message}", *at, hint=error.advice(limits.as_key)) from error
        if found is None:
            raise self.error(f"{name}: found {shown(value)}, expected {kind.words}", *at)
        return found if kind.table is None else self._tables(kind.table, found, at[0])

    def _tables(self, table: TableKind, items: tuple[Mapping[str, Any], ...], name: str) -> tuple[Any, ...]:
        """Return the value of each table of the array `name`."""
        made, names = [], []
        for number, item in enumerate(items):
            at = (name, str(number))
            unknown = next((key for key in item if key not in table.keys), None)
            if unknown is not None:
                hint = nearest(unknown, table.keys, "it may hold")
                raise self.error(f"[[{name}]] {unknown}: unknown key {unknown!r}", *at, unknown, hint=hint)
            missing = [key for key in table.needed if key not in item]
            if missing or (table.one_of and not item.keys() & set(table.one_of)):
                what = f"{missing[0]} is missing" if missing else f"one of {', '.join(table.one_of)} is missing"
                raise self.error(f"[[{name}]]: {what}", *at, hint=f"write it like {table.example}")
            read = {key: self._read(table.keys[key].kind, value, *at, key) for key, value in item.items()}
            names.append(read.get(table.named_by or ""))
            if table.named_by and names[-1] in names[:-1]:
                twice = f"another one has the {table.named_by} {names[-1]!r}"
                raise self.error(f"[[{name}]] {table.named_by}: {twice}", *at, table.named_by)
            made.append(table.make(**{table.keys[key].attribute: value for key, value in read.items()}))
        return tuple(made)


def read_file(data: bytes, name: str, *, is_pyproject: bool, note: str = "") -> tuple[dict[str, StatedValue], str]:
    """Return the values in the `data` of a file, and its name with the `note` for messages. Raises ConfigError."""
    import tomllib

    text = data.decode("utf-8-sig", errors="replace")
    origin = Origin(name, note=note, text=text, table=_TABLE if is_pyproject else "", is_file=True)
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise origin.error("not TOML: not UTF-8", line=line, hint=_SEE) from error
    except tomllib.TOMLDecodeError as error:
        raise origin.error(f"not TOML: {error}", line=_line_of(error, text), hint=_SEE) from error
    if is_pyproject:
        table = _table_of(document)
        if not isinstance(table, dict | None):
            raise origin.error(f"{_TABLE}: found {shown(table)}, expected a table", line=origin.line(), hint=_SEE)
        document = table or {}
    stated = {key: origin.stated(key, value) for key, value in document.items() if key != "$schema"}
    return stated, f"{name}{note}"


def has_table(data: bytes) -> bool:
    """Return whether the `data` of a `pyproject.toml` has our table, or states something else in its place.

    A broken file has it if a line looks like ours: reading it is the error then, as a limit must not lapse in silence.
    Any other broken file is for the tool whose it is to refuse.
    """
    import tomllib

    try:
        return _table_of(tomllib.loads(data.decode("utf-8-sig"))) is not None
    except ValueError:  # not UTF-8, or not TOML
        # Each part from a header on is looked at alone: what was left open above it would hide it.
        parts = re.split(r"^(?=[ \t]*\[)", data.decode("utf-8-sig", errors="replace"), flags=re.MULTILINE)
        return any(_lines_of(part, _TABLE) for part in parts)


def _table_of(document: Mapping[str, Any]) -> Any:
    """Return what a `pyproject.toml` states as our table, None if nothing."""
    tool = document.get("tool")
    return tool.get("carbon-lint") if isinstance(tool, dict) else None


def _line_of(error: Exception, text: str) -> int:
    """Return the line of a syntax error, which `tomllib` has only in words before Python 3.14."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else max(1, len(text.splitlines()))


def _lines_of(text: str, table: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and table below `table`, and of itself as `()`: `tomllib` does not tell them.

    A table of an array is known by its number, from 0. What stands within a string or list of several lines is skipped.
    """
    found: dict[tuple[str, ...], int] = {}
    numbers: dict[tuple[str, ...], int] = {}
    above = tuple(table.split(".")) if table else ()
    within: tuple[str, ...] = ()
    closing, depth = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        header = None if depth else re.match(r"\s*(\[\[?)([^\]]+)", line)
        pair = None if depth else re.match(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=", line)
        if header is not None:
            within = _parts(header[2])
            if header[1] == "[[":
                numbers[within] = numbers.get(within, -1) + 1
                within = (*within, str(numbers[within]))
        at = within if header is not None else (*within, *_parts(pair[1])) if pair is not None else ()
        if at[: len(above)] == above:
            for length in range(max(1, len(above)), len(at) + 1):
                found.setdefault(at[len(above) : length], number)
        opened = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
        closing = opened if pair is not None else ""
        if header is None and not opened:
            bare = re.sub(r"""\"(?:\\.|[^"\\])*"|'[^']*'|#.*""", "", line)
            depth = max(0, depth + bare.count("[") - bare.count("]"))
    return found


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, key))


def shown(value: object) -> str:
    """Return a value as the file writes it, cut if it is long."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return repr(value)
    import json

    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def nearest(word: str, known: Iterable[str], what: str) -> str:
    """Return a hint for a word that is not known: the nearest of `known`, or all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"{what}: {', '.join(known)}"
