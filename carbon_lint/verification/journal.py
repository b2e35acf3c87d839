"""Compute a run's figures again from its journal, by the functions that `run` uses, and compare them with the record.

One line is read at a time: a journal may hold a month of readings.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from carbon_lint.measurement.host.model import EXACT, is_close, recomputed
from carbon_lint.measurement.journal import FORECAST_KEYS, reading_from_json
from carbon_lint.measurement.meter import with_evidence
from carbon_lint.measurement.phases import Mark, PhaseMeter, mark_from_json
from carbon_lint.records.document import find_problem, record_from_json
from carbon_lint.records.hashes import ENDED, FIELD, record_sha256, short
from carbon_lint.records.journal import FORMAT, journal_lines, parse_line
from carbon_lint.records.plausible import find_difference
from carbon_lint.records.ranges import COMPONENTS, SENSORS
from carbon_lint.report.verification import Kind, Statement, Subject
from carbon_lint.units import format_duration, format_energy

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from carbon_lint.measurement.meter import Reading
    from carbon_lint.records.record import Record

_JOURNAL = Subject.JOURNAL
_SAME_FROM_THE_START = ("run_id", "started_at", "pue", "command", "provenance", "software")
_MOST = 100  # wrong lines, and the rest of the journal is not read
_SHOWN = 3  # contradictions of one kind; a journal with one wrong figure may have thousands


def check_journal(path: str | os.PathLike[str], record: Record) -> list[Statement]:
    """Return what the journal at `path` shows of the record. Raises InputError, OSError if it cannot be read."""
    replay = _Replay(record=record)
    for number, line in enumerate(journal_lines(path), start=1):
        replay.take(number, line)
        if len(replay.wrong) + replay.torn > _MOST:
            replay.is_hopeless = True
            break
    return list(replay.statements())


@dataclass(slots=True, kw_only=True)
class _Replay:
    """Reads a journal from its first line to its last."""

    record: Record
    header: Record | None = None
    last: Reading | None = None
    count: int = 0
    torn: int = 0
    is_hopeless: bool = False
    ended: dict[str, Any] | None = None
    prices: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    _digest: Any = field(default_factory=hashlib.sha256)
    _phases: PhaseMeter = field(default_factory=PhaseMeter)
    _marks: list[Mark] = field(default_factory=list)

    def take(self, number: int, line: bytes) -> None:
        """Check one line."""
        document = parse_line(line)
        is_end = line.startswith(ENDED) or self.ended is not None
        if not is_end:
            self._digest.update(line)
        if document is None:
            self.torn += 1
        elif number == 1:
            self._begin(document)
        elif is_end:
            self.ended = document
            self._check_sealed(number, document.get("ended"))
        elif "marks" in document:
            self._hear(number, document["marks"])
        elif document.keys() != FORECAST_KEYS:
            self._read(number, document)

    def _hear(self, number: int, marks: Any) -> None:
        try:
            self._marks = [mark_from_json(mark) for mark in marks]
        except (TypeError, ValueError) as error:
            self.wrong.append(f"line {number} holds no epoch or phase: {error!r}")

    def _begin(self, document: dict[str, Any]) -> None:
        header = document.get("record")
        if document.get("format") != FORMAT or not isinstance(header, dict) or find_problem(header) is not None:
            self.wrong.append("its first line is not that of a journal")
            return
        self.header = record_from_json(header)
        self._check_sealed(1, header)
        for name in _SAME_FROM_THE_START:
            mine, its = getattr(self.record, name), getattr(self.header, name)
            if mine != its:
                self.wrong.append(f"it is of another run: its {name} is {its}, and the record's is {mine}")
                return

    def _check_sealed(self, number: int, document: object) -> None:
        if not isinstance(document, dict) or document.get(FIELD) is None:
            return
        try:
            is_sealed = document[FIELD] == record_sha256(document)
        except (TypeError, ValueError, RecursionError):
            is_sealed = False
        if not is_sealed:
            self.wrong.append(f"line {number} was changed: the record in it has another hash than it states")

    def _read(self, number: int, document: dict[str, Any]) -> None:
        try:
            reading = reading_from_json(document)
            for hour in () if reading.intensity is None else reading.intensity.hours:
                self.prices[hour.hour] = hour.g_per_kwh
            problems = list(self._problems(reading))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            self.wrong.append(f"line {number} is no reading: {error!r}")
            return
        self.wrong += [f"line {number}: {problem}" for problem in problems]
        self._phases.take(reading, self._marks)
        self._marks = []
        self.last, self.count = reading, self.count + 1

    def _problems(self, reading: Reading) -> Iterator[str]:
        energy, before = reading.energy_kwh, self.last
        parts = [part for name in COMPONENTS if (part := getattr(energy, name)) is not None]
        if energy.total is None or not math.isclose(sum(parts), energy.total, rel_tol=EXACT):
            yield f"its components add up to {sum(parts)!r} kWh, and its total is {energy.total!r}"
        if before is not None and reading.elapsed_s < before.elapsed_s:
            yield f"time runs backwards, from {before.elapsed_s!r} s to {reading.elapsed_s!r} s"
        for name in ("total", *COMPONENTS) if before is not None else ():
            was, now = getattr(before and before.energy_kwh, name), getattr(energy, name)
            if (was is None) != (now is None) or (was is not None and now < was * (1 - EXACT)):
                yield f"the {name} energy falls from {was!r} to {now!r} kWh"
        yield from self._price(reading)
        yield from self._model(reading)

    def _price(self, reading: Reading) -> Iterator[str]:
        intensity, total_kwh = self.record.intensity, reading.energy_kwh.total
        if intensity is None or intensity.hours or total_kwh is None or self.prices:
            return
        expected_g = total_kwh * intensity.g_per_kwh
        if reading.emissions_g is None or not math.isclose(reading.emissions_g, expected_g, rel_tol=EXACT):
            yield f"it states {reading.emissions_g!r} g, and its energy comes to {expected_g!r} g"

    def _model(self, reading: Reading) -> Iterator[str]:
        """Yield what differs from the models. A run may have gone over to the whole machine after its start."""
        known = [each.assumptions for each in (self.record, self.header) if each is not None and each.assumptions]
        if not known:
            return
        differences: list[str] = []
        for each in known:
            difference = recomputed(reading, self.record.methods, each, self.record.pue)
            if difference is None:
                return
            differences.append(difference)
        yield differences[0]

    def statements(self) -> Iterator[Statement]:
        """Yield what the whole journal shows."""
        yield from (Statement(Kind.CONTRADICTED, _JOURNAL, wrong) for wrong in self.wrong[:_SHOWN])
        if len(self.wrong) > _SHOWN:
            yield Statement(Kind.CONTRADICTED, _JOURNAL, f"{len(self.wrong) - _SHOWN} more of its lines are wrong")
        if self.is_hopeless:
            yield Statement(Kind.CONTRADICTED, _JOURNAL, f"more than {_MOST} of its lines are wrong or torn")
            return
        yield from self._hash()
        if self.torn:
            yield Statement(Kind.UNKNOWN, _JOURNAL, f"what {self.torn} torn lines of it held")
        if self.last is None:
            yield Statement(Kind.UNKNOWN, _JOURNAL, "it holds no reading, so it shows nothing of the energy")
            return
        yield from self._ends()
        yield from self._hours()
        if not self.wrong:
            yield from self._shown(self.last)

    def _hash(self) -> Iterator[Statement]:
        found, stated = self._digest.hexdigest(), self.record.journal_sha256
        if stated is None:
            yield Statement(Kind.CLAIMED, _JOURNAL, "the record names no journal, so another one could stand here")
        elif stated == found:
            yield Statement(Kind.PROVEN, _JOURNAL, f"it is the one that the record names, {short(found)}")
        else:
            what = f"its hash is {short(found)}, and the record names the journal {short(stated)}"
            yield Statement(Kind.CONTRADICTED, _JOURNAL, what)

    def _ends(self) -> Iterator[Statement]:
        """Yield whether the record states the last reading, with its range, by the functions that write it."""
        assert self.last is not None  # noqa: S101  the caller has looked
        record, last = self.record, self.last
        if record.energy_kwh.total is None:
            yield Statement(Kind.CLAIMED, _JOURNAL, f"the record leaves its figures out: the run was {record.outcome}")
            return
        expected = with_evidence(replace(record, energy_kwh=last.energy_kwh, emissions_g=last.emissions_g), last)
        difference = find_difference(record, expected) or self._differing_phase()
        if difference is None and record.duration_s < last.elapsed_s - 1:
            difference = f"duration_s is {record.duration_s!r}, and the last reading is at {last.elapsed_s!r} s"
        if difference is not None:
            yield Statement(Kind.CONTRADICTED, _JOURNAL, f"the record does not state its last reading: {difference}")
            return
        yield Statement(Kind.PROVEN, _JOURNAL, "the record's energy, grams and their ranges are its last reading's")
        ended = (self.ended or {}).get("ended")
        if isinstance(ended, dict) and find_problem(ended) is None:
            difference = find_difference(record, record_from_json(ended))
            if difference is not None:
                yield Statement(Kind.CONTRADICTED, _JOURNAL, f"its last line holds another record: {difference}")

    def _differing_phase(self) -> str | None:
        """Return the first epoch or phase whose energy the readings do not give; `None` if they give all."""
        counted = self._phases.phases(self.record)
        if len(counted) != len(self.record.phases):
            return f"it lists {len(self.record.phases)} epochs and phases, and the journal has {len(counted)}"
        for mine, found in zip(self.record.phases, counted, strict=True):
            if not is_close(mine.energy_kwh.total, found.energy_kwh.total):
                return f"phase {mine.name} has {mine.energy_kwh.total!r} kWh, expected {found.energy_kwh.total!r}"
        return None

    def _hours(self) -> Iterator[Statement]:
        hours = self.record.intensity.hours if self.record.intensity is not None else ()
        known = [hour for hour in hours if hour.hour in self.prices]
        for hour in known:
            its = self.prices[hour.hour]
            if not is_close(its, hour.g_per_kwh):
                what = f"the record prices {hour.hour} at {hour.g_per_kwh!r} g/kWh, and the journal at {its!r}"
                yield Statement(Kind.CONTRADICTED, _JOURNAL, what)
                return
        if known:
            what = f"the record prices {len(known)} of {len(hours)} hours as the run did"
            yield Statement(Kind.PROVEN, _JOURNAL, what)
        if len(known) < len(hours):
            yield Statement(Kind.UNKNOWN, _JOURNAL, f"how {len(hours) - len(known)} hours were priced: it lacks a line")

    def _shown(self, last: Reading) -> Iterator[Statement]:
        span = f"{self.count:,} readings over {format_duration(last.elapsed_s)}"
        yield Statement(Kind.PROVEN, _JOURNAL, f"in each of {span} the components add up and the energy only grows")
        for name in COMPONENTS:
            energy_kwh, method = getattr(last.energy_kwh, name), getattr(self.record.methods, name)
            if energy_kwh is None or method is None:
                continue
            what = f"{name} {format_energy(energy_kwh)} ({method})"
            if method in SENSORS:
                yield Statement(Kind.CLAIMED, _JOURNAL, f"{what}: that the sensor showed this")
            elif self.record.assumptions is None:
                yield Statement(Kind.CLAIMED, _JOURNAL, f"{what}: the record does not state the model's inputs")
            else:
                yield Statement(Kind.PROVEN, _JOURNAL, f"{what}, computed again in each reading from the assumptions")
        if self.record.assumptions is not None and last.cpu_mean_load is not None:
            load = f"the load of the CPU, {last.cpu_mean_load:.1%} on average, and the time that the job took"
            yield Statement(Kind.CLAIMED, _JOURNAL, load)
