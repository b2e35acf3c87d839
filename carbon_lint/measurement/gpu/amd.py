"""Read AMD GPUs through ROCm's amdsmi. What it answers differs by version and by generation of cards."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.gpu.host import host_amd_gpus, is_integrated, unreadable_amd
from carbon_lint.measurement.gpu.library import PLAUSIBLE_W, NotStatedError, Opened, unread
from carbon_lint.measurement.gpu.visible import ROCR, AmdGpu, hiding, visible_amd_gpus

_NOT_INITIALISED = 32  # AMDSMI_STATUS_NOT_INIT
# MI300 states `current_`, Navi and MI200 `average_`, and from 7.0 on both state `socket_power`.
_POWER_KEYS = ("current_socket_power", "average_socket_power", "socket_power")
# The largest number of a field says that it is not there.
_LARGEST_COUNTS = {(1 << 64) - 1, (1 << 32) - 1}
# Of Radeons and older cards the counter is frozen, wraps at 32 bits or counts in another unit (ROCm/amdsmi#38, #22).
_SOUND_COUNTER = re.compile(r"\bMI[23]\d\d")
_SOUND_COUNTER_DEVICES = {"0x7408", "0x740c", "0x740f"}  # MI250X, MI250, MI210, whose names older versions do not know
# ROCm's runtime opens every card that a process can see, and takes a page of it.
_UNUSED_BYTES = 4096
# Two dies each, of which only the first states power and energy, those of the whole card: MI250X, MI250.
_DUAL_DIE_DEVICES = {"0x7408", "0x740c"}
# Without ROCm's library amdsmi itself fails: by KeyError up to 7.0, and by OSError.
_IMPORT_ERRORS = (ImportError, KeyError, OSError, AttributeError)


class Amdsmi:
    """amdsmi behind `GpuLibrary`'s calls."""

    label = "AMD GPU"
    hidden_by = ROCR

    def __init__(self, amdsmi: Any) -> None:
        self._amdsmi = amdsmi

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Of amdsmi, and of answers that hold no figure."""
        amdsmi_error: type[Exception] = self._amdsmi.AmdSmiException
        return (amdsmi_error, OSError, RuntimeError)

    def energy_mj(self, handle: Any) -> float:
        """Return the energy since the driver was loaded."""
        answer = self.ask("amdsmi_get_energy_count", handle)
        count = answer.get("energy_accumulator", answer.get("power"))  # `power` up to 6.1
        resolution_uj = answer.get("counter_resolution")
        if not (_is_number(count) and _is_number(resolution_uj)) or count in _LARGEST_COUNTS or resolution_uj <= 0:
            raise NotStatedError(f"its energy counter reads {count} times {resolution_uj} uJ")
        return float(count) * float(resolution_uj) / 1000

    def power_w(self, handle: Any) -> float:
        """Return the power of the whole socket, all its dies and its memory."""
        answer = self.ask("amdsmi_get_power_info", handle)
        watts = _power_in(answer)
        if not watts:
            with contextlib.suppress(*self.errors):
                watts = _power_in(self.ask("amdsmi_get_gpu_metrics_info", handle)) or watts
        if watts is None:
            raise NotStatedError(f"its power reads {', '.join(str(answer.get(key)) for key in _POWER_KEYS)}")
        return watts

    def process_ids(self, handle: Any) -> Collection[int]:
        """Return the ids of those that hold memory of the card."""
        with contextlib.suppress(*self.errors, KeyError, TypeError, AttributeError):
            processes = [
                # Up to 6.0 a handle, of which is to be asked once more.
                each if isinstance(each, dict) else self.ask("amdsmi_get_gpu_process_info", handle, each)
                for each in self.ask("amdsmi_get_gpu_process_list", handle)
            ]
            return frozenset(process["pid"] for process in processes if _uses_gpu(process))
        return frozenset()

    def driver(self) -> tuple[str, str] | None:
        """Return the version of `amdgpu-driver`."""
        with contextlib.suppress(*self.errors, IndexError):
            handle = self.ask("amdsmi_get_processor_handles")[0]
            version = self.ask("amdsmi_get_gpu_driver_info", handle).get("driver_version")
            return ("amdgpu-driver", version) if version and version != "N/A" else None
        return None

    def close(self) -> None:
        """Shut amdsmi down."""
        with contextlib.suppress(*self.errors):
            self._amdsmi.amdsmi_shut_down()

    def ask(self, name: str, *arguments: Any) -> Any:
        """Return what a function of amdsmi answers. One that finds the library not initialised is asked again, once.

        Raises one of `errors`, also if this version has no such function.
        """
        function = getattr(self._amdsmi, name, None)
        if function is None:
            raise NotStatedError(f"this amdsmi has no {name}")
        try:
            return function(*arguments)
        except self._amdsmi.AmdSmiException as error:
            if getattr(error, "err_code", None) != _NOT_INITIALISED:
                raise
        self._amdsmi.amdsmi_init()
        return function(*arguments)


def open_amd(environ: Mapping[str, str], *, reads_cuda: bool, optional: bool, root: Path) -> Opened:
    """Return the AMD GPUs that a job with `environ` can see. `reads_cuda`: no NVIDIA GPU is here.

    Raises MeasurementError if one is there and cannot be read, unless `optional` or hidden from the job.
    """
    is_hidden = hiding(environ, reads_cuda=reads_cuda) is not None
    try:
        library = Amdsmi(_imported(environ, root))
    except _IMPORT_ERRORS as error:
        return _without(error, is_hidden=is_hidden, optional=optional, root=root)
    try:
        library.ask("amdsmi_init")
        handles = library.ask("amdsmi_get_processor_handles")
        found = [_found(library, index, handle) for index, handle in enumerate(handles)]
    except library.errors as error:
        return _without(error, is_hidden=is_hidden, optional=optional, root=root)
    if not found:
        return _without(None, is_hidden=is_hidden, optional=optional, root=root)
    return _opened(library, found, environ, reads_cuda=reads_cuda, optional=optional, root=root)


def _without(error: Exception | None, *, is_hidden: bool, optional: bool, root: Path) -> Opened:
    addresses = host_amd_gpus(root)
    if not addresses or is_hidden:
        return Opened(is_present=bool(addresses))
    return unread(unreadable_amd(addresses, error, root), error, optional=optional)


def _imported(environ: Mapping[str, str], root: Path) -> Any:
    """Return the module as it is installed, else as ROCm ships it."""
    try:
        return _import_quietly()
    except ModuleNotFoundError:
        shipped = (root / environ.get("ROCM_PATH", "opt/rocm") / "share/amd_smi").resolve()
        if not (shipped / "amdsmi").is_dir():
            raise
    sys.path.append(str(shipped))
    try:
        return _import_quietly()
    finally:
        sys.path.remove(str(shipped))


def _import_quietly() -> Any:
    """Import amdsmi, without what it prints before its error if it finds no library of ROCm."""
    with contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module("amdsmi")


def _opened(
    library: Amdsmi,
    found: list[AmdGpu],
    environ: Mapping[str, str],
    *,
    reads_cuda: bool,
    optional: bool,
    root: Path,
) -> Opened:
    is_order_known = len({each.order for each in found} - {None}) == len(found)
    ordered = sorted(found, key=lambda each: each.order or 0) if is_order_known else found
    indices, notes = visible_amd_gpus(ordered, environ, reads_cuda=reads_cuda, is_order_known=is_order_known)
    firsts, warnings = _firsts(library, found), list(notes)
    gpus: dict[int, AmdGpu] = {}
    inside_cpu = []
    for each in (found[index] for index in indices):
        if is_integrated(each.address, root):
            inside_cpu.append(each)
            continue
        first = firsts.get(each.index, each)
        if first is None:
            warnings += unread(_lone_die(each), None, optional=optional).warnings
            continue
        seconds = [other for other in found if firsts.get(other.index) is first]
        gpus[first.index] = _whole(first, seconds, found)
        if seconds:
            names = " and ".join([f"AMD GPU {first.index}", *(str(other.index) for other in seconds)])
            warnings.append(
                f"{names} are one card: its whole energy is counted, once, whichever of them the job can see"
            )
    if inside_cpu and not gpus:
        warnings += [
            f"AMD GPU {each.index} ({each.name}) is part of the CPU: a counter of the CPU's package holds its energy, "
            "a model of the CPU's load does not"
            for each in inside_cpu
        ]
    counted = tuple(gpus[index] for index in sorted(gpus))
    return Opened(library=library, gpus=counted, warnings=tuple(dict.fromkeys(warnings)), is_present=True)


def _whole(first: AmdGpu, seconds: list[AmdGpu], found: list[AmdGpu]) -> AmdGpu:
    # Of cards that state no serial number amdsmi makes one and the same UUID: it would make them one when merged.
    is_unique = [each.uuid for each in found].count(first.uuid) == 1 and first.unique_ids
    return replace(
        first,
        uuid=first.uuid if is_unique else None,
        dies=tuple(each.handle for each in seconds),
        has_sound_counter=bool(_SOUND_COUNTER.search(first.name)) or first.device_id in _SOUND_COUNTER_DEVICES,
    )


def _firsts(library: Amdsmi, found: list[AmdGpu]) -> dict[int, AmdGpu | None]:
    """Return, by the index of each further die or partition, the card that states the whole card's energy.

    `None` if the first die of two is not here. What is not in it is a card of its own.
    """
    firsts: dict[int, AmdGpu | None] = {}
    whole: list[AmdGpu] = []
    for each in found:
        same_device = [gpu for gpu in whole if _pci_device(gpu) and _pci_device(gpu) == _pci_device(each)]
        if same_device:  # a partition; some versions state the whole card's figures for each of them
            firsts[each.index] = same_device[0]
        elif each.device_id not in _DUAL_DIE_DEVICES or _answers(library, each.handle):
            whole.append(each)
        else:
            beside = whole[-1] if whole else None
            is_pair = beside is not None and (beside.index, beside.device_id) == (each.index - 1, each.device_id)
            firsts[each.index] = beside if is_pair else None
    return firsts


def _pci_device(each: AmdGpu) -> str:
    """Return its address without the function: partitions of a card are functions of one device."""
    return each.address.rpartition(".")[0]


def _answers(library: Amdsmi, handle: Any) -> bool:
    for ask in (library.energy_mj, library.power_w):
        with contextlib.suppress(*library.errors):
            if ask(handle) > 0:
                return True
    return False


def _found(library: Amdsmi, index: int, handle: Any) -> AmdGpu:
    asic = library.ask("amdsmi_get_gpu_asic_info", handle)
    uuid = address = None
    with contextlib.suppress(*library.errors):
        uuid = library.ask("amdsmi_get_gpu_device_uuid", handle)
    with contextlib.suppress(*library.errors):
        address = library.ask("amdsmi_get_gpu_device_bdf", handle)
    numbering = _numbering(library, handle)
    unique_ids = tuple(dict.fromkeys(_unique_ids(asic.get("asic_serial"), numbering.get("hip_uuid"))))
    return AmdGpu(
        index=index,
        name=str(asic.get("market_name") or "AMD GPU"),
        unique_ids=unique_ids,
        handle=handle,
        uuid=uuid,
        device_id=str(asic.get("device_id")).lower(),
        address=str(address or "").lower(),
        order=next((place for key in ("hip_id", "node_id") if type(place := numbering.get(key)) is int), None),
    )


def _numbering(library: Amdsmi, handle: Any) -> dict[str, Any]:
    """Return what this version says of the card's place and name for ROCm's runtime; empty before 6.2."""
    for name in ("amdsmi_get_gpu_enumeration_info", "amdsmi_get_gpu_kfd_info"):
        with contextlib.suppress(*library.errors):
            return dict(library.ask(name, handle))
    return {}


def _unique_ids(serial: Any, hip_uuid: Any) -> Iterator[str]:
    with contextlib.suppress(TypeError, ValueError):
        number = int(serial, 16)
        if number:
            yield f"GPU-{number:016x}"
    if isinstance(hip_uuid, str) and hip_uuid.lower().startswith("gpu-") and hip_uuid.lower() != "gpu-xx":
        yield hip_uuid.lower().replace("gpu-", "GPU-", 1)


def _power_in(answer: Mapping[str, Any]) -> float | None:
    """Return the first power above 0, else 0 if one is stated, else `None`. Twelve times a second for each card."""
    stated = None
    for key in _POWER_KEYS:
        watts = answer.get(key)
        if _is_number(watts) and 0 <= watts <= PLAUSIBLE_W:
            if watts > 0:
                return float(watts)
            stated = 0.0
    return stated


def _is_number(value: Any) -> TypeGuard[float]:
    """Return whether it is a number, and not the `N/A` that stands for one."""
    return type(value) in {int, float}


def _uses_gpu(process: Mapping[str, Any]) -> bool:
    held = process.get("memory_usage", {}).get("vram_mem", process.get("mem"))
    return not _is_number(held) or held > _UNUSED_BYTES


def _lone_die(die: AmdGpu) -> MeasurementError:
    return MeasurementError(
        f"AMD GPU {die.index} ({die.name}) is the second die of a card, and states no energy of its own",
        hint="its first die states that of the whole card: give the container that one's /dev/dri/renderD* too",
    )
