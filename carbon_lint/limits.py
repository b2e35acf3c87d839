"""Hold what limits a run and what holds on a machine, and parse what a user writes of it: baselines, increases, ages.

On the check path whenever the configuration states one of them, so the values are named tuples.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint.errors import UsageError
from carbon_lint.units import GRAMS_PER, KWH_PER, parse_duration_s, parse_emissions_g, parse_energy_kwh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from typing import Any

KINDS = ("card", "record", "ledger", "hub")
LIMITS = ("max-emissions", "max-energy", "max-increase")
_EXAMPLE = "write '10%', '5 g', or both: '10% and 5 g'"
MONTH = "month"
"""The window of a `[[budget]]` that follows the calendar (UTC); any other window is an age, such as 30d."""
_WARN_AT = 0.8
_LONGEST_WINDOW_S = 3660 * 86400.0  # ten years


class Source(NamedTuple):
    """Name where a baseline comes from: `card`, `record:PATH`, `ledger:BRANCH`, `hub:OWNER/MODEL`."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


class MaxIncrease(NamedTuple):
    """State how much more than the baseline may pass. A run fails if it is over both parts; `None` means no such part.

    `source` names who set it (a flag, an input, a line of the configuration). Two that differ in it alone are equal.
    """

    share: float | None = None
    emissions_g: float | None = None
    energy_kwh: float | None = None
    source: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaxIncrease) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:3])


class BudgetException(NamedTuple):
    """Lift one limit for a while. `until` is the last day on which it holds."""

    limit: str
    owner: str
    reason: str
    until: date

    def holds_on(self, day: date) -> bool:
        """Return whether the limit is lifted on a day."""
        return day <= self.until

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


def parse_max_increase(text: str) -> MaxIncrease:
    """Return `'10% and 5 g'` as MaxIncrease(share=0.1, emissions_g=5). Raises UsageError."""
    parts = [part.strip() for part in re.split(r"\s+and\s+|,", text.strip())]
    shares = [part for part in parts if part.endswith("%")]
    amounts = [part for part in parts if not part.endswith("%")]
    if not all(parts) or len(shares) > 1 or len(amounts) > 1:
        raise UsageError(f"{text!r} is not an increase", hint=_EXAMPLE)
    share = _share(shares[0]) if shares else None
    if shares and share is None:
        raise UsageError(f"{shares[0]!r} is not a percentage of zero or more", hint=_EXAMPLE)
    if not amounts:
        return MaxIncrease(share=share)
    unit = re.sub(r"^[\d.eE+\s-]+", "", amounts[0])
    if unit in KWH_PER:
        return MaxIncrease(share=share, energy_kwh=parse_energy_kwh(amounts[0]))
    if unit in GRAMS_PER:
        return MaxIncrease(share=share, emissions_g=parse_emissions_g(amounts[0]))
    raise UsageError(f"{text!r} is not an increase: {amounts[0]!r} is neither grams nor energy", hint=_EXAMPLE)


def _share(text: str) -> float | None:
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?)\s*%", text.strip())
    return float(match[1]) / 100 if match else None


def parse_day(value: Any) -> date | None:
    """Return a day of TOML, or the text of one, as a date; `None` for anything else."""
    from datetime import date, datetime  # noqa: PLC0415  on the check path

    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def parse_part(text: str) -> float:
    """Return `'80%'` as 0.8. Raises UsageError unless it is above 0 and at most 100 %."""
    share = _share(text)
    if share is None or not 0 < share <= 1:
        raise UsageError(f"{text!r} is not a percentage above 0 up to 100", hint="write it like 80%")
    return share


def parse_window_s(text: str) -> float:
    """Return `'30d'` in seconds: the length of a window of time. Raises UsageError."""
    window_s = parse_age_s(text)
    if not 0 < window_s <= _LONGEST_WINDOW_S:
        raise UsageError(f"{text!r} is not a window", hint="write an age above 0 up to 3660d, such as 30d")
    return window_s


def as_key(option: str, value: str) -> str:
    """Return an option as carbon-lint.toml states it."""
    return f'{option} = "{value}"' if value else f"{option} = true"
