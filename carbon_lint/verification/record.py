"""Check a record against itself: its hash, its sums, its price, and the carbon intensity of its place."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from carbon_lint.records.hashes import FIELD, record_sha256, short
from carbon_lint.records.intensity import find_disagreement, source_in_words
from carbon_lint.records.plausible import TOLERANCE, find_contradiction, find_implausible, place_of
from carbon_lint.records.ranges import left_out_of
from carbon_lint.records.record import Intensity, Record
from carbon_lint.report.verification import EvidencePart, Statement
from carbon_lint.units import format_emissions, format_energy

EXACT = 1e-9
"""Relative: what was computed from the same numbers, added up in another order."""
_PRICED = 1e-6  # relative; a mean over hours is a sum in another order than the grams
_RECORD = EvidencePart.RECORD


def misspelt(data: bytes) -> tuple[Any, list[str]]:
    """Return the JSON in `data`, and what is wrong with its text although the hash is that of its values.

    A changed seventeenth digit may leave a number the same. Zeros at the end and the form of an exponent may differ:
    programs write them in several ways. Raises ValueError if `data` is not JSON.
    """
    twice: list[str] = []
    changed: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        twice.extend(f"the key {name} comes twice in it" for name, count in counts.items() if count > 1)
        return dict(pairs)

    def read(text: str) -> float:
        value = float(text)
        if Decimal(text) != Decimal(repr(value)):
            changed.append(f"the number {text} was changed: it is written {value!r} in the shortest form")
        return value

    document = json.loads(data, object_pairs_hook=once, parse_float=read)
    return document, [*twice, *changed]


def check_record(record: Record, data: bytes) -> Iterator[Statement]:
    """Yield what the record itself shows. `data` is its file, which is known to hold a record."""
    document, flaws = misspelt(data)
    yield from (_RECORD.contradicted(flaw) for flaw in flaws)
    yield _hash(document)
    flaw = find_contradiction(record) or find_implausible(record)
    if flaw is not None:
        yield _RECORD.contradicted(f"the record cannot be right: {flaw}")
    yield from _sums(record)
    yield from _price(record)
    yield from _claims(record)


def _hash(document: dict[str, Any]) -> Statement:
    stated, found = document.get(FIELD), record_sha256(document)
    if stated is None:
        return _RECORD.claimed("it states no hash of itself, so a change of it does not show")
    if stated != found:
        return _RECORD.contradicted(
            f"it was changed after it was written: its hash is {short(found)}, and it states {short(stated)}"
        )
    return _RECORD.proven(f"it is as it was written: its hash is {short(found)}, as it states")


def _sums(record: Record) -> Iterator[Statement]:
    energy = record.energy_kwh
    parts = energy.parts.values()
    if energy.total is None:
        yield _RECORD.claimed(f"it holds no figure: the run was {record.outcome}")
    elif parts and math.isclose(sum(parts), energy.total, rel_tol=EXACT):
        yield _RECORD.proven(f"its components add up to {format_energy(energy.total)}")
    elif parts:
        yield _RECORD.contradicted(f"energy_kwh.total is {energy.total!r}, and its components add up to {sum(parts)!r}")


def _price(record: Record) -> Iterator[Statement]:
    intensity, grams, total_kwh = record.intensity, record.emissions_g, record.energy_kwh.total
    if intensity is None or grams is None or total_kwh is None:
        return
    expected_g = total_kwh * intensity.g_per_kwh
    tolerance = _PRICED if "carbon-lint" in record.software else TOLERANCE
    disagreement = find_disagreement(intensity, total_kwh, grams, tolerance=tolerance)
    if not math.isclose(grams, expected_g, rel_tol=tolerance) or disagreement:
        why = disagreement or f"{total_kwh!r} kWh at {intensity.g_per_kwh!r} g/kWh are {expected_g!r} g"
        yield _RECORD.contradicted(f"emissions_g is {grams!r}: {why}")
        return
    hours = f", summed over {len(intensity.hours)} hours" if intensity.hours else ""
    price = f"{format_emissions(grams)} are {format_energy(total_kwh)} at {intensity.g_per_kwh:.6g} g/kWh{hours}"
    yield _RECORD.proven(price)
    yield _table(intensity)


def _table(intensity: Intensity) -> Statement:
    """Return whether the carbon intensity is that of carbon-lint's table, and if not, whose it is."""
    place, shown = place_of(intensity), f"{intensity.g_per_kwh:.6g} g/kWh"
    if intensity.hours:
        return _RECORD.claimed(
            f"the hours' carbon intensities are what {source_in_words(intensity)} answered while the job ran"
        )
    if place is None:
        return _RECORD.claimed(f"the carbon intensity is {shown}: {intensity.source}")
    if (intensity.source, intensity.year) != (place.source, place.year):
        return _RECORD.claimed(f"{shown} for {place.name}: {intensity.source}, which is not in this version's table")
    if not math.isclose(intensity.g_per_kwh, place.g_per_kwh, rel_tol=EXACT):
        return _RECORD.contradicted(f"{shown} for {place.name}, and {place.source} has {place.g_per_kwh:.6g}")
    year = f", {place.year}" if place.year else ""
    return _RECORD.proven(f"{shown} is the table's figure for {place.name}: {place.source}{year}")


def _claims(record: Record) -> Iterator[Statement]:
    """Yield what the record says and no file can show."""
    intensity = record.intensity
    where = f" in {intensity.location_name or intensity.location}" if intensity and intensity.location else ""
    yield _RECORD.claimed(
        f"the job ran{where} on the hardware that it names, with a power usage effectiveness of {record.pue:g}"
    )
    shared = sum(gpu.is_shared for gpu in record.hardware.gpus)
    if shared:
        what = (
            f"what part of the energy of {shared} of its GPUs is the job's: others used them too, and each counts whole"
        )
        yield _RECORD.unknown(what)
    left = left_out_of(record)
    more = f"{left.low:.0%} to {left.high:.0%} of the counted energy"
    yield _RECORD.unknown(f"board, fans, disks, network and power supply are not counted: about {more}")
    yield _RECORD.unknown("whether the command that it names made the weights beside the card")
