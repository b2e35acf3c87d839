"""Find which of a machine's GPUs a job can see, by the variables that its framework reads. Pure.

CodeCarbon takes `GPU-<uuid>` and MIG names for no GPU at all, and counts 0.

ROCR_VISIBLE_DEVICES is read by ROCm's runtime; HIP_VISIBLE_DEVICES counts among what that one left, and if it is
empty or not set HIP reads CUDA_VISIBLE_DEVICES in its place. An empty ROCR_VISIBLE_DEVICES hides every GPU, an empty
one of the other two hides none (ROCR-Runtime, amd_filter_device.cpp; clr, rocdevice.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.gpu.library import ListedGpu
from carbon_lint.text import quoted

CUDA, ROCR, HIP = "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"
_OLD_MIG = re.compile(r"MIG-(GPU-[0-9a-f-]+)/\d+/\d+", re.IGNORECASE)

AnyGpu = TypeVar("AnyGpu", bound=ListedGpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class NvidiaGpu(ListedGpu):
    """One GPU of this machine, and its MIG slices."""

    uuid: str
    mig_uuids: tuple[str, ...] = ()


def is_hidden(environ: Mapping[str, str]) -> bool:
    """Return whether CUDA_VISIBLE_DEVICES takes every GPU away from the job."""
    value = environ.get(CUDA)
    return value is not None and hides(value)


def hides(value: str) -> bool:
    """Return whether such a list of GPUs ends before its first."""
    return value.split(",", maxsplit=1)[0].strip().lower() in {"", "-1", "none", "void", "nodevfiles"}


def visible_gpus(gpus: Sequence[NvidiaGpu], environ: Mapping[str, str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Resolve CUDA_VISIBLE_DEVICES as CUDA does: indices, GPU or MIG UUIDs or unique beginnings of them.

    Returns the indices that count, ascending, and warnings. Raises MeasurementError if it names a GPU that is not here,
    or more than one.
    """
    value = environ.get(CUDA)
    if value is None:
        return tuple(gpu.index for gpu in gpus), tuple(_mig_warning(gpu) for gpu in gpus if gpu.mig_uuids)
    if is_hidden(environ):
        return (), (f"{CUDA}={value} hides {len(gpus)} GPUs from the job",)
    chosen: list[int] = []
    warnings: list[str] = []
    are_mixed = len({gpu.name for gpu in gpus}) > 1
    for entry in filter(None, (part.strip() for part in value.split(","))):
        if entry == "-1":  # CUDA ends its list at the first entry that is not a GPU
            break
        gpu, is_slice = _nvidia_gpu(entry, gpus)
        chosen.append(gpu.index)
        if is_slice or (gpu.mig_uuids and not entry.upper().startswith("MIG-")):
            warnings.append(_mig_warning(gpu))
        if _is_index(entry) and environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID" and are_mixed:
            warnings.append(
                f"{CUDA}={value} counts by speed while this machine's GPUs differ: GPU {entry} may be "
                "another card than the one measured; set CUDA_DEVICE_ORDER=PCI_BUS_ID"
            )
    return tuple(sorted(set(chosen))), tuple(dict.fromkeys(warnings))


def _nvidia_gpu(entry: str, gpus: Sequence[NvidiaGpu]) -> tuple[NvidiaGpu, bool]:
    """Return the GPU that `entry` names, and whether it is only a MIG slice of it."""
    is_slice, old = entry.upper().startswith("MIG-"), _OLD_MIG.fullmatch(entry)
    if _is_index(entry):
        found = [gpu for gpu in gpus if gpu.index == int(entry)]
    elif not is_slice or old is not None:
        found = [gpu for gpu in gpus if _begins(gpu.uuid, entry if old is None else old[1])]
    else:
        found = [gpu for gpu in gpus if any(_begins(uuid, entry) for uuid in gpu.mig_uuids)]
        # A driver that lists no slices: the parent is certain only if there is one GPU.
        if not found and len(gpus) == 1 and not gpus[0].mig_uuids:
            found = list(gpus)
    known = (f"{gpu.index} = {gpu.uuid}" for gpu in gpus)
    return _the_one(found, CUDA, entry, "GPU of this machine", known), is_slice


def _begins(uuid: str, prefix: str) -> bool:
    return uuid.lower().startswith(prefix.lower())


