"""Find out what would be measured on this machine, how, with what error, what is missing and what repairs it.

Looks only: no job is run. The last step takes one real reading, so that a sound diagnosis is a proven one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import MappingProxyType

from carbon_lint.errors import CarbonLintError, MeasurementError, PlaceError
from carbon_lint.measurement.codecarbon.meter import REQUIRED_VERSION, CodeCarbonMeter
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.measurement.gpu.host import host_amd_gpus, host_gpus, in_container
from carbon_lint.measurement.gpu.visible import hiding, is_hidden
from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps
from carbon_lint.measurement.grid.location import LocatedPlace
from carbon_lint.measurement.host.allotment import Allotment, allotment
from carbon_lint.measurement.host.cpu import CpuPlan, plan_cpu
from carbon_lint.measurement.host.memory import RamPlan, plan_ram
from carbon_lint.measurement.host.power import BY_USER
from carbon_lint.measurement.host.rapl import Domain
from carbon_lint.measurement.meter import power_between_w
from carbon_lint.measurement.required import counter_cause, rapl_cause
from carbon_lint.measurement.system import need_linux
from carbon_lint.records.record import Method
from carbon_lint.records.uncertainty import Range
from carbon_lint.units import format_power

# A first reading must be at least so long after the start for CodeCarbon to measure again.
_TRIAL_S = 0.1
# NVIDIA states +-5 % for its power sensor; arXiv 2312.02741 (SC24) found that A100 and H100 sample only a quarter of
# the time, which averages out over minutes. Integration: `docs/measuring.md`.
_ERRORS = {
    Method.COUNTER: "a few %: the sensor's own error",
    Method.SAMPLED_POWER: "about 5 %: the sensor's own error and up to 3 % of sampling",
}


_CODECARBON = (
    "CodeCarbon's own figures for CPU and memory stay in the record as `codecarbon`; they differ because it takes the "
    "cube of the load, a quarter of what counters show at part load, and watts by the number of memory modules"
)


_HF_JOB = (
    "this is a Hugging Face Job: it has no Docker, so only the in-job action starts here; it states no region, so "
    "grams need a location or carbon-intensity that you know of, and max-energy needs neither; it ends after 30 "
    "minutes unless it was started with --timeout"
)


class State(StrEnum):
    """`modelled`: there is a figure, and no sensor behind it. `broken`, `not given`: a run would not be measured."""

    MEASURED = "measured"
    MODELLED = "modelled"
    KNOWN = "known"
    ABSENT = "absent"
    NOT_GIVEN = "not given"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the diagnosis, on gpu, cpu, ram, location or codecarbon."""

    component: str
    state: State
    what: str  # was found here
    method: Method | None = None  # as a record will state it
    error: str | None = None  # how far the figure may lie from the truth, in words
    missing: str | None = None  # what keeps a better figure away
    repair: str | None = None  # the command or setting that repairs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings, and whether a run would start as things are."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    location: str | None
    container: bool

    @property
    def is_sound(self) -> bool:
        """True if a run with the same flags would be measured."""
        return not self.obstacles

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """What a run would fail on before the job."""
        return tuple(finding for finding in self.findings if finding.state in {State.BROKEN, State.NOT_GIVEN})

    @property
    def has_gpu(self) -> bool:
        """Return whether a GPU would be counted."""
        return any(finding.component == "gpu" and finding.state is State.MEASURED for finding in self.findings)


def diagnose(
    environ: Mapping[str, str],
    *,
    find_place: Callable[[], LocatedPlace],
    named: str = "",
    cpu_power_w: float | None = None,
    ram_power_w: float | None = None,
    stated_by: Mapping[str, str] = MappingProxyType({}),
    require: Collection[str] = (),
    pue: float = 1.0,
    needs_grams: bool = True,
    root: Path = Path("/"),
) -> Diagnosis:
    """Look at every component, as the meter of a run with these options would.

    `find_place` returns the place of a run, as it was found; a grid is asked. It raises PlaceError. `named` is that
    place as the user names it. A run whose only limit is in kWh needs no grams, and so no location.
    """
    need_linux()
    gpu, notes = _gpu(environ, root)
    if gpu.state is State.BROKEN and "none" in require:
        gpu = replace(gpu, state=State.ABSENT)
    allotted = allotment(environ)
    plan = plan_cpu(cpu_power_w, stated_by=stated_by.get("cpu-power", BY_USER), root=root, allotted=allotted)
    ram = plan_ram(plan, ram_power_w, stated_by=stated_by.get("ram-power", BY_USER), root=root, allotted=allotted)
    cpu, cpu_notes = _cpu(plan, root)
    place, code = _location(find_place, named, needs_grams=needs_grams, pue=pue)
    needed = {*require, "none"} if gpu.state is State.BROKEN else require  # an unreadable GPU has its own line
    meter = partial(CodeCarbonMeter, None, cpu_power_w=cpu_power_w, ram_power_w=ram_power_w, stated_by=stated_by)
    trial = _trial(partial(meter, pue=pue, environ=environ, root=root, require=needed))
    return Diagnosis(
        findings=(gpu, cpu, _ram(plan, ram, root), place, trial),
        notes=notes + cpu_notes + ((_HF_JOB,) if allotted != Allotment() else ()),
        location=code,
        container=in_container(root),
    )


