"""Measure a machine beside CodeCarbon, behind the meter's protocol. The only file that imports codecarbon.

Nothing ambient reaches it: every parameter is given, and while it starts its folder, HOME and environment are private.
Its schedulers never run; the loop drives `flush()` and checks every answer before it is believed.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from carbon_lint import debug
from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon.surroundings import known_cpu, private_surroundings, without_gpus
from carbon_lint.measurement.codecarbon.tracker import (
    LoadMeter,
    QuietLog,
    Tap,
    differing_counters,
    find_flaw,
    tracker_arguments,
)
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.measurement.host.allotment import allotment
from carbon_lint.measurement.host.counting import HostEnergy, HostReading
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from carbon_lint.measurement.host.power import BY_USER
from carbon_lint.measurement.host.rapl import CounterError
from carbon_lint.measurement.meter import SAME_READING_S, Reading
from carbon_lint.measurement.required import check_required, uncounted_gpus
from carbon_lint.measurement.system import need_linux
from carbon_lint.places import Place
from carbon_lint.project import install_hint
from carbon_lint.records.intensity import intensity_of
from carbon_lint.records.ranges import uncertainty_of_parts
from carbon_lint.records.record import CodeCarbonEnergy, Energy, Hardware, Method, Methods
from carbon_lint.units import check_pue

REQUIRED_VERSION = "3.3.2"

# With this intensity kilograms are kilowatt-hours: an energy-only run is held to the same check, and states no grams.
_ENERGY_ONLY_G_PER_KWH = 1000.0
_CODECARBON_EVERY_S = 5.0  # its own figures are kept beside ours; asking for them is half the cost of a reading
_LAST_TRIES, _RETRY_S = 3, 0.1
_NAMELESS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_LEFT_OUT = {  # itself, and what is deprecated: an explicit None would still switch those old paths on
    "self",
    "save_to_file",
    "save_to_api",
    "save_to_logger",
    "save_to_prometheus",
    "save_to_logfire",
    "co2_signal_api_token",
}


def _install() -> str:
    return f"{install_hint('run')} brings codecarbon {REQUIRED_VERSION}"


class CodeCarbonMeter:
    """Measure this machine beside CodeCarbon. Driven by one thread.

    Without a `place` it states energy only. `environ` is the job's, for the variables that say which GPUs it can see.
    `require`: of `gpu`, `cpu-counter`: what must be measured, or nothing is; `none`: go on without a GPU that is there
    and cannot be read. `is_shared`: other code runs in this process, and may use CodeCarbon itself.
    """

    def __init__(
        self,
        place: Place | None,
        *,
        pue: float = 1.0,
        cpu_power_w: float | None = None,
        ram_power_w: float | None = None,
        stated_by: Mapping[str, str] = MappingProxyType({}),
        environ: Mapping[str, str] = MappingProxyType({}),
        require: Collection[str] = (),
        is_shared: bool = False,
        root: Path = Path("/"),
    ) -> None:
        need_linux()
        self.pue = check_pue(pue)
        self.intensity = None if place is None else intensity_of(place)
        self.last_failure: str | None = None
        self._g_per_kwh = _ENERGY_ONLY_G_PER_KWH if place is None else place.g_per_kwh
        given = self._allotted = allotment(environ)
        of_cpu, of_ram = (stated_by.get(option, BY_USER) for option in ("cpu-power", "ram-power"))
        self._cpu = plan_cpu(cpu_power_w, stated_by=of_cpu, root=root, allotted=given)
        self._ram = plan_ram(self._cpu, ram_power_w, stated_by=of_ram, root=root, allotted=given)
        self._host = HostEnergy(self._cpu, self._ram, root=root)
        self._gpus = open_gpus(environ, optional="none" in require, root=root)
        self.software = {"codecarbon": REQUIRED_VERSION, **self._gpus.drivers}
        self._gpu_kwh: tuple[float, ...] = ()
        self._require, self._root, self._is_shared = frozenset(require), root, is_shared
        self._codecarbon_counts_cpu = True
        self._doubts: tuple[str, ...] = ()
        self._tap, self._log = Tap(), QuietLog()
        self._load = LoadMeter(self._cpu.usable_threads)
        self._sample_codecarbon: Callable[[], None] = lambda: None  # CodeCarbon reads counters
        self._tracker: Any = None
        self._previous: Reading | None = None
        self._started_s = self._codecarbon_due_s = 0.0
        self.assumptions = self._host.assumptions
        self.methods = Methods(cpu=self._cpu.method, gpu=self._gpus.method, ram=self._ram.method)

    @property
    def hardware(self) -> Hardware:
        """What the energy is spent on; each GPU with its own as of the last reading."""
        return Hardware(
            cpu_model=self._cpu.model,
            cpu_count=self._cpu.threads,
            ram_gb=round(self._ram.size_gib, 2),
            gpus=self._gpus.counted(self._gpu_kwh, self.pue),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the number should know."""
        uncounted = uncounted_gpus(self._allotted, len(self._gpus.gpus))
        return self._cpu.warnings + self._gpus.warnings + uncounted + self._host.warnings + self._doubts

    def start(self) -> None:
        """Begin to count. Raises MeasurementError if CodeCarbon is missing, another one, or gives no figures."""
        logging.getLogger("codecarbon").addFilter(self._log)
        try:
            self._start()
        except BaseException:
            self._gpus.close()
            self._release()
            raise
        debug.log("meter", "methods: %s", self.methods)
        debug.log("meter", "hardware: %s", self.hardware)
        debug.log("meter", "assumptions: %s", self.assumptions)
        debug.log("meter", "RAPL: %s", [zone.name for zone in self._cpu.zones] or "no counter that can be read")

    def _start(self) -> None:
        try:
            with private_surroundings(), without_gpus(is_shared=self._is_shared), known_cpu(self._cpu.model):
                arguments = tracker_arguments(self._tap, self._g_per_kwh, self._cpu.max_power_w, self.pue)
                self._tracker = _new_tracker(arguments)
                self._tracker.start()
                self._tracker.flush()
        except ImportError as error:
            raise MeasurementError(f"codecarbon cannot be imported: {error}", hint=_install()) from error
        if self._tap.last is None:
            raise MeasurementError(
                f"CodeCarbon gives no figures: {self._log.cause()}",
                hint="`carbon-lint doctor` says what can be measured",
            )
        self._look_inside()
        check_required(self._require, self._cpu, self._allotted, gpu_count=len(self._gpus.gpus), root=self._root)
        problem = find_flaw(self._tap.last, g_per_kwh=self._g_per_kwh, pue=self.pue)
        if problem is not None:
            raise MeasurementError(f"CodeCarbon's first figures cannot be believed: {problem}")
        self._gpus.start()
        try:
            self._host.start()
            self._started_s = time.monotonic()
            self._previous = self._reading(self._tap.last, self._host.read(), 0.0)
        except CounterError as error:
            raise MeasurementError(str(error), hint="`carbon-lint doctor` says what can be measured") from error

    def read(self) -> Reading | None:
        """Return the figures so far; `None` if a part gave none that can be believed (`last_failure` says why)."""
        return self._read(is_codecarbon_due=time.monotonic() >= self._codecarbon_due_s)

    def _read(self, *, is_codecarbon_due: bool) -> Reading | None:
        gpu_kwh = self._gpus.read()
        problem = self._gpus.last_failure if gpu_kwh is None else None
        host: HostReading | None = None
        try:
            host = self._host.read()
        except CounterError as error:
            problem = str(error)
        else:
            self._load.take(host.busy_s, host.elapsed_s)
            self._sample_codecarbon()
        if is_codecarbon_due:
            problem = self._ask_codecarbon() or problem
        self.last_failure = problem
        if problem is not None or gpu_kwh is None or host is None:
            return None
        self._previous = self._reading(self._tap.last, host, gpu_kwh)
        self._gpu_kwh = self._gpus.read_kwh
        return self._previous

    def _ask_codecarbon(self) -> str | None:
        """Take CodeCarbon's figures, and return why they cannot be believed; the next reading then asks again."""
        before = self._tap.last
        self._log.lines.clear()
        self._tracker.flush()
        if self._tap.last is before:
            return f"CodeCarbon gave no figures: {self._log.cause()}"
        problem = find_flaw(self._tap.last, g_per_kwh=self._g_per_kwh, pue=self.pue)
        if problem is None:
            self._codecarbon_due_s = time.monotonic() + _CODECARBON_EVERY_S
        return problem

    def note_job_cpu(self, seconds: float | None, *, outside: str | None) -> None:
        """See Meter."""
        if self._host.note_job_cpu(seconds, outside=outside):
            self.assumptions = self._host.assumptions

    def stop(self) -> Reading | None:
        """Return the last figures and end all threads. A reading that fails, and would cost the run, is tried again."""
        try:
            if self._previous is not None:
                # CodeCarbon passes over a reading soon after the one before, as at the end of a short job.
                since_s = time.monotonic() - self._started_s - self._previous.elapsed_s
                time.sleep(max(SAME_READING_S - since_s, 0.0))
            last = self._read(is_codecarbon_due=True)
            for _ in range(_LAST_TRIES - 1):
                if last is not None:
                    break
                time.sleep(_RETRY_S)
                last = self._read(is_codecarbon_due=True)
            self._tracker.stop()
            self._gpus.stop()
            if last is not None and self._cpu.method is Method.COUNTER and last.codecarbon is not None:
                self._doubts = differing_counters(last.codecarbon.cpu_kwh, last.energy_kwh.cpu)
            return last
        finally:
            self._release()

    def _release(self) -> None:
        logging.getLogger("codecarbon").removeFilter(self._log)

    def _look_inside(self) -> None:
        """Give CodeCarbon the load of this process's CPUs. The only place that looks at its private parts."""
        try:
            parts = {type(part).__name__: part for part in self._tracker._hardware}
            mode, tdp_w = parts["CPU"]._mode, parts["CPU"]._tdp
        except (AttributeError, KeyError) as error:
            raise MeasurementError(f"CodeCarbon is not built as expected: {error!r}", hint=_install()) from error
        if self._cpu.method is Method.COUNTER:
            self._codecarbon_counts_cpu = mode == "intel_rapl"
            return
        self._sample_codecarbon = parts["CPU"].monitor_power
        if mode != "cpu_load" or tdp_w != self._cpu.max_power_w:
            raise MeasurementError(
                f"CodeCarbon models the CPU by {mode} of {tdp_w} W; by its load and {self._cpu.max_power_w} W was asked"
            )
        parts["CPU"]._cpu_load_meter = self._load

    def _reading(self, data: Any, host: HostReading, gpu_kwh: float) -> Reading:
        cpu_kwh, ram_kwh, gpu_kwh = host.cpu_kwh * self.pue, host.ram_kwh * self.pue, gpu_kwh * self.pue
        total_kwh = cpu_kwh + ram_kwh + gpu_kwh
        energy = Energy(total=total_kwh, cpu=cpu_kwh, gpu=gpu_kwh if self._gpus.gpus else None, ram=ram_kwh)
        g_per_kwh = None if self.intensity is None else self._g_per_kwh
        parts = (host.cpu_bounds, host.ram_bounds)
        cpu_bounds, ram_bounds = (None if part is None else part.times(self.pue) for part in parts)
        return Reading(
            elapsed_s=host.elapsed_s,  # so that the modelled energy can be computed again from the journal
            energy_kwh=energy,
            emissions_g=None if g_per_kwh is None else total_kwh * g_per_kwh,
            uncertainty=uncertainty_of_parts(
                energy, self.methods, g_per_kwh=g_per_kwh, cpu_kwh=cpu_bounds, ram_kwh=ram_bounds
            ),
            cpu_mean_load=host.cpu_load,
            left_out=self._host.left_out(host.cpu_kwh + host.ram_kwh, total_kwh / self.pue),
            codecarbon=CodeCarbonEnergy(
                cpu_kwh=data.cpu_energy if self._codecarbon_counts_cpu else None, ram_kwh=data.ram_energy
            ),
            machine_cpu_s=host.busy_s,
        )


