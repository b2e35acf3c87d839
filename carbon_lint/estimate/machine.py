"""Find a host, by its processor, sockets or threads and memory, or as a hosted runner, and its power by the models."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from carbon_lint.data import load
from carbon_lint.errors import UsageError
from carbon_lint.measurement.host.cpu import share_of
from carbon_lint.measurement.host.power import CpuModel, memory_power_w
from carbon_lint.measurement.host.processor import Socket, find_socket, near_names
from carbon_lint.records.uncertainty import Range
from carbon_lint.text import quoted

_MODELS = "models of CPU and memory: those of `carbon-lint run` (docs/measuring.md)"
_MOST_SOCKETS = 64
_MOST_THREADS = 65_536
HF_JOBS = "hf-jobs-"  # what the labels of https://github.com/huggingface/jobs-actions begin with
_COUNTS = (
    r"^\s*(\d{1,3}|dual|quad)(?:\s*[x\u00d7*]\s+|[x\u00d7*](?=amd|intel|xeon|epyc|opteron)|\s+(?=[a-z]))(?=\S)",
    r"[\s,(]+[x\u00d7*]\s*(\d{1,2})\)?\s*$",
    r"[\s,(]+(\d{1,2}|dual|quad)[\s-]*(?:sockets?|chips?|CPUs|processors|way)\b\)?",
)
_LEAST_MEMORY_GIB, _MOST_MEMORY_GIB = 1 / 64, 65_536.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A processor and memory, which draws `memory_w` all the time. `basis` says what was counted, in words."""

    cpu: CpuModel
    memory_w: Range
    basis: str
    sources: tuple[str, ...]

    def power_w(self, load: float | None) -> Range:
        """Return the mean power at a load of 0 to 1; without one anything from no load to full load, half as likely."""
        if load is not None:
            return self.cpu.power_w(load).plus(self.memory_w)
        ends = Range(
            low=self.cpu.power_w(0.0).low, likely=self.cpu.power_w(0.5).likely, high=self.cpu.power_w(1.0).high
        )
        return ends.plus(self.memory_w)

    def of_runner(self, name: str, source: str) -> Host:
        """Return this host, named as the runner that it is."""
        return replace(self, basis=f"runner {name}: {self.basis}", sources=(f"runner: {source}", *self.sources))


def find_host(name: str, *, memory_gib: float, sockets: int | None = None, threads: int | None = None) -> Host:
    """Return the host that a user describes. Raises UsageError for an unknown processor, or absurd numbers.

    Whole sockets are a machine; `threads` alone are a part of one, as a virtual machine's are.
    """
    name, sockets = _without_count(name, sockets)
    _check(sockets, threads, memory_gib)
    socket = find_socket(name)
    if socket is None:
        near = near_names(name)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise UsageError(
            f"CPU {quoted(name)} is in no table", hint=f"{hint}name it as its maker does, like 'Intel Xeon Gold 6148'"
        )
    cpu, what, is_part = _counted(socket, sockets, threads)
    counted = f"{what} of {socket.name} ({socket.tdp_w:g} W a socket) and {memory_gib:g} GiB of memory"
    unused = f"--threads {threads} is not used: how many {socket.name} has is not known, so whole sockets are counted"
    doubts = (socket.doubt or "", unused if threads is not None and socket.threads is None else "")
    return Host(
        cpu=cpu,
        memory_w=memory_power_w(memory_gib, is_part=is_part),
        basis=counted,
        sources=(f"CPU: {socket.source}", *filter(None, doubts), _MODELS),
    )


