"""A stand-in for ROCm's `amdsmi` module with GPUs whose power is known at every moment.

Written from its Python interface in ROCm 5.7 to 7.0: names, keys, units, `N/A`, and what older versions lack. No AMD
GPU was used for it. `monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi([StubAmd(...)]))`.
"""

from __future__ import annotations

import math
import time
import types
from dataclasses import dataclass, field

NOT_SUPPORTED, NO_PERM, NOT_INIT, DRIVER_NOT_LOADED = 2, 10, 32, 34
RESOLUTION_UJ = 15.259


class AmdSmiException(Exception):  # noqa: N818  amdsmi's own name
    pass


class AmdSmiLibraryException(AmdSmiException):
    def __init__(self, err_code):
        super().__init__(err_code)
        self.err_code = err_code

    def __str__(self):
        return f"Error code:\n\t{self.err_code} | AMDSMI_STATUS - made"


@dataclass
class StubAmd:
    """`watts` plus a burst of `burst_watts` for half of every `period_s`; `power_keys`: which of them hold it."""

    watts: float = 300.0
    burst_watts: float = 0.0
    period_s: float = 1.0
    name: str = "AMD Instinct MI300X"
    serial: str = "0xB4FF740F11223344"
    device_id: str = "0x74a1"
    bdf: str = "0000:c1:00.0"
    hip_id: int | None = None
    has_counter: bool = True
    counter_start: int = 987_654_321
    counter_key: str = "energy_accumulator"
    counter_step_s: float = 0.001
    power_keys: tuple = ("current_socket_power",)
    other_power: object = "N/A"  # what the other keys hold
    is_second_die: bool = False
    is_stuck: bool = False
    lost: list = field(default_factory=list)
    pids: list = field(default_factory=list)
    held: int = 1 << 30

    def power_w(self, at_s):
        return self.watts + (self.burst_watts if at_s % self.period_s < self.period_s / 2 else 0.0)

    def energy_j(self, until_s):
        """Integral of `power_w` from 0."""
        periods, rest = divmod(until_s, self.period_s)
        return self.watts * until_s + self.burst_watts * (periods * self.period_s / 2 + min(rest, self.period_s / 2))


class StubAmdsmi(types.ModuleType):
    """`version`: 7 has everything, 6 no enumeration, 5 no numbering at all."""

    AmdSmiException = AmdSmiException
    AmdSmiLibraryException = AmdSmiLibraryException

    def __init__(self, gpus, clock=time.monotonic, *, version=7, init_error=None):
        super().__init__("amdsmi")
        self.gpus = list(gpus)
        self.clock = clock
        self.init_error = init_error
        self.born_s = clock()
        self.inits = 0
        self.is_forgotten = False
        self.calls = 0
        if version < 7:
            self.amdsmi_get_gpu_enumeration_info = None
        if version < 6:
            self.amdsmi_get_gpu_kfd_info = None

    @property
    def now_s(self):
        return self.clock() - self.born_s

    def _gpu(self, handle):
        self.calls += 1
        if self.is_forgotten:
            raise AmdSmiLibraryException(NOT_INIT)
        gpu = self.gpus[handle]
        if gpu.lost and any(start <= self.now_s < end for start, end in gpu.lost):
            raise AmdSmiLibraryException(NO_PERM)
        return gpu

    def amdsmi_init(self):
        if self.init_error is not None:
            raise self.init_error
        self.inits += 1
        self.is_forgotten = False

    def amdsmi_shut_down(self):
        pass

    def amdsmi_get_processor_handles(self):
        return list(range(len(self.gpus)))

    def amdsmi_get_gpu_device_bdf(self, handle):
        return self.gpus[handle].bdf

    def amdsmi_get_gpu_device_uuid(self, handle):
        serial = self.gpus[handle].serial
        return (
            f"{'00' if serial == 'N/A' else serial[2:4].lower()}ff74a1-0000-1000-80{serial[-2:].lower()}-000000000000"
        )

    def amdsmi_get_gpu_asic_info(self, handle):
        gpu = self.gpus[handle]
        return {"market_name": gpu.name, "device_id": gpu.device_id, "asic_serial": gpu.serial, "oam_id": "N/A"}

    def amdsmi_get_gpu_enumeration_info(self, handle):
        gpu = self.gpus[handle]
        hip_id = handle if gpu.hip_id is None else gpu.hip_id
        return {"drm_render": 128 + handle, "hip_id": hip_id, "hip_uuid": f"GPU-{gpu.serial[2:].lower()}"}

    def amdsmi_get_gpu_kfd_info(self, handle):
        gpu = self.gpus[handle]
        return {"kfd_id": 1, "node_id": 2 + (handle if gpu.hip_id is None else gpu.hip_id)}

    def amdsmi_get_gpu_driver_info(self, handle):
        return {"driver_name": "amdgpu", "driver_version": "6.12.12", "driver_date": "2025/01/01"}

    def amdsmi_get_power_info(self, handle):
        gpu = self._gpu(handle)
        answer = dict.fromkeys(("socket_power", "current_socket_power", "average_socket_power"), gpu.other_power)
        watts = 0 if gpu.is_second_die else round(gpu.power_w(self.now_s))
        for key in gpu.power_keys:
            answer[key] = watts
        return answer

    def amdsmi_get_gpu_metrics_info(self, handle):
        self._gpu(handle)
        return {"average_socket_power": "N/A", "current_socket_power": "N/A", "energy_accumulator": "N/A"}

    def amdsmi_get_energy_count(self, handle):
        gpu = self._gpu(handle)
        if not gpu.has_counter:
            raise AmdSmiLibraryException(NOT_SUPPORTED)
        at_s = 0.0 if gpu.is_stuck else math.floor(self.now_s / gpu.counter_step_s) * gpu.counter_step_s
        moved = round(gpu.energy_j(at_s) * 1e6 / RESOLUTION_UJ)
        count = 0 if gpu.is_second_die else gpu.counter_start + moved
        return {gpu.counter_key: count, "counter_resolution": RESOLUTION_UJ, "timestamp": round(at_s * 1e9)}

    def amdsmi_get_gpu_process_list(self, handle):
        gpu = self._gpu(handle)
        return [
            {"name": "python", "pid": pid, "mem": gpu.held, "memory_usage": {"vram_mem": gpu.held}} for pid in gpu.pids
        ]


def mi250(number, **changes):
    """One card: its two dies."""
    shared = {"name": "AMD Instinct MI250X", "device_id": "0x7408", "power_keys": ("average_socket_power",), **changes}
    return [
        StubAmd(serial=f"0xB4FF740F112233{number:x}0", bdf=f"0000:{0xC0 + number:x}:00.0", **shared),
        StubAmd(
            serial=f"0xB4FF740F112233{number:x}1", bdf=f"0000:{0xC8 + number:x}:00.0", is_second_die=True, **shared
        ),
    ]
