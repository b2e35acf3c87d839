"""Read NVIDIA GPUs through NVML."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from carbon_lint.measurement.gpu.host import host_gpus, unreadable
from carbon_lint.measurement.gpu.library import PLAUSIBLE_W, Opened, unread
from carbon_lint.measurement.gpu.visible import CUDA, NvidiaGpu, is_hidden, visible_gpus


class Nvml:
    """NVML behind `GpuLibrary`'s calls. `nvml` is the module `pynvml`, initialised."""

    label = "GPU"
    hidden_by = CUDA

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Of NVML, and of its library that went away."""
        nvml_error: type[Exception] = self._nvml.NVMLError
        return (nvml_error, OSError, RuntimeError)

    def energy_mj(self, handle: Any) -> float:
        """Return the energy since the driver was loaded; Volta and later have such a counter."""
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle))

    def power_w(self, handle: Any) -> float:
        """Return the power of the whole GPU. Raises RuntimeError if no GPU draws so much."""
        watts = float(self._nvml.nvmlDeviceGetPowerUsage(handle)) / 1000
        if not 0 <= watts <= PLAUSIBLE_W:
            raise RuntimeError(f"it states {watts:.0f} W, which no card draws")
        return watts

    def process_ids(self, handle: Any) -> Collection[int]:
        """Return the ids of those that compute, not a desktop's."""
        with contextlib.suppress(*self.errors, AttributeError):
            return frozenset(process.pid for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle))
        return frozenset()

    def driver(self) -> tuple[str, str] | None:
        """Return the version of `nvidia-driver`."""
        with contextlib.suppress(*self.errors, AttributeError):
            return "nvidia-driver", _words(self._nvml.nvmlSystemGetDriverVersion())
        return None

    def close(self) -> None:
        """Shut NVML down."""
        with contextlib.suppress(*self.errors):
            self._nvml.nvmlShutdown()


def open_nvidia(environ: Mapping[str, str], *, optional: bool, root: Path) -> Opened:
    """Return the NVIDIA GPUs that a job with `environ` can see.

    Raises MeasurementError if one is there and cannot be read, unless `optional` or hidden from the job.
    """
    try:
        import pynvml as nvml  # noqa: PLC0415  it comes with the extra `run`
    except ImportError as error:
        return _without(error, environ, optional=optional, root=root)
    try:
        nvml.nvmlInit()
        gpus = [_listed(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    except (nvml.NVMLError, OSError) as error:
        return _without(error, environ, optional=optional, root=root)
    if not gpus:
        return Opened(library=Nvml(nvml))
    indices, warnings = visible_gpus(gpus, environ)
    visible = tuple(gpu for gpu in gpus if gpu.index in indices)
    return Opened(library=Nvml(nvml), gpus=visible, warnings=warnings, is_present=True)


def _without(error: Exception, environ: Mapping[str, str], *, optional: bool, root: Path) -> Opened:
    found = host_gpus(root)
    if not found or is_hidden(environ):
        return Opened(is_present=bool(found))
    return unread(unreadable(found, error, root), error, optional=optional)


def _listed(nvml: Any, index: int) -> NvidiaGpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    name, uuid = _words(nvml.nvmlDeviceGetName(handle)), _words(nvml.nvmlDeviceGetUUID(handle))
    return NvidiaGpu(index=index, name=name, uuid=uuid, handle=handle, mig_uuids=_mig_uuids(nvml, handle))


def _mig_uuids(nvml: Any, handle: Any) -> tuple[str, ...]:
    """Return the UUIDs of the GPU's MIG slices; none if the driver or the GPU knows no MIG."""
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


def _words(text: Any) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
