"""`[[exception]]`: a limit that does not hold for a while, with who says so, why, and until when. Pure.

An exception never hides a figure: the limit stays in the verdict, over, and every report shows the exception beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import ConfigError
from carbon_lint.gate.verdict import Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LIMITS = ("max-emissions", "max-energy", "max-increase")
_KEYS = ("limit", "owner", "reason", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetException:
    """One exception. `until` is the last day on which it holds."""

    limit: str
    owner: str
    reason: str
    until: date

    def __str__(self) -> str:
        """For a report: everything a reader needs to object to it."""
        return f"{self.limit}: excepted by {self.owner} until {self.until.isoformat()}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused:
    """A verdict after its exceptions."""

    verdict: Verdict
    used: tuple[BudgetException, ...] = ()
    expired: tuple[BudgetException, ...] = ()


def parse_exceptions(tables: Iterable[Mapping[str, Any]], source: str) -> tuple[BudgetException, ...]:
    """The tables of a configuration as exceptions. Raises ConfigError: an exception without an owner is none."""
    return tuple(_parsed(table, f"{source}: exception {number}") for number, table in enumerate(tables, start=1))


def excuse(verdict: Verdict, exceptions: Iterable[BudgetException], today: date) -> Excused:
    """The verdict without the limits that are excepted today; those that have expired are named.

    The verdict stays as it was where any other limit is over.
    """
    over = {limit.name for limit in verdict.limits if limit.is_over}
    concerned = [exception for exception in exceptions if exception.limit in over]
    used = tuple(exception for exception in concerned if exception.until >= today)
    expired = tuple(exception for exception in concerned if exception.until < today)
    left = over - {exception.limit for exception in used}
    if left or not used:
        return Excused(verdict=verdict, used=used if not left else (), expired=expired)
    reasons = (*verdict.reasons, *map(str, used))
    return Excused(
        verdict=Verdict(status=Status.PASS, limits=verdict.limits, reasons=reasons), used=used, expired=expired
    )


def _parsed(table: Mapping[str, Any], where: str) -> BudgetException:
    unknown = [key for key in table if key not in _KEYS]
    missing = [key for key in _KEYS if not table.get(key)]
    if unknown or missing:
        wrong = f"unknown key {unknown[0]!r}" if unknown else f"{missing[0]} is missing"
        raise ConfigError(f"{where}: {wrong}", hint=f"an exception has {', '.join(_KEYS)}")
    if table["limit"] not in LIMITS:
        raise ConfigError(f"{where}: no limit {table['limit']!r}", hint=f"limits: {', '.join(LIMITS)}")
    for key in ("owner", "reason"):
        if not isinstance(table[key], str) or not table[key].strip():
            raise ConfigError(f"{where}: {key} must be words, found {table[key]!r}")
    return BudgetException(
        limit=table["limit"],
        owner=table["owner"].strip(),
        reason=table["reason"].strip(),
        until=_day(table["until"], where),
    )


def _day(value: Any, where: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: until must be a day, found {value!r}", hint="write until = 2026-12-31") from error
