"""Read RAPL, the energy counters of CPU packages (`package`), their memory (`dram`) and the whole platform (`psys`).

CodeCarbon reads the packages only. It skips an interval whose counter it could not read, takes a second package for a
mirror of the first if both stand within a joule, and books a counter that was reset as a wrap. Here the counter makes
up for a gap, each zone counts once by its name, and a counter that jumps spoils the run.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from carbon_lint.files import text_at
from carbon_lint.units import MOST_PART_W

_UJ_PER_KWH = 3.6e12
_BASES = ("sys/class/powercap", "sys/devices/virtual/powercap/intel-rapl", "sys/devices/virtual/powercap")


class Domain(StrEnum):
    """What a zone counts, as its `name` begins."""

    PACKAGE = "package"
    DRAM = "dram"
    PSYS = "psys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One counter: its file `energy_uj`, and what makes it one among others (`package-0/dram`)."""

    domain: Domain
    name: str
    energy: Path

    @property
    def is_readable(self) -> bool:
        """True if this user may read the counter and it holds a number."""
        if not os.access(self.energy, os.R_OK):
            return False
        try:
            return _number(self.energy) >= 0
        except (OSError, ValueError):
            return False


def find_zones(root: Path, domain: Domain) -> tuple[Zone, ...]:
    """Return the machine's zones of one kind, each once. One that stands under two names is the readable one."""
    for base in _BASES:
        found: dict[str, Zone] = {}
        for folder in sorted(_folders(root / base)):
            zone = _zone(folder, root / base)
            if zone is not None and zone.domain is domain:
                known = found.get(zone.name)
                found[zone.name] = zone if known is None or not known.is_readable else known
        if found:
            return tuple(found.values())
    return ()


def readable(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    """Return the zones if all of them can be read, else none: a part of the packages is not the CPU."""
    return tuple(zones) if zones and all(zone.is_readable for zone in zones) else ()


class CounterError(Exception):
    """A counter gave no figure that can be believed."""


class Counters:
    """Sums the movement of zones since `start`."""

    def __init__(self, zones: Sequence[Zone], clock: Callable[[], float] = time.monotonic) -> None:
        self.zones = tuple(zones)
        self._clock = clock
        self._last: dict[Zone, tuple[int, float]] = {}
        self._sum_uj = 0
        self._spoilt: str | None = None

    def start(self) -> None:
        """Begin to count. Raises CounterError if a counter cannot be read."""
        self._last = {zone: (_read(zone), self._clock()) for zone in self.zones}

    def read_kwh(self) -> float:
        """Return the energy since `start`. Raises CounterError; after a jump for good, else until it can be read."""
        if self._spoilt is None:
            now = {zone: (_read(zone), self._clock()) for zone in self.zones}
            for zone, (now_uj, now_s) in now.items():
                last_uj, last_s = self._last[zone]
                moved_uj = now_uj - last_uj + (_range_uj(zone) if now_uj < last_uj else 0)
                watts = moved_uj / 1e6 / max(1.0, now_s - last_s)
                if not 0 <= watts <= MOST_PART_W:
                    self._spoilt = f"the energy of {zone.name} moved at {watts:.0f} W: its counter was reset"
                    break
                self._sum_uj += moved_uj
            self._last = now
        if self._spoilt is not None:
            raise CounterError(self._spoilt)
        return self._sum_uj / _UJ_PER_KWH


def _folders(base: Path) -> Iterable[Path]:
    """Yield the folders of zones: flat in /sys/class/powercap, one in the other elsewhere."""
    for pattern in ("*rapl*:*", "*rapl*:*/*rapl*:*:*", "*rapl*/*rapl*:*", "*rapl*/*rapl*:*/*rapl*:*:*"):
        yield from base.glob(pattern)


def _zone(folder: Path, base: Path) -> Zone | None:
    name = text_at(folder / "name").lower()
    domain = next((domain for domain in Domain if name.startswith(domain)), None)
    if domain is None or not (folder / "energy_uj").exists():
        return None
    if domain is not Domain.DRAM:
        return Zone(domain=domain, name=name, energy=folder / "energy_uj")
    # Every package calls its memory `dram`: the number of the folder says whose it is.
    parent = re.sub(r":\d+$", "", folder.name)
    package = next((text_at(path / "name").lower() for path in _folders(base) if path.name == parent), "")
    return Zone(domain=domain, name=f"{package or parent}/{name}", energy=folder / "energy_uj")


def _read(zone: Zone) -> int:
    try:
        return _number(zone.energy)
    except (OSError, ValueError) as error:
        raise CounterError(f"the energy counter of {zone.name} cannot be read: {error}") from error


def _range_uj(zone: Zone) -> int:
    """Return where the counter wraps; 0 if it is not known, so that a wrap counts as a reset."""
    try:
        return _number(zone.energy.parent / "max_energy_range_uj")
    except (OSError, ValueError):
        return 0


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
