"""Find the runs of one or several `emissions.csv`: which rows belong together, and which of them are counted.

Rows of one run are cumulative, so one of them counts: `flush()` and each `train()` write another. Rows with a
`task_name` are increments, so all of them count. A row without a usable run id is a run by itself.
"""

from __future__ import annotations

import math
import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from carbon_lint.errors import MissingFigureError
from carbon_lint.records.emissions_csv.table import NO_VALUE, REQUIRED, UNKNOWN_TIME, CsvTable, Row, read_table
from carbon_lint.records.fields import LARGEST

PARTS = ("cpu_energy", "gpu_energy", "ram_energy")
_MOST = 1e100  # no run; and the sum of many rows must still be a number that a record can hold
_PARTS_TOLERANCE = 0.02  # relative: of 2,316 real rows every one added up to within 1 %
_NO_ID = NO_VALUE | {"<na>", "undefined", "unknown"}
_ZEROS = frozenset("0.-")  # 0, pandas' 0.0 of a column with gaps, and the UUID of zeros
_MANGLED = re.compile(r"\d(?:[.,]\d+)?e[+-]\d+")  # a spreadsheet made a number of an id
_HINT = "no figure can be taken from it; measure the run with `carbon-lint run`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run.

    Attributes:
        run_id: CodeCarbon's, else what distinguishes the row from the others: its experiment, its time, its line.
        rows: all its rows in the order in which they were written.
        counted: those whose sum is the run: the last of cumulative rows, or every task's.
    """

    run_id: str
    rows: tuple[Row, ...]
    counted: tuple[Row, ...]

    @property
    def last(self) -> Row:
        """The last row that counts."""
        return self.counted[-1]

    @property
    def energy_kwh(self) -> float:
        """As the file states it; infinite or not a number if the file says so."""
        return _sum(row.energy_kwh for row in self.counted)

    @property
    def emissions_g(self) -> float:
        """As the file states it."""
        return _sum(row.emissions_g for row in self.counted)

    @property
    def duration_s(self) -> float:
        """A row's clock goes on with every flush, and starts again with every `train()` of one Trainer."""
        if self.last.is_task:
            return _sum(row.duration_s for row in self.counted)
        rows = [row for row in self.rows if not row.is_task]
        return _sum(
            row.duration_s
            for row, after in zip(rows, (*rows[1:], None), strict=True)
            if after is None or after.duration_s < row.duration_s
        )

    @property
    def started(self) -> datetime | None:
        """The earliest time that a row's clock began."""
        return min((moment for row in self.rows if (moment := row.started) is not None), default=None)

    @property
    def ended(self) -> datetime | None:
        """The latest time of a row."""
        return max((moment for row in self.rows if (moment := row.ended) is not None), default=None)

    @property
    def project(self) -> str:
        """CodeCarbon's `project_name`; empty if it has none."""
        return self.last.text("project_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The runs of the files in the order of their rows, and what was left out.

    `name` is what messages call them; `holds` is it with its verb: `the 2 files hold`.
    """

    name: str
    holds: str
    runs: dict[str, Run]
    warnings: tuple[str, ...]


def read_log(*paths: str | os.PathLike[str]) -> Log:
    """Return the files' runs. Raises InputError if one cannot be read, MissingFigureError if none has a usable row."""
    return log_of([read_table(path) for path in paths])


def log_of(tables: Sequence[CsvTable]) -> Log:
    """Return the runs in the tables. Raises MissingFigureError as `read_log` does."""
    name, holds = (tables[0].path, "holds") if len(tables) == 1 else (f"the {len(tables)} files", "hold")
    warnings = [warning for table in tables for warning in table.warnings]
    rows = _without_copies([row for table in tables for row in table.rows], warnings)
    if not rows:
        why = f": {warnings[-1]}" if warnings else ""
        raise MissingFigureError(
            f"{name} {holds} no row that can be read{why}",
            hint="fix the row, or measure the run with `carbon-lint run`"
            if warnings
            else "a run that crashed or was stopped leaves no row; measure it with `carbon-lint run`",
        )
    groups: dict[str, list[Row]] = {}
    name_of = _naming(rows)
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    runs = {key: _run(key, group) for key, group in groups.items()}
    return Log(name=name, holds=f"{name} {holds}", runs=runs, warnings=tuple(warnings))


def has_run_id(row: Row) -> bool:
    """Return whether the row names its run; CodeCarbon 1.x did not, and 2.x writes `None` without its API."""
    run_id = row.cells.get("run_id", "").lower()
    return run_id not in _NO_ID and not _ZEROS.issuperset(run_id) and not _MANGLED.fullmatch(run_id)


def find_problem(run: Run) -> MissingFigureError | None:
    """Return why no figure can be taken from the run; None if it can."""
    where = run.last.where
    whole = [row for row in run.rows if not row.is_task]
    if any(row.energy_kwh > run.last.energy_kwh for row in whole):
        return MissingFigureError(f"{where}: the energy of run {run.run_id} falls from row to row", hint=_HINT)
    for row in run.counted:
        problem = _problem_of_row(row)
        if problem is not None:
            return MissingFigureError(f"{row.where}: {problem}", hint=_HINT)
    if run.energy_kwh == 0:
        return MissingFigureError(f"{where}: energy_consumed is 0, so nothing was measured", hint=_HINT)
    tasks_kwh = _sum(row.energy_kwh for row in run.rows if row.is_task)
    if whole and tasks_kwh > run.energy_kwh * (1 + _PARTS_TOLERANCE):
        return MissingFigureError(
            f"{where}: run {run.run_id} took {run.energy_kwh:.4g} kWh and its tasks {tasks_kwh:.4g} kWh", hint=_HINT
        )
    return None


def energy_of(rows: Iterable[Row], column: str) -> float | None:
    """Return the sum of a component's energy; None if no row has one above zero."""
    values = [value for row in rows if (value := positive(row, column)) is not None]
    return _sum(values) if values else None


def positive(row: Row, column: str) -> float | None:
    """Return the cell's number if it is above zero and a record can hold it, else None."""
    try:
        value = float(row.cells.get(column, ""))
    except ValueError:
        return None
    return value if 0 < value <= LARGEST else None


def overlapping(runs: Sequence[Run]) -> list[str]:
    """Return the ids of runs that surely ran at the same time as another one, however their written times were cut.

    A run that is shorter than the resolution of its time is left out: nothing is sure of it.
    """
    spans = sorted(span for run in runs if (span := _span(run)) is not None)
    ends = [span[0] for span in spans]
    marks = [0] * (len(spans) + 1)
    for at, (_, latest_start, _) in enumerate(spans):
        first = bisect_left(ends, latest_start, 0, at)  # from there on they ended after this one began
        if first < at:
            marks[first] += 1
            marks[at + 1] -= 1
    return [run_id for (_, _, run_id), depth in zip(spans, accumulate(marks), strict=False) if depth]


def _span(run: Run) -> tuple[datetime, datetime, str] | None:
    """Return the earliest end, the latest start, and the run's id."""
    started, ended = run.started, run.ended
    resolution = timedelta(seconds=max(row.resolution_s for row in run.rows))
    if started is None or ended is None or ended - started < resolution:
        return None
    return ended, ended - (ended - started - resolution), run.run_id  # so no sum is beyond the last year


def _problem_of_row(row: Row) -> str | None:
    for name, value in zip(REQUIRED, (row.emissions_g, row.energy_kwh, row.duration_s), strict=True):
        if not 0 <= value < _MOST:  # NaN fails too
            return f"{name} is {row.cells[name]}"
    known_kwh, missing = 0.0, []
    for name in PARTS:
        text = row.text(name)
        try:
            value = float(text) if text else 0.0
        except ValueError:
            return f"{name} is {text[:40]!r}, which is not a number"
        if not 0 <= value < _MOST:
            return f"{name} is {text}"
        known_kwh += value
        missing += [] if text else [name]
    slack = _PARTS_TOLERANCE * row.energy_kwh
    if known_kwh > row.energy_kwh + slack or (not missing and known_kwh < row.energy_kwh - slack):
        named = " + ".join(name for name in PARTS if name not in missing)
        return f"{named} is {known_kwh:.6g} kWh, and energy_consumed is {row.energy_kwh:.6g} kWh"
    return None


def _without_copies(rows: list[Row], warnings: list[str]) -> list[Row]:
    """Return each row once: a file that was given, joined or copied twice holds the same rows again.

    Rows without a run id and without a time are kept: nothing says that two equal ones are one.
    """
    kept: dict[tuple[str, ...], Row] = {}
    result, copies = [], []
    for row in rows:
        key = tuple(row.cells.values())
        if key in kept and (has_run_id(row) or row.ended is not None):
            copies.append((row, kept[key]))
            continue
        kept[key] = row
        result.append(row)
    if copies:
        row, first = copies[0]
        more = f" (and {len(copies) - 1} more such rows)" if len(copies) > 1 else ""
        warnings.append(f"{row.where} repeats {first.where} and was counted once{more}")
    return result


def _naming(rows: Sequence[Row]) -> Callable[[Row], str]:
    """Name the rows' runs: by the run id, else by the first thing that distinguishes the row from all others."""
    nameless = [row for row in rows if not has_run_id(row)]
    experiments = Counter(row.text("experiment_id") for row in nameless)
    times = Counter(row.text("timestamp") for row in nameless)
    files = {row.path for row in rows}
    taken = {row.cells["run_id"] for row in rows if has_run_id(row)}

    def name_of(row: Row) -> str:
        if has_run_id(row):
            return row.cells["run_id"]
        experiment, time = row.text("experiment_id"), row.text("timestamp")
        if experiment and experiments[experiment] == 1 and experiment not in taken:
            return experiment
        if row.ended is not None and times[time] == 1 and time not in taken:
            return time
        return f"line-{row.number}" if len(files) == 1 else f"{row.path}:line-{row.number}"

    return name_of


def _run(run_id: str, rows: list[Row]) -> Run:
    whole = _in_order([row for row in rows if not row.is_task])
    tasks = _in_order([row for row in rows if row.is_task])
    return Run(run_id=run_id, rows=(*tasks, *whole), counted=(whole[-1],) if whole else tuple(tasks))


def _in_order(rows: list[Row]) -> list[Row]:
    """Return them as written, unless only the order of time lets energy grow: a spreadsheet may have sorted them."""
    is_growing = all(before.energy_kwh <= after.energy_kwh for before, after in pairwise(rows))
    if is_growing or any(row.ended is None for row in rows):
        return rows
    return sorted(rows, key=lambda row: row.ended or UNKNOWN_TIME)


def _sum(values: Iterable[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond any number, or both infinities
        return math.nan
