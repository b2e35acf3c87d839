"""Read what the job's own CodeCarbon, such as the transformers Trainer's callback, wrote to an emissions.csv.

It counts the same machine in a part of the same time, so it is shown beside our figure and never added to it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
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


def notes(record: Record, folder: str) -> tuple[str, ...]:
    """Return what to say about the tables that the job wrote below `folder` while it ran."""
    since = datetime.fromisoformat(record.started_at).timestamp() - _CLOCK_TOLERANCE_S
    found: list[str] = []
    for path in _tables(folder):
        name = os.path.relpath(path, folder)
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_mtime < since:  # a FIFO would be read forever
                continue
            log = read_log(path)
        except OSError:  # the job, or what it left running, has just removed it
            continue
        except CarbonLintError as error:
            found.append(f"{name} was written while the job ran and is not a table of CodeCarbon's: {error.message}")
            continue
        # Of the runs that it wrote meanwhile.
        rows = [row for run in log.runs.values() for row in run.counted if _is_since(row, since)]
        if rows:
            found += _notes_on(name, rows, record)
    return tuple(found)


def _notes_on(name: str, rows: list[Row], record: Record) -> Iterator[str]:
    energy_kwh, total_kwh = sum(row.energy_kwh for row in rows), record.energy_kwh.total
    share = ""
    if total_kwh and record.duration_s:
        energy, time = energy_kwh / total_kwh, sum(row.duration_s for row in rows) / record.duration_s
        share = f", {significant(100 * energy)} % of this run's energy in {significant(100 * time)} % of its time"
        if energy > 1:
            share += "; more than the whole run, so the two do not model the same machine"
    yield (
        f"the job's own CodeCarbon wrote {name}: {format_energy(energy_kwh)}{share}; "
        "it counts the same energy and was not added"
    )
    if any(row.text("longitude") for row in rows):
        yield f"{name} holds this machine's longitude and latitude; a Trainer with push_to_hub publishes it"


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
