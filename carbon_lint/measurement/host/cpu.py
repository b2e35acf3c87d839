"""Decide how the CPU's energy is found: by RAPL's counters, or by a model of the share of it that this machine has.

CodeCarbon alone takes the whole socket's TDP for two vCPUs of it (EPYC 7763: 280 W; the share is 4.4 W).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.allotment import Allotment
from carbon_lint.measurement.host.power import BY_USER, VERSION, CpuModel, stated_cpu
from carbon_lint.measurement.host.processor import Processor, Socket, cpu_table, read_processor, socket_of
from carbon_lint.measurement.host.rapl import Domain, Zone, find_zones, readable
from carbon_lint.records.record import Method

# W of TDP a thread in the table of processors: 1.3 (EPYC 9965) to 10 (Xeon 8252C). The default is 4.
UNKNOWN_WIDENING = (1.3 / 4, 10 / 4)


class CpuShare(StrEnum):
    """What leaves this process only a share of the machine's threads."""

    QUOTA = "quota"
    AFFINITY = "affinity"


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPlan:
    """How the CPU will be measured. `model` is the processor's name as the kernel gives it."""

    method: Method
    power: CpuModel | None = None  # `None` with a counter
    zones: tuple[Zone, ...]
    model: str | None
    threads: int  # hardware threads that this machine shows
    usable_threads: float  # what affinity and cgroup quota leave of them
    is_virtual: bool
    share_by: CpuShare | None  # what leaves fewer threads; the load is then not the whole machine's
    source: str  # where the power comes from, in words
    tables: Mapping[str, str] = field(default_factory=dict)  # the tables behind it, name -> version
    warnings: tuple[str, ...] = ()

    @property
    def max_power_w(self) -> float | None:
        """What CodeCarbon is given for full load: TDP of the share, or the user's figure."""
        return None if self.power is None else self.power.full_power_w * self.power.share


def plan_cpu(
    user_power_w: float | None,
    *,
    stated_by: str = BY_USER,
    root: Path = Path("/"),
    affinity: int | None = None,
    allotted: Allotment = Allotment(),  # noqa: B008  an immutable value
) -> CpuPlan:
    """Decide once, before the job starts. `affinity`: CPUs that this process may run on, if a test says so.

    The share is the least of affinity, cgroup quota and what the Hugging Face Job was allotted. `stated_by` names the
    flag, or the line of the configuration, that states the user's power.
    """
    processor = read_processor(root)
    allowed = min(processor.threads, len(os.sched_getaffinity(0)) if affinity is None else affinity)
    limits = (cgroup.cpu_quota(root), allotted.cpus)
    usable = min([float(allowed), *(limit for limit in limits if limit is not None)])
    plan = CpuPlan(
        method=Method.COUNTER,
        source="RAPL package counters",
        zones=readable(find_zones(root, Domain.PACKAGE)),
        model=processor.model,
        threads=processor.threads,
        usable_threads=usable,
        is_virtual=processor.is_virtual,
        share_by=CpuShare.QUOTA if usable < allowed else CpuShare.AFFINITY if allowed < processor.threads else None,
    )
    if user_power_w is not None:
        return replace(plan, method=Method.USER, source=stated_by, power=stated_cpu(user_power_w), zones=())
    return plan if plan.zones else _modelled(replace(plan, method=Method.LOAD_MODEL), processor)


def whole_machine(plan: CpuPlan, root: Path) -> CpuPlan:
    """Return the plan for all threads of the machine. A power that the user states stays that at full load."""
    if plan.method is not Method.LOAD_MODEL:
        return replace(plan, share_by=None)
    whole = replace(plan, share_by=None, usable_threads=float(plan.threads))
    return replace(_modelled(whole, read_processor(root)), warnings=plan.warnings)


def share_of(socket: Socket, threads_a_socket: int, usable: float) -> CpuModel:
    """Return the model of so many threads of as many sockets as they need."""
    sockets = max(1, math.ceil(usable / threads_a_socket - 1e-9))
    share = usable / (threads_a_socket * sockets)
    return CpuModel(full_power_w=socket.tdp_w * sockets, share=share, widening=socket.widening)


def table_versions(socket: Socket | None) -> dict[str, str]:
    """Return the tables behind a model, name -> version, for `Assumptions.tables`."""
    versions = {"power": VERSION}
    if socket is None or socket.table == "cpu_power":
        return {**versions, "cpu_power": str(cpu_table()["version"])}
    return {**versions, socket.table: "3.3.2"}


def _modelled(plan: CpuPlan, processor: Processor) -> CpuPlan:
    """Return the plan with the model of its usable threads, where that comes from, and what is doubtful about it."""
    socket, usable = socket_of(processor), plan.usable_threads
    # A bare machine says itself how many threads a socket has: half as many with SMT off, at the same power.
    # An Arm one does not say whether it is bare.
    threads = None if socket is None else socket.threads
    if not processor.is_virtual and processor.part is None:
        threads = processor.siblings
    if socket is not None and threads is not None:
        return replace(
            plan,
            power=share_of(socket, threads, usable),
            source=f"{usable:g} of {threads} threads of a socket of {socket.tdp_w:g} W ({socket.source})",
            tables=table_versions(socket),
            warnings=() if socket.doubt is None else (socket.doubt,),
        )
    default = cpu_table()["default"]
    warning = (
        f"the power of {processor.model or 'this CPU'} is not known: {default['watts_per_thread']:g} W a thread is "
        "assumed; state the slice's own as `cpu-power`"
    )
    return replace(
        plan,
        power=CpuModel(full_power_w=default["watts_per_thread"] * usable, widening=UNKNOWN_WIDENING),
        source=f"{usable:g} threads, {default['source']}",
        tables=table_versions(None),
        warnings=(warning,),
    )
