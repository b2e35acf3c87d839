"""Make the record of a run that has ended: its outcome, its figures and what a reader should know."""

from __future__ import annotations

import math
import platform
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from carbon_lint.measurement.checks import RELATIVE_TOLERANCE, find_flaw
from carbon_lint.measurement.job.cpu_time import warn_of_others
from carbon_lint.records.ranges import LEFT_OUT, uncertainty_at
from carbon_lint.records.record import Energy, Outcome, Record, StoppedBy, UnmeasuredCode, UnmeasuredReason

if TYPE_CHECKING:
    from carbon_lint.measurement.loop import RunState
    from carbon_lint.measurement.meter import Meter, Reading
    from carbon_lint.records.record import Hardware

EXITED_WELL = "the job was stopped but exited 0; anything it saved or pushed is from an incomplete training"
CLOCK_TOLERANCE_S = 5.0  # between the wall clock and the monotonic one, before we say that somebody set it
_SUCCESS = 0


def exit_code(record: Record) -> int:
    """Return what `carbon-lint run` exits with. The child's own failure wins over all but a stop by us."""
    status = record.exit_status
    if record.outcome is Outcome.OVER_BUDGET:
        return 1
    if record.outcome is Outcome.UNMEASURED:
        return 125
    if record.outcome is Outcome.INTERRUPTED:
        return status or 130  # a cancelled job that saved its checkpoint and exited 0 was cancelled all the same
    return _SUCCESS if status is None else status


def was_stopped(record: Record) -> bool:
    """Return whether we ended the job, over its budget or because it could not be measured; it may have exited 0."""
    return record.stopped_by in {StoppedBy.BUDGET, StoppedBy.UNMEASURED}


def finish(blank: Record, meter: Meter, state: RunState, exit_status: int | None, duration_s: float) -> Record:
    """Return the record of a run that has ended; `blank` is what was known at its start."""
    reading = state.last_reading
    warnings = [*blank.warnings, *(text for text in meter.warnings if text not in blank.warnings), *state.warnings]
    ended_at, clock_warning = _ended_at(blank.started_at, duration_s)
    warnings += [clock_warning] if clock_warning else []
    if state.stopped_by is not None and exit_status == _SUCCESS:
        # The Trainer with enable_jit_checkpoint saves, pushes "End of training" and exits 0.
        warnings.append(EXITED_WELL)
    flaw = None if state.unmeasured else find_flaw(reading, meter)
    if flaw is not None:
        code = UnmeasuredCode.LAST_READING_FAILED if reading is None else UnmeasuredCode.IMPLAUSIBLE
        state.unmeasured = UnmeasuredReason(code=code, message=f"the figures cannot be trusted: {flaw}")
        warnings.append(state.unmeasured.message)
    others = None if reading is None else warn_of_others(reading.job_cpu_s, reading.machine_cpu_s, duration_s)
    warnings += [others] if others else []
    if state.unmeasured and reading is not None and reading.energy_kwh.total:
        warnings.append(f"not counted: {reading.energy_kwh.total:.9g} kWh, the last that was read")
    counted = None if state.unmeasured else reading
    record = replace(
        blank,
        outcome=_outcome(state, exit_status),
        exit_status=exit_status,
        over_budget=state.is_over_budget,
        duration_s=duration_s,
        ended_at=ended_at,
        methods=meter.methods,
        assumptions=meter.assumptions,
        hardware=_counted_hardware(meter.hardware, counted),
        intensity=meter.intensity if counted else blank.intensity,
        emissions_g=counted.emissions_g if counted else None,
        energy_kwh=counted.energy_kwh if counted else Energy(total=None),
        warnings=tuple(warnings),
        stopped_by=state.stopped_by,
        unmeasured_because=state.unmeasured,
    )
    if counted is None:
        return record
    return with_evidence(replace(record, phases=state.phases.phases(record)), counted)


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


def _outcome(state: RunState, exit_status: int | None) -> Outcome:
    if state.stopped_by is StoppedBy.BUDGET:
        return Outcome.OVER_BUDGET
    has_failed_itself = state.stopped_by is None and exit_status != _SUCCESS
    if state.unmeasured and not has_failed_itself:
        return Outcome.UNMEASURED
    if state.stopped_by is StoppedBy.CANCEL:
        return Outcome.INTERRUPTED
    if has_failed_itself:
        return Outcome.FAILED
    return Outcome.OVER_BUDGET if state.is_over_budget else Outcome.COMPLETED


def named(hardware: Hardware) -> Hardware:
    """With this machine's name: records are merged by it."""
    return hardware if hardware.node is not None else replace(hardware, node=platform.node() or None)


def _counted_hardware(hardware: Hardware, reading: Reading | None) -> Hardware:
    """With each GPU's energy if together they are the GPU energy of the reading that counts."""
    by_gpu = [gpu.energy_kwh for gpu in hardware.gpus if gpu.energy_kwh is not None]
    total_kwh = None if reading is None else reading.energy_kwh.gpu
    if total_kwh is None or not math.isclose(sum(by_gpu), total_kwh, rel_tol=RELATIVE_TOLERANCE):
        hardware = replace(hardware, gpus=tuple(replace(gpu, energy_kwh=None) for gpu in hardware.gpus))
    return named(hardware)


def _ended_at(started_at: str, duration_s: float) -> tuple[str, str | None]:
    """Return the end by the wall clock, or by the duration if somebody set the clock while the job ran."""
    now = datetime.now(UTC)
    derived = datetime.fromisoformat(started_at) + timedelta(seconds=duration_s)
    if abs((now - derived).total_seconds()) <= CLOCK_TOLERANCE_S:
        return format_utc(now), None
    return format_utc(derived), "the clock was set while the job ran: ended_at is started_at + duration_s"


def format_utc(moment: datetime) -> str:
    """`2026-11-24T10:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
