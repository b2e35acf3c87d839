"""NVIDIA GPUs, read through NVML by ourselves.

CodeCarbon needs `nvidia-smi` on PATH, drops every GPU of an interval when one fails, books 0 W for a failed reading,
and samples a GPU without energy counter once a second, in step with the load (-56 % seen). Here a GPU with a counter
is read as the difference of its counter; one without has its power sampled at 12 Hz, at irregular moments.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import MeasurementError
from carbon_lint.measure.gpu_host import host_gpus, unreadable
from carbon_lint.measure.visible_gpus import Card, Visible, is_hidden, visible_cards
from carbon_lint.records.record import Gpu, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MJ_PER_KWH = 3.6e9
_J_PER_KWH = 3.6e6
# Between two samples.
_SAMPLE_MIN_S, _SAMPLE_MAX_S = 0.06, 0.10
# A counter moves every 20 to 100 ms. One that stands still so long while power is drawn is broken.
_STANDSTILL_S = 5.0
_STANDSTILL_W = 1.0
# A power reading older than this is no reading.
_STALE_S = 1.0
# Above what any one card draws: a jump of the counter.
_PLAUSIBLE_W = 5000.0


@dataclass(slots=True, kw_only=True)
class CountedGpu:
    """One GPU that is counted."""

    gpu: Gpu
    handle: Any
    has_counter: bool
    energy_kwh: float = 0.0
    counter_mj: int = 0
    moved_s: float = 0.0
    watts: float = 0.0
    sampled_s: float = 0.0
    problem: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Nothing:
    """Stands for NVML where there is none."""

    NVMLError = OSError


class NvidiaGpus:
    """The GPUs that the job can see. `start`, then `read` by one thread, then `stop`.

    Args:
        nvml: the module, or what stands for it.
        devices: those that count.
        warnings: about them.
        clock: seconds.
        is_threaded: sample by a thread; without it the caller calls `sample` at least ten times a second.

    Attributes:
        gpus: those that are counted.
        method: `counter`, or `sampled-power` where any of them has no counter; `None` without GPUs.
        warnings: what a reader of the number should know.
        last_failure: why the last `read` gave nothing.
        driver: the driver's version, where it states one.
    """

    def __init__(
        self,
        nvml: Any,
        devices: list[CountedGpu],
        warnings: tuple[str, ...],
        clock: Callable[[], float] = time.monotonic,
        *,
        is_threaded: bool = True,
    ) -> None:
        self._nvml = nvml
        self._devices = devices
        self._clock = clock
        self._sampled = [device for device in devices if not device.has_counter]
        self._is_threaded = is_threaded
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._read_s = 0.0
        self.gpus = tuple(device.gpu for device in devices)
        self.method = _method(devices)
        self.warnings = warnings
        self.last_failure: str | None = None
        self.driver = _driver(nvml) if devices else None

    def start(self) -> None:
        """Begin to count. Raises MeasurementError where a GPU answers no longer."""
        self._read_s = self._clock()
        for device in self._devices:
            try:
                self._begin(device)
            except self._errors as error:
                raise MeasurementError(f"GPU {device.gpu.index} ({device.gpu.name}) cannot be read: {error}") from error
        if self._sampled and self._is_threaded:
            self._thread = threading.Thread(target=self._sample_until_ended, name="gpu-power", daemon=True)
            self._thread.start()

    def read(self) -> float | None:
        """Energy in kWh since `start`, all GPUs; `None` where one of them could not be read."""
        now_s = self._clock()
        problems = [self._advance(device, now_s) for device in self._devices]
        self.last_failure = next((problem for problem in problems if problem is not None), None)
        self._read_s = now_s
        return None if self.last_failure is not None else sum(_so_far_kwh(device, now_s) for device in self._devices)

    def stop(self) -> None:
        """The sampling ends, and NVML is given back."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=_STALE_S)
        self.close()

    def close(self) -> None:
        """Give NVML back."""
        shutdown = getattr(self._nvml, "nvmlShutdown", None)
        if shutdown is not None:
            with contextlib.suppress(*self._errors):
                shutdown()

    def sample(self) -> None:
        """Take one power sample of each GPU without counter. The thread calls it; so does a test with its own clock."""
        for device in self._sampled:
            try:
                watts = self._nvml.nvmlDeviceGetPowerUsage(device.handle) / 1000
            except self._errors as error:
                device.problem = f"the power of GPU {device.gpu.index} cannot be read: {error}"
                continue
            with device.lock:
                now_s = self._clock()
                # Trapezoid between two samples, also across a gap, which `read` has told of.
                device.energy_kwh += (device.watts + watts) / 2 * (now_s - device.sampled_s) / _J_PER_KWH
                device.watts, device.sampled_s, device.problem = watts, now_s, None

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        nvml_error: type[Exception] = self._nvml.NVMLError
        return (nvml_error, OSError, RuntimeError)

    def _begin(self, device: CountedGpu) -> None:
        now_s = self._clock()
        device.moved_s = device.sampled_s = now_s
        if device.has_counter:
            device.counter_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(device.handle)
        else:
            device.watts = self._nvml.nvmlDeviceGetPowerUsage(device.handle) / 1000

    def _sample_until_ended(self) -> None:
        gaps_s = sample_gaps_s()
        while not self._ended.wait(next(gaps_s)):
            self.sample()

    def _advance(self, device: CountedGpu, now_s: float) -> str | None:
        """Bring a device's energy up to date; what is wrong with it, or `None`."""
        if device.has_counter:
            return device.problem or self._advance_counter(device, now_s)
        with device.lock:
            if now_s - device.sampled_s <= _STALE_S:
                return None
            return (
                device.problem
                or f"the power of GPU {device.gpu.index} was last read {now_s - device.sampled_s:.1f} s ago"
            )

    def _advance_counter(self, device: CountedGpu, now_s: float) -> str | None:
        name = f"the energy counter of GPU {device.gpu.index}"
        try:
            now_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(device.handle)
        except self._errors as error:
            return f"{name} cannot be read: {error}"
        moved_mj = now_mj - device.counter_mj
        if moved_mj == 0:
            return self._standstill(device, now_s, name)
        seconds = max(1.0, now_s - device.moved_s)
        if moved_mj < 0 or moved_mj / 1000 > _PLAUSIBLE_W * seconds:
            # What was drawn around the jump is lost for good, so every later figure would be wrong too.
            device.problem = f"{name} jumped by {moved_mj / 1000:.0f} J in {seconds:.0f} s"
            return device.problem
        device.energy_kwh += moved_mj / _MJ_PER_KWH
        device.counter_mj, device.moved_s = now_mj, now_s
        return None

    def _standstill(self, device: CountedGpu, now_s: float, name: str) -> str | None:
        if now_s - device.moved_s < _STANDSTILL_S:
            return None
        try:
            watts = self._nvml.nvmlDeviceGetPowerUsage(device.handle) / 1000
        except self._errors:
            return f"{name} stands still, and its power cannot be read"
        return f"{name} stands still at {watts:.0f} W" if watts > _STANDSTILL_W else None


