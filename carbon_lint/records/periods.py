"""Say which time a window of a budget or of a report is: a calendar month, or so many days up to a moment. All UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from carbon_lint.limits import WindowBudget

_DECEMBER = 12
_DAY_S, _HOUR_S = 86400, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time from `start` up to, and without, `end`. `name` is for a person: `2026-11`, `the last 30d`."""

    name: str
    start: datetime
    end: datetime
    is_month: bool = False

    @property
    def length_s(self) -> float:
        """Seconds of the whole time."""
        return (self.end - self.start).total_seconds()

    def elapsed_s(self, now: datetime) -> float:
        """Return how many seconds of it have passed."""
        return min(max((now - self.start).total_seconds(), 0.0), self.length_s)

    def holds(self, moment_s: float) -> bool:
        """Return whether a moment, in seconds since 1970, lies in it."""
        return self.start.timestamp() <= moment_s < self.end.timestamp()


def month_period(month: str) -> Period:
    """Return the time of `2026-11`."""
    year, number = int(month[:4]), int(month[5:])
    after = datetime(year + 1, 1, 1, tzinfo=UTC) if number == _DECEMBER else datetime(year, number + 1, 1, tzinfo=UTC)
    return Period(name=month, start=datetime(year, number, 1, tzinfo=UTC), end=after, is_month=True)


def month_around(moment: datetime) -> Period:
    """Return the calendar month that a moment lies in."""
    return month_period(f"{moment.astimezone(UTC):%Y-%m}")


def days_before(moment: datetime, length_s: float) -> Period:
    """Return the time of a length that ends with a moment, whose own second is in it."""
    at = moment.astimezone(UTC)
    name = f"the last {length_s / _DAY_S:g}d" if length_s >= _DAY_S else f"the last {length_s / _HOUR_S:g}h"
    end = at + timedelta(seconds=1)
    return Period(name=name, start=end - timedelta(seconds=length_s), end=end)


def period_of(budget: WindowBudget, moment: datetime) -> Period:
    """Return the window of a budget that a moment lies in, or ends."""
    return month_around(moment) if budget.window_s is None else days_before(moment, budget.window_s)
