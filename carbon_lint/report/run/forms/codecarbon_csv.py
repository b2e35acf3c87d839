"""Write a record as a row of CodeCarbon 3.3.2's emissions.csv: kilograms, kWh, watts, seconds.

Columns behind CodeCarbon's own begin with `carbon_lint_`: range, scope, methods, and why a cell is empty. Readers find
columns by name. Powers are means over the run.
"""

from __future__ import annotations

from typing import Any

from carbon_lint.card.from_record import hardware_used
from carbon_lint.errors import MissingFigureError, PlaceError
from carbon_lint.places import find_place
from carbon_lint.records.ranges import emissions_range, energy_range
from carbon_lint.records.record import Record
from carbon_lint.report.layout import csv_text
from carbon_lint.report.run.forms import evidence
from carbon_lint.report.run.forms.table import Subject
from carbon_lint.text import terminal
from carbon_lint.units import kilograms_from_grams, mean_power_w

COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate"),
    *("cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"),
    *("water_consumed", "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region"),
    *("os", "python_version", "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model"),
    *("longitude", "latitude", "ram_total_size", "tracking_mode"),
    *("cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent", "ram_used_gb"),
    *("on_cloud", "pue", "wue"),
)
"""Columns of CodeCarbon 3.3.2, in its order."""
_WHY_EMPTY = (
    "place of the machine is kept private (longitude, latitude); water, use of GPU and memory are not measured; "
    "what else is empty is not in the record"
)


def render(record: Record, subject: Subject) -> str:
    """Return a header and one row. Raises MissingFigureError without energy or grams."""
    if record.emissions_g is None:
        raise MissingFigureError(
            f"the record of run {record.run_id} holds no grams, which an emissions.csv must state",
            hint="measure it with --location FRA",
        )
    row = {**_figures(record, record.emissions_g), **_place(record), **_machine(record), **_ours(record)}
    row |= {
        "timestamp": record.ended_at.partition(".")[0].rstrip("Z"),
        "project_name": subject.model or record.provenance.model or record.provenance.repository or "carbon-lint",
        "run_id": record.run_id,
    }
    names = [*COLUMNS, *(name for name in row if name not in COLUMNS)]
    cells = (row.get(name) for name in names)
    return csv_text(names, [[terminal(cell) if isinstance(cell, str) else cell for cell in cells]])


def _figures(record: Record, emissions_g: float) -> dict[str, float | None]:
    emissions_kg, energy = kilograms_from_grams(emissions_g), record.energy_kwh
    load = record.assumptions.cpu_mean_load if record.assumptions else None
    parts = {name: getattr(energy, name) for name in ("cpu", "gpu", "ram")}
    return {
        "duration": record.duration_s,
        "emissions": emissions_kg,
        "emissions_rate": emissions_kg / record.duration_s if record.duration_s else None,
        **{f"{name}_power": mean_power_w(value, record.duration_s) for name, value in parts.items()},
        **{f"{name}_energy": value for name, value in parts.items()},
        "energy_consumed": evidence.energy_kwh(record),
        "pue": record.pue,
        "cpu_utilization_percent": None if load is None else 100 * load,
    }


def _place(record: Record) -> dict[str, str | None]:
    known = record.intensity
    if known is None or known.location is None:
        return {"country_name": known.location_name if known else None}
    try:
        place = find_place(known.location)
    except PlaceError:
        return {"country_name": known.location_name or known.location}
    if place.provider is not None:
        region = place.region or known.location.partition("/")[2]
        return {"on_cloud": "Y", "cloud_provider": place.provider, "cloud_region": region}
    country = find_place(place.country_iso).name if place.country_iso else known.location_name
    return {"country_name": country, "country_iso_code": place.country_iso, "region": place.region}


def _machine(record: Record) -> dict[str, Any]:
    known, software = record.hardware, record.software
    return {
        "os": software.get("os"),
        "python_version": software.get("python"),
        "codecarbon_version": software.get("codecarbon"),
        "cpu_count": known.cpu_count,
        "cpu_model": known.cpu_model,
        "gpu_count": len(known.gpus) or None,
        "gpu_model": hardware_used(known) if known.gpus else None,
        "ram_total_size": known.ram_gb,
        "tracking_mode": "machine",
    }


def _ours(record: Record) -> dict[str, Any]:
    energy, grams, methods = energy_range(record), emissions_range(record), record.methods
    return {
        "carbon_lint_scope": evidence.scope(record),
        "carbon_lint_energy_low_kwh": energy and energy.low,
        "carbon_lint_energy_high_kwh": energy and energy.high,
        "carbon_lint_emissions_low_kg": grams and kilograms_from_grams(grams.low),
        "carbon_lint_emissions_high_kg": grams and kilograms_from_grams(grams.high),
        "carbon_lint_methods": ", ".join(
            f"{name} {method}" for name in ("cpu", "gpu", "ram") if (method := getattr(methods, name)) is not None
        ),
        "carbon_lint_why_empty": _WHY_EMPTY,
    }
