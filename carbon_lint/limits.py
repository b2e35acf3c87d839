"""Parse what a user writes about limits and machines: baselines, increases, ages, and the configuration's tables.

On the check path whenever the configuration states one of them, so the values are named tuples.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint.errors import ConfigError, UsageError
from carbon_lint.units import GRAMS_PER, KWH_PER, parse_duration_s, parse_emissions_g, parse_energy_kwh, parse_power_w

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from typing import Any

KINDS = ("card", "record", "ledger", "hub")
LIMITS = ("max-emissions", "max-energy", "max-increase")
_EXAMPLE = "write '10%', '5 g', or both: '10% and 5 g'"
EXCEPTION_SCHEMA = {
    "type": "object",
    "required": ["limit", "owner", "reason", "until"],
    "additionalProperties": False,
    "properties": {
        "limit": {"enum": list(LIMITS)},
        "owner": {"type": "string", "minLength": 1},
        "reason": {"type": "string", "minLength": 1},
        "until": {"description": "The last day on which it holds."},
    },
}
"""What `[[exception]]` may hold."""
MONTH = "month"
"""The window of a `[[budget]]` that follows the calendar (UTC); any other window is an age, such as 30d."""
_WARN_AT = 0.8
_LONGEST_WINDOW_S = 3660 * 86400.0  # ten years
_BUDGET_EXAMPLE = 'name = "vision", window = "month", max-emissions = "10 kg"'
BUDGET_SCHEMA = {
    "type": "object",
    "required": ["name", "window"],
    "anyOf": [{"required": ["max-emissions"]}, {"required": ["max-energy"]}],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Tells the budgets apart."},
        "models": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "minLength": 1},
            "description": "Globs on the model that a run names; left out: every run counts.",
        },
        "window": {"type": "string", "examples": [MONTH, "30d"], "description": "A calendar month (UTC), or an age."},
        "max-emissions": {"type": "string", "examples": ["10 kg"], "description": "Limit of the window's sum."},
        "max-energy": {"type": "string", "examples": ["200 kWh"], "description": "Limit of the window's sum."},
        "warn-at": {
            "type": "string",
            "examples": ["80%"],
            "pattern": r"^\s*[0-9.]+\s*%\s*$",
            "description": "Used share from which the owner is warned (default 80%).",
        },
        "owner": {"type": "string", "minLength": 1, "description": "Who answers for it: @ann is mentioned on GitHub."},
    },
}
"""What `[[budget]]` may hold."""
_MACHINE_EXAMPLE = 'match = "gpu-par-*", location = "FRA"'


def machine_schema(power: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of `[[machine]]`. `power` is that of a power with its unit."""
    return {
        "type": "object",
        "required": ["match"],
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {
            "match": {"type": "string", "minLength": 1, "description": "Glob on the machine's name."},
            "location": {"type": "string", "description": "The place that `auto` stands for there."},
            "cpu-power": {**power, "description": "Power of the CPU at full load there."},
            "ram-power": {**power, "description": "Power of the memory there."},
        },
    }


