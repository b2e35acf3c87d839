"""Find when a scheduler will end the job, so that a forecast can be compared with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from carbon_lint.records.schedulers import scheduled_job
from carbon_lint.units import format_duration, whole_number

_HF_DEFAULT_S = 1800.0
"""https://huggingface.co/docs/hub/jobs-configuration: a Job ends after 30 minutes unless `--timeout` says more."""


class TimeLimit(NamedTuple):
    """`after_s`: seconds from now. `words` state what ends the job, and what the user can do."""

    after_s: float
    words: str


def time_limit(environ: Mapping[str, str]) -> TimeLimit | None:
    """Return when the scheduler ends the job; `None` if it does not say. A Hugging Face Job states its default only."""
    job = scheduled_job(environ)
    if job is None:
        return None
    if job.scheduler == "hf-jobs":
        words = (
            f"a Hugging Face Job ends after {format_duration(_HF_DEFAULT_S)} unless it was started with --timeout, "
            "such as --timeout 4h"
        )
        return TimeLimit(_HF_DEFAULT_S, words)
    ends_at_s = whole_number(environ.get("SLURM_JOB_END_TIME"))  # since 1970, from Slurm 22.05 on
    if job.scheduler != "slurm" or ends_at_s is None:
        return None
    after_s = ends_at_s - time.time()
    return TimeLimit(after_s, "Slurm ends it at its time limit (sbatch --time)") if after_s > 0 else None
