"""How far the energy that is counted lies from the energy that was drawn. No GPU is needed, none is claimed.

    python benchmarks/replay_energy.py [RECORDING ...]

* Recordings of power (CSV of nvidia-smi) are replayed at the NVML boundary, through the code that reads a real GPU, on
  a virtual clock: once as a GPU with an energy counter, once as one whose power is sampled. Without arguments the
  recordings beside the checkout are taken where they are there, and a made one.
* Loads in step with a 1 Hz sampler, where CodeCarbon was seen at -56 %.
* A day at one reading a second: seconds it takes, and bytes it keeps.

Limits: 1 % with a counter, 3 % with sampled power.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.replay.replay_meter import ReplayMeter, VirtualClock
from benchmarks.replay.trace import Series, Trace, load_trace, parse_trace
from carbon_lint.records.record import Method

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "traces" / "gpu-power.tar.xz"
LIMITS = {Method.COUNTER: 0.01, Method.SAMPLED_POWER: 0.03}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path)
    given = parser.parse_args().recordings
    traces = [(path.name, load_trace(path)) for path in given] or [*shared(), *made()]
    worst = 0.0
    print(f"{'recording':52}{'s':>7}{'Wh':>8}{'counter':>11}{'sampled':>11}")
    for name, trace in traces:
        errors = {method: error(trace, method) for method in LIMITS}
        worst = max(worst, *(abs(value) / LIMITS[method] for method, value in errors.items()))
        shown = "".join(f"{value:>+11.3%}" for value in errors.values())
        print(f"{name[:50]:52}{trace.duration_s:>7.0f}{trace.energy_j() / 3600:>8.1f}{shown}")
    day()
    return int(worst > 1)


def shared():
    if not SHARED.is_file():
        print(f"{SHARED} is not here: only made recordings are replayed")
        return
    with tarfile.open(SHARED) as archive:
        for member in archive:
            if member.isfile():
                yield member.name, parse_trace(archive.extractfile(member).read().decode(), member.name)


def made():
    """380 W and 120 W in turns: in step with a second, nearly so, and as fast as steps of a small model."""
    for period_s in (1.0, 1.37, 0.2):
        edges = []
        for number in range(round(600 / period_s)):
            start = number * period_s
            edges += [(start, 380.0), (start + 0.6 * period_s - 1e-3, 380.0)]
            edges += [(start + 0.6 * period_s, 120.0), (start + period_s - 1e-3, 120.0)]
        times, watts = zip(*edges, strict=True)
        yield f"made: bursts of {period_s:g} s", Trace(series={"gpu": Series(times, watts)})


def error(trace, method):
    """Relative error of the energy counted over the whole recording, at one reading a second."""
    clock = VirtualClock()
    meter = ReplayMeter(trace, None, gpu_method=method, clock=clock)
    meter.start()
    while clock.now_s < trace.duration_s + 1:
        clock.advance(1.0)
        reading = meter.read()
    return reading.energy_kwh.gpu * 3.6e6 / trace.energy_j() - 1


def day():
    clock = VirtualClock()
    meter = ReplayMeter(Trace(series={"gpu": Series((0.0, 86_400.0), (300.0, 300.0))}), None, clock=clock)
    meter.start()
    start = time.perf_counter()
    tracemalloc.start()
    for second in range(86_400):
        clock.advance(1.0)
        meter.read()
        if second == 3600:
            kept = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - kept
    print(f"a day of readings: {time.perf_counter() - start:.1f} s, {grown} bytes kept between hour 1 and hour 24")


if __name__ == "__main__":
    sys.exit(main())
