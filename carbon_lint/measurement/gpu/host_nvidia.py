"""Find out without its driver whether this machine has an NVIDIA GPU, and why it cannot be read.

Inside a container without the NVIDIA runtime the GPU of the host shows on the PCI bus, and NVML fails.
"""

from __future__ import annotations

from pathlib import Path

from carbon_lint.errors import MeasurementError
from carbon_lint.files import text_at
from carbon_lint.project import install_hint
from carbon_lint.text import plural

_NVIDIA = "0x10de"
_GPU_CLASSES = ("0x03",)  # PCI class 03: display controllers; NVIDIA's bridges, audio and USB parts are others
_OWN_HINT = "or require `none` to go on without the GPU (its energy is then not in the figure)"
_ACTION_HINT = (
    "start the container with `--gpus all` and NVIDIA_DRIVER_CAPABILITIES=compute,utility; GitHub passes no --gpus to "
    "a container action: make nvidia Docker's default runtime (`nvidia-ctk runtime configure --runtime=docker "
    "--set-as-default`, restart Docker), or use the in-job action"
)
_HINTS = {
    "NVMLError_DriverNotLoaded": "load the NVIDIA driver (`nvidia-smi` must work)",
    "NVMLError_NoPermission": "give this user access to /dev/nvidia* (group `video` or `render`)",
    "NVMLError_LibRmVersionMismatch": "the driver was updated while loaded: restart the machine",
}


def host_gpus(root: Path = Path("/")) -> tuple[str, ...]:
    """Return the PCI addresses of the NVIDIA GPUs that the kernel knows."""
    known = {folder.name for folder in (root / "proc/driver/nvidia/gpus").glob("*")}
    return tuple(sorted(known | on_bus(root, _NVIDIA, _GPU_CLASSES)))


def on_bus(root: Path, vendor: str, classes: tuple[str, ...]) -> set[str]:
    """Return the PCI addresses of a vendor's devices of these classes, as /sys writes both."""
    return {
        device.name
        for device in (root / "sys/bus/pci/devices").glob("*")
        if text_at(device / "vendor") == vendor and text_at(device / "class").startswith(classes)
    }


def in_container(root: Path = Path("/")) -> bool:
    """Return whether the usual marks of a container are there."""
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    return any(word in text_at(root / "proc/1/cgroup") for word in ("docker", "kubepods", "containerd", "libpod"))


def unreadable(found: tuple[str, ...], error: Exception, root: Path = Path("/")) -> MeasurementError:
    """Return the error for GPUs that are there and cannot be read: the cause, and what to do."""
    name = type(error).__name__
    hint = _HINTS.get(name)
    if isinstance(error, ImportError):
        hint = f"{install_hint('run')} brings nvidia-ml-py"
    elif hint is None and in_container(root):
        hint = _ACTION_HINT
    elif hint is None:
        hint = "install the NVIDIA driver, libnvidia-ml.so.1 included"
    gpus = f"{plural(len(found), 'NVIDIA GPU')} ({', '.join(found)})"
    return MeasurementError(
        f"this machine has {gpus} that cannot be read: {name}: {error}",
        hint=f"{hint}; {_OWN_HINT}",
    )