def _so_far_kwh(device: CountedGpu, now_s: float) -> float:
    """With what a sampled GPU has drawn since its last sample.

    Held against nothing but the last sample: one more at every reading would follow the rhythm of the readings, and a
    load in step with it would be counted wrongly (+1.7 % seen).
    """
    if device.has_counter:
        return device.energy_kwh
    with device.lock:
        return device.energy_kwh + device.watts * max(0.0, now_s - device.sampled_s) / _J_PER_KWH


def sample_gaps_s() -> Iterator[float]:
    """Seconds from one power sample to the next, without end: 12 Hz on average, no rhythm of a load can keep step."""
    spread = random.Random(0)  # noqa: S311  irregular moments, nothing to guess
    while True:
        yield spread.uniform(_SAMPLE_MIN_S, _SAMPLE_MAX_S)


def open_gpus(environ: Mapping[str, str], *, optional: bool = False, root: Path = Path("/")) -> NvidiaGpus:
    """The NVIDIA GPUs that a job with `environ` can see; none of them where there are none.

    Raises MeasurementError where one is there and cannot be read, unless `optional` or hidden from the job.
    """
    try:
        import pynvml as nvml  # noqa: PLC0415  it comes with the extra `run`
    except ImportError as error:
        return _without(error, environ, optional=optional, root=root)
    try:
        nvml.nvmlInit()
        cards = [_card(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    except (nvml.NVMLError, OSError) as error:
        return _without(error, environ, optional=optional, root=root)
    visible = visible_cards([card for card, _ in cards], environ) if cards else Visible(indices=())
    devices, skipped = [], []
    for card, handle in cards:
        try:
            devices += [_device(nvml, card, handle)] if card.index in visible.indices else []
        except MeasurementError as error:
            if not optional:
                raise
            skipped.append(f"not counted: {error.message}")
    return NvidiaGpus(nvml, devices, (*visible.warnings, *skipped, *_notes(nvml, devices)))


def _without(error: Exception, environ: Mapping[str, str], *, optional: bool, root: Path) -> NvidiaGpus:
    found = host_gpus(root)
    if not found or is_hidden(environ):
        return NvidiaGpus(_Nothing, [], ())
    problem = unreadable(found, error, root)
    if not optional:
        raise problem from error
    return NvidiaGpus(_Nothing, [], (f"not counted: {problem.message}",))


def _card(nvml: Any, index: int) -> tuple[Card, Any]:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    name, uuid = _words(nvml.nvmlDeviceGetName(handle)), _words(nvml.nvmlDeviceGetUUID(handle))
    return Card(index=index, name=name, uuid=uuid, mig_uuids=_mig_uuids(nvml, handle)), handle


def _mig_uuids(nvml: Any, handle: Any) -> tuple[str, ...]:
    """UUIDs of the card's MIG slices; none where the driver or the card knows no MIG."""
    found = []
    try:
        for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            try:
                found.append(_words(nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number))))
            except nvml.NVMLError:
                continue  # a slot without a slice
    except (AttributeError, nvml.NVMLError):
        return ()
    return tuple(found)


