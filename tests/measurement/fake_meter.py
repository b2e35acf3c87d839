"""A meter with a known power and intensity, so that tests of the loop need no CodeCarbon. Same protocol."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Energy, Hardware, Intensity, Method, Methods

FRANCE = Intensity(g_per_kwh=56.0, source="a test", year=2023, location="FRA", location_name="France")


class FakeMeter:
    """`power_w` all the time; readings whose number is in `failing` are missed. `clock` may be replaced."""

    def __init__(self, power_w=3_600_000.0, *, intensity=FRANCE, failing=(), distort=None, clock=time.monotonic):
        # 3.6 MW are 1 Wh a ms: budgets of a few kWh are over within seconds
        self.power_w = power_w
        self.intensity = intensity
        self.pue = 1.0
        # So many may draw ten times 3.6 MW: on a busy machine the meter runs longer than the job is seen to.
        self.hardware = Hardware(cpu_model="a test", cpu_count=1_000_000, ram_gb=8.0)
        self.methods = Methods(cpu=Method.COUNTER, ram=Method.CONSTANT)
        self.software = {"fake": "1"}
        self.assumptions = None
        self.warnings = ()
        self.last_failure = None
        self.failing = failing
        self.distort = distort
        self.reads = 0
        self.is_stopped = False
        self._clock = clock
        self._started = 0.0

    def start(self):
        self._started = self._clock()

    def read(self):
        self.reads += 1
        return None if self.reads in self.failing else self._reading()

    def note_job_cpu(self, seconds, *, outside):
        self.noted = (seconds, outside)

    def stop(self):
        self.is_stopped = True
        return self._reading()

    def _reading(self):
        elapsed_s = max(self._clock() - self._started, 1e-3)
        total = self.power_w * elapsed_s / 3_600_000
        energy = Energy(total=total, cpu=total * 0.75, ram=total * 0.25)
        grams = None if self.intensity is None else total * self.intensity.g_per_kwh
        reading = Reading(elapsed_s=elapsed_s, energy_kwh=energy, emissions_g=grams)
        return self.distort(reading) if self.distort else reading


class PatientMeter(FakeMeter):
    """Next to nothing until the job has made a file `ready`: no budget is exceeded before a slow machine got so far."""

    def _reading(self):
        reading = super()._reading()
        if Path("ready").exists():
            return reading
        self._started = self._clock()
        energy = Energy(total=4e-9, cpu=3e-9, ram=1e-9)
        return replace(reading, energy_kwh=energy, emissions_g=4e-9 * self.intensity.g_per_kwh)
