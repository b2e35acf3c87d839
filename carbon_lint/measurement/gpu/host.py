"""Find out without a driver's library whether this machine has a GPU, and why it cannot be read.

Inside a container without the NVIDIA runtime the GPU of the host shows on the PCI bus, and NVML fails. AMD's compute
driver lists every GPU under /sys/class/kfd, in a container too; of one that the container is not given it refuses the
properties.
"""

from __future__ import annotations

import os
from pathlib import Path

from carbon_lint.errors import MeasurementError
from carbon_lint.files import text_at
from carbon_lint.project import install_hint
from carbon_lint.text import plural

# Of PCI, vendor and classes. 03: display controllers; NVIDIA's bridges, audio and USB parts are others. 12: processing
# accelerators, as an MI300X is.
_NVIDIA, _AMD = ("0x10de", ("0x03",)), ("0x1002", ("0x03", "0x12"))
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
# Version of the table in gpu_metrics, third byte: 1 for cards, 2 and 3 for graphics inside a CPU (kgd_pp_interface.h).
_FORMAT_AT = 2
_INTEGRATED_FORMATS = {2, 3}
_DRIVER_NOT_LOADED = 34  # AMDSMI_STATUS_DRIVER_NOT_LOADED
_AMD_OWN_HINT = (
    "if the job does not use it, HIP_VISIBLE_DEVICES=-1; or require `none` to go on without the GPU (its "
    "energy is then not in the figure)"
)
_CONTAINER_HINT = (
    "start the container with `--device=/dev/kfd --device=/dev/dri --group-add video --group-add render`; GitHub "
    "passes none of them to a container action: use the in-job action"
)
_PERMISSION_HINT = "sudo usermod -a -G render,video $USER, and log in again"
_MODULE_HINT = (
    "install ROCm's `amd-smi-lib`, or say where ROCm is with ROCM_PATH (its share/amd_smi is taken), or put the "
    "`amdsmi` of ROCm's version beside carbon-lint"
)
_LIBRARY_HINT = "install ROCm's `amd-smi-lib`, or say where ROCm is with ROCM_PATH"


def host_gpus(root: Path) -> tuple[str, ...]:
    """Return the PCI addresses of the NVIDIA GPUs that the kernel knows."""
    known = {folder.name for folder in (root / "proc/driver/nvidia/gpus").glob("*")}
    return tuple(sorted(known | _on_bus(root, *_NVIDIA)))


def _on_bus(root: Path, vendor: str, classes: tuple[str, ...]) -> set[str]:
    """Return the PCI addresses of a vendor's devices of these classes, as /sys writes both."""
    return {
        device.name
        for device in (root / "sys/bus/pci/devices").glob("*")
        if text_at(device / "vendor") == vendor and text_at(device / "class").startswith(classes)
    }


def in_container(root: Path) -> bool:
    """Return whether the usual marks of a container are there."""
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    return any(word in text_at(root / "proc/1/cgroup") for word in ("docker", "kubepods", "containerd", "libpod"))


def unreadable(found: tuple[str, ...], error: Exception, root: Path) -> MeasurementError:
    """Return the error for GPUs that are there and cannot be read: the cause, and what to do."""
    name = type(error).__name__
    driver = _ACTION_HINT if in_container(root) else "install the NVIDIA driver, libnvidia-ml.so.1 included"
    is_import = isinstance(error, ImportError)
    hint = f"{install_hint('run')} brings nvidia-ml-py" if is_import else _HINTS.get(name, driver)
    gpus = f"{plural(len(found), 'NVIDIA GPU')} ({', '.join(found)})"
    return MeasurementError(
        f"this machine has {gpus} that cannot be read: {name}: {error}",
        hint=f"{hint}; {_OWN_HINT}",
    )


def host_amd_gpus(root: Path) -> tuple[str, ...]:
    """Return the PCI addresses of the AMD cards that the kernel's compute driver knows, without those inside a CPU."""
    found, refused = set(), []
    for node in sorted((root / "sys/class/kfd/kfd/topology/nodes").glob("*")):
        try:
            lines = (node / "properties").read_text(encoding="ascii", errors="replace").splitlines()
        except PermissionError:
            refused.append(node.name)
            continue
        except OSError:
            continue
        pairs = (line.split() for line in lines)
        properties = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}  # noqa: PLR2004
        if properties.get("simd_count", 0) > 0 and properties.get("cpu_cores_count", 0) == 0:
            found.add(_address(properties) or f"KFD node {node.name}")
    found = {address for address in found if not is_integrated(address, root)}
    on_bus = {address for address in _on_bus(root, *_AMD) if not is_integrated(address, root)}
    if refused and len(on_bus) > len(found):
        found |= on_bus
    return tuple(sorted(found))


def is_integrated(address: str, root: Path) -> bool:
    """Return whether the GPU at this PCI address is part of a CPU, whose package's energy holds its own."""
    try:
        with (root / "sys/bus/pci/devices" / address / "gpu_metrics").open("rb") as metrics:
            head = metrics.read(_FORMAT_AT + 1)
    except OSError:
        return False
    return len(head) > _FORMAT_AT and head[_FORMAT_AT] in _INTEGRATED_FORMATS


def unreadable_amd(found: tuple[str, ...], error: Exception | None, root: Path) -> MeasurementError:
    """Return the error for AMD GPUs that are there and cannot be read: the cause, and what to do.

    `error`: what importing or asking amdsmi raised; `None` if it lists no GPU.
    """
    cause = "amdsmi lists none" if error is None else f"{type(error).__name__}: {' '.join(str(error).split())}"
    return MeasurementError(
        f"this machine has {plural(len(found), 'AMD GPU')} ({', '.join(found)}) that cannot be read: {cause}",
        hint=f"{_repair(error, root)}; {_AMD_OWN_HINT}",
    )


def _repair(error: Exception | None, root: Path) -> str:
    if isinstance(error, ImportError):
        return _MODULE_HINT
    devices = [root / "dev/kfd", *sorted((root / "dev/dri").glob("renderD*"))]
    if any(device.exists() and not os.access(device, os.R_OK | os.W_OK) for device in devices):
        return _PERMISSION_HINT
    if not devices[0].exists() or len(devices) == 1:
        return _CONTAINER_HINT if in_container(root) else "load the driver: sudo modprobe amdgpu"
    if isinstance(error, KeyError | OSError | AttributeError):
        return _LIBRARY_HINT
    if getattr(error, "err_code", None) == _DRIVER_NOT_LOADED:
        return "load the driver: sudo modprobe amdgpu"
    return "`amd-smi list` must list it"


def _address(properties: dict[str, int]) -> str | None:
    """Return an address like 0000:c1:00.0; `location_id` has bus, device and function in 8, 5 and 3 bits."""
    place = properties.get("location_id")
    if not place:
        return None
    return f"{properties.get('domain', 0):04x}:{place >> 8 & 0xFF:02x}:{place >> 3 & 0x1F:02x}.{place & 7}"
