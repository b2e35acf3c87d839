"""Read what a report of a team's month needs: the runs of the period, and those of each budget's own window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from carbon_lint.config import Settings
from carbon_lint.gate.window import spent_in
from carbon_lint.limits import WindowBudget
from carbon_lint.pipeline.windows import ended_in
from carbon_lint.records.ledger import Contents, contents_between
from carbon_lint.records.ledger_sum import Counted, count
from carbon_lint.records.periods import Period, period_of
from carbon_lint.report.ledger.month import USUAL_KEYS, Month, month_of


def read_month(
    ledger: str,
    period: Period,
    now: datetime,
    settings: Settings,
    *,
    budgets: Sequence[WindowBudget] = (),
    repository: str | None = None,
    keys: Sequence[str] = USUAL_KEYS,
) -> tuple[Month, Contents]:
    """Return what a period came to, and what was read for it. `budgets` are given beside those of the configuration.

    A budget of a calendar month is judged in the month of the period's end, or of now. A rolling one ends there.

    Raises InputError if the ledger cannot be read, or two of its records cannot be distinguished.
    """
    moment = min(now, period.end - timedelta(seconds=1))
    wanted = [(budget, period_of(budget, moment)) for budget in (*budgets, *settings.budget)]
    windows = [period, *(window for _, window in wanted)]
    found = contents_between(ledger, min(each.start for each in windows), max(each.end for each in windows))
    by_window = {window: _counted(found, window, repository) for window in set(windows)}
    spent = [
        (
            spent_in(
                budget,
                window,
                by_window[window],
                source=settings.path if budget in settings.budget else None,
                unreadable=len(found.broken),
            ),
            by_window[window],
        )
        for budget, window in wanted
    ]
    month = month_of(
        by_window[period], period, now, spent=spent, keys=keys, exceptions=settings.exception, broken=found.broken
    )
    return month, found


def _counted(found: Contents, period: Period, repository: str | None) -> list[Counted]:
    return count(entry for entry in ended_in(found, period) if repository in {None, entry.record.provenance.repository})
