"""Define the keys of the configuration: of each its kind, how it is read, its JSON Schema, and what it is for.

`KEYS` is the whole vocabulary: tables of the documentation and `schemas/config.schema.json` are generated from it.
On the check path, but imported only if there is a file to read.
"""

from __future__ import annotations

import re
from functools import partial
from typing import NamedTuple

from carbon_lint import limits, units
from carbon_lint.errors import UsageError
from carbon_lint.text import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

SEVERITIES = ("error", "warning", "note")
ON_EXCEED = ("stop", "finish")
ON_MODELLED = ("figure", "fail", "pass")
STOP_WHEN = ("likely", "certain")
REQUIRABLE = ("gpu", "cpu-counter", "none")
_MOST = 1e300  # TOML has integers that no float holds


class ValueKind(NamedTuple):
    """Describe one kind of value.

    Attributes:
        words: what a message calls it.
        read: returns the value as `Settings` holds it, or None if it is of another kind; raises CarbonLintError.
        schema: the JSON Schema of it.
        suffix: the unit, at the end of the attribute's name.
        table: what each table of an array may hold.
    """

    words: str
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]
    suffix: str = ""
    table: TableKind | None = None


class Key(NamedTuple):
    """Describe one key: its kind, what it is for, and the attribute of `Settings` that holds it."""

    kind: ValueKind
    purpose: str
    attribute: str


class TableKind(NamedTuple):
    """Describe the tables of an array.

    Attributes:
        keys: what one may hold.
        make: returns the value of one from its attributes.
        needed: keys that each must state.
        one_of: keys of which each must state at least one.
        named_by: a key that distinguishes the tables.
        example: the value of a whole table, as an inline table writes it.
    """

    keys: Mapping[str, Key]
    make: Callable[..., Any]
    needed: tuple[str, ...]
    one_of: tuple[str, ...]
    named_by: str | None
    example: str


def _text(value: object) -> str | None:
    if isinstance(value, str) and not value.strip():
        raise UsageError("the text is empty", hint="write one, or leave the key out")
    return value.strip() if isinstance(value, str) else None


def _all(kind: type, value: Any) -> tuple[Any, ...] | None:
    """Return the items of a list if each is of this kind, else None."""
    is_list = isinstance(value, list | tuple) and all(isinstance(item, kind) for item in value)
    return tuple(value) if is_list else None


def _texts(value: object) -> tuple[str, ...] | None:
    return _all(str, value)


def _patterns(value: object) -> tuple[str, ...] | None:
    found = tuple(map(str.strip, _texts(value) or ()))
    return found if found and all(found) else None


def _names(value: object) -> tuple[str, ...] | None:
    names = _texts(value)
    return names if names is not None and all(map(is_variable, names)) else None


