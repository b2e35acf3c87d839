"""How the CPU's power is to be found: from RAPL's counter, or as the share of the socket that this machine really has.

CodeCarbon alone takes the whole socket's TDP for two vCPUs of it (EPYC 7763: 280 W where the share is 4.4 W).
"""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from carbon_lint.data import table
from carbon_lint.errors import UsageError
from carbon_lint.measure.codecarbon.figures import PLAUSIBLE_CPU_W
from carbon_lint.measure.host import cgroup
from carbon_lint.records.record import Method

_TABLE = table("cpu_power.json")


class Limit(StrEnum):
    """What keeps this process from some of the machine's threads."""

    QUOTA = "quota"
    AFFINITY = "affinity"


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPlan:
    """How the CPU will be measured.

    Attributes:
        method: counter, load-model or user.
        max_power_w: what the load model takes for full load; `None` with a counter.
        model: the processor's name as the kernel gives it.
        threads: hardware threads this machine shows.
        usable_threads: what affinity and cgroup quota leave of them.
        is_virtual: True on a virtual machine.
        limit: what leaves fewer threads than the machine shows; the load is then not the whole machine's.
        source: where `max_power_w` comes from, in words.
        warnings: what a reader of the number should know.
    """

    method: Method
    max_power_w: float | None
    model: str | None
    threads: int
    usable_threads: float
    is_virtual: bool
    limit: Limit | None
    source: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Processor:
    model: str | None
    vendor: str | None
    family: int | None
    number: int | None
    implementer: str | None
    part: str | None
    threads: int
    siblings: int
    is_virtual: bool


def plan_cpu(user_power_w: float | None, *, root: Path = Path("/"), affinity: int | None = None) -> CpuPlan:
    """Decide once, before the job starts. `affinity`: CPUs this process may run on, where a test says so.

    Raises UsageError where the user's power cannot be a machine's.
    """
    _check_power(user_power_w)
    processor = read_processor(root)
    allowed = min(processor.threads, len(os.sched_getaffinity(0)) if affinity is None else affinity)
    quota = cgroup.cpu_quota(root)
    usable = float(allowed) if quota is None else min(float(allowed), quota)
    warnings: tuple[str, ...] = ()
    power_w = user_power_w
    if user_power_w is not None:
        method, source = Method.USER, "--cpu-power"
    elif rapl_domains(root):
        method, source = Method.COUNTER, "RAPL package counters"
    else:
        method = Method.LOAD_MODEL
        power_w, source, warnings = _share_w(processor, usable)
    return CpuPlan(
        method=method,
        max_power_w=power_w,
        model=processor.model,
        threads=processor.threads,
        usable_threads=usable,
        is_virtual=processor.is_virtual,
        limit=_limit(processor.threads, allowed, usable),
        source=source,
        warnings=warnings,
    )


def _check_power(user_power_w: float | None) -> None:
    """Or the CPU would be counted as 0, or its figure refused in the middle of the job."""
    if user_power_w is not None and not 0 < user_power_w <= PLAUSIBLE_CPU_W:
        raise UsageError(
            f"cpu-power: {user_power_w:g} W is not what a machine's CPUs draw at full load",
            hint=f"give more than 0 and at most {PLAUSIBLE_CPU_W:g} W, like '15 W', or leave it out",
        )


def rapl_domains(root: Path) -> tuple[Path, ...]:
    """The package counters that can be read."""
    return tuple(path for path in _rapl_files(root) if os.access(path, os.R_OK))


def rapl_denied(root: Path) -> tuple[Path, ...]:
    """The package counters that are there and may not be read."""
    return tuple(path for path in _rapl_files(root) if not os.access(path, os.R_OK))


def _rapl_files(root: Path) -> list[Path]:
    found: list[Path] = []
    for base in ("sys/class/powercap", "sys/devices/virtual/powercap/intel-rapl"):
        for name in sorted((root / base).glob("intel-rapl:*/name")):
            energy = name.parent / "energy_uj"
            found += [energy] if "package" in _text(name).lower() and energy.exists() else []
        if found:
            break
    return found


def _limit(threads: int, allowed: int, usable: float) -> Limit | None:
    if usable < allowed:
        return Limit.QUOTA
    return Limit.AFFINITY if allowed < threads else None


