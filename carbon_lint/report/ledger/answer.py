"""Answer whether a budget of a window is kept, in a word and in a sentence. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from carbon_lint.gate.verdict import LimitResult
from carbon_lint.gate.window import Spent
from carbon_lint.records.periods import Period
from carbon_lint.records.uncertainty import Range
from carbon_lint.report.run.phrases import amount, percent, with_range

DAY_S = 86400
LEAST_DAYS = 3
"""Fewer whole days say nothing of how much the days differ."""
QUESTION = "Will we keep our budget?"
NO_RUNS = "no runs"
"""Mark an empty sum, which is not a measured 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOutlook:
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
    for moment_s, value in figures:
        if start_s <= moment_s < end_s:
            amounts[int((moment_s - start_s) // DAY_S)].append(value)
    return [math.fsum(day) for day in amounts]


def outlook(spent: Range, days: Sequence[float], period: Period, now: datetime) -> MonthOutlook | None:
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
    return MonthOutlook(end=end, elapsed_days=elapsed_days, days=round(all_days))


class Answer(StrEnum):
    """How it looks, the worst first."""

    NO = "no"
    LIKELY_NOT = "most likely not"
    UNKNOWN = "not known"
    EARLY = "too early to say"
    LIKELY = "most likely"
    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One limit of a budget, and whether it is kept.

    Attributes:
        spent: what the budget's runs took.
        end: the sum at the end of the window, in the limit's unit: an outlook, or what it is if the window is over.
        outlook: what `end` is drawn from; `None` if it is the sum itself.
        used: the used share, 1.0 at the limit; `None` if nothing is allowed.
        missing: how many runs have no figure.
    """

    spent: Spent
    limit: LimitResult
    answer: Answer
    end: Range
    outlook: MonthOutlook | None
    used: float | None
    missing: int

    @property
    def name(self) -> str:
        """The budget's name."""
        return self.spent.budget.name


def judged(spent: Spent, limit: LimitResult, ahead: MonthOutlook | None, now: datetime) -> Judged:
    """Return whether a limit is kept: by the outlook, else by the sum."""
    low, high = (limit.measured, limit.measured) if limit.bounds is None else (limit.bounds.low, limit.bounds.high)
    end = Range(low=low, likely=limit.measured, high=high) if ahead is None else ahead.end
    missing = spent.missing(limit.unit)
    is_unknown = bool(missing) or not spent.total.runs
    is_early = ahead is None and spent.period.is_month and now < spent.period.end
    return Judged(
        spent=spent,
        limit=limit,
        answer=_answer(limit, end, is_unknown=is_unknown, is_early=is_early),
        end=end,
        outlook=ahead,
        used=limit.measured / limit.allowed if limit.allowed else None,
        missing=missing,
    )


def _answer(limit: LimitResult, end: Range, *, is_unknown: bool, is_early: bool) -> Answer:
    if limit.is_exceeded_by(end.low):
        return Answer.NO
    if limit.is_exceeded_by(end.likely):
        return Answer.LIKELY_NOT
    if is_early:
        return Answer.EARLY
    if is_unknown:
        return Answer.UNKNOWN
    return Answer.LIKELY if limit.is_exceeded_by(end.high) else Answer.YES


def headline(budgets: Sequence[Judged], spent: str) -> str:
    """Return the answer over all budgets in one line. `spent` says what was spent, for a team without a budget."""
    if not budgets:
        return f"{spent}. No budget is set"
    worst = min(budgets, key=lambda one: (list(Answer).index(one.answer), -(one.used or 0.0)))
    text = f"{worst.answer.capitalize()}: {sentence(worst)}"
    alike = sum(one.answer is worst.answer for one in budgets) - 1
    others = len(budgets) - 1
    if not others:
        return text
    if others == 1:
        return f"{text}; {'the same for the other limit' if alike else 'the other limit looks better'}"
    if not alike:
        return f"{text}; the other {others} limits look better"
    of = "" if alike == others else f"{alike} of "
    return f"{text}; the same for {of}the other {others} limits"


def sentence(one: Judged) -> str:
    """Return what was spent of what is allowed, and what is expected: `vision used 3 kg of 10 kg (30 %), ...`."""
    limit = one.limit
    if not one.spent.total.runs:
        return f"the ledger holds no run that counts in {one.name}"
    at_least = "at least " if one.missing else ""
    share = "" if one.used is None else f" ({percent(one.used)})"
    spent, allowed = amount(limit.unit, limit.measured), amount(limit.unit, limit.allowed)
    used = f"{one.name} used {at_least}{spent} of {allowed}{share}"
    if one.outlook is None:
        return used
    return f"{used}, and {with_range(limit.unit, one.end)} is expected by the end of the month"


def basis(ahead: MonthOutlook) -> str:
    """Say how an outlook was drawn, and how sure it is."""
    return (
        f"Linear in days: {ahead.elapsed_days:.1f} of {ahead.days} days have passed, and the rest is taken to be like "
        "them. The range holds in about 95 of 100 such months, and contains the range of the figures."
    )
