"""Add up the windows of time that a team's ledger holds: for the budgets that count a run, and for a month's report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from carbon_lint.config import Settings
from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.gate.window import Spent, spent_in
from carbon_lint.limits import WindowBudget
from carbon_lint.pipeline.limits import Limits
from carbon_lint.records.comparable import Identity
from carbon_lint.records.ledger import Contents, Entry, check_whole, contents_between
from carbon_lint.records.ledger_sum import count
from carbon_lint.records.merge.shared import window_of
from carbon_lint.records.periods import Period, period_of
from carbon_lint.records.record import Provenance, Record
from carbon_lint.records.storage import is_missing

if TYPE_CHECKING:
    from carbon_lint.report.ledger.month import Month


def spent_with(record: Record, limits: Limits, ledger: str) -> Iterator[Spent]:
    """Yield what each budget that counts the run has spent in its window, this run included.

    The window is the calendar month in which the run ended, or a time before its end. Runs that ended later do not
    count, so a record keeps its verdict. A record of this run that the ledger holds already counts once.

    Raises InputError if there is no such ledger, or a file of it cannot be read; MeasurementError if the run has no
    figure for a limit.
    """
    budgets = counting(limits, record.provenance.model_names)
    end_s = window_of(record).end_s
    periods, found = _read(budgets, ledger, datetime.fromtimestamp(end_s, UTC))
    for budget, period in zip(budgets, periods, strict=True):
        _check_measured(record, budget)
        before = [entry for entry in _ended_in(found, period) if entry.end_s <= end_s]
        counted = count([*before, Entry(path="this run", record=record)])
        yield spent_in(budget, period, counted, source=limits.windows_source)


def counting(limits: Limits, model_names: Sequence[str]) -> list[WindowBudget]:
    """Return the budgets of a window that count a run of this model."""
    return [budget for budget in limits.windows if budget.counts(model_names)]


def check_ledger(limits: Limits, run: Identity, ledger: str) -> None:
    """Find out before a job whether its budgets of a window can be judged after it. Raises InputError."""
    _read(counting(limits.own, Provenance(model=run.model).model_names), ledger, datetime.now(UTC))


def _read(budgets: Sequence[WindowBudget], ledger: str, moment: datetime) -> tuple[list[Period], list[Entry]]:
    if not budgets:
        return [], []
    if is_missing(ledger):
        raise InputError(
            f"there is no ledger at {ledger}",
            hint=f"`mkdir -p {ledger}` begins an empty one, or name the right one",
            suggest=(("ledger", "URL"),),
        )
    periods = [period_of(budget, moment) for budget in budgets]
    found = contents_between(ledger, min(period.start for period in periods), max(period.end for period in periods))
    check_whole(found)
    return periods, list(found.entries)


def _ended_in(entries: Sequence[Entry], period: Period) -> list[Entry]:
    return [entry for entry in entries if period.holds(entry.end_s)]


def read_month(
    ledger: str,
    period: Period,
    now: datetime,
    settings: Settings,
    *,
    budgets: Sequence[WindowBudget] = (),
    repository: str | None = None,
    keys: Sequence[str],
) -> tuple[Month, Contents]:
    """Return what a period came to, and what was read for it. `budgets` are given beside those of the configuration.

    A budget of a calendar month is judged in the month of the period's end, or of now. A rolling one ends there.

    Raises InputError if the ledger cannot be read, or two of its records cannot be distinguished.
    """
    from carbon_lint.report.ledger.month import month_of  # noqa: PLC0415  a run needs no report of a month

    moment = min(now, period.end - timedelta(seconds=1))
    wanted = [(budget, period_of(budget, moment)) for budget in (*budgets, *settings.budget)]
    windows = [period, *(window for _, window in wanted)]
    found = contents_between(ledger, min(each.start for each in windows), max(each.end for each in windows))
    entries = [each for each in found.entries if repository in {None, each.record.provenance.repository}]
    by_window = {window: count(_ended_in(entries, window)) for window in set(windows)}
    spent = []
    for budget, window in wanted:
        counted, source = by_window[window], settings.path if budget in settings.budget else None
        spent.append((spent_in(budget, window, counted, source=source, unreadable=len(found.broken)), counted))
    month = month_of(
        by_window[period], period, now, spent=spent, keys=keys, exceptions=settings.exception, broken=found.broken
    )
    return month, found


def _check_measured(record: Record, budget: WindowBudget) -> None:
    figures = (
        ("emissions", budget.max_emissions_g, record.emissions_g),
        ("energy", budget.max_energy_kwh, record.energy_kwh.total),
    )
    for name, limit, figure in figures:
        if limit is not None and figure is None:
            raise MeasurementError(
                f"the record holds no {name}, so the budget {budget.name!r} cannot be judged",
                hint="measure again at a place, or limit the energy",
            )
