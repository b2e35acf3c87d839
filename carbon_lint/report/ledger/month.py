"""Gather what a team's month comes to: the sum, its budgets, which runs used it, and what was for nothing. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from carbon_lint.gate.window import Spent
from carbon_lint.limits import BudgetException
from carbon_lint.records.ledger import Broken
from carbon_lint.records.ledger_sum import Counted, Total, sum_of_ranges, total_of
from carbon_lint.records.periods import Period
from carbon_lint.records.record import Outcome, Record, UsedException
from carbon_lint.records.uncertainty import Range
from carbon_lint.report.ledger.answer import Judged, MonthOutlook, by_day, judged, outlook

UNNAMED = "(not stated)"


def _week(record: Record) -> str:
    year, week, _ = date.fromisoformat(record.ended_at[:10]).isocalendar()
    return f"{year}-W{week:02d}"


def _place(record: Record) -> str | None:
    known = record.intensity
    return None if known is None else known.location_name or known.location


KEYS: Mapping[str, Callable[[Record], str | None]] = {
    "week": _week,
    "model": lambda record: record.provenance.model_name,
    "branch": lambda record: record.provenance.ref and record.provenance.ref.removeprefix("refs/heads/"),
    "runner": lambda record: record.hardware.node,
    "account": lambda record: record.provenance.account,
    "user": lambda record: record.provenance.user,
    "location": _place,
    "partition": lambda record: record.provenance.partition,
    "repository": lambda record: record.provenance.repository,
    "outcome": lambda record: str(record.outcome),
}
"""What runs can be grouped by: name -> the value of a record, `None` if it states none."""
USUAL_KEYS = ("week", "model", "branch", "runner", "account", "user", "location")


LARGEST = 10
_SHOWN_MODELS = 3  # as many as a chart has colours


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some runs together. `share` is their part of the grams, or of the energy if no run has grams.

    `without_emissions` and `without_energy` are how many of them have no such figure: the sum is larger than stated.
    """

    name: str
    runs: int
    emissions_g: Range | None
    energy_kwh: Range | None
    share: float | None = None
    without_emissions: int = 0
    without_energy: int = 0

    @property
    def is_named(self) -> bool:
        """Return whether the runs state the value that they are grouped by."""
        return self.name != UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class LetThrough:
    """An exception that let runs through: how many, and by how much they went over the limit together, by unit."""

    limit: str
    owner: str
    until: str
    reason: str
    runs: int
    over: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What the runs of a period came to, as it was seen `now`.

    Attributes:
        budgets: each limit of each budget.
        outlook_g: what the grams will come to at the month's end.
        days_g: grams by day; `None` if runs ended on it and none of them has grams.
        days_by_model_g: the same of the largest models, and of all others.
        groups: by key, the largest first; weeks in their order.
        largest: the runs with the most grams, or energy.
        lost: the runs that failed, were stopped or interrupted, by outcome.
        retries: the runs that are a second attempt, or a later one; some of them are lost too.
        over_own_limit: how many runs went over a limit of their own.
        exceptions: what the configuration excepts and was in force in the period.
        let_through: the exceptions that let runs of the period through, as their records say.
        broken: files that cannot be read as records.
        of_no_team: how many runs count in no budget that names models, if there is one.
    """

    period: Period
    now: datetime
    total: Total
    budgets: tuple[Judged, ...]
    outlook_g: MonthOutlook | None
    days_g: tuple[float | None, ...]
    days_by_model_g: Mapping[str, tuple[float | None, ...]]
    groups: Mapping[str, tuple[Group, ...]]
    largest: tuple[Counted, ...]
    lost: tuple[Group, ...]
    retries: Group
    over_own_limit: int
    exceptions: tuple[BudgetException, ...]
    let_through: tuple[LetThrough, ...]
    broken: tuple[Broken, ...]
    of_no_team: int

    @property
    def is_over(self) -> bool:
        """Return whether the period lies in the past."""
        return self.now >= self.period.end


def month_of(
    counted: Sequence[Counted],
    period: Period,
    now: datetime,
    *,
    spent: Iterable[tuple[Spent, Sequence[Counted]]] = (),
    keys: Sequence[str] = USUAL_KEYS,
    exceptions: Iterable[BudgetException] = (),
    broken: Iterable[Broken] = (),
) -> Month:
    """Return what the runs of a period came to. `spent` is of each budget, with the runs of its own window."""
    total = total_of(counted)
    alive = [each for each in counted if each.record is not None]
    days_g = by_day(_figures(alive), period)
    spent, whole = tuple(spent), _group("all", alive)
    teams = [each.budget for each, _ in spent if each.budget.models]
    named = [each.entry.record.provenance.model_names for each in alive]
    retries = [each for each in alive if (each.entry.record.provenance.run_attempt or 1) > 1]
    lost = [each for each in alive if each.entry.record.outcome is not Outcome.COMPLETED]
    return Month(
        period=period,
        now=now,
        total=total,
        budgets=tuple(one for each, runs in spent for one in _judged(each, runs, now)),
        outlook_g=None if total.emissions_g is None else outlook(total.emissions_g, days_g, period, now),
        days_g=_days(alive, period),
        days_by_model_g=_days_by_model(alive, period, whole),
        groups={key: _groups(alive, KEYS[key], whole, in_order=key == "week") for key in keys},
        largest=tuple(sorted(alive, key=lambda each: _size(*each.ranges), reverse=True)[:LARGEST]),
        lost=_groups(lost, KEYS["outcome"], whole),
        retries=_group("retries", retries, whole),
        over_own_limit=sum(each.entry.record.over_budget for each in alive),
        exceptions=tuple(one for one in exceptions if one.holds_on(period.start.date())),
        let_through=_let_through(each.entry.record for each in alive),
        broken=tuple(broken),
        of_no_team=sum(not any(team.counts(names) for team in teams) for names in named if teams),
    )


def _let_through(records: Iterable[Record]) -> tuple[LetThrough, ...]:
    """Return the exceptions that were used, by limit, owner, day and reason."""
    used: dict[tuple[str, str, str, str], list[tuple[int, UsedException]]] = defaultdict(list)
    for number, record in enumerate(records):
        for one in record.exceptions:
            used[one.limit, one.owner, one.until, one.reason].append((number, one))
    found = []
    for (limit, owner, until, reason), ones in sorted(used.items()):
        units = {one.unit for _, one in ones}
        over = {unit: math.fsum(one.over for _, one in ones if one.unit == unit) for unit in units}
        runs = len({number for number, _ in ones})
        found.append(LetThrough(limit=limit, owner=owner, until=until, reason=reason, runs=runs, over=over))
    return tuple(found)


def _figures(counted: Iterable[Counted], at: int = 0) -> list[tuple[float, float]]:
    """Return when each run ended, in seconds since 1970, and its grams (`at` 0) or kWh (1)."""
    return [(each.entry.end_s, known.likely) for each in counted if (known := each.ranges[at])]


def _judged(spent: Spent, counted: Sequence[Counted], now: datetime) -> list[Judged]:
    """Return each limit of a budget, with what its own runs will come to."""
    found = []
    of_budget = [each for each in counted if spent.budget.counts(each.entry.record.provenance.model_names)]
    for limit in spent.limits:
        at = 0 if limit.unit == "g" else 1
        sum_ = spent.total.emissions_g if limit.unit == "g" else spent.total.energy_kwh
        days = by_day(_figures(of_budget, at), spent.period)
        ahead = None if sum_ is None else outlook(sum_, days, spent.period, now)
        found.append(judged(spent, limit, ahead, now))
    return found


def _groups(
    counted: Sequence[Counted],
    value: Callable[[Record], str | None],
    whole: Group,
    *,
    in_order: bool = False,
) -> tuple[Group, ...]:
    """Return the runs by a value, the largest group first. Shares are of `whole`."""
    parts: dict[str, list[Counted]] = defaultdict(list)
    for each in counted:
        parts[value(each.entry.record) or UNNAMED].append(each)
    found = [_group(name, runs, whole) for name, runs in sorted(parts.items())]
    if not in_order:
        found.sort(key=lambda group: _size(group.emissions_g, group.energy_kwh), reverse=True)
    return tuple(found)


def _group(name: str, counted: Sequence[Counted], whole: Group | None = None) -> Group:
    ranges = [each.ranges for each in counted]
    grams, energy = (sum_of_ranges(each[at] for each in ranges) for at in (0, 1))
    share = None
    if whole is not None:
        mine, all_ = (grams, whole.emissions_g) if whole.emissions_g is not None else (energy, whole.energy_kwh)
        share = None if mine is None or all_ is None or not all_.likely else mine.likely / all_.likely
    return Group(
        name=name,
        runs=len(counted),
        emissions_g=grams,
        energy_kwh=energy,
        share=share,
        without_emissions=sum(each[0] is None for each in ranges),
        without_energy=sum(each[1] is None for each in ranges),
    )


def _size(grams: Range | None, energy: Range | None) -> tuple[float, float]:
    return (grams.likely if grams else 0.0, energy.likely if energy else 0.0)


def _days_by_model(counted: Sequence[Counted], period: Period, whole: Group) -> dict[str, tuple[float | None, ...]]:
    """Return the grams by day of the two largest models and of the others together, those that there are."""
    shown = [group.name for group in _groups(counted, KEYS["model"], whole)]
    if len(shown) > _SHOWN_MODELS:
        shown[_SHOWN_MODELS - 1 :] = ["others"]
    parts: dict[str, list[Counted]] = {name: [] for name in shown}
    for each in counted:
        name = KEYS["model"](each.entry.record) or UNNAMED
        parts[name if name in parts else "others"].append(each)
    return {name: _days(runs, period) for name, runs in parts.items()}


def _days(counted: Sequence[Counted], period: Period) -> tuple[float | None, ...]:
    """Return the grams of each day; `None` if runs ended on it and none of them has grams."""
    figures = _figures(counted)
    known = by_day([(end_s, 1.0) for end_s, _ in figures], period)
    ended = by_day([(each.entry.end_s, 1.0) for each in counted], period)
    days_g = by_day(figures, period)
    return tuple(None if runs and not has else day for day, has, runs in zip(days_g, known, ended, strict=True))
