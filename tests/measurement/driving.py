"""GPUs of a stub, driven through virtual time as the thread and the loop drive them."""

from __future__ import annotations

import random

from carbon_lint.measurement.gpu.counting import open_gpus


class Clock:
    """Virtual seconds."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def virtual(machine, *devices, environ=None):
    """`machine(*devices, clock=...)` puts them into this machine; its GPUs, started, and their clock."""
    clock = Clock()
    machine(*devices, clock=clock)
    gpus = open_gpus(environ or {})
    gpus._clock, gpus._is_threaded = clock, False
    gpus.start()
    return gpus, clock


def drive(gpus, clock, seconds, tick_s=1.0, step_s=0.05):
    """`seconds` of virtual time: samples at irregular moments of `step_s` on average, a reading every `tick_s`."""
    spread = random.Random(1)
    end_s, next_s = clock.now_s + seconds, clock.now_s + tick_s
    readings = []
    while clock.now_s < end_s:
        clock.now_s = min(clock.now_s + spread.uniform(0.6 * step_s, 1.4 * step_s), end_s)
        gpus.sample()
        if clock.now_s >= next_s:
            readings.append(gpus.read())
            next_s += tick_s
    return readings
