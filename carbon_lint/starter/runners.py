"""Find where a workflow's training runs, and find workflows whose runner cannot start the action that they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from carbon_lint.errors import UsageError
from carbon_lint.estimate.machine import HF_JOBS
from carbon_lint.text import quoted

DEFAULT_RUNNER = "ubuntu-24.04"
_LABEL = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)


def check_runner(label: str) -> str:
    """Return the label of a runner. Raises UsageError if it cannot be one."""
    if not _LABEL.fullmatch(label):
        raise UsageError(
            f"{quoted(label)} is not a label of a runner", hint="name the one of `runs-on:`, such as hf-jobs-a10g-small"
        )
    return label


def is_hf_jobs(label: str) -> bool:
    """Return whether such a runner is a Hugging Face Job: a container without Docker, whose region is not stated."""
    return label.startswith(HF_JOBS)


def has_docker(label: str) -> bool:
    """Return whether the container action can be relied on: of another runner than GitHub's own nothing is known."""
    return label.startswith(("ubuntu-", "windows-", "macos-"))


def without_docker(root: Path) -> tuple[str, ...]:
    """Return a warning for each job that runs on a Hugging Face Job and uses the container action."""
    found = []
    for path in sorted((root / ".github/workflows").glob("*.y*ml")):
        for name, job in _jobs(path):
            label = next((one for one in _texts(job.get("runs-on")) if is_hf_jobs(one)), None)
            if label is None:
                continue
            for step in job.get("steps") or ():
                uses = step.get("uses") if isinstance(step, dict) else None
                action, _, ref = uses.partition("@") if isinstance(uses, str) else ("", "", "")
                if action.endswith("/carbon-lint"):
                    found.append(
                        f"{path.relative_to(root).as_posix()}: job {name} runs on {label}, which has no Docker, so the "
                        f"container action cannot start there; write `uses: {action}/in-job@{ref}`"
                    )
    return tuple(found)


def _jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        document = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        return
    jobs = document.get("jobs") if isinstance(document, dict) else None
    for name, job in (jobs if isinstance(jobs, dict) else {}).items():
        if isinstance(job, dict):
            yield str(name), job


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]