def _broken(component: str, what: str, error: CarbonLintError) -> Finding:
    """Return the finding that something fails, why, and what repairs it."""
    repair = error.advice(lambda option, value: f"--{option} {value}".rstrip())
    return Finding(component, State.BROKEN, what, missing=error.message, repair=repair)


def _gpu(environ: Mapping[str, str], root: Path) -> tuple[Finding, tuple[str, ...]]:
    try:
        gpus = open_gpus(environ, root=root)
    except MeasurementError as error:
        return _broken("gpu", "not readable", error), ()
    gpus.close()
    if not gpus.gpus:
        return Finding("gpu", State.ABSENT, _no_gpu(environ, root)), gpus.warnings
    names = ", ".join(f"{gpu.index}: {gpu.name}" for gpu in gpus.gpus)
    error_text = _ERRORS[gpus.method] if gpus.method is not None else None
    return Finding("gpu", State.MEASURED, names, gpus.method, error_text), gpus.warnings


def _no_gpu(environ: Mapping[str, str], root: Path) -> str:
    if is_hidden(environ):
        return "hidden from the job by CUDA_VISIBLE_DEVICES"
    nvidia, amd = host_gpus(root), host_amd_gpus(root)
    if amd and (variable := hiding(environ, reads_cuda=not nvidia)) is not None:
        return f"hidden from the job by {variable}"
    return "none that is given to this container" if nvidia or amd else "none on this machine"


def _cpu(plan: CpuPlan, root: Path) -> tuple[Finding, tuple[str, ...]]:
    name = plan.model or "unknown CPU"
    what = f"{name}, {plan.usable_threads:g} of {plan.threads} threads"
    if plan.power is None:
        return Finding("cpu", State.MEASURED, what, plan.method, _ERRORS[plan.method]), plan.warnings
    missing, repair = rapl_cause(plan, root)
    idle, full = (format_power(plan.power.power_w(load).likely) for load in (0.0, 1.0))
    what = f"{what}, {idle} idle to {full} at full load: {plan.source}"
    error_text = f"{_span(plan.power.power_w(0.5))} at half load: no sensor is read"
    # Its warnings are in `what` and `missing`.
    return Finding("cpu", State.MODELLED, what, plan.method, error_text, missing, repair), (_CODECARBON,)


def _ram(cpu: CpuPlan, plan: RamPlan, root: Path) -> Finding:
    if plan.power is None:
        what = f"{plan.size_gib:.1f} GiB, {plan.source}"
        return Finding("ram", State.MEASURED, what, plan.method, _ERRORS[plan.method])
    missing, repair = counter_cause(Domain.DRAM, root, is_virtual=cpu.is_virtual, instead="state `ram-power`")
    error_text = f"{_span(plan.power)}: no sensor is read"
    if plan.method is Method.USER:
        missing, repair = "`ram-power` takes the place of the counter", "leave it out"
        error_text = "as your figure's own"
    what = f"{format_power(plan.power.likely)} all the time, {plan.source}"
    return Finding("ram", State.MODELLED, what, plan.method, error_text, missing, repair)


def _span(power: Range) -> str:
    """Return the range of a modelled power, in words."""
    return f"{format_power(power.low)} to {format_power(power.high)}"


def _location(
    find_place: Callable[[], LocatedPlace], named: str, *, needs_grams: bool, pue: float
) -> tuple[Finding, str | None]:
    """Return the finding, and the code for the workflow's line."""
    try:
        found = find_place()
        if isinstance(found.place, ElectricityMaps):
            hour = found.place.first()
            kind = "estimated" if hour.is_estimated else "measured"
            what = f"{hour.zone}: {hour.g_per_kwh:.4g} g/kWh in the hour of {hour.label}, {kind}, {hour.source}"
            return Finding("location", State.KNOWN, what, error="as that service's own, hour by hour"), None
    except PlaceError as error:
        return _broken("location", named, error), None
    if found.place is None:
        missing = "grams depend on it (France 44 g/kWh, Poland 615)"
        repair = "--location FRA (or USA/virginia, gcp/us-central1, auto, ...), or --carbon-intensity 56.04"
        state = State.NOT_GIVEN if needs_grams else State.ABSENT
        return Finding("location", state, "not given", missing=missing, repair=repair), None
    place, how = found.place, "" if found.how is None else f", by {found.how}"
    what = f"{place.figure}, {place.source}{how}"
    if place.code is None:
        return Finding("location", State.KNOWN, what, error="as that figure's own"), None
    error_text = "an annual mean: the hour's figure may differ by half or more"
    if pue == 1.0 and place.pue_hint is not None:
        error_text += f"; {place.pue_hint}"
    return Finding("location", State.KNOWN, f"{place.code}, {place.name}: {what}", error=error_text), place.code


def _trial(make_meter: Callable[[], CodeCarbonMeter]) -> Finding:
    """Take one real reading."""
    try:
        meter = make_meter()
        started_s = time.monotonic()
        meter.start()
        took_s = time.monotonic() - started_s
        time.sleep(_TRIAL_S)
        reading = meter.stop()
    except MeasurementError as error:
        return _broken("codecarbon", "does not start", error)
    if reading is None:
        return Finding("codecarbon", State.BROKEN, "starts, and gives no reading", missing=meter.last_failure)
    watts = power_between_w(None, reading)
    power = "some power" if watts is None else format_power(watts)
    return Finding(
        "codecarbon", State.MEASURED, f"{REQUIRED_VERSION}, started in {took_s:.2f} s, reads {power} right now"
    )
