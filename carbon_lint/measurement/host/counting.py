"""Count the energy of the host, its CPU and memory, from `start` on: by counters if there are any, else by the models.

A modelled figure needs the elapsed time and the busy CPU seconds alone, so that it does not depend on how often it is
read, and anybody can compute it again from the record's `assumptions`.

Stolen time, which a hypervisor gave to others, does not count as load. In a container with half a CPU of 64, the
machine's load does not show the job's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.cpu import CpuPlan, CpuShare, whole_machine
from carbon_lint.measurement.host.memory import RamPlan
from carbon_lint.measurement.host.rapl import CounterError, Counters, Domain, find_zones, readable
from carbon_lint.records.uncertainty import Assumptions, Bounds, Range
from carbon_lint.units import JOULES_PER_KWH

BusyTime = Callable[[], float]
"""Returns busy CPU seconds since some moment in the past. Raises OSError if the kernel does not say."""
# /proc/stat, proc(5): user nice system idle iowait irq softirq steal; guest time is in user's already.
_BUSY_COLUMNS = (0, 1, 2, 5, 6)
_SLACK, _SLACK_S = 1.1, 1.0  # clocks tick in hundredths, and are not read at one moment
# Efficiency of a power supply, 80 PLUS: 0.96 (Titanium, half load), 0.94 (Platinum), 0.88 (Bronze or little load).
_SUPPLY = Range(low=1 / 0.96, likely=1 / 0.94, high=1 / 0.88)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """Cumulative since `start`, without PUE. Only what is modelled has bounds."""

    cpu_kwh: float
    ram_kwh: float
    cpu_bounds: Bounds | None
    ram_bounds: Bounds | None
    cpu_load: float  # mean of the threads that are counted, 0 to 1, without stolen time: with a counter the machine's
    busy_s: float  # busy CPU seconds of those threads
    elapsed_s: float  # seconds that the modelled figures are of


class HostEnergy:
    """Counts CPU and memory as planned. Driven by one thread."""

    def __init__(
        self,
        cpu: CpuPlan,
        ram: RamPlan,
        *,
        root: Path = Path("/"),
        busy: BusyTime | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # A counter sees the whole machine, whatever limits this process.
        self.busy = busy or busy_time(None if cpu.zones else cpu.share_by, root)
        self.warnings: tuple[str, ...] = ()
        self._machine = busy_time(None, root)
        self._root = root
        self._cpu = cpu
        self._ram = ram
        self._clock = clock
        self._packages = Counters(cpu.zones, clock)
        self._memory = Counters(ram.zones, clock)
        self._platform = Counters(readable(find_zones(root, Domain.PSYS)) if cpu.zones else (), clock)
        self._started_s = self._started_busy_s = self._started_machine_s = 0.0

    def start(self) -> None:
        """Begin to count. Raises CounterError if a counter or the load cannot be read."""
        for counters in (self._packages, self._memory, self._platform):
            counters.start()
        self._started_s, self._started_busy_s = self._clock(), self._busy_s()
        if self._cpu.share_by is not None and not self._cpu.zones:
            self._started_machine_s = self._machine()

    def note_job_cpu(self, seconds: float | None, *, outside: str | None) -> bool:
        """Count the machine from `start` on if the job was busier than the CPUs that are counted; tell whether it does.

        See `Meter.note_job_cpu`.
        """
        if self._cpu.share_by is None or self._cpu.zones or self.warnings:
            return False
        counted_s = self._busy_s() - self._started_busy_s
        if outside is None and (seconds is None or seconds <= counted_s * _SLACK + _SLACK_S):
            return False
        self.busy, self._started_busy_s = self._machine, self._started_machine_s
        self._cpu = whole_machine(self._cpu, self._root)
        why = outside or "was busier than the CPUs that it may use"
        self.warnings = (f"the job {why}, so the load of the whole machine is counted and not that of a part",)
        return True

    def read(self) -> HostReading:
        """Return the figures so far. Raises CounterError if one cannot be believed."""
        busy_s = max(self._busy_s() - self._started_busy_s, 0.0)
        elapsed_s = self._clock() - self._started_s
        load = mean_load(busy_s, elapsed_s, self._cpu.threads if self._cpu.zones else self._cpu.usable_threads)
        cpu = _modelled(None if self._cpu.power is None else self._cpu.power.power_w(load), elapsed_s)
        ram = _modelled(self._ram.power, elapsed_s)
        return HostReading(
            cpu_kwh=self._packages.read_kwh() if cpu is None else cpu.likely,
            ram_kwh=self._memory.read_kwh() if ram is None else ram.likely,
            cpu_bounds=None if cpu is None else cpu.bounds,
            ram_bounds=None if ram is None else ram.bounds,
            cpu_load=load,
            busy_s=busy_s,
            elapsed_s=elapsed_s,
        )

    def left_out(self, host_kwh: float, counted_kwh: float) -> Range | None:
        """Return what is left out of `counted_kwh` by the platform's counter (`psys`); `None` if that says nothing."""
        try:
            rest_kwh = self._platform.read_kwh() - host_kwh
        except CounterError:
            return None
        if not self._platform.zones or rest_kwh <= 0 or counted_kwh <= 0:
            return None
        drawn = 1 + rest_kwh / counted_kwh
        return Range(low=drawn * _SUPPLY.low - 1, likely=drawn * _SUPPLY.likely - 1, high=drawn * _SUPPLY.high - 1)

    @property
    def assumptions(self) -> Assumptions:
        """What the modelled figures are computed from, without the mean load."""
        power = self._cpu.power
        return Assumptions(
            cpu_full_power_w=None if power is None else power.full_power_w,
            cpu_full_power_source=None if power is None else self._cpu.source,
            cpu_thread_share=None if power is None else power.share,
            cpu_idle_factor=None if power is None else power.idle_factor,
            cpu_load_factor=None if power is None else power.load_factor,
            memory_power_w=None if self._ram.power is None else self._ram.power.likely,
            memory_gib=round(self._ram.size_gib, 2),
            tables=dict(self._cpu.tables),
        )

    def _busy_s(self) -> float:
        try:
            return self.busy()
        except (OSError, ValueError) as error:
            raise CounterError(f"the load of the CPU cannot be read: {error}") from error