class Source(NamedTuple):
    """Name where a baseline comes from: `card`, `record:PATH`, `ledger:BRANCH`, `hub:OWNER/MODEL`."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        """Return it as the user wrote it."""
        return f"{self.kind}:{self.value}" if self.value else self.kind


class MaxIncrease(NamedTuple):
    """State how much more than the baseline may pass. A run fails if it is over both parts; `None` is no such part.

    `source` names who set it (a flag, an input, a line of the configuration). Two that differ in it alone are equal.
    """

    share: float | None = None
    emissions_g: float | None = None
    energy_kwh: float | None = None
    source: str | None = None

    def __eq__(self, other: object) -> bool:
        """Compare without the source."""
        return isinstance(other, MaxIncrease) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        """Compare without the source."""
        return not self == other

    def __hash__(self) -> int:
        """Hash without the source."""
        return hash(self[:3])


class BudgetException(NamedTuple):
    """Lift one limit for a while. `until` is the last day on which it holds."""

    limit: str
    owner: str
    reason: str
    until: date

    def __str__(self) -> str:
        """Return everything that a reader needs to object to it."""
        return f"{self.limit}: excepted by {self.owner} until {self.until.isoformat()}: {self.reason}"


class Machine(NamedTuple):
    """State what holds on the machines whose name the glob `match` matches."""

    match: str
    location: str | None = None
    cpu_power_w: float | None = None
    ram_power_w: float | None = None


class WindowBudget(NamedTuple):
    """Limit what several runs may take together in a window of time. At least one of the two limits is set.

    Attributes:
        name: distinguishes the budgets of one configuration.
        window_s: length of a rolling window; `None` is the calendar month, UTC.
        models: globs on the model that a run names; empty counts every run.
        max_emissions_g: limit of the sum in grams.
        max_energy_kwh: limit of the sum in kWh.
        warn_at: the used share, 0 to 1, from which the owner is warned.
        owner: who answers for it.
    """

    name: str
    window_s: float | None = None
    models: tuple[str, ...] = ()
    max_emissions_g: float | None = None
    max_energy_kwh: float | None = None
    warn_at: float = _WARN_AT
    owner: str | None = None

    def counts(self, names: Iterable[str]) -> bool:
        """Return whether a run counts whose model has these names: without one, only in a budget of all runs."""
        if not self.models:
            return True
        from fnmatch import fnmatchcase  # noqa: PLC0415  on the check path

        return any(fnmatchcase(name.lower(), glob.lower()) for name in names for glob in self.models)


def parse_source(text: str) -> Source:
    """Return `'hub:owner/model'` as a Source. Raises UsageError."""
    kind, _, value = text.strip().partition(":")
    is_known = kind in KINDS and (bool(value) != (kind == "card"))
    if not is_known or (kind == "hub" and not re.fullmatch(r"[\w.-]+/[\w.-]+", value)):
        raise UsageError(
            f"{text!r} is not a baseline",
            hint="write card, record:PATH, ledger:BRANCH (ledger:main) or hub:OWNER/MODEL",
        )
    return Source(kind=kind, value=value)


def parse_age_s(text: str) -> float:
    """Return `'90d'` in seconds. Raises UsageError; a number alone most likely means days."""
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        number = text.strip()
        raise UsageError(f"{text!r} has no unit", hint=f"write {number}d for days, {number}h for hours")
    return parse_duration_s(text)


def parse_max_increase(text: str, source: str | None = None) -> MaxIncrease:
    """Return `'10% and 5 g'` as MaxIncrease(share=0.1, emissions_g=5). Raises UsageError."""
    parts = [part.strip() for part in re.split(r"\s+and\s+|,", text.strip())]
    shares = [part for part in parts if part.endswith("%")]
    amounts = [part for part in parts if not part.endswith("%")]
    if not all(parts) or len(shares) > 1 or len(amounts) > 1:
        raise UsageError(f"{text!r} is not an increase", hint=_EXAMPLE)
    share = _share(shares[0]) if shares else None
    if not amounts:
        return MaxIncrease(share=share, source=source)
    unit = re.sub(r"^[\d.eE+\s-]+", "", amounts[0])
    if unit in KWH_PER:
        return MaxIncrease(share=share, energy_kwh=parse_energy_kwh(amounts[0]), source=source)
    if unit in GRAMS_PER:
        return MaxIncrease(share=share, emissions_g=parse_emissions_g(amounts[0]), source=source)
    raise UsageError(f"{text!r} is not an increase: {amounts[0]!r} is neither grams nor energy", hint=_EXAMPLE)


def _share(text: str) -> float:
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?)\s*%", text)
    if match is None:
        raise UsageError(f"{text!r} is not a percentage of zero or more", hint=_EXAMPLE)
    return float(match[1]) / 100


def parse_exception(table: Mapping[str, Any]) -> BudgetException:
    """Return a table of `[[exception]]`. Raises ConfigError, whose `option` is the key of the table."""
    parsers = {"limit": _limit, "owner": _words, "reason": _words, "until": _day}
    return BudgetException(**_read(table, parsers, tuple(parsers), f"an exception has {', '.join(parsers)}"))


def parse_machine(table: Mapping[str, Any]) -> Machine:
    """Return a table of `[[machine]]`. Raises ConfigError, whose `option` is the key of the table."""
    power = _of_words(parse_power_w)
    parsers = {"match": _words, "location": _words, "cpu-power": power, "ram-power": power}
    hint = f"{_MACHINE_EXAMPLE}; a machine has {', '.join(parsers)}"
    found = _read(table, parsers, ("match",), hint)
    if len(found) == 1:
        raise ConfigError("a [[machine]] states nothing but match", hint=hint)
    return Machine(found["match"], found.get("location"), found.get("cpu-power"), found.get("ram-power"))


def parse_budget(table: Mapping[str, Any]) -> WindowBudget:
    """Return a table of `[[budget]]`. Raises ConfigError, whose `option` is the key of the table."""
    parsers = {
        "name": _words,
        "models": _globs,
        "window": _of_words(_window_s),
        "max-emissions": _of_words(parse_emissions_g),
        "max-energy": _of_words(parse_energy_kwh),
        "warn-at": _of_words(_part),
        "owner": _words,
    }
    hint = f"{_BUDGET_EXAMPLE}; a budget has {', '.join(parsers)}"
    found = _read(table, parsers, ("name", "window"), hint)
    if "max-emissions" not in found and "max-energy" not in found:
        raise ConfigError("a [[budget]] needs max-emissions, max-energy or both", hint=hint)
    return WindowBudget(
        name=found["name"],
        window_s=found["window"],
        models=found.get("models", ()),
        max_emissions_g=found.get("max-emissions"),
        max_energy_kwh=found.get("max-energy"),
        warn_at=found.get("warn-at", _WARN_AT),
        owner=found.get("owner"),
    )


def _read(
    table: Mapping[str, Any], parsers: Mapping[str, Callable[[Any], Any]], needed: tuple[str, ...], hint: str
) -> dict[str, Any]:
    """Return the parsed values of a table. Raises ConfigError for an unknown or missing key, or a wrong value."""
    unknown = [key for key in table if key not in parsers]
    missing = [key for key in needed if not table.get(key)]
    if unknown or missing:
        message = f"unknown key {unknown[0]!r}" if unknown else f"{missing[0]} is missing"
        raise ConfigError(message, hint=hint, option=unknown[0] if unknown else None)
    found = {}
    for key, value in table.items():
        try:
            found[key] = parsers[key](value)
        except UsageError as error:
            raise ConfigError(error.message, hint=error.advice(as_key) or hint, option=key) from error
    return found


def _words(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"found {value!r}, expected a string")
    return value.strip()


def _of_words(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: parse(_words(value))


def _globs(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise UsageError(f"found {value!r}, expected a list of globs")
    return tuple(map(_words, value))


def _limit(value: Any) -> str:
    if value not in LIMITS:
        raise UsageError(f"found {value!r}, expected a limit", hint=f"limits: {', '.join(LIMITS)}")
    return str(value)


def _day(value: Any) -> date:
    from datetime import date, datetime  # noqa: PLC0415  on the check path

    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"found {value!r}, expected a day", hint="write until = 2026-12-31") from error


def _part(text: str) -> float:
    share = _share(text) if text.endswith("%") else 0.0
    if not 0 < share <= 1:
        raise UsageError(f"{text!r} is not a percentage above 0 up to 100", hint='write warn-at = "80%"')
    return share


def _window_s(text: str) -> float | None:
    try:
        return None if text == MONTH else parse_window_s(text)
    except UsageError as error:
        raise UsageError(error.message, hint='write window = "month", or an age such as "30d"') from error


def parse_window_s(text: str) -> float:
    """Return `'30d'` in seconds: the length of a window of time. Raises UsageError."""
    window_s = parse_age_s(text)
    if not 0 < window_s <= _LONGEST_WINDOW_S:
        raise UsageError(f"{text!r} is not a window", hint="write an age above 0 up to 3660d, such as 30d")
    return window_s


def as_key(option: str, value: str) -> str:
    """Return an option as carbon-lint.toml states it."""
    return f'{option} = "{value}"' if value else f"{option} = true"
