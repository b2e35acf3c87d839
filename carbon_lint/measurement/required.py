"""Check `--require`: what must be measured, or the job is not started."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.gpu.host import in_container
from carbon_lint.measurement.gpu.visible import hides
from carbon_lint.measurement.host.allotment import Allotment
from carbon_lint.measurement.host.cpu import CpuPlan
from carbon_lint.measurement.host.rapl import Domain, find_zones
from carbon_lint.records.record import Method
from carbon_lint.text import plural


def check_required(
    require: Collection[str],
    cpu: CpuPlan,
    allotted: Allotment,
    *,
    gpu_count: int,
    root: Path,
) -> None:
    """Raise MeasurementError if what is required would not be measured: the cause, and what to do.

    Required is what `require` names and, unless that is `none`, each GPU that a Hugging Face Job's flavor has.
    """
    if "none" not in require and gpu_count < _used_gpus(allotted):
        raise MeasurementError(
            _unread_gpus(allotted, gpu_count),
            hint="`nvidia-smi` must list it in the job's image; an empty CUDA_VISIBLE_DEVICES states that the job does "
            "not use it; or go on without its energy",
            suggest=(("require", "none"),),
        )
    if "gpu" in require and gpu_count == 0:
        raise MeasurementError(
            "a GPU is required, and none can be seen here",
            hint="`nvidia-smi` or `amd-smi list` must list it, and CUDA_ or ROCR_VISIBLE_DEVICES must not hide it; "
            "see `carbon-lint doctor`",
        )
    if "cpu-counter" in require and cpu.method is not Method.COUNTER:
        cause, hint = rapl_cause(cpu, root, instead="do not require `cpu-counter`")
        raise MeasurementError(f"a CPU energy counter is required: {cause}", hint=hint)


def _used_gpus(allotted: Allotment) -> int:
    """Return how many of the flavor's GPUs the job uses: all that CUDA_VISIBLE_DEVICES leaves it."""
    named = allotted.visible
    if named is None:
        return allotted.gpu_count
    return 0 if hides(named) else min(allotted.gpu_count, len(named.split(",")))


def uncounted_gpus(allotted: Allotment, gpu_count: int) -> tuple[str, ...]:
    """Return a warning if the job uses GPUs of its flavor that are not counted, as `--require none` lets it."""
    if gpu_count >= _used_gpus(allotted):
        return ()
    return (f"{_unread_gpus(allotted, gpu_count)}: the energy of the rest is not in this figure",)


def _unread_gpus(allotted: Allotment, gpu_count: int) -> str:
    seen = "none" if gpu_count == 0 else f"only {gpu_count}"
    return (
        f"this Hugging Face Job has the flavor {allotted.flavor}, so "
        f"{plural(allotted.gpu_count, 'GPU')} to count, and {seen} can be read"
    )


def rapl_cause(cpu: CpuPlan, root: Path, *, instead: str = "state `cpu-power`") -> tuple[str, str]:
    """Return why the CPU's counter is not read, and what to do. `instead`: if nothing can be done here."""
    if cpu.method is Method.USER:
        return "`cpu-power` takes the place of the counter", "leave it out"
    return counter_cause(Domain.PACKAGE, root, is_virtual=cpu.is_virtual, instead=instead)


def counter_cause(domain: Domain, root: Path, *, is_virtual: bool, instead: str) -> tuple[str, str]:
    """Return why counters of this kind are not read, and what to do. `instead`: if nothing can be done here."""
    denied = next((zone.energy for zone in find_zones(root, domain) if not zone.is_readable), None)
    if denied is not None:
        return f"{denied} may not be read by this user", "sudo chmod -R a+r /sys/class/powercap/intel-rapl"
    if is_virtual:
        return "this is a virtual machine, which shows no RAPL", f"measure on bare metal, or {instead}"
    if in_container(root):
        hint = "measure outside the container: Docker masks /sys/devices/virtual/powercap, for good reason"
        return "there is no RAPL in this container", hint
    if domain is Domain.DRAM:
        return "this machine has no energy counter of its memory", instead
    return "there is no RAPL here", "sudo modprobe intel_rapl_msr"
