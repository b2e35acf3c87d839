"""Read what the job's own CodeCarbon, such as the transformers Trainer's callback, wrote to an emissions.csv.

It counts the same machine in a part of the same time, so it is shown beside our figure and never added to it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from carbon_lint.errors import CarbonLintError
from carbon_lint.records.emissions_csv.runs import read_log
from carbon_lint.records.emissions_csv.table import Row
from carbon_lint.records.record import Record
from carbon_lint.units import format_energy, significant

NAME = "emissions.csv"
MAX_DEPTH = 4
MAX_ENTRIES = 20_000
"""Bounds of the look below the job's folder: output folders are near, data sets may hold millions of files."""
_CLOCK_TOLERANCE_S = 2.0  # CodeCarbon's stamps are whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """What one emissions.csv says of this run, the sum over the runs that it wrote meanwhile.

    `problem` says why it cannot be read; nothing else is known then.
    """

    path: str
    energy_kwh: float | None = None
    duration_s: float | None = None
    has_coordinates: bool = False
    problem: str | None = None


def notes(record: Record, folder: str) -> tuple[str, ...]:
    """Return what to say about the tables that the job wrote below `folder` while it ran."""
    since = datetime.fromisoformat(record.started_at).timestamp() - _CLOCK_TOLERANCE_S
    return tuple(note for found in find(folder, since) for note in _notes_on(found, record))


def find(folder: str, since: float) -> Iterator[Nested]:
    """Return the tables below `folder` with rows since `since` (seconds of the epoch)."""
    for path in _tables(folder):
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_mtime < since:  # a FIFO would be read forever
                continue
            log = read_log(path)
        except OSError:  # the job, or what it left running, has just removed it
            continue
        except CarbonLintError as error:
            yield Nested(path=os.path.relpath(path, folder), problem=error.message)
            continue
        rows = [row for run in log.runs.values() for row in run.counted if _is_since(row, since)]
        if rows:
            yield Nested(
                path=os.path.relpath(path, folder),
                energy_kwh=sum(row.energy_kwh for row in rows),
                duration_s=sum(row.duration_s for row in rows),
                has_coordinates=any(row.text("longitude") for row in rows),
            )


def _notes_on(found: Nested, record: Record) -> Iterator[str]:
    if found.energy_kwh is None or found.duration_s is None:
        yield f"{found.path} was written while the job ran and is no table of CodeCarbon's: {found.problem}"
        return
    total_kwh = record.energy_kwh.total
    share = ""
    if total_kwh and record.duration_s:
        energy, time = found.energy_kwh / total_kwh, found.duration_s / record.duration_s
        share = f", {significant(100 * energy)} % of this run's energy in {significant(100 * time)} % of its time"
        if energy > 1:
            share += "; more than the whole run, so the two do not model the same machine"
    yield (
        f"the job's own CodeCarbon wrote {found.path}: {format_energy(found.energy_kwh)}{share}; "
        "it counts the same energy and was not added"
    )
    if found.has_coordinates:
        yield f"{found.path} holds this machine's longitude and latitude; a Trainer with push_to_hub publishes it"


def _is_since(row: Row, since: float) -> bool:
    try:
        stamp = datetime.fromisoformat(row.cells.get("timestamp", ""))
        # Without a zone it is this machine's local time: CodeCarbon writes no other.
        return stamp.astimezone(UTC).timestamp() >= since
    except (ValueError, OverflowError):  # no time, or one in the year 0 or 10,000 by UTC
        return False


def _tables(folder: str) -> Iterator[str]:
    seen = 0
    base = folder.rstrip(os.sep).count(os.sep)
    for here, folders, files in os.walk(folder):
        if NAME in files:
            yield os.path.join(here, NAME)
        seen += len(folders) + len(files)
        is_deep = here.rstrip(os.sep).count(os.sep) - base >= MAX_DEPTH
        folders[:] = [] if is_deep else [name for name in folders if not name.startswith((".", "node_modules"))]
        if seen > MAX_ENTRIES:
            return
