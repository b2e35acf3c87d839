"""Share a run's energy out to the epochs and phases that its job names. Pure.

A boundary is known to the tick in which it is read. The energy of such a tick is split by time: `n` boundaries cut it
into `n + 1` equal parts. `Phase.split_share` says how much of a phase's energy was found so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Energy, Phase, PhaseKind, Record

MOST_NAMES = 500
"""Epochs, and phases, that one record lists."""
MOST_NAME_CHARACTERS = 100
MOST_MARKS_A_TICK = 20
"""More in one tick cannot be separated by their energy, and would let a journal grow without end."""

_COMPONENTS = ("total", "cpu", "gpu", "ram")


class MarkAction(StrEnum):
    """What a mark does.

    `begin`: the part under way ends, and another begins. `name`: the part under way gets its name. `extend`: the part
    before it goes on until here.
    """

    BEGIN = "begin"
    NAME = "name"
    EXTEND = "extend"


class Mark(NamedTuple):
    """A boundary that was read within a tick. Without a name, what begins is not known to be a part of anything."""

    kind: PhaseKind
    action: MarkAction
    name: str | None = None


@dataclass(slots=True)
class _Amount:
    """Energy by component in kWh (`None` if a reading lacks it), seconds, and the part of the energy split by time."""

    energy_kwh: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(_COMPONENTS, 0.0))
    duration_s: float = 0.0
    split_kwh: float = 0.0

    def add(self, other: _Amount, share: float = 1.0) -> None:
        """Add a share of another amount."""
        for name, mine in self.energy_kwh.items():
            theirs = other.energy_kwh[name]
            self.energy_kwh[name] = None if mine is None or theirs is None else mine + share * theirs
        self.duration_s += share * other.duration_s
        self.split_kwh += share * other.split_kwh


@dataclass(slots=True)
class _Sum:
    began_s: float
    ended_s: float
    times: int = 0
    amount: _Amount = field(default_factory=_Amount)


@dataclass(slots=True)
class _Track:
    """The parts of one kind: those that have ended, and the one under way."""

    ended: dict[str, _Sum] = field(default_factory=dict)
    last: str | None = None  # what ended last
    name: str | None = None
    began_s: float = 0.0
    amount: _Amount = field(default_factory=_Amount)
    left_out: int = 0

    def apply(self, mark: Mark, at_s: float) -> None:
        if mark.action is MarkAction.NAME:
            self.name = mark.name
        elif mark.action is MarkAction.EXTEND:
            if self.last is not None:
                self.ended[self.last].amount.add(self.amount)
                self.ended[self.last].ended_s = at_s
            self._begin(self.name, at_s)
        elif self.name is None or mark.name != self.name:
            self.last = self._end(self.ended, at_s)
            self._begin(mark.name, at_s)

    def all(self, at_s: float) -> dict[str, _Sum]:
        """Return every part, also the one under way, which ends at `at_s`."""
        parts = deepcopy(self.ended)
        self._end(parts, at_s)
        return parts

    def _begin(self, name: str | None, at_s: float) -> None:
        self.name, self.began_s, self.amount = name, at_s, _Amount()

    def _end(self, parts: dict[str, _Sum], at_s: float) -> str | None:
        """Add the part under way to `parts`, and return its name; `None` if it has none, or `parts` is full."""
        if self.name is None:
            return None
        if self.name not in parts:
            if len(parts) >= MOST_NAMES:
                self.left_out += parts is self.ended
                return None
            parts[self.name] = _Sum(self.began_s, at_s)
        known = parts[self.name]
        known.amount.add(self.amount)
        known.ended_s, known.times = at_s, known.times + 1
        return self.name


class PhaseMeter:
    """Takes one reading after the other, each with the marks that were read since the one before."""

    def __init__(self) -> None:
        self._tracks: dict[PhaseKind, _Track] = defaultdict(_Track)
        self._at_s = 0.0
        self._before: Energy | None = None

    def take(self, reading: Reading, marks: Sequence[Mark]) -> None:
        """Share the energy since the last reading out to what was under way."""
        since = _since(self._before, reading.energy_kwh, max(0.0, reading.elapsed_s - self._at_s))
        began_s, self._at_s, self._before = self._at_s, max(self._at_s, reading.elapsed_s), reading.energy_kwh
        for kind in {*self._tracks, *(mark.kind for mark in marks)}:
            track, cuts = self._tracks[kind], _cuts([mark for mark in marks if mark.kind is kind])
            share = 1 / (len(cuts) + 1)
            since.split_kwh = (since.energy_kwh["total"] or 0.0) if cuts else 0.0
            track.amount.add(since, share)
            for number, together in enumerate(cuts, 1):
                for mark in together:
                    track.apply(mark, began_s + number * share * since.duration_s)
                track.amount.add(since, share)

    def phases(self, record: Record) -> tuple[Phase, ...]:
        """Return the parts in the order in which they began. Grams are at the run's mean carbon intensity."""
        total_kwh, emissions_g = record.energy_kwh.total, record.emissions_g
        g_per_kwh = emissions_g / total_kwh if total_kwh and emissions_g is not None else None
        found = [
            _phase(kind, name, each, g_per_kwh)
            for kind, track in self._tracks.items()
            for name, each in track.all(self._at_s).items()
        ]
        return tuple(sorted(found, key=lambda phase: (phase.kind, phase.began_s)))

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what is not listed, one line each."""
        return tuple(
            f"{track.left_out} {kind}s after the first {MOST_NAMES} are not listed: their energy is in the total alone"
            for kind, track in self._tracks.items()
            if track.left_out
        )


def _cuts(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Return the marks by boundary: what names or extends a part belongs to the beginning that follows."""
    cuts: list[list[Mark]] = []
    is_open = False
    for mark in marks:
        if not is_open:
            cuts.append([])
        cuts[-1].append(mark)
        is_open = mark.action is not MarkAction.BEGIN
    return cuts


def _since(before: Energy | None, now: Energy, duration_s: float) -> _Amount:
    amount = _Amount(duration_s=duration_s)
    for name in _COMPONENTS:
        early, late = (0.0 if before is None else getattr(before, name)), getattr(now, name)
        amount.energy_kwh[name] = None if early is None or late is None else max(0.0, late - early)
    return amount


def _phase(kind: PhaseKind, name: str, known: _Sum, g_per_kwh: float | None) -> Phase:
    energy = Energy(**known.amount.energy_kwh)
    emissions_g = None if g_per_kwh is None or energy.total is None else energy.total * g_per_kwh
    return Phase(
        kind=kind,
        name=name,
        times=known.times,
        began_s=known.began_s,
        ended_s=known.ended_s,
        duration_s=known.amount.duration_s,
        energy_kwh=energy,
        emissions_g=emissions_g,
        split_share=min(1.0, known.amount.split_kwh / energy.total) if energy.total else None,
    )
