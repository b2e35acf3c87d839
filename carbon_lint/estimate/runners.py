"""Look up what a hosted runner is: its processor, threads, memory and GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from carbon_lint.data import load
from carbon_lint.errors import UsageError
from carbon_lint.text import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A hosted runner: `gpu` is `None` if it has none; `source` says who states its size, and how its CPU is known."""

    name: str
    cpu: str
    threads: int
    memory_gib: float
    gpu: str | None
    gpu_count: int
    source: str


def find_runner(text: str) -> Runner:
    """Return the runner of a label (`ubuntu-latest`, `hf-jobs-a10g-small`). Raises UsageError with the nearest."""
    label = text.strip().lower()
    name = label.removeprefix("hf-jobs-")
    row = _rows().get(label) or _rows().get(name)
    if row is None:
        near = get_close_matches(name, _rows(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(
            f"runner {quoted(text)} is not in the table",
            hint=f"{hint}describe it with --cpu, --threads and --memory",
        )
    confirmed = "" if row.get("is_confirmed", True) else ", this size not confirmed"
    return Runner(
        name=label,
        cpu=row["cpu"],
        threads=row["threads"],
        memory_gib=float(row["memory_gib"]),
        gpu=row.get("gpu"),
        gpu_count=row.get("gpu_count", 1 if "gpu" in row else 0),
        source=f"{row['source']}{confirmed}; {row['cpu_source']}",
    )


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, Any]]:
    """Return the table by label. Those of one provider share its sources."""
    return {
        label: {**shared, **row}
        for shared in load("runners.json")["providers"]
        for row in shared["runners"]
        for label in row["labels"]
    }
