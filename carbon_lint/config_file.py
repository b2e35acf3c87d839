"""Define the keys of the configuration, and read a file that holds them: every value, with the line that states it.

`KEYS` is the whole vocabulary: tables of the documentation and `schemas/config.schema.json` are generated from it.
On the check path, but imported only if there is a file to read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint import limits, units
from carbon_lint.errors import CarbonLintError, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

SEVERITIES = ("error", "warning", "note")
ON_EXCEED = ("stop", "finish")
ON_MODELLED = ("figure", "fail", "pass")
STOP_WHEN = ("likely", "certain")
REQUIRABLE = ("gpu", "cpu-counter", "none")

_TABLE = "tool.carbon-lint"
_SEE = "docs/config.md has an example"
_MOST_SHOWN = 160


class Stated(NamedTuple):
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


class Kind(NamedTuple):
    """Describe one kind of value.

    Attributes:
        words: what a message calls it.
        read: returns the value as `Settings` holds it, or None if it is of another kind; raises CarbonLintError.
        schema: the JSON Schema of it.
        suffix: the unit, at the end of the attribute's name.
    """

    words: str
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]
    suffix: str = ""


class Key(NamedTuple):
    """Describe one key: its kind, what it is for, and the attribute of `Settings` that holds it."""

    kind: Kind
    purpose: str
    attribute: str


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    return tuple(value) if all(isinstance(item, str) for item in value) else None


def _names(value: object) -> tuple[str, ...] | None:
    names = _texts(value)
    wrong = [name for name in names or () if not is_variable(name)]
    return None if wrong else names


def is_variable(name: str) -> bool:
    """Return True for a name that an environment variable may have."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def _one_of(*words: str) -> Kind:
    def read(value: object) -> str | None:
        return value if isinstance(value, str) and value in words else None

    quoted = [f'"{word}"' for word in words]
    return Kind(f"{', '.join(quoted[:-1])} or {quoted[-1]}", read, {"enum": list(words)})


def _some_of(*words: str) -> Kind:
    def read(value: object) -> tuple[str, ...] | None:
        found = _texts(value)
        return found if found is None or set(found) <= set(words) else None

    items = {"type": "array", "items": {"enum": list(words)}}
    quoted = ", ".join(f'"{word}"' for word in words)
    return Kind(f"a list of {quoted}", read, items)


def _severities(value: object) -> dict[str, str] | None:
    return dict(value) if isinstance(value, dict) and all(word in SEVERITIES for word in value.values()) else None


