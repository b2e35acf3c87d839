"""Read from the environment which job of which scheduler a run is: cluster schedulers, Hugging Face Jobs, Jenkins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class ScheduledJob(NamedTuple):
    """One job as its scheduler states it; what it does not state is `None`.

    Attributes:
        scheduler: `slurm`, `pbs`, `lsf`, `sge`, `hf-jobs` or `jenkins`.
        run_id: the job; for a task of an array, the array.
        run_attempt: 1 at the first start; a requeued job counts on.
        job: the job's name.
        job_index: the task of an array.
        account: who pays: account or project.
        partition: partition, queue or flavor.
        user: who submitted the job.
        run_url: the job's page.
        commit: the commit that was checked out.
        ref: the branch.
        scheduler_job: the job, by the number that the scheduler's own commands take.
    """

    scheduler: str
    run_id: str | None = None
    run_attempt: int | None = None
    job: str | None = None
    job_index: int | None = None
    account: str | None = None
    partition: str | None = None
    user: str | None = None
    run_url: str | None = None
    commit: str | None = None
    ref: str | None = None
    scheduler_job: str | None = None


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


def scheduled_job(environ: Mapping[str, str]) -> ScheduledJob | None:
    """Return the job that this process belongs to, or None if no known scheduler started it."""
    found = next((each for each in _SCHEDULERS if all(environ.get(name) for name in each[1])), None)
    if found is None:
        return None
    scheduler, _, variables = found
    values: dict[str, Any] = {}
    for field, names in variables.items():
        text = next((environ[name] for name in names if environ.get(name)), None)
        values[field] = _number(text) if field in _NUMBERS else text
    job = ScheduledJob(scheduler, **{"scheduler_job": values.get("run_id"), **values})
    if scheduler == "slurm":
        return job._replace(run_attempt=1 + (job.run_attempt or 0))  # it counts the restarts
    if scheduler == "pbs":
        return job._replace(run_id=(job.run_id or "").partition("[")[0])  # `12[3].head` is task 3 of 12
    if scheduler == "hf-jobs" and job.partition == "none":
        return job._replace(partition=None)  # a flavor without GPUs, whose name is not stated
    if scheduler == "lsf" and job.job_index == 0:
        return job._replace(job_index=None)  # a job that is not an array
    return job


def default_group(scheduler: str | None, run_id: str | None) -> str | None:
    """Return the run group of a job that no person named: its attempts and the tasks of its array count together.

    `None` if the scheduler does not number its jobs so. Jenkins counts builds separately for each project.
    """
    return f"{scheduler}-{run_id}" if scheduler in _REQUEUING and run_id is not None else None


def node_count(environ: Mapping[str, str]) -> int | None:
    """Return on how many nodes the job runs, as its scheduler or launcher states it; `None` if none does."""
    for name in ("SLURM_STEP_NUM_NODES", "SLURM_JOB_NUM_NODES", "PBS_NUM_NODES"):
        if (count := _number(environ.get(name))) is not None:
            return count
    for world, local in (
        ("WORLD_SIZE", "LOCAL_WORLD_SIZE"),  # torchrun
        ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"),
        ("PMI_SIZE", "MPI_LOCALNRANKS"),  # MPICH, Intel MPI
    ):
        sizes = _number(environ.get(world)), _number(environ.get(local))
        if sizes[0] and sizes[1]:
            return -(-sizes[0] // sizes[1])
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None  # SGE writes "undefined"