def is_variable(name: str) -> bool:
    """Return True for a name that an environment variable may have."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def parse_choice(text: str, words: Sequence[str]) -> str:
    """Return `text` if it is one of `words`, which an option or a key may hold. Raises UsageError."""
    if text in words:
        return text
    from difflib import get_close_matches  # noqa: PLC0415  on the check path

    near = get_close_matches(text, words, n=1)
    hint = f"did you mean {near[0]!r}?" if near else None
    raise UsageError(f"{quoted(text)} is not one of {', '.join(words)}", hint=hint)


def _one_of(*words: str) -> ValueKind:
    named = [f'"{word}"' for word in words]
    return ValueKind(
        f"{', '.join(named[:-1])} or {named[-1]}",
        lambda value: parse_choice(value, words) if isinstance(value, str) else None,
        {"enum": list(words)},
    )


def _some_of(*words: str) -> ValueKind:
    def read(value: object) -> tuple[str, ...] | None:
        found = _texts(value)
        return None if found is None else tuple(parse_choice(word, words) for word in found)

    items = {"type": "array", "items": {"enum": list(words)}}
    named = ", ".join(f'"{word}"' for word in words)
    return ValueKind(f"a list of {named}", read, items)


def _severities(value: object) -> dict[str, str] | None:
    return dict(value) if isinstance(value, dict) and all(word in SEVERITIES for word in value.values()) else None


def _globs(value: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, dict):
        return None
    read = {glob: _texts(codes) for glob, codes in value.items()}
    return {glob: codes for glob, codes in read.items() if codes is not None} if None not in read.values() else None


_AMOUNT = r"^\s*\+?[0-9.].*[^\s0-9.]\s*$"  # a number, and at the end a unit: no more, so that it refuses no amount


def _quantity(words: str, parse: Callable[[str], Any], suffix: str, example: str) -> ValueKind:
    return ValueKind(
        f'{words}, such as "{example}"',
        lambda value: parse(value) if isinstance(value, str) else None,
        {"type": "string", "examples": [example]},
        suffix,
    )


def _amount(words: str, parse: Callable[[str], float], suffix: str, example: str) -> ValueKind:
    kind = _quantity(words, parse, suffix, example)
    return kind._replace(schema={**kind.schema, "pattern": _AMOUNT})


def _number(check: Callable[[float], float]) -> Callable[[object], float | None]:
    def read(value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST:
            return None
        return check(float(value))

    return read


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[0].upper()}{words[1:]}."


def _described(kinds: Mapping[str, tuple[ValueKind, str]]) -> dict[str, Key]:
    return {name: Key(kind, purpose, name.replace("-", "_") + kind.suffix) for name, (kind, purpose) in kinds.items()}


def _array(
    make: Callable[..., Any],
    kinds: Mapping[str, tuple[ValueKind, str]],
    *,
    needed: tuple[str, ...],
    one_of: tuple[str, ...] = (),
    named_by: str | None = None,
    example: str,
) -> ValueKind:
    """Return the kind of an array of tables; see `TableKind`."""
    schema = {
        "type": "object",
        "required": list(needed),
        **({"anyOf": [{"required": [name]} for name in one_of]} if one_of else {}),
        "additionalProperties": False,
        "properties": {name: {**kind.schema, "description": sentence(words)} for name, (kind, words) in kinds.items()},
    }
    table = TableKind(_described(kinds), make, needed, one_of, named_by, example)
    return ValueKind("an array of tables", partial(_all, dict), {"type": "array", "items": schema}, table=table)


def _window(value: object) -> str | float | None:
    if value == limits.MONTH or not isinstance(value, str):
        return value if isinstance(value, str) else None
    try:
        return limits.parse_window_s(value)
    except UsageError as error:
        raise UsageError(error.message, hint='write "month", or an age above 0 up to 3660d, such as "30d"') from error


def _budget(window_s: str | float, **limits_of: Any) -> limits.WindowBudget:
    return limits.WindowBudget(window_s=None if isinstance(window_s, str) else window_s, **limits_of)


_STRINGS = {"type": "array", "items": {"type": "string"}}
_TEXT = ValueKind("a string", _text, {"type": "string", "minLength": 1})
_TEXTS = ValueKind("a list of strings", _texts, _STRINGS)
_NAMES = ValueKind("a list of names of environment variables", _names, _STRINGS)
_CODES = ValueKind(
    'a list of rule codes, such as ["CL203", "CL5"]', _texts, {**_STRINGS, "examples": [["CL203", "CL5"]]}
)
_FLAG = ValueKind("true or false", lambda value: value if isinstance(value, bool) else None, {"type": "boolean"})
_POWER = _amount("a power with its unit", units.parse_part_power_w, "_w", "15 W")
_EMISSIONS = _amount("an emissions quantity with its unit", units.parse_emissions_g, "_g", "1.5 kg")
_ENERGY = _amount("an energy quantity with its unit", units.parse_energy_kwh, "_kwh", "2 kWh")
_PART = _amount("a percentage above 0 up to 100", limits.parse_part, "", "80%")
_DAY = ValueKind("a day, such as 2026-12-31", limits.parse_day, {})
_WINDOW = ValueKind(
    '"month" or an age, such as "30d"', _window, {"type": "string", "examples": [limits.MONTH, "30d"]}, "_s"
)
_GLOBS = ValueKind(
    "a list of globs",
    _patterns,
    {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
)
_MACHINES = _array(
    limits.Machine,
    {
        "match": (_TEXT, "glob on the machine's name"),
        "location": (_TEXT, "the place that `auto` stands for there"),
        "cpu-power": (_POWER, "power of the CPU at full load there"),
        "ram-power": (_POWER, "power of the memory there"),
    },
    needed=("match",),
    one_of=("location", "cpu-power", "ram-power"),
    example='match = "gpu-par-*", location = "FRA"',
)
_BUDGETS = _array(
    _budget,
    {
        "name": (_TEXT, "tells the budgets apart"),
        "models": (_GLOBS, "globs on the model that a run names; left out: every run counts"),
        "window": (_WINDOW, "a calendar month (UTC), or an age"),
        "max-emissions": (_EMISSIONS, "limit of the window's sum"),
        "max-energy": (_ENERGY, "limit of the window's sum"),
        "warn-at": (_PART, "used share from which the owner is warned (default 80%)"),
        "owner": (_TEXT, "who answers for it: @ann is mentioned on GitHub"),
    },
    needed=("name", "window"),
    one_of=("max-emissions", "max-energy"),
    named_by="name",
    example='name = "vision", window = "month", max-emissions = "10 kg"',
)
_EXCEPTIONS = _array(
    limits.BudgetException,
    {
        "limit": (_one_of(*limits.LIMITS), "the limit that is lifted"),
        "owner": (_TEXT, "who answers for it"),
        "reason": (_TEXT, "why it is lifted"),
        "until": (_DAY, "the last day on which it holds"),
    },
    needed=("limit", "owner", "reason", "until"),
    example='limit = "max-emissions", owner = "@ann", reason = "a larger model", until = 2026-12-31',
)
_KINDS: dict[str, tuple[ValueKind, str]] = {
    "select": (_CODES, "rules to run: codes, beginnings of codes, names, or ALL"),
    "ignore": (_CODES, "rules not to run; the longer match of select and ignore wins"),
    "severity": (
        ValueKind(
            'a table of rule code = "error", "warning" or "note"',
            _severities,
            {"type": "object", "additionalProperties": {"enum": list(SEVERITIES)}},
        ),
        "severity of a rule, instead of its own",
    ),
    "per-file-ignores": (
        ValueKind("a table of glob = list of rule codes", _globs, {"type": "object", "additionalProperties": _STRINGS}),
        "rules not to run on the cards that a glob matches",
    ),
    "include": (_TEXTS, "in folders, files like these globs are cards too, not only README.md"),
    "fail-on": (_one_of(*SEVERITIES), "the least severity that fails: error, warning or note"),
    "max-emissions": (_EMISSIONS, "emissions budget of one run, and of the figure on a card, such as '500 g'"),
    "max-energy": (_ENERGY, "energy budget of one run, and of the figure on a card, such as '1.2 kWh'"),
    "max-increase": (
        _quantity("an increase", limits.parse_max_increase, "", "10% and 5 g"),
        "how much more than the baseline may pass, such as '10% and 5 g': a run fails if it is over both parts",
    ),
    "baseline": (
        _quantity("a baseline", limits.parse_source, "", "ledger:main"),
        "what a run is compared with: card, record:PATH, ledger:BRANCH or hub:OWNER/MODEL",
    ),
    "baseline-max-age": (
        _amount("an age with its unit", limits.parse_age_s, "_s", "90d"),
        "age, such as 90d, from which a baseline is shown and not judged by",
    ),
    "location": (
        _TEXT,
        "where the power comes from: FRA, USA/virginia, gcp/us-central1; auto asks the machine's cloud",
    ),
    "carbon-intensity": (
        ValueKind(
            "a number of g/kWh above 0",
            _number(units.check_intensity),
            {"type": "number", "exclusiveMinimum": 0},
            "_g_per_kwh",
        ),
        "carbon intensity in g/kWh, such as 56.04, instead of a location",
    ),
    "allow-unusual-intensity": (_FLAG, "accept a carbon intensity outside 1 to 1,500 g/kWh, the range of all grids"),
    "electricity-maps": (
        _TEXT,
        "zone of Electricity Maps, such as FR or US-CAL-CISO, instead of a location: each hour at its own figure",
    ),
    "pue": (
        ValueKind(
            f"a number from 1 to {units.MOST_PUE:g}",
            _number(units.check_pue),
            {"type": "number", "minimum": 1, "maximum": units.MOST_PUE},
        ),
        "power usage effectiveness of the data centre, 1 to 10; 1 is a building without losses",
    ),
    "cpu-power": (_POWER, "power of the CPU at full load, such as '15 W', in place of a counter or a table"),
    "ram-power": (_POWER, "power of the memory, such as '6 W', in place of a counter or a model"),
    "on-exceed": (
        _one_of(*ON_EXCEED),
        "stop ends a job that goes over a hard limit; finish lets it end, and fails then",
    ),
    "stop-when": (
        _one_of(*STOP_WHEN),
        "what is over a hard limit: likely (the likely figure) or certain (the lower end of its range)",
    ),
    "on-modelled": (_one_of(*ON_MODELLED), "an undecided verdict: figure (the figure decides), fail or pass"),
    "grace": (
        _amount("a duration with its unit", units.parse_duration_s, "_s", "30s"),
        "time from SIGTERM to SIGKILL, to save a checkpoint",
    ),
    "require": (
        _some_of(*REQUIRABLE),
        "what must be measured, or the job does not start: gpu, cpu-counter; none: start even if a GPU cannot be read",
    ),
    "run-group": (_TEXT, "one name for resumed, retried and failed runs: the card states the sum of their records"),
    "training-type": (
        _TEXT,
        "what the card says of the training, never guessed: pre-training, fine-tuning or your own words",
    ),
    "card": (_TEXT, "path of the model card"),
    "card-body": (_FLAG, "also write the section 'Environmental Impact' into the card's text"),
    "pass-env": (_NAMES, "names of secret variables that the job is given, such as HF_TOKEN for a Trainer that pushes"),
    "machine": (_MACHINES, "what holds on machines of a name: match, and location, cpu-power or ram-power"),
    "budget": (
        _BUDGETS,
        "limits on the runs of a window together: name, window, models, max-emissions, max-energy, warn-at, owner",
    ),
    "exception": (_EXCEPTIONS, "limits lifted for a while: limit, owner, reason, until"),
}
KEYS = _described(_KINDS)
"""Key -> its description. Keys are spelt as flags and inputs are."""