def _globs(value: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    read = {glob: _texts(codes) for glob, codes in value.items()}
    return {glob: codes for glob, codes in read.items() if codes is not None} if None not in read.values() else None


def _quantity(words: str, parse: Callable[[str], Any], suffix: str, example: str, pattern: str | None = None) -> Kind:
    schema = {"type": "string", "examples": [example]} | ({"pattern": pattern} if pattern else {})
    return Kind(
        f'{words}, such as "{example}"', lambda value: parse(value) if isinstance(value, str) else None, schema, suffix
    )


def _in_units(table: Iterable[str]) -> str:
    return rf"^\s*[0-9.eE+-]+\s*({'|'.join(table)})\s*$"


def _number(value: object, *, least: float, most: float = 1e300) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        return None
    return float(value)


def _array(parse: Callable[[Mapping[str, Any]], Any], table: Mapping[str, Any], *, named_by: str | None = None) -> Kind:
    """Return the kind of an array of tables. No two have the same value for the key `named_by`."""

    def read(value: object) -> tuple[Any, ...] | None:
        if not isinstance(value, list | tuple) or not all(isinstance(item, dict) for item in value):
            return None
        found = []
        for number, item in enumerate(value):
            try:
                found.append(parse(item))
            except ConfigError as error:
                raise _InTableError(error, number) from error
        names = [item[named_by] for item in value] if named_by else []
        for number, name in enumerate(names):
            if name in names[:number]:
                twice = ConfigError(f"another one has the {named_by} {name!r}", option=named_by)
                raise _InTableError(twice, number)
        return tuple(found)

    return Kind("an array of tables", read, {"type": "array", "items": table})


class _InTableError(CarbonLintError):
    """Name the table, from 0, in which an error lies."""

    def __init__(self, error: ConfigError, number: int) -> None:
        super().__init__(error.message, hint=error.hint, option=error.option)
        self.number = number


_STRINGS = {"type": "array", "items": {"type": "string"}}
_TEXT = Kind("a string", _text, {"type": "string", "minLength": 1})
_TEXTS = Kind("a list of strings", _texts, _STRINGS)
_NAMES = Kind("a list of names of environment variables", _names, _STRINGS)
_CODES = Kind('a list of rule codes, such as ["CL203", "CL5"]', _texts, {**_STRINGS, "examples": [["CL203", "CL5"]]})
_FLAG = Kind("true or false", lambda value: value if isinstance(value, bool) else None, {"type": "boolean"})
_POWER = _quantity("a power with its unit", units.parse_power_w, "_w", "15 W", _in_units(units.WATTS_PER))
_KINDS: dict[str, tuple[Kind, str]] = {
    "select": (_CODES, "rules to run: codes, beginnings of codes, names, or ALL"),
    "ignore": (_CODES, "rules not to run; the longer match of select and ignore wins"),
    "severity": (
        Kind(
            'a table of rule code = "error", "warning" or "note"',
            _severities,
            {"type": "object", "additionalProperties": {"enum": list(SEVERITIES)}},
        ),
        "severity of a rule, instead of its own",
    ),
    "per-file-ignores": (
        Kind("a table of glob = list of rule codes", _globs, {"type": "object", "additionalProperties": _STRINGS}),
        "rules not to run on the cards that a glob matches",
    ),
    "include": (_TEXTS, "in folders, files like these globs are cards too, not only README.md"),
    "fail-on": (_one_of(*SEVERITIES), "the least severity that makes the exit status 1"),
    "max-emissions": (
        _quantity(
            "an emissions quantity with its unit",
            units.parse_emissions_g,
            "_g",
            "1.5 kg",
            _in_units(units.GRAMS_PER),
        ),
        "budget of one run, and of the figure on a card",
    ),
    "max-energy": (
        _quantity(
            "an energy quantity with its unit", units.parse_energy_kwh, "_kwh", "2 kWh", _in_units(units.KWH_PER)
        ),
        "energy budget of one run, and of the figure on a card",
    ),
    "max-increase": (
        _quantity("an increase", limits.parse_max_increase, "", "10% and 5 g"),
        "how much more than the baseline may pass: a run fails if it is over both parts",
    ),
    "baseline": (
        _quantity("a baseline", limits.parse_source, "", "ledger:main"),
        "what a run is compared with: card, record:PATH, ledger:BRANCH or hub:OWNER/MODEL",
    ),
    "baseline-max-age": (
        _quantity("an age with its unit", limits.parse_age_s, "_s", "90d", _in_units(units.SECONDS_PER)),
        "age from which a baseline is stale and not judged by",
    ),
    "location": (_TEXT, "where the job runs: FRA, USA/virginia, gcp/us-central1, auto"),
    "carbon-intensity": (
        Kind(
            "a number of g/kWh above 0",
            lambda value: _number(value, least=0) or None,
            {"type": "number", "exclusiveMinimum": 0},
            "_g_per_kwh",
        ),
        "carbon intensity in g/kWh, instead of a location",
    ),
    "allow-unusual-intensity": (_FLAG, "accept a carbon intensity outside 1 to 1,500 g/kWh"),
    "electricity-maps": (_TEXT, "zone of Electricity Maps, instead of a location: each hour at its own figure"),
    "pue": (
        Kind(
            f"a number from 1 to {units.MOST_PUE:g}",
            lambda value: _number(value, least=1, most=units.MOST_PUE),
            {"type": "number", "minimum": 1, "maximum": units.MOST_PUE},
        ),
        "power usage effectiveness of the data centre; 1.0 is a building without losses",
    ),
    "cpu-power": (_POWER, "power of the CPU at full load, in place of a counter or a table"),
    "ram-power": (_POWER, "power of the memory, in place of a counter or a model"),
    "on-exceed": (_one_of(*ON_EXCEED), "what to do with a job over a hard limit"),
    "stop-when": (_one_of(*STOP_WHEN), "what must be over a hard limit: the likely figure, or the low one (certain)"),
    "on-modelled": (_one_of(*ON_MODELLED), "what an undecided verdict does: let the figure decide, fail or pass"),
    "grace": (
        _quantity("a duration with its unit", units.parse_duration_s, "_s", "30s", _in_units(units.SECONDS_PER)),
        "time between TERM and KILL",
    ),
    "require": (_some_of(*REQUIRABLE), "do not start unless these are measured; none: go on without an unreadable GPU"),
    "run-group": (_TEXT, "name that joins resumed and retried runs"),
    "training-type": (_TEXT, "training_type for the card"),
    "card": (_TEXT, "path of the model card"),
    "card-body": (_FLAG, "also write the section 'Environmental Impact' into the card's text"),
    "pass-env": (_NAMES, "variables that the job is given although they are secrets"),
    "machine": (
        _array(limits.parse_machine, limits.machine_schema(_POWER.schema)),
        "what holds on machines of a name: match, and location, cpu-power or ram-power",
    ),
    "budget": (
        _array(limits.parse_budget, limits.BUDGET_SCHEMA, named_by="name"),
        "limits on the runs of a window together: name, window, models, max-emissions, max-energy, warn-at, owner",
    ),
    "exception": (
        _array(limits.parse_exception, limits.EXCEPTION_SCHEMA),
        "limits lifted for a while: limit, owner, reason, until",
    ),
}
KEYS = {name: Key(kind, purpose, name.replace("-", "_") + kind.suffix) for name, (kind, purpose) in _KINDS.items()}
"""Key -> its description. Keys are spelt as flags and inputs are."""


class Origin:
    """Name the places of one file, or of another source of values such as the command line."""

    def __init__(self, name: str, *, note: str = "", text: str = "", table: str = "", is_file: bool = False) -> None:
        self._name, self._note = name, note
        self._path = name if is_file and not note else None
        self._lines = _lines_of(text, table) if text else {}

    def line(self, *at: str) -> int | None:
        """Return the line of a value, or else of the nearest table around it."""
        return next((self._lines[at[:length]] for length in range(len(at), 0, -1) if at[:length] in self._lines), None)

    def source(self, *at: str) -> str:
        """Return `PATH:LINE` of a value."""
        return self._named(self.line(*at))

    def stated(self, key: str, value: object) -> Stated:
        """Check one value. Raises ConfigError for an unknown key, or a value that is not of the key's kind."""
        found = self._read(key, value)
        if isinstance(found, limits.MaxIncrease):
            found = found._replace(source=self.source(key))
        return Stated(found, value, self.source(key), self._path, self.line(key))

    def error(self, message: str, *at: str, hint: str | None = None) -> ConfigError:
        """Return the error of a value, which names its place."""
        return self.error_on(self.line(*at), message, hint=hint, option=at[0] if at else None)

    def error_on(
        self, line: int | None, message: str, *, hint: str | None = None, option: str | None = None
    ) -> ConfigError:
        """Return the error of a line."""
        return ConfigError(f"{self._named(line)}: {message}", hint=hint, option=option, path=self._path, line=line)

    def _named(self, line: int | None) -> str:
        return f"{self._name}{'' if line is None else f':{line}'}{self._note}"

    def _read(self, key: str, value: object) -> Any:
        if key not in KEYS:
            raise self.error(f"unknown key {key!r}", key, hint=nearest(key, KEYS, "known keys"))
        kind = KEYS[key].kind
        try:
            found = kind.read(value)
        except _InTableError as error:
            at = (key, str(error.number), *filter(None, [error.option]))
            name = f"[[{key}]] {error.option}" if error.option else f"[[{key}]]"
            raise self.error(f"{name}: {error.message}", *at, hint=error.hint) from error
        except CarbonLintError as error:
            raise self.error(f"{key}: {error.message}", key, hint=error.advice(limits.as_key)) from error
        if found is None:
            raise self.error(f"{key}: found {shown(value)}, expected {kind.words}", key)
        return found


def read_file(data: bytes, name: str, *, is_pyproject: bool, note: str = "") -> tuple[dict[str, Stated], str]:
    """Return the values in the `data` of a file, and its name with the `note` for messages. Raises ConfigError."""
    import tomllib

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Origin(name, note=note, is_file=True).error_on(line, "not TOML: not UTF-8", hint=_SEE) from error
    origin = Origin(name, note=note, text=text, table=_TABLE if is_pyproject else "", is_file=True)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise origin.error_on(_line_of(error, text), f"not TOML: {error}", hint=_SEE) from error
    if is_pyproject:
        document = document.get("tool", {}).get("carbon-lint", {})
    stated = {key: origin.stated(key, value) for key, value in document.items() if key != "$schema"}
    return stated, f"{name}{note}"


def _line_of(error: Exception, text: str) -> int:
    """Return the line of a syntax error, which `tomllib` has only in words before Python 3.14."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else max(1, len(text.splitlines()))


def _lines_of(text: str, table: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key and table below `table`: `tomllib` does not tell them.

    A table of an array is known by its number, from 0. What stands within a string of several lines is skipped.
    """
    found: dict[tuple[str, ...], int] = {}
    numbers: dict[tuple[str, ...], int] = {}
    above = tuple(table.split(".")) if table else ()
    within: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        pair = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*[.=]", line)
        if header is not None:
            within = tuple(part.strip(" \t\"'") for part in header[2].split("."))
            if header[1] == "[[":
                numbers[within] = numbers.get(within, -1) + 1
                within = (*within, str(numbers[within]))
        at = within if header is not None else (*within, pair[1]) if pair is not None else ()
        if at[: len(above)] == above:
            for length in range(len(above) + 1, len(at) + 1):
                found.setdefault(at[len(above) : length], number)
        opened = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
        closing = opened if pair is not None else ""
    return found


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
