"""Write a run into trackio's local store: its curve by time, and its final figures. Twice is the same as once.

Each row has an identifier made of the run's own, and the store takes no identifier twice. What is in the local store
`trackio sync` brings to a Space.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.measurement.meter import Reading, power_between_w
from carbon_lint.project import install_hint
from carbon_lint.records.ranges import emissions_range, energy_range, measured_share
from carbon_lint.records.record import COMPONENTS, Record

PREFIX = "carbon/"
_NAMESPACE = uuid.UUID("6f3c2b52-5f0e-4f0b-9a54-0b1c8a1f6c11")
_SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRows:
    """What was written: `rows` are new, `known` were there already."""

    project: str
    run: str
    is_new_run: bool
    rows: int
    known: int


def write(record: Record, readings: Sequence[Reading], *, project: str, run: str | None = None) -> WrittenRows:
    """Write the run into `project`, into the run that is named, or into a new one of that name.

    Without `run` the name is `carbon-lint-` and the beginning of the record's own identifier. Raises UsageError if
    trackio is not installed, InputError if several runs have the name or the project's is not valid, OutputError if the
    store cannot be written to.
    """
    store = _store()
    name = run or f"carbon-lint-{record.run_id[:8]}"
    try:
        store.validate_project_name(project)
        run_id, is_new = _run_id(store, record, project, name)
        before = _count(store, project, name, run_id)
        points, last = curve(record, readings), final(record)
        ids = [_id(record, run_id, f"tick {point.at}") for point in points]
        store.bulk_log_system(
            project, name, [point.figures for point in points], [point.at for point in points], ids, run_id=run_id
        )
        step = store.get_max_step_for_run(project, name, run_id) or 0
        store.bulk_log(
            project, name, [last.figures], [step], [last.at], log_ids=[_id(record, run_id, "final")], run_id=run_id
        )
        rows = _count(store, project, name, run_id) - before
    except ValueError as error:
        raise InputError(f"trackio refuses it: {error}", hint="choose another name: --tracker-project NAME") from error
    except (OSError, sqlite3.Error) as error:
        raise OutputError(
            f"cannot write trackio's store: {error}", hint="name a folder that can be written to: TRACKIO_DIR=..."
        ) from error
    return WrittenRows(project=project, run=name, is_new_run=is_new, rows=rows, known=len(points) + 1 - rows)


def _store() -> Any:
    try:
        return import_module("trackio").SQLiteStorage
    except ImportError as error:
        raise UsageError(
            "--tracker trackio needs trackio: the package is missing", hint=install_hint("trackio")
        ) from error


def _run_id(store: Any, record: Record, project: str, name: str) -> tuple[str, bool]:
    """Return the identifier of the run of that name, and whether it is a new one."""
    runs = store.get_run_records(project)
    found = [each for each in runs if each["name"] == name]
    if len(found) > 1:
        shown = ", ".join(str(each["id"]) for each in found[:_SHOWN_RUNS])
        raise InputError(
            f"project {project!r} has {len(found)} runs named {name!r}: {shown}",
            hint="rename one of them, or choose another name: --tracker-run NAME",
        )
    if found:
        return str(found[0]["id"]), False
    return uuid.uuid5(_NAMESPACE, f"{project}\0{name}\0{record.run_id}").hex, True


def _id(record: Record, run_id: str, row: str) -> str:
    return uuid.uuid5(_NAMESPACE, f"{record.run_id}\0{run_id}\0{row}").hex


def _count(store: Any, project: str, name: str, run_id: str) -> int:
    logs = store.get_logs(project, name, run_id=run_id)
    return len(store.get_system_logs(project, name, run_id)) + sum("carbon/run_id" in each for each in logs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Figures by name, and the time in ISO 8601, UTC. What was not measured has no name."""

    at: str
    figures: dict[str, float | str]


def curve(record: Record, readings: Sequence[Reading]) -> list[Point]:
    """Return a point for each tick: grams and kWh so far, and watts by component since the tick before."""
    began = datetime.fromisoformat(record.started_at)
    before = [None, *readings[:-1]] if readings else []
    return [
        Point(at=(began + timedelta(seconds=now.elapsed_s)).isoformat(), figures=_figures(early, now))
        for early, now in zip(before, readings, strict=True)
    ]


def _figures(before: Reading | None, now: Reading) -> dict[str, float | str]:
    found: dict[str, float | None] = {"emissions_g": now.emissions_g, "energy_kwh": now.energy_kwh.total}
    found["power_w"] = power_between_w(before, now)
    found |= {f"{name}_power_w": power_between_w(before, now, name) for name in COMPONENTS}
    return {f"{PREFIX}{name}": value for name, value in found.items() if value is not None}


def final(record: Record) -> Point:
    """Return the figures of the whole run, with their ranges and the share that was measured."""
    found: dict[str, float | str | None] = {"outcome": str(record.outcome), "run_id": record.run_id}
    found |= {"total_duration_s": record.duration_s, "measured_share": measured_share(record)}
    found["intensity_g_per_kwh"] = None if record.intensity is None else record.intensity.g_per_kwh
    for name, known in (("emissions_g", emissions_range(record)), ("energy_kwh", energy_range(record))):
        if known is not None:
            found |= {
                f"total_{name}": known.likely,
                f"total_{name}_low": known.low,
                f"total_{name}_high": known.high,
            }
    return Point(
        at=record.ended_at, figures={f"{PREFIX}{name}": value for name, value in found.items() if value is not None}
    )
