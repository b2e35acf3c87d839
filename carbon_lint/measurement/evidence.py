"""Put into a record what a reading states of its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carbon_lint.records.ranges import LEFT_OUT, uncertainty_at

if TYPE_CHECKING:
    from carbon_lint.measurement.meter import Reading
    from carbon_lint.records.record import Record


def with_evidence(record: Record, reading: Reading) -> Record:
    """Return the record with what the reading says of its figures: their bounds, and what they were made of."""
    return replace(
        record,
        uncertainty=uncertainty_at(reading.energy_kwh, record.methods, reading.emissions_g, reading.uncertainty),
        assumptions=record.assumptions and replace(record.assumptions, cpu_mean_load=reading.cpu_mean_load),
        left_out=reading.left_out or LEFT_OUT,
        codecarbon=reading.codecarbon,
        job_cpu_s=reading.job_cpu_s,
        machine_cpu_s=reading.machine_cpu_s,
    )
