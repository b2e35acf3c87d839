"""Read from the environment which job of which scheduler a run is: cluster schedulers, Hugging Face Jobs, Jenkins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from carbon_lint.records.record import Provenance
from carbon_lint.units import whole_number

_REQUEUING = ("slurm", "pbs", "lsf", "sge")
"""Schedulers that give a job that they start again the number that it had, and the tasks of an array one number."""
_NUMBERS = {"run_attempt", "job_index"}
# (scheduler, variables that only it sets, variables by field: the first that is set counts)
_SCHEDULERS: tuple[tuple[str, tuple[str, ...], dict[str, tuple[str, ...]]], ...] = (
    (
        "slurm",  # https://slurm.schedmd.com/sbatch.html, "OUTPUT ENVIRONMENT VARIABLES"
        ("SLURM_JOB_ID",),
        {
            "run_id": ("SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"),
            "run_attempt": ("SLURM_RESTART_COUNT",),
            "job": ("SLURM_JOB_NAME",),
            "job_index": ("SLURM_ARRAY_TASK_ID",),
            "scheduler_job": ("SLURM_JOB_ID",),
            "account": ("SLURM_JOB_ACCOUNT",),
            "partition": ("SLURM_JOB_PARTITION",),
            "user": ("SLURM_JOB_USER",),
        },
    ),
    (
        "pbs",  # OpenPBS user's guide, "Environment Variables"; PBS_ARRAYID is Torque's
        ("PBS_JOBID",),
        {
            "run_id": ("PBS_JOBID",),
            "job": ("PBS_JOBNAME",),
            "job_index": ("PBS_ARRAY_INDEX", "PBS_ARRAYID"),
            "account": ("PBS_ACCOUNT",),
            "partition": ("PBS_QUEUE",),
            "user": ("PBS_O_LOGNAME",),
        },
    ),
    (
        "lsf",  # IBM Spectrum LSF, "Environment variables set for job execution"
        ("LSB_JOBID",),
        {
            "run_id": ("LSB_JOBID",),
            "job": ("LSB_JOBNAME",),
            "job_index": ("LSB_JOBINDEX",),
            "account": ("LSB_PROJECT_NAME",),
            "partition": ("LSB_QUEUE",),
            "user": ("LSFUSER",),
        },
    ),
    (
        "sge",  # qsub(1), "ENVIRONMENTAL VARIABLES"
        ("JOB_ID", "SGE_ROOT"),
        {
            "run_id": ("JOB_ID",),
            "job": ("JOB_NAME",),
            "job_index": ("SGE_TASK_ID",),
            "account": ("SGE_ACCOUNT",),
            "partition": ("QUEUE",),
            "user": ("SGE_O_LOGNAME",),
        },
    ),
    (
        "hf-jobs",  # the Hub's documentation, "Jobs: configuration"
        ("JOB_ID", "ACCELERATOR", "CPU_CORES"),
        {"run_id": ("JOB_ID",), "partition": ("ACCELERATOR",)},
    ),
    (
        "jenkins",  # Jenkins handbook, "Using environment variables"
        ("JENKINS_URL", "BUILD_URL"),
        {
            "run_id": ("BUILD_NUMBER",),
            "job": ("JOB_NAME",),
            "run_url": ("BUILD_URL",),
            "commit": ("GIT_COMMIT",),
            "ref": ("GIT_BRANCH",),
        },
    ),
)


def stated(environ: Mapping[str, str], variables: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return each field of a Provenance by the first of its variables that is set; `None` if none of them is."""
    texts = {
        field: next((environ[name] for name in names if environ.get(name)), None) for field, names in variables.items()
    }
    return {field: whole_number(text) if field in _NUMBERS else text for field, text in texts.items()}


def scheduled_job(environ: Mapping[str, str]) -> Provenance | None:
    """Return the job that this process belongs to, or None if no known scheduler started it.

    `run_id` is the job or, for a task of an array, the array; `scheduler_job` is the job by the number that the
    scheduler's own commands take.
    """
    found = next((each for each in _SCHEDULERS if all(environ.get(name) for name in each[1])), None)
    if found is None:
        return None
    scheduler, _, variables = found
    values = stated(environ, variables)
    job = Provenance(scheduler=scheduler, **{"scheduler_job": values.get("run_id"), **values})
    if scheduler == "slurm":
        return replace(job, run_attempt=1 + (job.run_attempt or 0))  # it counts the restarts
    if scheduler == "pbs":
        return replace(job, run_id=(job.run_id or "").partition("[")[0])  # `12[3].head` is task 3 of 12
    if scheduler == "hf-jobs" and job.partition == "none":
        return replace(job, partition=None)  # a flavor without GPUs, whose name is not stated
    if scheduler == "lsf" and job.job_index == 0:
        return replace(job, job_index=None)  # a job that is not an array
    return job


def default_group(scheduler: str | None, run_id: str | None) -> str | None:
    """Return the run group of a job that no person named: its attempts and the tasks of its array count together.

    `None` if the scheduler does not number its jobs so. Jenkins counts builds separately for each project.
    """
    return f"{scheduler}-{run_id}" if scheduler in _REQUEUING and run_id is not None else None


def group_of_job(where: Provenance, environ: Mapping[str, str], *, record: str | None, card: str | None) -> str | None:
    """Return the run group of a cluster's job that writes `record`, and perhaps `card`; `None` without such a job.

    A card that one of many tasks or nodes writes states its own figures: the sum is not there before all have ended.
    """
    is_one_of_many = where.job_index is not None or (node_count(environ) or 1) > 1
    if record is None or not record.endswith(".json") or (card is not None and is_one_of_many):
        return None
    return default_group(where.scheduler, where.run_id)


def node_count(environ: Mapping[str, str]) -> int | None:
    """Return on how many nodes the job runs, as its scheduler or launcher states it; `None` if none does."""
    for name in ("SLURM_STEP_NUM_NODES", "SLURM_JOB_NUM_NODES", "PBS_NUM_NODES"):
        if (count := whole_number(environ.get(name))) is not None:
            return count
    for world, local in (
        ("WORLD_SIZE", "LOCAL_WORLD_SIZE"),  # torchrun
        ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),
        ("PMI_SIZE", "MPI_LOCALNRANKS"),  # MPICH, Intel MPI
    ):
        sizes = whole_number(environ.get(world)), whole_number(environ.get(local))
        if sizes[0] and sizes[1]:
            return -(-sizes[0] // sizes[1])
    return None
