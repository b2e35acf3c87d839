"""Read a run over time from its journal, for charts and for trackers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from carbon_lint.errors import InputError
from carbon_lint.measurement.journal import reading_from_json
from carbon_lint.measurement.meter import Reading
from carbon_lint.records.journal import BEGINNING, existing, journal_path, parse_line, parsed_lines, read_lines
from carbon_lint.records.record import Record

MOST_TICKS = 4000
"""Ticks that a chart is made of; it has 240 slices at most."""
_TICK, _FORECAST = b'{"elapsed_s"', b'{"forecast_share"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A run over time, oldest first: its ticks, and (seconds, share of the budget at the end) of each forecast.

    `limits` are those of the run: `max_emissions_g` and `max_energy_kwh`, `None` if there was none.
    """

    run_id: object = None
    readings: tuple[Reading, ...] = ()
    forecasts: tuple[tuple[float, float], ...] = ()
    limits: Mapping[str, float | None] = field(default_factory=dict)


def read_course(path: str | os.PathLike[str]) -> Course:
    """Read a run over time, for a chart; empty if there is no journal at `path`. Raises InputError if it is damaged.

    Of more than `MOST_TICKS` ticks that many are parsed, evenly spaced: energy is a sum, so nothing is lost.
    """
    if not existing(path).is_file():
        return Course()
    lines = list(read_lines(path))
    first = (parse_line(lines[0]) if lines and lines[0].startswith(BEGINNING) else None) or {}
    ticks = [line for line in lines if line.startswith(_TICK)]
    try:
        readings = [
            reading_from_json(each)
            for each in parsed_lines(_evenly(ticks, MOST_TICKS))
            if "elapsed_s" in each and "energy_kwh" in each
        ]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{os.fspath(path)} holds a reading that cannot be read: {error!r}",
            hint="move it away to see the record without a chart",
        ) from error
    forecasts = parsed_lines(_evenly([line for line in lines if line.startswith(_FORECAST)], MOST_TICKS))
    numbers = [(each.get("at_s"), each.get("forecast_share")) for each in forecasts]
    record = first.get("record")
    return Course(
        run_id=record.get("run_id") if isinstance(record, dict) else None,
        readings=tuple(readings),
        forecasts=tuple(
            (float(at_s), float(share))
            for at_s, share in numbers
            if isinstance(at_s, int | float) and isinstance(share, int | float)
        ),
        limits=first.get("limits") or {},
    )


def course_of(record: Record, record_path: str, journal: str | None = None) -> Course:
    """Return the run of a record over time, by the journal beside it or by the one that is named.

    Empty if the journal beside it is another run's. Raises InputError if the named one is.
    """
    path = journal or str(journal_path(record_path))
    course = read_course(path)
    if course.run_id == record.run_id:
        return course
    if journal is None:
        return Course()
    if course.run_id is None:
        what = "is not a journal of carbon-lint" if os.path.exists(path) else "is not there"
        raise InputError(f"cannot read {path}: it {what}", hint=f"the journal of {record_path} lies beside it")
    raise InputError(
        f"{path} is the journal of run {course.run_id}, and {record_path} is of run {record.run_id}",
        hint="leave --journal out, or name the journal of this run",
    )


def _evenly(lines: list[bytes], most: int) -> list[bytes]:
    """Return at most `most` of the lines, evenly spaced, the first and the last among them."""
    if len(lines) <= most:
        return lines
    return [lines[round(at * (len(lines) - 1) / (most - 1))] for at in range(most)]