def _modelled(power_w: Range | None, elapsed_s: float) -> Range | None:
    return None if power_w is None else power_w.times(elapsed_s / JOULES_PER_KWH)


def busy_time(share_by: CpuShare | None, root: Path) -> BusyTime:
    """Return the busy time that belongs to a share; without one the machine's."""
    folder = cgroup.cpu_folder(root) if share_by is CpuShare.QUOTA else None
    if folder is not None:
        return partial(group_busy_s, folder)
    names = {b"cpu"} if share_by is None else {b"cpu%d" % number for number in os.sched_getaffinity(0)}
    return partial(cpus_busy_s, os.fspath(root / "proc/stat"), names)


def group_busy_s(folder: Path) -> float:
    """Return the busy seconds of a control group, whose other processes are the job. Raises OSError if it is gone."""
    usage_s = cgroup.usage_s(folder)
    if usage_s is None:
        raise OSError("the control group's CPU usage cannot be read")
    return usage_s


def cpus_busy_s(path: str, names: Collection[bytes]) -> float:
    """Return the busy seconds of the CPUs so named in a file like /proc/stat. Raises OSError if it names none."""
    ticks, left = 0, len(names)
    with open(path, "rb") as file:
        for line in file:  # the machine's is the first, and the CPUs' follow it
            name, _, rest = line.partition(b" ")
            if name in names:
                columns = rest.split()
                ticks += sum(int(columns[number]) for number in _BUSY_COLUMNS if number < len(columns))
                left -= 1
            if not left:
                break
    if left == len(names):
        raise OSError(f"{path} does not state the load of the CPUs")
    return ticks / os.sysconf("SC_CLK_TCK")


def mean_load(busy_s: float, elapsed_s: float, threads: float) -> float:
    """Return the mean load of so many threads, 0 to 1."""
    return min(max(busy_s / (elapsed_s * threads), 0.0), 1.0) if elapsed_s > 0 else 0.0
