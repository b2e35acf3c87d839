"""Count the energy of the GPUs that a job can see, through their vendors' libraries.

CodeCarbon needs `nvidia-smi` or `rocm-smi` on PATH, drops every GPU of an interval when one fails, books 0 W for a
failed reading, and samples a GPU without energy counter once a second, in step with the load (-56 % seen). Here a GPU
with a counter is read as the difference of its counter; one without has its power sampled at 11 Hz, at irregular
moments.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.gpu.amd import open_amd
from carbon_lint.measurement.gpu.library import PLAUSIBLE_W, GpuLibrary, ListedGpu
from carbon_lint.measurement.gpu.nvidia import open_nvidia
from carbon_lint.measurement.gpu.sharing import not_ours, others, roots
from carbon_lint.measurement.gpu.visible import CUDA, HIP, ROCR, hides
from carbon_lint.measurement.job.ranks import local_rank
from carbon_lint.records.record import Gpu, Method
from carbon_lint.units import JOULES_PER_KWH

_MJ_PER_KWH = 1000 * JOULES_PER_KWH
# Between two samples.
_SAMPLE_MIN_S, _SAMPLE_MAX_S = 0.075, 0.11
# A counter moves every 20 to 100 ms. One that stands still so long while power is drawn is broken.
_STANDSTILL_S = 5.0
_STANDSTILL_W = 1.0
# A power reading older than this does not count.
_STALE_S = 1.0
# Between two looks at who is on a GPU, and at its power: a look costs two calls of the library per GPU.
_LOOK_EVERY_S = 10.0
# Looks, before their mean power is compared with the counter's; and how far the two may lie apart: the load varies.
_LEAST_LOOKS = 12
_APART = 3.0
# After two looks only a wrong unit stands out from a load that varies.
_FEW_LOOKS = 2
_FAR_APART = 100.0
_WAKE_S = 1.0  # a GPU that was asleep may state 0 W at the first question


@dataclass(slots=True, kw_only=True)
class CountedGpu:
    """One GPU that is counted."""

    listed: ListedGpu
    library: GpuLibrary
    has_counter: bool
    is_shared: bool = False
    seen_w: float = 0.0
    looks: int = 0
    energy_kwh: float = 0.0
    counter_mj: float = 0.0
    moved_s: float = 0.0
    watts: float = 0.0
    sampled_s: float = 0.0
    problem: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __str__(self) -> str:
        return f"{self.library.label} {self.listed.index}"

    def process_ids(self) -> set[int]:
        """Return the ids of the processes on any part of the GPU."""
        return {pid for handle in (self.listed.handle, *self.listed.dies) for pid in self.library.process_ids(handle)}


class Gpus:
    """The GPUs that the job can see. `start`, then `read` by one thread, then `stop`.

    `libraries` are what `close` gives back, `roots` those from whom the job's processes descend. Without `is_threaded`
    the caller calls `sample` at least ten times a second.
    """

    def __init__(
        self,
        devices: Sequence[CountedGpu] = (),
        warnings: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        libraries: Sequence[GpuLibrary] = (),
        roots: Sequence[int] = (),
        is_threaded: bool = True,
    ) -> None:
        self._devices = tuple(devices)
        self._clock = clock
        self._libraries = tuple(libraries)
        self._roots = tuple(roots)
        self._began_s = 0.0
        self._sampled = [device for device in devices if not device.has_counter]
        self._is_threaded = is_threaded
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked_s = 0.0
        # `None` without GPUs.
        self.method = None if not devices else Method.SAMPLED_POWER if self._sampled else Method.COUNTER
        self.warnings = warnings  # what a reader of the number should know; may grow while it counts
        self.last_failure: str | None = None  # why the last `read` gave nothing
        self.read_kwh: tuple[float, ...] = ()  # by GPU, as of the last `read` that gave something; empty before
        used = [library for library in libraries if any(device.library is library for device in devices)]
        self.drivers = dict(stated for library in used if (stated := library.driver()) is not None)

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """Return those that are counted, without their energy."""
        return tuple(replace(device.listed.gpu, is_shared=device.is_shared) for device in self._devices)

    def counted(self, read_kwh: Sequence[float], pue: float) -> tuple[Gpu, ...]:
        """Return those that are counted, with their energy in it if `read_kwh` (an earlier value of ours) holds it."""
        if not read_kwh:
            return self.gpus
        return tuple(replace(gpu, energy_kwh=kwh * pue) for gpu, kwh in zip(self.gpus, read_kwh, strict=True))

    def start(self) -> None:
        """Begin to count. Raises MeasurementError if a GPU answers no longer."""
        self._began_s = self._looked_s = self._clock()
        for device in self._devices:
            device.moved_s = device.sampled_s = self._clock()
            try:
                if device.has_counter:
                    device.counter_mj = device.library.energy_mj(device.listed.handle)
                else:
                    device.watts = device.library.power_w(device.listed.handle)
            except device.library.errors as error:
                raise MeasurementError(f"{device} ({device.listed.name}) cannot be read: {_text(error)}") from error
        if self._sampled and self._is_threaded:
            self._thread = threading.Thread(target=self._sample_until_ended, name="gpu-power", daemon=True)
            self._thread.start()

    def read(self) -> float | None:
        """Return the energy in kWh since `start`, all GPUs; `None` if one of them could not be read."""
        now_s = self._clock()
        problems = [_advance(device, now_s) for device in self._devices]
        self.last_failure = next((problem for problem in problems if problem is not None), None)
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._look(now_s)
        if self.last_failure is not None:
            return None
        so_far_kwh = tuple(_so_far_kwh(device, now_s) for device in self._devices)
        # Never back: what was added since the last sample may turn out to have been less.
        self.read_kwh = tuple(map(max, so_far_kwh, self.read_kwh)) if self.read_kwh else so_far_kwh
        return sum(self.read_kwh)

    def stop(self) -> None:
        """End the sampling and give the libraries back."""
        self._end_sampling()
        self._look(self._clock())
        self.warnings += tuple(self._each_in_full(self._clock() - self._began_s))
        self.close()

    def close(self) -> None:
        """End the sampling and give the libraries back, without a last look."""
        self._end_sampling()
        for library in self._libraries:
            library.close()

    def _end_sampling(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=_STALE_S)

    def sample(self) -> None:
        """Take one power sample of each GPU without counter. The thread calls it; so does a test with its own clock."""
        for device in self._sampled:
            try:
                watts = device.library.power_w(device.listed.handle)
            except device.library.errors as error:
                device.problem = f"the power of {device} cannot be read: {_text(error)}"
                continue
            with device.lock:
                now_s = self._clock()
                # Trapezoid between two samples, also across a gap, of which `read` has warned.
                device.energy_kwh += (device.watts + watts) / 2 * (now_s - device.sampled_s) / JOULES_PER_KWH
                device.watts, device.sampled_s, device.problem = watts, now_s, None

    def _sample_until_ended(self) -> None:
        gaps_s = sample_gaps_s()
        while not self._ended.is_set():
            time.sleep(next(gaps_s))  # an event's own wait takes twice the CPU time
            self.sample()

    def _look(self, now_s: float) -> None:
        """Mark the GPUs that others than the job use, with one warning a GPU. Read how much power they draw."""
        self._looked_s = now_s
        for device in self._devices:
            if device.has_counter:
                with contextlib.suppress(*device.library.errors):
                    device.seen_w += device.library.power_w(device.listed.handle)
                    device.looks += 1
            if not device.is_shared and (count := len(others(device.process_ids(), self._roots))):
                device.is_shared = True
                who = f"{_processes(count)} that the job did not start"
                self.warnings = (*self.warnings, f"{device} is used by {who}: their energy is counted too")

    def _each_in_full(self, elapsed_s: float) -> Iterator[str]:
        """Yield a warning for each counter that goes too slowly or too fast: it would pass every other check."""
        for device in self._devices:
            if device.looks < _FEW_LOOKS or not device.seen_w:
                continue
            apart = _APART if device.looks >= _LEAST_LOOKS else _FAR_APART
            counted_w, seen_w = device.energy_kwh * JOULES_PER_KWH / elapsed_s, device.seen_w / device.looks
            if not seen_w / apart <= counted_w <= seen_w * apart:
                yield (
                    f"the energy counter of {device} makes {counted_w:.0f} W on average and its power sensor "
                    f"{seen_w:.0f} W: the two disagree, possibly because the load varied in step with the samples; "
                    "the counter was used"
                )


def _advance(device: CountedGpu, now_s: float) -> str | None:
    """Bring a device's energy up to date, and return what is wrong with it; `None` if nothing is."""
    if device.has_counter:
        return device.problem or _advance_counter(device, now_s)
    with device.lock:
        if now_s - device.sampled_s <= _STALE_S:
            return None
        return device.problem or f"the power of {device} was last read {now_s - device.sampled_s:.1f} s ago"


