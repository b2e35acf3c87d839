"""Which of many processes on a node measures: the first. All the others run their command and nothing else.

A node's energy is the whole machine's, so a second meter on it would count the same joules again.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, NoReturn

from carbon_lint.measure.job import check_runnable, not_runnable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOCAL_RANK_VARIABLES = (
    "LOCAL_RANK",  # torchrun, accelerate, DeepSpeed, Ray Train
    "SLURM_LOCALID",  # srun
    "OMPI_COMM_WORLD_LOCAL_RANK",  # Open MPI
    "MPI_LOCALRANKID",  # Hydra: MPICH, Intel MPI
    "MV2_COMM_WORLD_LOCAL_RANK",  # MVAPICH2
    "PALS_LOCAL_RANKID",  # HPE Cray
    "JSM_NAMESPACE_LOCAL_RANK",  # IBM Spectrum LSF
)
_SIZES = re.compile(r"(?<!x)\b(\d{1,6})\b")  # the counts of 8(x2),4 and not how often they come
_HIDE_ALL = {"", "-1"}  # of a job that computes on its CPUs
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def local_rank(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The variable and the rank on this node that the launcher gave us; `None` where nobody launched many.

    Launchers are nested (`srun torchrun`): the outer one says 0 to all that the inner one started, or the other way
    round. Only who is 0 for every one of them is the first on the node, so the highest rank is the answer.
    """
    found = [(name, int(environ[name])) for name in LOCAL_RANK_VARIABLES if environ.get(name, "").isdecimal()]
    return max(found, key=lambda pair: pair[1], default=None)


LOCAL_SIZE_VARIABLES = (
    "LOCAL_WORLD_SIZE",  # torchrun, Ray Train
    "SLURM_STEP_TASKS_PER_NODE",  # like 8 or 8(x2),4
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MPI_LOCALNRANKS",
    "MV2_COMM_WORLD_LOCAL_SIZE",
)


def local_size(environ: Mapping[str, str]) -> int:
    """How many processes of the job run on this node, as far as a launcher says; 1 where none does."""
    sizes = [size for name in LOCAL_SIZE_VARIABLES for size in map(int, _SIZES.findall(environ.get(name, "")))]
    return max(sizes, default=1)


def whole_node(environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment by which the first process finds the GPUs of all processes of its node, and warnings.

    Where every process was given GPUs of its own, CUDA_VISIBLE_DEVICES (or ROCm's variables) names only those of the
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
    """A warning where the first process sees fewer GPUs than there are processes: the others may have their own."""
    size = local_size(environ)
    if local_rank(environ) is None or not 0 < gpu_count < size:
        return None
    return (
        f"{size} processes run on this node and the first sees {gpu_count} GPUs: where each has GPUs of its own, "
        "those of the others are not counted; start carbon-lint once per node, around the launcher"
    )


def is_measuring(environ: Mapping[str, str]) -> bool:
    """True for the one process of a node that measures."""
    rank = local_rank(environ)
    return rank is None or rank[1] == 0


def become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the command, so that the launcher sees it as if we had not been there.

    Raises CommandNotRunnableError.
    """
    check_runnable(command[0], environ)
    try:
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606  running a user's command is what we do
    except OSError as error:
        raise not_runnable(command[0], error.errno or errno.ENOEXEC, is_there=True) from error
