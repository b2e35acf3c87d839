"""Add up what the team's ledger holds of the windows of the budgets that count a run, with the run itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from carbon_lint.errors import InputError, MeasurementError
from carbon_lint.gate.window import Spent, spent_in
from carbon_lint.limits import WindowBudget
from carbon_lint.pipeline.limits import Limits
from carbon_lint.records.ledger import Contents, Entry, check_whole, contents_between
from carbon_lint.records.ledger_sum import count
from carbon_lint.records.merge.shared import window_of
from carbon_lint.records.periods import Period, period_of
from carbon_lint.records.record import Record
from carbon_lint.records.storage import is_missing


def spent_with(record: Record, limits: Limits, ledger: str) -> Iterator[Spent]:
    """Yield what each budget that counts the run has spent in its window, this run included.

    The window is the calendar month in which the run ended, or the time up to its end. A record of this run that the
    ledger holds already counts once.

    Raises InputError if there is no such ledger, or a file of it cannot be read; MeasurementError if the run has no
    figure for a limit.
    """
    budgets = [budget for budget in limits.windows if budget.counts(record.provenance.model_names)]
    if not budgets:
        return
    if is_missing(ledger):
        raise InputError(
            f"there is no ledger at {ledger}",
            hint=f"`mkdir -p {ledger}` begins an empty one, or name the right one",
            suggest=(("ledger", "URL"),),
        )
    ended = datetime.fromtimestamp(window_of(record).end_s, UTC)
    periods = [period_of(budget, ended) for budget in budgets]
    found = contents_between(ledger, min(period.start for period in periods), max(period.end for period in periods))
    check_whole(found)
    for budget, period in zip(budgets, periods, strict=True):
        _check_measured(record, budget)
        counted = count([*ended_in(found, period), Entry(path="this run", record=record)])
        yield spent_in(budget, period, counted, source=limits.windows_source)


def ended_in(found: Contents, period: Period) -> list[Entry]:
    """Return the runs that ended in the period."""
    return [entry for entry in found.entries if period.holds(entry.end_s)]


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
