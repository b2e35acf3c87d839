"""A record made from the journal of a run that was killed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError
from carbon_lint.gate.budget import limit_results
from carbon_lint.gate.verdict import Budget
from carbon_lint.measure.journal import read_journal
from carbon_lint.measure.run import format_utc
from carbon_lint.records.record import Energy, Outcome
from carbon_lint.records.store import find_problem, record_from_json

if TYPE_CHECKING:
    import os
    from typing import Any

    from carbon_lint.records.record import Record


def recover(path: str | os.PathLike[str]) -> Record:
    """The record that the journal holds: the run's own where it ended, else `interrupted` at its last reading.

    Raises InputError where it is no journal, holds no reading, or belongs to a run that still goes on.
    """
    content = read_journal(path)
    if content.ended is not None:
        return _checked(content.ended, path)
    record = _checked(content.header, path)
    if content.last_reading is None:
        raise InputError(
            f"{path}: the run was killed before its first reading", hint="nothing is known of its energy: run it again"
        )
    try:
        return _interrupted(record, content.last_reading, Budget(**content.limits))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: its last reading is not what it should be: {error!r}") from error


def _interrupted(record: Record, reading: dict[str, Any], budget: Budget) -> Record:
    elapsed_s = float(reading["elapsed_s"])
    energy = Energy(**reading["energy_kwh"])
    ended = datetime.fromisoformat(record.started_at) + timedelta(seconds=elapsed_s)
    is_over = any(limit.is_over for limit in limit_results(budget, reading["emissions_g"], energy.total))
    warning = f"recovered from a journal: the run was killed, and what it used after {elapsed_s:.1f} s is not known"
    return replace(
        record,
        outcome=Outcome.INTERRUPTED,
        over_budget=is_over,
        emissions_g=reading["emissions_g"],
        energy_kwh=energy,
        duration_s=elapsed_s,
        ended_at=format_utc(ended),
        warnings=(*record.warnings, warning),
    )


def _checked(document: dict[str, Any], path: str | os.PathLike[str]) -> Record:
    problem = find_problem(document)
    if problem is not None:
        raise InputError(f"{path} does not hold a valid record: {problem}", hint="journals are not edited by hand")
    return record_from_json(document)
