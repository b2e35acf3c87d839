"""Make the record of a run that has ended: its outcome, its figures and what a reader should know."""

from __future__ import annotations

import hashlib
import math
import platform
from dataclasses import replace

from carbon_lint.files import text_at
from carbon_lint.measurement.job.cpu_time import warn_of_others
from carbon_lint.measurement.loop import RunState
from carbon_lint.measurement.meter import RELATIVE_TOLERANCE, Meter, Reading, find_flaw, with_evidence
from carbon_lint.measurement.wall_clock import ended_at_of
from carbon_lint.records.record import Energy, Hardware, Outcome, Record, StoppedBy, UnmeasuredCode, UnmeasuredReason

_SUCCESS = 0
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def finish(blank: Record, meter: Meter, state: RunState, exit_status: int | None, duration_s: float) -> Record:
    """Return the record of a run that has ended; `blank` is what was known at its start."""
    reading = state.last_reading
    warnings = [*blank.warnings, *(text for text in meter.warnings if text not in blank.warnings), *state.warnings]
    ended_at, clock_warning = ended_at_of(blank.started_at, duration_s)
    warnings += [clock_warning] if clock_warning else []
    if state.stopped_by is not None and exit_status == _SUCCESS:
        # The Trainer with enable_jit_checkpoint saves, pushes "End of training" and exits 0.
        warnings.append("the job was stopped but exited 0; anything it saved or pushed is from an incomplete training")
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
    """Return the hardware with this machine's name and start, by which records are merged."""
    if hardware.node is not None:
        return hardware
    boot = text_at(_BOOT_ID)  # the number that Linux drew when this machine started
    digest = hashlib.sha256(boot.encode()).hexdigest()[:16] if boot else None
    return replace(hardware, node=platform.node() or None, boot=digest)


def _counted_hardware(hardware: Hardware, reading: Reading | None) -> Hardware:
    """Return the hardware with each GPU's energy, if together they are the GPU energy of the reading that counts."""
    by_gpu = [gpu.energy_kwh for gpu in hardware.gpus if gpu.energy_kwh is not None]
    total_kwh = None if reading is None else reading.energy_kwh.gpu
    if total_kwh is None or not math.isclose(sum(by_gpu), total_kwh, rel_tol=RELATIVE_TOLERANCE):
        hardware = replace(hardware, gpus=tuple(replace(gpu, energy_kwh=None) for gpu in hardware.gpus))
    return named(hardware)
