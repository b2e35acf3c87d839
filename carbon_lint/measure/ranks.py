"""Which of many processes on a node measures: the first. All the others run their command and nothing else.

A node's energy is the whole machine's, so a second meter on it would count the same joules again.
"""

from __future__ import annotations

import errno
import os
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


def local_rank(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The variable and the rank on this node that the launcher gave us; `None` where nobody launched many.

    Launchers are nested (`srun torchrun`): the outer one says 0 to all that the inner one started, or the other way
    round. Only who is 0 for every one of them is the first on the node, so the highest rank is the answer.
    """
    found = [(name, int(environ[name])) for name in LOCAL_RANK_VARIABLES if environ.get(name, "").isdecimal()]
    return max(found, key=lambda pair: pair[1], default=None)


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
