"""Decide how the memory's energy is found: by RAPL's counters, or at a constant power by its size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.allotment import Allotment
from carbon_lint.measurement.host.cpu import CpuPlan
from carbon_lint.measurement.host.power import BY_USER, MEMORY_W_PER_GIB, memory_power_w
from carbon_lint.measurement.host.rapl import Domain, Zone, find_zones, readable
from carbon_lint.records.record import Method
from carbon_lint.records.uncertainty import Range

_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RamPlan:
    """How the memory will be measured. `size_gib` is what counts of it."""

    method: Method
    size_gib: float
    power: Range | None  # constant while the job runs, in W; `None` with a counter
    zones: tuple[Zone, ...] = ()
    source: str


def plan_ram(
    cpu: CpuPlan,
    user_power_w: float | None = None,
    *,
    stated_by: str = BY_USER,
    root: Path = Path("/"),
    allotted: Allotment = Allotment(),  # noqa: B008  an immutable value
) -> RamPlan:
    """Decide once, before the job starts. `stated_by`: see `plan_cpu`."""
    total_gib = _total_bytes(root) / _GIB
    limits = (cgroup.memory_limit_bytes(root), allotted.memory_bytes)
    limit_gib = min((stated / _GIB for stated in limits if stated is not None), default=total_gib)
    is_limited, size_gib = limit_gib < total_gib, min(limit_gib, total_gib)
    if user_power_w is not None:
        stated = Range(low=user_power_w, likely=user_power_w, high=user_power_w)
        return RamPlan(method=Method.USER, size_gib=size_gib, power=stated, source=stated_by)
    zones = () if cpu.is_virtual else readable(find_zones(root, Domain.DRAM))
    if zones:
        return RamPlan(
            method=Method.COUNTER, size_gib=total_gib, power=None, zones=zones, source="RAPL memory counters (dram)"
        )
    is_shared = not is_limited and cpu.usable_threads < cpu.threads and cpu.share_by == "quota"
    if is_shared:
        size_gib *= cpu.usable_threads / cpu.threads
        what = (
            f"{cpu.usable_threads:g} of {cpu.threads} threads' share of the machine's {total_gib:.1f} GiB, "
            "as the container has a CPU quota and no memory limit"
        )
    else:
        what = "the container's memory limit" if is_limited else "the machine's memory"
    power = memory_power_w(size_gib, is_part=cpu.is_virtual or is_limited or is_shared)
    source = f"{MEMORY_W_PER_GIB.likely:g} W a GiB: {size_gib:.1f} GiB ({what})"
    return RamPlan(method=Method.CONSTANT, size_gib=size_gib, power=power, source=source)


def _total_bytes(root: Path) -> int:
    """Return MemTotal. Raises OSError if /proc does not state it."""
    for line in (root / "proc/meminfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{root / 'proc/meminfo'} does not state MemTotal")