def _advance_counter(device: CountedGpu, now_s: float) -> str | None:
    name = f"the energy counter of {device}"
    try:
        now_mj = device.library.energy_mj(device.listed.handle)
    except device.library.errors as error:
        return f"{name} cannot be read: {_text(error)}"
    moved_mj = now_mj - device.counter_mj
    if moved_mj == 0:
        return _standstill(device, now_s, name)
    seconds = max(1.0, now_s - device.moved_s)
    if moved_mj < 0 or moved_mj / 1000 > PLAUSIBLE_W * seconds:
        # What was drawn around the jump is lost for good, so every later figure would be wrong too.
        device.problem = f"{name} jumped by {moved_mj / 1000:.0f} J in {seconds:.0f} s"
        return device.problem
    device.energy_kwh += moved_mj / _MJ_PER_KWH
    device.counter_mj, device.moved_s = now_mj, now_s
    return None


def _standstill(device: CountedGpu, now_s: float, name: str) -> str | None:
    if now_s - device.moved_s < _STANDSTILL_S:
        return None
    try:
        watts = device.library.power_w(device.listed.handle)
    except device.library.errors:
        return f"{name} stands still, and its power cannot be read"
    return f"{name} stands still at {watts:.0f} W" if watts > _STANDSTILL_W else None


