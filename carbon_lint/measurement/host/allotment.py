"""Read what a Hugging Face Job states of its own machine: CPUs, memory, and whether its flavor has GPUs.

https://huggingface.co/docs/hub/jobs-configuration: `CPU_CORES` (2), `MEMORY` (`8Gi`), `ACCELERATOR` (`a10g-small`,
`a100x4`, or `none`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from carbon_lint.records.schedulers import scheduled_job

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d+)?)(m|[KMGT]i?)?", re.ASCII)
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_FACTORS = {"": 1.0, "m": 1e-3, **{f"{letter}i": 1024.0**n for n, letter in enumerate("KMGT", 1)}}
_FACTORS |= {letter: 1000.0**n for n, letter in enumerate("KMGT", 1)}
_MANY_GPUS = re.compile(r"x(\d{1,3})$", re.ASCII)


class Allotment(NamedTuple):
    """What a job was given; `None` if it is not stated."""

    cpus: float | None = None
    memory_bytes: int | None = None
    flavor: str | None = None  # of the machine, if it has GPUs
    gpu_count: int = 0  # of the flavor
    visible: str | None = None  # which of them the job uses, as CUDA_VISIBLE_DEVICES states it


def allotment(environ: Mapping[str, str]) -> Allotment:
    """Return what the Hugging Face Job that this process runs in was given; nothing elsewhere."""
    job = scheduled_job(environ)
    if job is None or job.scheduler != "hf-jobs":
        return Allotment()
    memory_bytes = _quantity(environ.get("MEMORY", ""))
    many = _MANY_GPUS.search(job.partition or "")
    return Allotment(
        cpus=_quantity(environ["CPU_CORES"]),
        memory_bytes=None if memory_bytes is None else int(memory_bytes),
        flavor=job.partition,
        gpu_count=0 if job.partition is None else int(many[1]) if many else 1,
        visible=environ.get("CUDA_VISIBLE_DEVICES"),
    )


def _quantity(text: str) -> float | None:
    """Return `8Gi`, `3500m` or `2` as a number above 0; `None` for anything else."""
    match = _QUANTITY.fullmatch(text.strip())
    return (float(match[1]) * _FACTORS[match[2] or ""] or None) if match else None
