"""The power that memory is taken to draw: CodeCarbon's model by size, on what this process may really use.

CodeCarbon takes the machine's whole memory, also inside a container that may use one GiB of it.
"""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass
from pathlib import Path

from carbon_lint.measure.host import cgroup
from carbon_lint.records.record import Method

_GIB = 1 << 30
# CodeCarbon 3.3.2, external/ram.py: 5 W a DIMM, 1.5 W on Arm; `test_the_memory_model_is_codecarbons` holds them equal.
_WATTS_PER_DIMM = 5.0
_WATTS_PER_DIMM_ARM = 1.5
# (at most so many GiB, so many DIMMs)
_DIMMS = ((2, 1), (16, 2), (64, 4), (128, 8))
_LARGE_DIMMS_GIB = (128, 64, 32, 16, 8, 4)
_MOST_DIMMS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RamPlan:
    """Memory's constant power.

    Attributes:
        size_gib: what counts: the smaller of the machine's memory and the cgroup's limit.
        power_w: constant while the job runs.
        source: in words.
    """

    size_gib: float
    power_w: float
    source: str
    method: Method = Method.CONSTANT


def plan_ram(*, root: Path = Path("/"), machine: str | None = None) -> RamPlan:
    """Decide once, before the job starts."""
    total = _total_bytes(root)
    limit = cgroup.memory_limit_bytes(root)
    size_gib = (total if limit is None else min(total, limit)) / _GIB
    what = "the machine's memory" if limit is None or limit >= total else "the container's memory limit"
    arm = (machine or platform.machine()).lower().startswith(("arm", "aarch"))
    power_w = model_w(size_gib, arm=arm)
    return RamPlan(
        size_gib=size_gib, power_w=power_w, source=f"CodeCarbon's model by size: {size_gib:.1f} GiB ({what})"
    )


def model_w(size_gib: float, *, arm: bool) -> float:
    """CodeCarbon's power of so much memory: W a DIMM, less for each further one, at least two DIMMs' worth."""
    base = _WATTS_PER_DIMM_ARM if arm else _WATTS_PER_DIMM
    dimms = _dimms(size_gib)
    shares = ((4, 1.0), (4, 0.9), (8, 0.8), (_MOST_DIMMS, 0.7))
    power_w = 0.0
    for count, factor in shares:
        power_w += base * factor * min(count, dimms)
        dimms = max(0, dimms - count)
    return max(power_w, base * 2)


def _dimms(size_gib: float) -> int:
    for most_gib, count in _DIMMS:
        if size_gib <= most_gib:
            return count
    for dimm_gib in _LARGE_DIMMS_GIB:
        if dimm_gib <= size_gib / 8:
            return min(math.ceil(size_gib / dimm_gib), _MOST_DIMMS)
    return 8


def _total_bytes(root: Path) -> int:
    """MemTotal. Raises OSError where /proc is not there."""
    for line in (root / "proc/meminfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{root / 'proc/meminfo'} does not state MemTotal")
