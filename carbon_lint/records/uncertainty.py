"""Hold what is known of a figure's error: its bounds, the assumptions behind it, and what it leaves out. Values only.

`records.ranges` makes them and adds them up; `records.store` reads and writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from carbon_lint.records.fields import Amount, Share


class Bounds(NamedTuple):
    """The least and the most that a figure may be, in the unit of the field that holds them. In JSON `[low, high]`."""

    low: Amount
    high: Amount

    def times(self, factor: float) -> Bounds:
        """Return the bounds in another unit, or of another amount."""
        return Bounds(low=self.low * factor, high=self.high * factor)

    def plus(self, other: Bounds) -> Bounds:
        """Return the bounds of a sum. Both errors may lie the same way, so the ends add up."""
        return Bounds(low=self.low + other.low, high=self.high + other.high)

    def around(self, value: float) -> Bounds:
        """Return the bounds, widened if `value` lies outside of them."""
        return Bounds(low=min(self.low, value), high=max(self.high, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A figure with its bounds, all three in one unit."""

    low: Amount
    likely: Amount
    high: Amount

    @property
    def bounds(self) -> Bounds:
        """The two ends alone."""
        return Bounds(low=self.low, high=self.high)

    def times(self, factor: float) -> Range:
        """Return the range in another unit, or of another amount."""
        return Range(low=self.low * factor, likely=self.likely * factor, high=self.high * factor)

    def plus(self, other: Range) -> Range:
        """Return the range of a sum. Both errors may lie the same way, so the ends add up."""
        return Range(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """The bounds of a run's figures, PUE included.

    `emissions_g` has the width of the energy alone: the carbon intensity has no range of its own. `None` means that
    there is no such component, or no grams.
    """

    energy_kwh: Bounds
    emissions_g: Bounds | None = None
    cpu_kwh: Bounds | None = None
    gpu_kwh: Bounds | None = None
    ram_kwh: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a modelled figure was computed from, so that anybody can compute it again. `None` is not known or not used.

    The CPU drew `cpu_full_power_w * cpu_thread_share * (cpu_idle_factor + cpu_load_factor * cpu_mean_load)` watts.

    Attributes:
        cpu_full_power_w: power of the whole CPU (all sockets) at full load, in W.
        cpu_full_power_source: whose figure that is.
        cpu_thread_share: the job's part of the CPU's threads, above 0 up to 1.
        cpu_idle_factor: share of the full power at no load.
        cpu_load_factor: share of the full power that full load adds.
        cpu_mean_load: mean load of that part, 0 to 1, without stolen time.
        memory_power_w: power of the memory, in W.
        memory_gib: the memory that was counted, in GiB.
        tables: name of each table that was used -> its version.
    """

    cpu_full_power_w: Amount | None = None
    cpu_full_power_source: str | None = None
    cpu_thread_share: Share | None = None
    cpu_idle_factor: Amount | None = None
    cpu_load_factor: Amount | None = None
    cpu_mean_load: Share | None = None
    memory_power_w: Amount | None = None
    memory_gib: Amount | None = None
    tables: Mapping[str, str] = field(default_factory=dict, hash=False)