def _device(nvml: Any, card: Card, handle: Any) -> CountedGpu:
    """Raises MeasurementError for a card that states neither energy nor power, as some vGPUs do."""
    gpu = Gpu(index=card.index, name=card.name, uuid=card.uuid)
    errors = (nvml.NVMLError, OSError, RuntimeError)
    try:
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except errors:
        try:
            nvml.nvmlDeviceGetPowerUsage(handle)
        except errors as error:
            raise MeasurementError(
                f"GPU {card.index} ({card.name}) states neither its energy nor its power: {error}",
                hint="a virtual GPU often does not; measure on a whole one, or hide it with CUDA_VISIBLE_DEVICES=",
            ) from error
        return CountedGpu(gpu=gpu, handle=handle, has_counter=False)
    return CountedGpu(gpu=gpu, handle=handle, has_counter=True)


def _notes(nvml: Any, devices: list[CountedGpu]) -> tuple[str, ...]:
    notes = []
    for device in devices:
        if not device.has_counter:
            notes.append(f"GPU {device.gpu.index} has no energy counter: its power is sampled")
        try:
            others = len(nvml.nvmlDeviceGetComputeRunningProcesses(device.handle))
        except (AttributeError, nvml.NVMLError):
            continue
        if others:
            notes.append(
                f"GPU {device.gpu.index} is used by {others} other process{'es' if others > 1 else ''}: "
                "their energy is counted too"
            )
    return tuple(notes)


def _method(devices: list[CountedGpu]) -> Method | None:
    if not devices:
        return None
    return Method.COUNTER if all(device.has_counter for device in devices) else Method.SAMPLED_POWER


def _driver(nvml: Any) -> str | None:
    try:
        return _words(nvml.nvmlSystemGetDriverVersion())
    except (AttributeError, nvml.NVMLError):
        return None


def _words(text: Any) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
