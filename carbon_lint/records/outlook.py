"""Say what a month will come to if its other days are like those so far. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from carbon_lint.records.periods import Period
from carbon_lint.records.uncertainty import Range

DAY_S = 86400
LEAST_DAYS = 3
"""Fewer whole days say nothing of how much the days differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a month will come to, linear in days.

    Attributes:
        end: the sum at the month's end, in the unit of the days: the ends hold in about 95 of 100 months whose days are
            independent and alike, and contain the range of what was measured.
        elapsed_days: what it is drawn from.
        days: of the whole month.
    """

    end: Range
    elapsed_days: float
    days: int


def by_day(figures: Iterable[tuple[float, float]], period: Period) -> list[float]:
    """Return the sum of each day of a period. `figures` are (moment in seconds since 1970, amount)."""
    start_s, end_s = period.start.timestamp(), period.end.timestamp()
    amounts: list[list[float]] = [[] for _ in range(math.ceil(period.length_s / DAY_S))]
    for moment_s, amount in figures:
        if start_s <= moment_s < end_s:
            amounts[int((moment_s - start_s) // DAY_S)].append(amount)
    return [math.fsum(day) for day in amounts]


def outlook(spent: Range, days: Sequence[float], period: Period, now: datetime) -> Outlook | None:
    """Return what a month will come to; `None` if it is over, is not a calendar month, or has had too few days.

    The error of a sum of `r` days to come is that of `r` single days and `r` times that of the mean of `n` days seen:
    `2 s sqrt(r + r^2 / n)` with their standard deviation `s`.
    """
    elapsed_days, all_days = period.elapsed_s(now) / DAY_S, period.length_s / DAY_S
    seen = days[: int(elapsed_days)]
    if not period.is_month or elapsed_days >= all_days or len(seen) < LEAST_DAYS:
        return None
    rest = all_days - elapsed_days
    likely = spent.likely * all_days / elapsed_days
    spread = 2 * statistics.stdev(seen) * math.sqrt(rest + rest**2 / len(seen))
    low, high = (end / spent.likely if spent.likely else 1.0 for end in (spent.low, spent.high))
    end = Range(low=max(spent.likely, likely - spread) * low, likely=likely, high=(likely + spread) * high)
    return Outlook(end=end, elapsed_days=elapsed_days, days=round(all_days))
