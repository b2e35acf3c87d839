"""A stand-in for the `pynvml` module with GPUs whose power is known at every moment.

In this process: `monkeypatch.setitem(sys.modules, "pynvml", StubNvml([StubGpu(...)]))`. In a child: put
`folder(tmp_path)` on PYTHONPATH and the GPUs, as JSON, into STUB_NVML.
"""

from __future__ import annotations

import json
import math
import time
import types
from dataclasses import dataclass, field

SHIM = """
import os, sys
sys.path.insert(0, {root!r})
from tests.measurement.stub_nvml import from_json
sys.modules[__name__] = from_json(os.environ["STUB_NVML"])
"""


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):  # noqa: N801, N818  NVML's own name
    pass


class NVMLError_GpuIsLost(NVMLError):  # noqa: N801, N818  NVML's own name
    pass


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801, N818  NVML's own name
    pass


class NVMLError_NoPermission(NVMLError):  # noqa: N801, N818  NVML's own name
    pass


@dataclass
class StubGpu:
    """`watts` plus a burst of `burst_watts` for half of every `period_s`. `lost`: spans of seconds without answer."""

    watts: float = 300.0
    burst_watts: float = 0.0
    period_s: float = 1.0
    name: str = "NVIDIA A100-SXM4-80GB"
    uuid: str = "GPU-4e817856-1fb8-192a-7ab7-0e0e4476c184"
    has_counter: bool = True
    has_power: bool = True
    is_stuck: bool = False
    counter_step_s: float = 0.1
    counter_start_mj: int = 123_456_789
    resets_at_s: float = math.inf
    lost: list = field(default_factory=list)
    mig: list = field(default_factory=list)
    pids: list = field(default_factory=list)

    def power_w(self, at_s):
        return self.watts + (self.burst_watts if at_s % self.period_s < self.period_s / 2 else 0.0)

    def energy_j(self, until_s):
        """Integral of `power_w` from 0."""
        periods, rest = divmod(until_s, self.period_s)
        burst_s = periods * self.period_s / 2 + min(rest, self.period_s / 2)
        return self.watts * until_s + self.burst_watts * burst_s


class StubNvml(types.ModuleType):
    NVMLError = NVMLError
    NVMLError_NotSupported = NVMLError_NotSupported
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, gpus, clock=time.monotonic, init_error=None):
        super().__init__("pynvml")
        self.gpus = list(gpus)
        self.clock = clock
        self.init_error = init_error
        self.born_s = clock()
        self.calls = 0

    @property
    def now_s(self):
        return self.clock() - self.born_s

    def _gpu(self, handle):
        gpu = self.gpus[handle]
        self.calls += 1
        if any(start <= self.now_s < end for start, end in gpu.lost):
            raise NVMLError_GpuIsLost("GPU is lost")
        return gpu

    def nvmlInit(self):
        if self.init_error is not None:
            raise self.init_error

    def nvmlShutdown(self):
        pass

    def nvmlSystemGetDriverVersion(self):
        return b"570.86.15"

    def nvmlDeviceGetCount(self):
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return self.gpus[handle].name

    def nvmlDeviceGetUUID(self, handle):
        return handle[1] if isinstance(handle, tuple) else self.gpus[handle].uuid

    def nvmlDeviceGetMaxMigDeviceCount(self, handle):
        return 7 if self.gpus[handle].mig else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle, number):
        if number >= len(self.gpus[handle].mig):
            raise NVMLError("Not Found")
        return ("mig", self.gpus[handle].mig[number])

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        gpu = self._gpu(handle)
        if not gpu.has_counter:
            raise NVMLError_NotSupported("Not Supported")
        now_s = self.now_s
        if gpu.is_stuck:
            return gpu.counter_start_mj
        at_s = math.floor(now_s / gpu.counter_step_s) * gpu.counter_step_s
        if now_s >= gpu.resets_at_s:
            return round(1000 * (gpu.energy_j(at_s) - gpu.energy_j(gpu.resets_at_s)))
        return gpu.counter_start_mj + round(1000 * gpu.energy_j(at_s))

    def nvmlDeviceGetPowerUsage(self, handle):
        gpu = self._gpu(handle)
        if not gpu.has_power:
            raise NVMLError_NotSupported("Not Supported")
        return round(1000 * gpu.power_w(self.now_s))

    def nvmlDeviceGetEnforcedPowerLimit(self, handle):
        return 400_000

    def nvmlDeviceGetMemoryInfo(self, handle):
        return types.SimpleNamespace(total=80 << 30, free=80 << 30, used=0)

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return 40

    def nvmlDeviceGetUtilizationRates(self, handle):
        return types.SimpleNamespace(gpu=50, memory=10)

    def nvmlDeviceGetComputeMode(self, handle):
        return 0

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return [types.SimpleNamespace(pid=pid, usedGpuMemory=1 << 30) for pid in self.gpus[handle].pids]

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle):
        return []


def from_json(text):
    return StubNvml([StubGpu(**gpu) for gpu in json.loads(text)])


def folder(tmp_path, root):
    """A folder with a `pynvml.py` for PYTHONPATH and an `nvidia-smi` for PATH."""
    made = tmp_path / "stub-nvml"
    made.mkdir()
    (made / "pynvml.py").write_text(SHIM.format(root=str(root)))
    smi = made / "nvidia-smi"
    smi.write_text("#!/bin/sh\nexit 0\n")
    smi.chmod(0o755)
    return made
