"""Runs for a ledger."""

from __future__ import annotations

import dataclasses

from carbon_lint.records.ledger import check_whole, contents
from carbon_lint.records.ledger_sum import count, total_of
from carbon_lint.records.record import Energy, Outcome
from tests.records.builders import fitting
from tests.report.runs import RECORD, record


def ran(number=1, *, provenance=RECORD.provenance, emissions_g=10.0, energy_kwh=0.2, **changes):
    """A run of its own, whatever its carbon intensity."""
    one = fitting(
        record(
            run_id=f"run-{number}",
            provenance=provenance,
            emissions_g=emissions_g,
            energy_kwh=Energy(total=energy_kwh),
            **changes,
        )
    )
    known = one.intensity
    return dataclasses.replace(one, intensity=known and dataclasses.replace(known, is_unusual=True))


def entries(ledger, month=None):
    """Every record of the ledger, or of a month, in the order of time."""
    found = contents(ledger, month and [month])
    check_whole(found)
    return found.entries


def summed(ledger, month=None):
    return total_of(count(entries(ledger, month)))


def recovered_run(**changes):
    """A run that was killed, as `recover` writes it: less time, less energy."""
    return ran(1, outcome=Outcome.INTERRUPTED, duration_s=60.0, emissions_g=6.0, energy_kwh=0.1, **changes)
