"""Check a record against itself: its hash, its sums, its price, and the carbon intensity of its place."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from carbon_lint.records.hashes import FIELD, record_sha256, short
from carbon_lint.records.intensity import find_disagreement, source_in_words
from carbon_lint.records.plausible import TOLERANCE, find_contradiction, find_implausible, place_of
from carbon_lint.records.ranges import left_out_of
from carbon_lint.records.record import Intensity, Record
from carbon_lint.report.verification import Kind, Statement, Subject
from carbon_lint.units import format_emissions, format_energy
from carbon_lint.verification.journal import EXACT
from carbon_lint.verification.spelling import misspelt

_PRICED = 1e-6  # relative; a mean over hours is a sum in another order than the grams
_RECORD = Subject.RECORD


def read_document(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the JSON of a record's file, and what is wrong with its text although the hash is that of its values."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return found

    document = json.loads(data, object_pairs_hook=once)
    flaws = [f"the key {name} comes twice in it" for name in twice]
    return document, [*flaws, *misspelt(data)]


def check_record(record: Record, data: bytes) -> Iterator[Statement]:
    """Yield what the record itself shows. `data` is its file, which is known to hold a record."""
    document, flaws = read_document(data)
    yield from (Statement(Kind.CONTRADICTED, _RECORD, flaw) for flaw in flaws)
    yield _hash(document)
    flaw = find_contradiction(record) or find_implausible(record)
    if flaw is not None:
        yield Statement(Kind.CONTRADICTED, _RECORD, f"the record cannot be right: {flaw}")
    yield from _sums(record)
    yield from _price(record)
    yield from _claims(record)


def _hash(document: dict[str, Any]) -> Statement:
    stated, found = document.get(FIELD), record_sha256(document)
    if stated is None:
        return Statement(Kind.CLAIMED, _RECORD, "it states no hash of itself, so a change of it does not show")
    if stated != found:
        what = f"it was changed after it was written: its hash is {short(found)}, and it states {short(stated)}"
        return Statement(Kind.CONTRADICTED, _RECORD, what)
    return Statement(Kind.PROVEN, _RECORD, f"it is as it was written: its hash is {short(found)}, as it states")


def _sums(record: Record) -> Iterator[Statement]:
    energy = record.energy_kwh
    parts = energy.parts.values()
    if energy.total is None:
        yield Statement(Kind.CLAIMED, _RECORD, f"it holds no figure: the run was {record.outcome}")
    elif parts and math.isclose(sum(parts), energy.total, rel_tol=EXACT):
        yield Statement(Kind.PROVEN, _RECORD, f"its components add up to {format_energy(energy.total)}")
    elif parts:
        what = f"energy_kwh.total is {energy.total!r}, and its components add up to {sum(parts)!r}"
        yield Statement(Kind.CONTRADICTED, _RECORD, what)


def _price(record: Record) -> Iterator[Statement]:
    intensity, grams, total_kwh = record.intensity, record.emissions_g, record.energy_kwh.total
    if intensity is None or grams is None or total_kwh is None:
        return
    expected_g = total_kwh * intensity.g_per_kwh
    tolerance = _PRICED if "carbon-lint" in record.software else TOLERANCE
    disagreement = find_disagreement(intensity, total_kwh, grams, tolerance=tolerance)
    if not math.isclose(grams, expected_g, rel_tol=tolerance) or disagreement:
        why = disagreement or f"{total_kwh!r} kWh at {intensity.g_per_kwh!r} g/kWh are {expected_g!r} g"
        yield Statement(Kind.CONTRADICTED, _RECORD, f"emissions_g is {grams!r}: {why}")
        return
    hours = f", summed over {len(intensity.hours)} hours" if intensity.hours else ""
    price = f"{format_emissions(grams)} are {format_energy(total_kwh)} at {intensity.g_per_kwh:.6g} g/kWh{hours}"
    yield Statement(Kind.PROVEN, _RECORD, price)
    yield _table(intensity)


def _table(intensity: Intensity) -> Statement:
    """Return whether the carbon intensity is that of carbon-lint's table, and if not, whose it is."""
    place, shown = place_of(intensity), f"{intensity.g_per_kwh:.6g} g/kWh"
    if intensity.hours:
        what = f"the hours' carbon intensities are what {source_in_words(intensity)} answered while the job ran"
        return Statement(Kind.CLAIMED, _RECORD, what)
    if place is None:
        return Statement(Kind.CLAIMED, _RECORD, f"the carbon intensity is {shown}: {intensity.source}")
    if (intensity.source, intensity.year) != (place.source, place.year):
        what = f"{shown} for {place.name}: {intensity.source}, which is not in this version's table"
        return Statement(Kind.CLAIMED, _RECORD, what)
    if not math.isclose(intensity.g_per_kwh, place.g_per_kwh, rel_tol=EXACT):
        what = f"{shown} for {place.name}, and {place.source} has {place.g_per_kwh:.6g}"
        return Statement(Kind.CONTRADICTED, _RECORD, what)
    year = f", {place.year}" if place.year else ""
    return Statement(Kind.PROVEN, _RECORD, f"{shown} is the table's figure for {place.name}: {place.source}{year}")


def _claims(record: Record) -> Iterator[Statement]:
    """Yield what the record says and no file can show."""
    intensity = record.intensity
    where = f" in {intensity.location_name or intensity.location}" if intensity and intensity.location else ""
    what = f"the job ran{where} on the hardware that it names, with a power usage effectiveness of {record.pue:g}"
    yield Statement(Kind.CLAIMED, _RECORD, what)
    shared = sum(gpu.is_shared for gpu in record.hardware.gpus)
    if shared:
        what = (
            f"what part of the energy of {shared} of its GPUs is the job's: others used them too, and each counts whole"
        )
        yield Statement(Kind.UNKNOWN, _RECORD, what)
    left = left_out_of(record)
    more = f"{left.low:.0%} to {left.high:.0%} of the counted energy"
    yield Statement(
        Kind.UNKNOWN, _RECORD, f"board, fans, disks, network and power supply are not counted: about {more}"
    )
    yield Statement(Kind.UNKNOWN, _RECORD, "whether the command that it names made the weights beside the card")
