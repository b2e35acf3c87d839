"""Model the power of a host whose sensors cannot be read: its CPU and its memory. Pure.

Every constant states its source, and was chosen within the span of its sources with a look at the measured servers that
`benchmarks/model_error.py` compares with them. CPU, in shares of the thermal design power (TDP):

* no load, 0.12 likely: Teads measured it by RAPL on Amazon's bare Intel machines (Davy, "Estimating AWS EC2 Instances
  Power Consumption", 2021). At least half of it: what RAPL showed lay at up to half of a straight line from TDP.
* full load, 0.75 likely: RAPL showed 0.51 to 0.93 of TDP on four servers that were measured; powerapi takes 0.7 (after
  Rivoire et al., "JouleSort", SIGMOD 2007). At least 0.51.
* at most Teads' curve of a stress test, 0.12, 0.32, 0.75 and 1.02 at 0, 10, 50 and 100 % load: training that is heavy
  on vector instructions draws up to TDP.

Memory, in W per GiB: 0.2 likely, 0.1 to 0.4. Teads' RAPL readings are 0.15 to 0.35; Microsoft's GreenSKU has 0.16 at
40 % load (ISCA 2024), Boavizta 0.284, Green Algorithms 0.3725 and Cloud Carbon Footprint 0.392; pairs of SPECpower
results that differ in memory alone 0.03 to 0.25. Beyond 128 GiB half as much: larger modules draw less per GiB, and a
server of 192 GiB was measured at 39.5 W in all.

`records.ranges.LEFT_OUT` has what is left out beside CPU and memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from carbon_lint.records.uncertainty import Range

BY_USER = "given by the user"
"""Who states a power, if nobody says which flag or line does."""
VERSION = "2026-11"  # of the constants in this file

IDLE_SHARE, LOAD_SHARE = 0.12, 0.63
_LOW_IDLE_SHARE, _LOW_LOAD_SHARE = 0.06, 0.45
_HIGH_CURVE = ((0.0, 0.12), (0.1, 0.32), (0.5, 0.75), (1.0, 1.02))
FULL_SHARE = IDLE_SHARE + LOAD_SHARE

MEMORY_W_PER_GIB = Range(low=0.1, likely=0.2, high=0.4)
_SMALL_MODULES_GIB = 128.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuModel:
    """The power of a CPU as a straight line over its load, so that a mean load gives the mean power."""

    full_power_w: float  # TDP of all its sockets, or what the user states for full load
    share: float = 1.0  # the part of its threads that is counted, above 0 up to 1
    idle_factor: float = IDLE_SHARE  # share of `full_power_w` at no load
    load_factor: float = LOAD_SHARE  # share of `full_power_w` that full load adds
    is_stated: bool = False  # the user states what it draws at full load; no figure is above that
    widening: tuple[float, float] = (1.0, 1.0)  # factors on the low and on the high end, if TDP or model is not known

    def power_w(self, load: float) -> Range:
        """Return the mean power at a mean load of 0 to 1.

        The high end bends downwards, so that its value at the mean is above its mean for any pattern of load.
        """
        tdp_w = self.full_power_w * self.share / (FULL_SHARE if self.is_stated else 1.0)
        likely_w = self.full_power_w * self.share * (self.idle_factor + self.load_factor * load)
        high_w = tdp_w * _between(_HIGH_CURVE, load) * self.widening[1]
        if self.is_stated:
            high_w = min(high_w, self.full_power_w * self.share)
        low_w = tdp_w * (_LOW_IDLE_SHARE + _LOW_LOAD_SHARE * load) * self.widening[0]
        return Range(low=min(low_w, likely_w), likely=likely_w, high=max(high_w, likely_w))


def stated_cpu(full_power_w: float) -> CpuModel:
    """Return the model of a CPU whose power at full load the user states: the same line, through that power."""
    return CpuModel(
        full_power_w=full_power_w,
        idle_factor=IDLE_SHARE / FULL_SHARE,
        load_factor=LOAD_SHARE / FULL_SHARE,
        is_stated=True,
    )


def memory_power_w(size_gib: float, *, is_part: bool = False) -> Range:
    """Return the power of so much memory. `is_part`: it is a part of a larger machine's, and not modules of its own."""
    modules_gib = size_gib if is_part else (min(size_gib, _SMALL_MODULES_GIB) + size_gib) / 2
    return MEMORY_W_PER_GIB.times(modules_gib)


def _between(curve: tuple[tuple[float, float], ...], load: float) -> float:
    """Return the curve's value, straight between its points."""
    for (start, first), (end, second) in pairwise(curve):
        if load <= end:
            return first + (second - first) * (max(load, start) - start) / (end - start)
    return curve[-1][1]