def _counted(socket: Socket, sockets: int | None, threads: int | None) -> tuple[CpuModel, str, bool]:
    """Return the model of what is counted, what that is in words, and whether it is a part of a machine."""
    whole = CpuModel(full_power_w=socket.tdp_w * (sockets or 1), widening=socket.widening)
    in_words = f"{sockets or 1} x the whole socket"
    if threads is not None and socket.threads is None and sockets is None:  # CodeCarbon's list has no threads
        what = f"how many of {socket.name} have --threads {threads} is not known"
        raise UsageError(what, hint="give --sockets 1 for a whole one")
    if threads is None or socket.threads is None:
        return whole, in_words, False
    if sockets is None:
        is_part = threads % socket.threads != 0
        of = socket.threads * math.ceil(threads / socket.threads)
        return share_of(socket, socket.threads, threads), f"{threads} of {of} threads", is_part
    there = socket.threads * sockets
    if threads > there:
        raise UsageError(
            f"--threads {threads} are more than --sockets {sockets} of {socket.name} have: {there}",
            hint="leave --threads out for whole sockets",
        )
    if threads in {there, there // 2}:  # half of them: a machine with SMT off draws as much
        return whole, in_words, False
    return replace(whole, share=threads / there), f"{threads} of {there} threads", True


def _without_count(name: str, sockets: int | None) -> tuple[str, int | None]:
    """Return `2 x NAME`, `NAME x2` or `NAME (40 cores, 2 chips)` as the name and its sockets.

    Raises UsageError if `sockets` says another number.
    """
    for pattern in _COUNTS:
        found = re.search(pattern, name, re.IGNORECASE | re.DOTALL)
        if found is None:
            continue
        count = {"dual": 2, "quad": 4}.get(found[1].lower()) or int(found[1])
        if sockets not in {None, count}:
            raise UsageError(f"--cpu {quoted(name)} and --sockets {sockets} disagree", hint="give one of them")
        return name[: found.start()] + name[found.end() :], count
    return name, sockets


def _check(sockets: int | None, threads: int | None, memory_gib: float) -> None:
    if sockets is not None and not 1 <= sockets <= _MOST_SOCKETS:
        raise UsageError(f"--sockets {sockets} cannot be a machine's", hint=f"give 1 to {_MOST_SOCKETS}")
    if threads is not None and not 1 <= threads <= _MOST_THREADS:
        raise UsageError(f"--threads {threads} cannot be a machine's", hint=f"give 1 to {_MOST_THREADS}")
    if not (math.isfinite(memory_gib) and _LEAST_MEMORY_GIB <= memory_gib <= _MOST_MEMORY_GIB):
        raise UsageError(
            f"--memory {memory_gib:g} GiB cannot be a machine's", hint="give what it has, like --memory '16 GiB'"
        )


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
    row = _rows().get(label) or _rows().get(label.removeprefix(HF_JOBS))
    if row is None:
        listed = "; `hf jobs hardware` lists the flavors" if label.startswith(HF_JOBS) else ""
        hint = f"{_nearest(label)}describe it with --gpu and --count, or --cpu, --threads and --memory{listed}"
        raise UsageError(f"runner {quoted(text)} is not in the table", hint=hint)
    return Runner(
        name=label,
        cpu=row["cpu"],
        threads=row["threads"],
        memory_gib=float(row["memory_gib"]),
        gpu=row.get("gpu"),
        gpu_count=row.get("gpu_count", 1 if "gpu" in row else 0),
        source=f"{row['source']}; {row['cpu_source']}",
    )


def unknown_flavor(label: str) -> str | None:
    """Return what to do about a label that begins as a Hugging Face Job's and names no known flavor; else `None`."""
    label = label.strip().lower()
    if not label.startswith(HF_JOBS) or label.removeprefix(HF_JOBS) in _flavors():
        return None
    return f"{_nearest(label)}`hf jobs hardware` lists the flavors"


def _nearest(label: str) -> str:
    prefix = HF_JOBS if label.startswith(HF_JOBS) else ""
    near = get_close_matches(label.removeprefix(prefix), _flavors() if prefix else _rows(), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(prefix + one for one in near)}? " if near else ""


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, Any]]:
    """Return the table by label. Those of one provider share its sources."""
    return {
        label: {**shared, **row}
        for shared in load("runners.json")["providers"]
        for row in shared["runners"]
        for label in row["labels"]
    }


def _flavors() -> tuple[str, ...]:
    """Return the flavors of Hugging Face Jobs."""
    return tuple(label for label, row in _rows().items() if row.get("prefix") == HF_JOBS)