def _mig_warning(gpu: ListedGpu) -> str:
    return f"GPU {gpu.index} is split by MIG: the energy of the whole GPU is counted, its other slices included"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdGpu(ListedGpu):
    """One GPU of this machine, or a die or partition of one."""

    unique_ids: tuple[str, ...] = ()  # `GPU-<16 hex digits>`, as ROCm names it
    device_id: str = ""  # PCI's
    address: str = ""  # on the PCI bus
    order: int | None = None  # its place for ROCm's runtime


def hiding(environ: Mapping[str, str], *, reads_cuda: bool) -> str | None:
    """Return the variable that hides every AMD GPU from the job. `reads_cuda`: no NVIDIA GPU is here."""
    for name in _read(environ, reads_cuda=reads_cuda):
        entries = _entries(environ[name])
        if not entries or entries[0].startswith("-"):
            return name
    return None


def visible_amd_gpus(
    gpus: Sequence[AmdGpu], environ: Mapping[str, str], *, reads_cuda: bool, is_order_known: bool
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Resolve the variables as ROCm does: indices, and unique ids or unique beginnings of them.

    `gpus` are in the order in which ROCm's runtime counts them or, unless `is_order_known`, as amdsmi lists them.
    `reads_cuda`: no NVIDIA GPU is here, so that CUDA_VISIBLE_DEVICES may be HIP's.

    Returns the indices that count, ascending, and warnings. Raises MeasurementError if one names a GPU that is not
    here, or more than one.
    """
    left, warnings = list(gpus), []
    for name in _read(environ, reads_cuda=reads_cuda):
        before, left = left, _chosen(left, name, environ[name])
        if not left:
            return (), (f"{name}={environ[name]} hides {len(gpus)} AMD GPUs from the job",)
        if not is_order_known and len(left) < len(before) and any(map(_is_index, _entries(environ[name]))):
            warnings.append(
                f"{name}={environ[name]} counts as ROCm's runtime does, and this amdsmi does not say in which order "
                "that is: another card than the one measured may be meant; name it like GPU-<unique id>"
            )
    return tuple(sorted(gpu.index for gpu in left)), tuple(warnings)


def _read(environ: Mapping[str, str], *, reads_cuda: bool) -> list[str]:
    """Return the variables that ROCm reads here, in its order."""
    names = [ROCR] if ROCR in environ else []
    if environ.get(HIP):
        names.append(HIP)
    elif reads_cuda and environ.get(CUDA):
        names.append(CUDA)
    return names


def _entries(value: str) -> list[str]:
    return [entry for entry in (part.strip() for part in value.split(",")) if entry]


def _chosen(gpus: list[AmdGpu], name: str, value: str) -> list[AmdGpu]:
    chosen: list[AmdGpu] = []
    for entry in _entries(value):
        if entry.startswith("-"):  # ROCm ends its list at the first entry that is not a GPU
            break
        gpu = _amd_gpu(gpus, name, entry)
        if gpu not in chosen:
            chosen.append(gpu)
        elif name == ROCR:  # whose list ends when a GPU comes again
            break
    return chosen


def _amd_gpu(gpus: Sequence[AmdGpu], name: str, entry: str) -> AmdGpu:
    if _is_index(entry):
        found = [gpus[int(entry)]] if int(entry) < len(gpus) else []
    else:
        start = entry.lower()
        found = [gpu for gpu in gpus if any(each.lower().startswith(start) for each in gpu.unique_ids)]
    known = (" = ".join((str(place), *gpu.unique_ids)) for place, gpu in enumerate(gpus))
    return _the_one(found, name, entry, "AMD GPU that is left to it", known)


def _is_index(entry: str) -> bool:
    """Return whether an entry of a variable counts the GPUs, and does not name one."""
    return entry.isascii() and entry.isdigit()


def _the_one(found: Sequence[AnyGpu], variable: str, entry: str, what: str, known: Iterable[str]) -> AnyGpu:
    """Return the one GPU that an entry of a variable means.

    Raises MeasurementError if it is not one. `what`: the GPUs that it may mean; `known`: how those are called.
    """
    if len(found) == 1:
        return found[0]
    problem = "names more than one GPU" if found else f"names no {what}"
    raise MeasurementError(f"{variable}: {quoted(entry)} {problem}", hint=f"the GPUs here are {', '.join(known)}")
