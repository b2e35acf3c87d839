"""Compute a run's figures again from its journal, by the functions that `run` uses, and compare them with the record.

One line is read at a time: a journal may hold a month of readings.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from carbon_lint.measurement.host.cpu import UNKNOWN_WIDENING
from carbon_lint.measurement.host.power import MEMORY_W_PER_GIB, CpuModel
from carbon_lint.measurement.host.processor import GENERATION_WIDENING
from carbon_lint.measurement.journal import FORECAST_KEYS, reading_from_json
from carbon_lint.measurement.meter import Reading, with_evidence
from carbon_lint.measurement.phases import Mark, PhaseMeter
from carbon_lint.records.document import record_from_json
from carbon_lint.records.hashes import ENDED, FIELD, record_sha256, short
from carbon_lint.records.journal import FORMAT, parse_line, read_lines
from carbon_lint.records.plausible import find_difference
from carbon_lint.records.ranges import SENSORS, uncertainty_of_parts
from carbon_lint.records.record import COMPONENTS, Method, Methods, Record
from carbon_lint.records.uncertainty import Assumptions, Range, Uncertainty
from carbon_lint.report.verification import EvidencePart, Statement
from carbon_lint.units import JOULES_PER_KWH, format_duration, format_energy
from carbon_lint.verification.record import EXACT, misspelt

_JOURNAL = EvidencePart.JOURNAL
_SAME_FROM_THE_START = ("run_id", "started_at", "pue", "command", "provenance", "software")
_MOST = 100  # wrong lines, and the rest of the journal is not read
_SHOWN = 3  # contradictions of one kind; a journal with one wrong figure may have thousands
_NARROW = (1.0, 1.0)
_CPU_INPUTS = ("cpu_full_power_w", "cpu_thread_share", "cpu_idle_factor", "cpu_load_factor")


def check_journal(path: str | os.PathLike[str], record: Record) -> list[Statement]:
    """Return what the journal at `path` shows of the record. Raises InputError if it cannot be read."""
    replay = _Replay(record=record)
    for number, line in enumerate(read_lines(path), start=1):
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
            self.wrong += [f"line {number}: {flaw}" for flaw in misspelt(line)[1]]
            self._check_sealed(number, document.get("ended"))
        elif "marks" in document:
            try:
                self._marks = msgspec.convert(document["marks"], list[Mark])
            except (TypeError, ValueError) as error:
                self.wrong.append(f"line {number} holds no epoch or phase: {error!r}")
        elif document.keys() != FORECAST_KEYS:
            self._read(number, document)

    def _begin(self, document: dict[str, Any]) -> None:
        header = document.get("record")
        self.header = _record_of(header) if document.get("format") == FORMAT else None
        if self.header is None:
            self.wrong.append("its first line is not that of a journal")
            return
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
            self.wrong.append(f"line {number} is not a reading: {error!r}")
            return
        self.wrong += [f"line {number}: {problem}" for problem in problems]
        self._phases.take(reading, self._marks)
        self._marks = []
        self.last, self.count = reading, self.count + 1

    def _problems(self, reading: Reading) -> Iterator[str]:
        energy, before = reading.energy_kwh, self.last
        parts_kwh = sum(energy.parts.values())
        if energy.total is None or not math.isclose(parts_kwh, energy.total, rel_tol=EXACT):
            yield f"its components add up to {parts_kwh!r} kWh, and its total is {energy.total!r}"
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
        found = (recomputed(reading, self.record.methods, each, self.record.pue) for each in known)
        first = next(found, None)
        if first is not None and None not in found:
            yield first

    def statements(self) -> Iterator[Statement]:
        """Yield what the whole journal shows."""
        yield from (_JOURNAL.contradicted(wrong) for wrong in self.wrong[:_SHOWN])
        if len(self.wrong) > _SHOWN:
            yield _JOURNAL.contradicted(f"{len(self.wrong) - _SHOWN} more of its lines are wrong")
        if self.is_hopeless:
            yield _JOURNAL.contradicted(f"more than {_MOST} of its lines are wrong or torn")
            return
        yield from self._hash()
        if self.torn:
            yield _JOURNAL.unknown(f"what {self.torn} torn lines of it held")
        if self.last is None:
            yield _JOURNAL.unknown("it holds no reading, so it shows nothing of the energy")
            return
        yield from self._ends()
        yield from self._hours()
        if not self.wrong:
            yield from self._shown(self.last)

    def _hash(self) -> Iterator[Statement]:
        found, stated = self._digest.hexdigest(), self.record.journal_sha256
        if stated is None:
            yield _JOURNAL.claimed("the record names no journal, so another one could stand here")
        elif stated == found:
            yield _JOURNAL.proven(f"it is the one that the record names, {short(found)}")
        else:
            yield _JOURNAL.contradicted(f"its hash is {short(found)}, and the record names the journal {short(stated)}")

    def _ends(self) -> Iterator[Statement]:
        """Yield whether the record states the last reading, with its range, by the functions that write it."""
        assert self.last is not None  # noqa: S101  the caller has looked
        record, last = self.record, self.last
        if record.energy_kwh.total is None:
            yield _JOURNAL.claimed(f"the record leaves its figures out: the run was {record.outcome}")
            return
        expected = with_evidence(replace(record, energy_kwh=last.energy_kwh, emissions_g=last.emissions_g), last)
        difference = find_difference(record, expected) or self._differing_phase()
        if difference is None and record.duration_s < last.elapsed_s - 1:
            difference = f"duration_s is {record.duration_s!r}, and the last reading is at {last.elapsed_s!r} s"
        if difference is not None:
            yield _JOURNAL.contradicted(f"the record does not state its last reading: {difference}")
            return
        yield _JOURNAL.proven("the record's energy, grams and their ranges are its last reading's")
        if self.ended is None:
            return
        other = _record_of(self.ended.get("ended"))
        if other is None:
            yield _JOURNAL.contradicted("its last line holds no valid record")
        elif (difference := find_difference(record, other)) is not None:
            yield _JOURNAL.contradicted(f"its last line holds another record: {difference}")

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
                yield _JOURNAL.contradicted(
                    f"the record prices {hour.hour} at {hour.g_per_kwh!r} g/kWh, and the journal at {its!r}"
                )
                return
        if known:
            yield _JOURNAL.proven(f"the record prices {len(known)} of {len(hours)} hours as the run did")
        if len(known) < len(hours):
            yield _JOURNAL.unknown(f"how {len(hours) - len(known)} hours were priced: it lacks a line")

    def _shown(self, last: Reading) -> Iterator[Statement]:
        span = f"{self.count:,} readings over {format_duration(last.elapsed_s)}"
        yield _JOURNAL.proven(f"in each of {span} the components add up and the energy only grows")
        for name in COMPONENTS:
            energy_kwh, method = getattr(last.energy_kwh, name), getattr(self.record.methods, name)
            if energy_kwh is None or method is None:
                continue
            what = f"{name} {format_energy(energy_kwh)} ({method})"
            if method in SENSORS:
                yield _JOURNAL.claimed(f"{what}: that the sensor showed this")
            elif self.record.assumptions is None:
                yield _JOURNAL.claimed(f"{what}: the record does not state the model's inputs")
            else:
                yield _JOURNAL.proven(f"{what}, computed again in each reading from the assumptions")
        if self.record.assumptions is not None and last.cpu_mean_load is not None:
            load = f"the load of the CPU, {last.cpu_mean_load:.1%} on average, and the time that the job took"
            yield _JOURNAL.claimed(load)


def _record_of(document: object) -> Record | None:
    """Return the record that a line of the journal holds; `None` if it holds none."""
    try:
        return record_from_json(document) if isinstance(document, dict) else None
    except ValueError:
        return None


def recomputed(reading: Reading, methods: Methods, known: Assumptions, pue: float) -> str | None:
    """Return the first figure of the reading that the models do not give, and what they give; `None` if all agree."""
    missing = [name for name in _CPU_INPUTS if getattr(known, name) is None] if _has_cpu_model(reading, methods) else []
    if missing:
        return f"the cpu energy is {reading.energy_kwh.cpu!r} kWh, and the record does not state its {missing[0]}"
    factor = reading.elapsed_s * pue / JOULES_PER_KWH
    differences = (
        _difference(reading, methods, _parts(reading, methods, known, widening, factor))
        for widening in (_NARROW, GENERATION_WIDENING, UNKNOWN_WIDENING)
    )
    first = next(differences)
    return first if first is not None and all(differences) else None


def _has_cpu_model(reading: Reading, methods: Methods) -> bool:
    return methods.cpu is not None and methods.cpu not in SENSORS and reading.cpu_mean_load is not None


def _parts(
    reading: Reading, methods: Methods, known: Assumptions, widening: tuple[float, float], factor: float
) -> dict[str, Range]:
    """Return the modelled components in kWh, PUE included."""
    parts = {}
    if _has_cpu_model(reading, methods) and reading.cpu_mean_load is not None:
        model = CpuModel(
            full_power_w=known.cpu_full_power_w or 0.0,
            share=known.cpu_thread_share or 0.0,
            idle_factor=known.cpu_idle_factor or 0.0,
            load_factor=known.cpu_load_factor or 0.0,
            is_stated=methods.cpu is Method.USER,
            widening=widening,
        )
        parts["cpu"] = model.power_w(reading.cpu_mean_load).times(factor)
    if methods.ram is not None and methods.ram not in SENSORS and known.memory_power_w is not None:
        likely = known.memory_power_w
        ends = MEMORY_W_PER_GIB.times(likely / MEMORY_W_PER_GIB.likely)
        stated = Range(low=likely, likely=likely, high=likely)
        parts["ram"] = (stated if methods.ram is Method.USER else ends).times(factor)
    return parts


def _difference(reading: Reading, methods: Methods, parts: dict[str, Range]) -> str | None:
    for name, part in parts.items():
        stated = getattr(reading.energy_kwh, name)
        if not is_close(stated, part.likely):
            return f"the {name} energy is {stated!r} kWh, and the model gives {part.likely!r}"
    if reading.uncertainty is None:
        return None
    bounds = {f"{name}_kwh": part.bounds for name, part in parts.items()}
    expected = uncertainty_of_parts(reading.energy_kwh, methods, g_per_kwh=None, **bounds)
    return next(_ends(reading.uncertainty, expected), None)


def _ends(stated: Uncertainty, expected: Uncertainty | None) -> Iterator[str]:
    for name in ("cpu_kwh", "gpu_kwh", "ram_kwh", "energy_kwh"):
        one, other = getattr(stated, name), getattr(expected, name, None)
        for end in ("low", "high"):
            mine, theirs = getattr(one, end, None), getattr(other, end, None)
            if not is_close(mine, theirs):
                yield f"the {end} end of {name} is {mine!r}, and the model gives {theirs!r}"


def is_close(one: float | None, other: float | None) -> bool:
    """Return whether two figures are the same except for the order of a sum, or both are not known."""
    return one is other or (one is not None and other is not None and math.isclose(one, other, rel_tol=EXACT))