def _share_w(processor: _Processor, usable: float) -> tuple[float, str, tuple[str, ...]]:
    """W at full load of `usable` threads, its source in words, and warnings."""
    row = _row(processor)
    if row is not None:
        # A bare machine says itself how many threads a socket has: half as many with SMT off, at the same power.
        # An Arm one does not say whether it is bare.
        threads = row["threads"] if processor.is_virtual or "part" in row else processor.siblings
        text = f"{usable:g} of {threads} threads of a socket of {row['tdp_w']:g} W ({row['source']})"
        return row["tdp_w"] * usable / threads, text, _doubts(row)
    tdp_w = None if processor.is_virtual else _registry_tdp_w(processor.model)
    if tdp_w is not None:
        text = f"{usable:g} of {processor.siblings} threads of a socket of {tdp_w:g} W (CodeCarbon's CPU table)"
        return tdp_w * usable / processor.siblings, text, ()
    default = _table()["default"]
    warning = (
        f"the power of {processor.model or 'this CPU'} is not known: {default['watts_per_thread']:g} W a thread is "
        "assumed; give the slice's own with --cpu-power"
    )
    return default["watts_per_thread"] * usable, f"{usable:g} threads, {default['source']}", (warning,)


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name") or f"the {row['match']}").replace("\\", "")


def _doubts(row: dict[str, Any]) -> tuple[str, ...]:
    """What a reader should know of a line whose figure is not the maker's own for this very part."""
    if row["basis"] == "stand-in":
        # A line that is found by the family is of a host that hides more; the source is in the plan.
        why = (
            f"this machine hides which {row['name']} it has"
            if "family" in row
            else f"none is published for {_name(row)}"
        )
        return (f"CPU power is estimated: {why}, so that of a similar one was taken ({row['as']})",)
    if row["basis"] == "listed":
        return (f"CPU power is from public lists, not from its maker: {row['source']}",)
    return ()


def _row(processor: _Processor) -> dict[str, Any] | None:
    """The line of the table: by name, by Arm part, else by generation where a host hides the model."""
    table = _table()
    name = re.sub(r"\(R\)|\(TM\)|CPU ", "", processor.model or "", flags=re.IGNORECASE)
    for part in table["parts"]:
        if re.search(rf"(?<![\w+]){part['match']}(?![\w+])", name, re.IGNORECASE):
            return dict(part)
    for part in table["arm"]:
        if (processor.implementer, processor.part) == (part["implementer"], part["part"]):
            return dict(part)
    if not processor.is_virtual:
        return None
    for part in table["generations"]:
        low, high = part["models"]
        same = (processor.vendor, processor.family) == (part["vendor"], part["family"])
        if same and processor.number is not None and low <= processor.number <= high:
            return dict(part)
    return None


def _registry_tdp_w(model: str | None) -> float | None:
    """The TDP of a whole socket by exact name in CodeCarbon's list, read as a file: its lookup costs a second."""
    found = find_spec("codecarbon")
    if model is None or found is None or found.origin is None:
        return None
    name = re.sub(r"\(R\)|\(TM\)", "", model).split(" @ ")[0]
    name = re.sub(r"\s+(CPU|\d+-Core Processor|Processor|with .*)$", "", name).casefold().strip()
    try:
        with (Path(found.origin).parent / "data/hardware/cpu_power.csv").open(encoding="utf-8", newline="") as file:
            rows = {row["Name"].casefold(): row["TDP"] for row in csv.DictReader(file)}
    except (OSError, KeyError):
        return None
    # Four of its lines are no number (`27.29.5`), one is 0.
    watts = re.fullmatch(r"\d+(?:\.\d+)?", rows.get(name) or "")
    return float(watts[0]) or None if watts else None


def read_processor(root: Path = Path("/")) -> _Processor:
    """What /proc/cpuinfo says of the first processor, and how many there are."""
    text = _text(root / "proc/cpuinfo")
    first: dict[str, str] = {}
    for line in text.partition("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        first.setdefault(key.strip(), value.strip())
    sockets = set(re.findall(r"^physical id\s*:\s*(\d+)", text, re.MULTILINE))
    threads = len(re.findall(r"^processor\s*:", text, re.MULTILINE)) or os.cpu_count() or 1
    return _Processor(
        model=first.get("model name") or None,
        vendor=first.get("vendor_id"),
        family=_integer(first.get("cpu family")),
        number=_integer(first.get("model")),
        implementer=first.get("CPU implementer"),
        part=first.get("CPU part"),
        threads=threads,
        # Also right where a container's /proc/cpuinfo lists only some of the host's threads.
        siblings=_integer(first.get("siblings")) or max(1, threads // max(1, len(sockets))),
        is_virtual="hypervisor" in first.get("flags", "").split() or (root / "sys/hypervisor/type").exists(),
    )


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
