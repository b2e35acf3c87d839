"""Replays a recording behind the meter's protocol: no sensor, no CodeCarbon, any clock.

A recorded GPU is played to the very code that reads a real one (`gpu.counting`), at the boundary of its library.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from carbon_lint.measurement.gpu.counting import CountedGpu, Gpus, sample_gaps_s
from carbon_lint.measurement.gpu.library import ListedGpu
from carbon_lint.measurement.meter import Reading
from carbon_lint.records.intensity import intensity_of
from carbon_lint.records.record import Energy, Hardware, Method, Methods

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from benchmarks.replay.trace import Series, Trace
    from carbon_lint.places import Place

_J_PER_KWH = 3.6e6
# A real counter moves in steps of 20 to 100 ms.
_COUNTER_STEP_S = 0.1


class VirtualClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """The time now, in s."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.now_s += seconds


class ScaledClock:
    """The real clock, `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._born_s = time.monotonic()

    def __call__(self) -> float:
        """The time now, in s."""
        return (time.monotonic() - self._born_s) * self._speed


class _Recorded:
    """A vendor's library that answers from a series. `at_s`: where in the recording we are."""

    label = "GPU"
    hidden_by = "nothing"
    errors = (OSError,)

    def __init__(self, series: Series) -> None:
        self._series = series
        self.at_s = 0.0

    def energy_mj(self, handle: object) -> float:
        """In the steps of a real counter."""
        del handle
        return round(1000 * self._series.energy_j(self.at_s // _COUNTER_STEP_S * _COUNTER_STEP_S))

    def power_w(self, handle: object) -> float:
        """As recorded."""
        del handle
        return self._series.power_w(self.at_s)

    def process_ids(self, handle: object) -> Collection[int]:
        """None was recorded."""
        del handle
        return ()

    def driver(self) -> tuple[str, str] | None:
        """None was recorded."""
        return None

    def close(self) -> None:
        """Nothing is open."""


class ReplayMeter:
    """Counts what `trace` recorded, by `clock`.

    Args:
        trace: what to replay.
        place: where its energy came from; `None` for energy only.
        pue: power usage effectiveness, at least 1.
        gpu_method: `counter`, or `sampled-power` as of a GPU without counter.
        clock: seconds; a `VirtualClock` is moved by the caller.
    """

    def __init__(
        self,
        trace: Trace,
        place: Place | None,
        *,
        pue: float = 1.0,
        gpu_method: Method = Method.COUNTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.intensity = None if place is None else intensity_of(place)
        self.pue = pue
        self.assumptions = None
        self.software = {"replay": trace.name or "a recording"}
        self.warnings = ("replayed from a recording, not measured here",)
        self.last_failure: str | None = None
        self._trace = trace
        self._clock = clock
        self._started_s = 0.0
        self._now_s = 0.0
        self._gaps_s = sample_gaps_s()
        self._sample_s = next(self._gaps_s)  # when the next one is due
        self._others = {name: series for name, series in trace.series.items() if name != "gpu"}
        self._library = _Recorded(trace.series["gpu"]) if "gpu" in trace.series else None
        self._gpus = _recorded_gpus(self._library, trace, gpu_method, lambda: self._now_s)
        methods = dict.fromkeys(self._others, Method.COUNTER)
        self.methods = Methods(**methods, gpu=self._gpus.method)
        self._gpu_kwh: tuple[float, ...] = ()

    @property
    def hardware(self) -> Hardware:
        """The recorded GPU, with its energy as of the last reading."""
        return Hardware(gpus=self._gpus.counted(self._gpu_kwh, self.pue))

    def start(self) -> None:
        """Begin at the recording's first sample."""
        self._started_s = self._clock()
        self._gpus.start()

    def read(self) -> Reading | None:
        """What the recording had used by now. After its end nothing is added."""
        self._play(self._clock() - self._started_s)
        gpu_kwh = self._gpus.read()
        self.last_failure = self._gpus.last_failure
        if gpu_kwh is None:
            return None
        kwh = {name: series.energy_j(self._now_s) / _J_PER_KWH * self.pue for name, series in self._others.items()}
        if self._library is not None:
            kwh["gpu"] = gpu_kwh * self.pue
        self._gpu_kwh = self._gpus.read_kwh
        return self._reading(kwh)

    def note_job_cpu(self, seconds: float | None, *, outside: str | None) -> None:
        """Do nothing: what was recorded is counted."""

    def stop(self) -> Reading | None:
        """The last reading."""
        return self.read()

    def _play(self, until_s: float) -> None:
        """Bring the recording forward, taking each power sample on the way where the GPU has no counter."""
        if self._library is None:
            self._now_s = until_s
            return
        while self._gpus.method is Method.SAMPLED_POWER and self._sample_s <= until_s:
            self._now_s = self._library.at_s = self._sample_s
            self._gpus.sample()
            self._sample_s += next(self._gaps_s)
        self._now_s = self._library.at_s = until_s

    def _reading(self, kwh: dict[str, float]) -> Reading:
        total_kwh = sum(kwh.values())
        return Reading(
            elapsed_s=self._now_s,
            energy_kwh=Energy(total=total_kwh, **kwh),
            emissions_g=None if self.intensity is None else total_kwh * self.intensity.g_per_kwh,
        )


def _recorded_gpus(library: _Recorded | None, trace: Trace, method: Method, clock: Callable[[], float]) -> Gpus:
    if library is None:
        return Gpus(clock=clock)
    listed = ListedGpu(index=0, name=trace.name or "recorded GPU", uuid=None, handle=0)
    device = CountedGpu(listed=listed, library=library, has_counter=method is Method.COUNTER)
    return Gpus([device], (), clock, libraries=[library], is_threaded=False)
