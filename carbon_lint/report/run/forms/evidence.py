"""Say what every form says of a record: its scope, its range, how each component was measured, what is left out."""

from __future__ import annotations

import uuid

from carbon_lint.errors import MissingFigureError
from carbon_lint.project import DOCS_URL
from carbon_lint.records.record import Record
from carbon_lint.report.run import phrases
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.units import significant

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, DOCS_URL)


def energy_kwh(record: Record) -> float:
    """Return the record's energy. Raises MissingFigureError if it holds none."""
    if record.energy_kwh.total is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no energy, which every such document must state",
            hint="measure the run again; its warnings say why it was not measured",
        )
    return record.energy_kwh.total


def scope(record: Record) -> str:
    """Return what the figures are of: one run and what became of it, or the sum of several."""
    return f"{phrases.scope(record) or 'one run'}, {record.outcome}"


def range_in_words(record: Record) -> str:
    """Return energy and grams with their ranges, and how much of the energy a sensor read."""
    parts = [f"energy {phrases.energy_with_range(record)}"]
    if record.emissions_g is not None:
        parts.append(f"emissions {phrases.emissions_with_range(record)}")
    measured = phrases.measured(record)
    return "; ".join([*parts, *([f"measured: {measured}"] if measured else [])])


def rows(record: Record) -> list[tuple[str, str]]:
    """Return name and value of all that makes the figures worth something, in a fixed order."""
    found = [("run", record.run_id), ("outcome", str(record.outcome)), ("scope", scope(record))]
    found += [("PUE", significant(record.pue)), ("energy with range", phrases.energy_with_range(record))]
    *by_component, measured = method_rows(record)
    for (name, component_kwh, _), how in zip(phrases.components(record), by_component, strict=True):
        found += [(f"{name} energy", phrases.energy(component_kwh)), how]
    if record.emissions_g is not None:
        found.append(("emissions", phrases.emissions_with_range(record)))
    found.append(measured)
    found.append(("left out", phrases.left_out(record)))
    found.append(("carbon intensity", phrases.intensity(record)))
    for gpu in record.hardware.gpus:
        own = f", {phrases.energy(gpu.energy_kwh)}" if gpu.energy_kwh is not None else ""
        found.append(("hardware", f"GPU {gpu.index}: {gpu.name}{own}{', shared with others' * gpu.is_shared}"))
    if record.provenance.commit:
        found.append(("commit", record.provenance.commit))
    return [*found, *(("warning", warning) for warning in record.warnings)]


def method_rows(record: Record) -> list[tuple[str, str]]:
    """Return by which method the energy of each component was found, and last how much of it a sensor read."""
    rows = [
        (f"{name} method", str(method) if method else "not stated") for name, _, method in phrases.components(record)
    ]
    return [*rows, ("measured", phrases.measured(record) or "not known")]


def methods(record: Record) -> str:
    """Return each component with the method by which its energy was found."""
    return ", ".join(f"{name} {method or 'not known'}" for name, _, method in phrases.components(record))


def identity(record: Record, subject: Subject) -> uuid.UUID:
    """Make one identifier of the run and the model, so that the same ones give the same document."""
    return uuid.uuid5(_NAMESPACE, f"{record.run_id}\0{subject.model}\0{subject.activity}")