def _so_far_kwh(device: CountedGpu, now_s: float) -> float:
    """Return the energy with what a sampled GPU has drawn since its last sample.

    It takes the last sample's power: one more sample at every reading would follow the rhythm of the readings, and a
    load in step with it would be counted wrongly (+1.7 % seen).
    """
    if device.has_counter:
        return device.energy_kwh
    with device.lock:
        return device.energy_kwh + device.watts * max(0.0, now_s - device.sampled_s) / JOULES_PER_KWH


def sample_gaps_s() -> Iterator[float]:
    """Yield seconds between power samples, without end: 11 Hz on average, so no rhythm of a load can keep step."""
    spread = random.Random(0)  # noqa: S311  irregular moments, nothing to guess
    while True:
        yield spread.uniform(_SAMPLE_MIN_S, _SAMPLE_MAX_S)


def open_gpus(environ: Mapping[str, str], *, optional: bool = False, root: Path = Path("/")) -> Gpus:
    """Return the GPUs that a job with `environ` can see.

    Raises MeasurementError if one is there and cannot be read, unless `optional` or hidden from the job.
    """
    nvidia = open_nvidia(environ, optional=optional, root=root)
    amd = open_amd(environ, reads_cuda=not nvidia.is_present, optional=optional, root=root)
    devices: list[CountedGpu] = []
    notes = [] if nvidia.is_present or amd.is_present else list(_missing(environ))
    libraries: list[GpuLibrary] = []
    for opened in (nvidia, amd):
        notes += opened.warnings
        if opened.library is None:
            continue
        libraries.append(opened.library)
        for listed in opened.gpus:
            try:
                devices.append(_device(opened.library, listed))
            except MeasurementError as error:
                if not optional:
                    raise
                notes.append(f"not counted: {error.message}")
    # A rank of a launcher's measures for all of its node: the others' processes are the job's.
    ours = roots(is_launched=local_rank(environ) is not None)
    return Gpus(devices, (*notes, *_notes(devices, ours)), libraries=libraries, roots=ours)


def _missing(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each variable that names a GPU, as none can be seen: under WSL a GPU is on no bus."""
    for name in (CUDA, ROCR, HIP):
        value = environ.get(name)
        if value and not hides(value):
            yield f"{name}={value} names a GPU for the job, and none can be seen here: no GPU is counted"


def _device(library: GpuLibrary, listed: ListedGpu) -> CountedGpu:
    """Raise MeasurementError for a GPU that states neither energy nor power, as some vGPUs do."""
    has_counter = listed.has_sound_counter and _states_energy(library, listed.handle)
    if not has_counter:
        problem = _power_problem(library, listed.handle)
        if problem is not None:
            name = f"{library.label} {listed.index} ({listed.name})"
            raise MeasurementError(
                f"{name} states neither its energy nor its power: {problem}",
                hint=f"a virtual GPU often does not; measure on a whole one, or hide it with {library.hidden_by}",
            )
    return CountedGpu(listed=listed, library=library, has_counter=has_counter)


def _power_problem(library: GpuLibrary, handle: Any) -> str | None:
    try:
        if library.power_w(handle) > 0:
            return None
        time.sleep(_WAKE_S)
        return None if library.power_w(handle) > 0 else "it states 0 W"
    except library.errors as error:
        return _text(error)


def _states_energy(library: GpuLibrary, handle: Any) -> bool:
    """Return whether a counter counts: one that is still at 0 does not, as the driver has drawn power to get so far."""
    try:
        return library.energy_mj(handle) > 0
    except library.errors:
        return False


def _notes(devices: Sequence[CountedGpu], ours: Sequence[int]) -> Iterator[str]:
    for device in devices:
        if not device.has_counter:
            yield f"{device} has no energy counter that can be trusted: its power is sampled"
        if count := len(not_ours(device.process_ids(), ours)):
            device.is_shared = True
            yield f"{device} is used by {_processes(count, 'other ')}: their energy is counted too"


def _processes(count: int, kind: str = "") -> str:
    return f"{count} {kind}process{'es' if count > 1 else ''}"


def _text(error: Exception) -> str:
    """Return it in one line; amdsmi's has two."""
    return " ".join(str(error).split())
