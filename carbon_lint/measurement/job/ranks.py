"""Decide which of many processes on a node measures: the first. All the others run their command and nothing else.

A node's energy is the whole machine's, so a second meter on it would count the same joules again.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from carbon_lint.measurement.job.job import check_runnable, not_runnable

_COMPANIONS = {
    # torchrun, accelerate, DeepSpeed, Ray Train
    "LOCAL_RANK": ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "TORCHELASTIC_RUN_ID"),
    # srun
    "SLURM_LOCALID": ("SLURM_PROCID", "SLURM_STEP_ID", "SLURM_NTASKS", "SLURM_STEP_TASKS_PER_NODE", "SLURM_JOB_ID"),
    # Open MPI
    "OMPI_COMM_WORLD_LOCAL_RANK": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),
    # Hydra: MPICH, Intel MPI
    "MPI_LOCALRANKID": ("MPI_LOCALNRANKS", "PMI_RANK", "PMI_SIZE", "PMI_FD"),
    # MVAPICH2
    "MV2_COMM_WORLD_LOCAL_RANK": ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE"),
    # HPE Cray
    "PALS_LOCAL_RANKID": ("PALS_RANKID", "PALS_NODEID", "PALS_APID", "PMI_RANK"),
    # IBM Spectrum LSF
    "JSM_NAMESPACE_LOCAL_RANK": ("JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_LOCAL_SIZE"),
}
"""A launcher's local rank, and what it sets beside it: a rank that stands alone was left over in a shell or a file."""

LOCAL_RANK_VARIABLES = tuple(_COMPANIONS)
_SIZES = re.compile(r"(?<!x)\b(\d{1,6})\b")  # the counts of 8(x2),4 and not how often they come
_HIDE_ALL = {"", "-1"}  # of a job that computes on its CPUs
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def local_rank(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """Return the variable and the rank on this node that the launcher gave us; `None` if there is no launcher.

    Launchers are nested (`srun torchrun`): the outer one says 0 to all that the inner one started, or the other way
    round. Only who is 0 for every one of them is the first on the node, so the highest rank is the answer.
    """
    return max(
        (pair for pair in _ranks(environ) if _is_launched(environ, pair[0])), key=lambda pair: pair[1], default=None
    )


def stray_rank(environ: Mapping[str, str]) -> str | None:
    """Return a warning if a rank was left over: it must not keep a run from being measured."""
    strays = [(name, rank) for name, rank in _ranks(environ) if rank and not _is_launched(environ, name)]
    if not strays:
        return None
    name, rank = strays[0]
    return (
        f"{name}={rank} is ignored: no launcher set it, for {', '.join(_COMPANIONS[name][:2])} are not there; "
        f"unset {name}"
    )


def _ranks(environ: Mapping[str, str]) -> list[tuple[str, int]]:
    return [(name, int(environ[name])) for name in LOCAL_RANK_VARIABLES if environ.get(name, "").isdecimal()]


def _is_launched(environ: Mapping[str, str], name: str) -> bool:
    return any(environ.get(companion) for companion in _COMPANIONS[name])


LOCAL_SIZE_VARIABLES = (
    "LOCAL_WORLD_SIZE",  # torchrun, Ray Train
    "SLURM_STEP_TASKS_PER_NODE",  # like 8 or 8(x2),4
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MPI_LOCALNRANKS",
    "MV2_COMM_WORLD_LOCAL_SIZE",
)


def local_size(environ: Mapping[str, str]) -> int:
    """Return how many processes of the job run on this node, as far as a launcher states it, else 1."""
    sizes = [size for name in LOCAL_SIZE_VARIABLES for size in map(int, _SIZES.findall(environ.get(name, "")))]
    return max(sizes, default=1)


def whole_node(environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the environment by which the first process finds the GPUs of all processes of its node, and warnings.

    If every process was given GPUs of its own, CUDA_VISIBLE_DEVICES (or ROCm's variables) names only those of the
    first: fewer than there are processes. Then all GPUs that can be seen count.
    """
    size = local_size(environ)
    named = {name: environ[name].split(",") for name in _VISIBLE if environ.get(name, "").strip() not in _HIDE_ALL}
    own = [name for name, entries in named.items() if len(entries) < size]
    if local_rank(environ) is None or not own:
        return dict(environ), ()
    others = {name: value for name, value in environ.items() if name not in own}
    given = " and ".join(f"{name} is {environ[name]}" for name in own)
    warning = f"{size} processes run on this node and {given} in this one: every GPU that can be seen here is counted"
    return others, (warning,)


def unseen_gpus(environ: Mapping[str, str], gpu_count: int) -> str | None:
    """Return a warning if the first process sees fewer GPUs than there are processes: others may have their own."""
    size = local_size(environ)
    if local_rank(environ) is None or not 0 < gpu_count < size:
        return None
    return (
        f"{size} processes run on this node and the first sees {gpu_count} GPUs: if each has GPUs of its own, "
        "those of the others are not counted; start carbon-lint once per node, around the launcher"
    )


def is_measuring(environ: Mapping[str, str]) -> bool:
    """Tell whether this is the one process of its node that measures."""
    rank = local_rank(environ)
    return rank is None or rank[1] == 0


def describe_idle(environ: Mapping[str, str]) -> str:
    """Return one line which states that this process does not measure, and who does."""
    name, rank = local_rank(environ) or ("", 0)
    return f"{name}={rank}: not measured here; the process with {name}=0 on this node measures, with record and budget"


def become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the command, so that the launcher sees it as if we had not been there.

    Raises CommandNotRunnableError.
    """
    check_runnable(command[0], environ)
    try:
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606  running a user's command is what we do
    except OSError as error:
        raise not_runnable(command[0], error.errno or errno.ENOEXEC, is_there=True) from error