def _new_tracker(arguments: dict[str, Any]) -> Any:
    """Return a tracker of CodeCarbon's with no threads of its own.

    Raises MeasurementError for any version but the one whose workings are known here, and unless the arguments are
    exactly the tracker's parameters: CodeCarbon passes over a misspelt one.
    """
    import codecarbon

    version = getattr(codecarbon, "__version__", "unknown")
    if version != REQUIRED_VERSION:
        raise MeasurementError(f"codecarbon {version} is installed, {REQUIRED_VERSION} is needed", hint=_install())
    kind: Any = codecarbon.OfflineEmissionsTracker
    parameters = (inspect.signature(each.__init__).parameters for each in (kind, *kind.__bases__))
    known = {one.name for each in parameters for one in each.values() if one.kind not in _NAMELESS} - _LEFT_OUT
    if known != set(arguments):
        raise MeasurementError(
            f"codecarbon's parameters differ from those known here: {', '.join(sorted(known ^ set(arguments)))}",
            hint=_install(),
        )
    tracker = kind(**arguments)
    for name in ("_scheduler", "_scheduler_monitor_power"):
        if getattr(tracker, name, None) is None:
            raise MeasurementError(f"CodeCarbon is not built as expected: it has no {name}", hint=_install())
        # CodeCarbon's own starts a thread every second, also after a `stop` that came late.
        setattr(tracker, name, SimpleNamespace(_stopped=True, start=lambda: None, stop=lambda: None))
    return tracker
