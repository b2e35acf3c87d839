"""`[[exception]]`: a limit that does not hold for a while, with who says so, why, and until when. Pure.

An exception never hides a figure: the limit stays in the verdict, over, and every report shows the exception beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from carbon_lint.gate.verdict import Status, Verdict, worst
from carbon_lint.limits import BudgetException
from carbon_lint.records.record import UsedException


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused:
    """A verdict after its exceptions."""

    verdict: Verdict
    used: tuple[BudgetException, ...] = ()
    expired: tuple[BudgetException, ...] = ()


def used_in(excused: Excused) -> tuple[UsedException, ...]:
    """Return the exceptions that let a run through, each with the figures of the limit that it lifts."""
    return tuple(
        UsedException(
            limit=one.limit,
            owner=one.owner,
            reason=one.reason,
            until=one.until.isoformat(),
            unit=limit.unit,
            measured=limit.measured,
            allowed=limit.allowed,
        )
        for one in excused.used
        for limit in excused.verdict.limits
        if limit.name == one.limit and limit.is_over
    )


def excuse(verdict: Verdict, exceptions: Iterable[BudgetException], today: date) -> Excused:
    """Return what the limits that are not excepted today come to; exceptions that have expired are named.

    The verdict stays as it was if any other limit is over.
    """
    over = {limit.name for limit in verdict.limits if limit.is_over}
    concerned = [exception for exception in exceptions if exception.limit in over]
    used = tuple(exception for exception in concerned if exception.holds_on(today))
    expired = tuple(exception for exception in concerned if not exception.holds_on(today))
    if not used or over - {exception.limit for exception in used}:
        return Excused(verdict=verdict, expired=expired)
    held = (limit.status for limit in verdict.limits if not limit.is_over)
    status = worst(Status.PASS, *held)
    return Excused(
        verdict=replace(verdict, status=status, reasons=(*verdict.reasons, *map(str, used))), used=used, expired=expired
    )
