"""`emissions.csv`, as CodeCarbon 1.0 to 3.3.2 and the transformers Trainer's callback leave it, as a record.

The file says less than a record: no intensity, no method, and a country that may be CodeCarbon's silent default. What
it does not say is None here; what cannot be trusted is refused. Energies are kWh with PUE included, timestamps local
without a zone (taken as UTC). `emissions_rate` is ignored: its unit changed in 2.2.0.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from carbon_lint.errors import MeasurementError, UsageError
from carbon_lint.records.emissions_place import implied_intensity, refuse_default_place
from carbon_lint.records.emissions_table import Log, Row, read_log
from carbon_lint.records.pricing import intensity_of
from carbon_lint.records.record import Energy, Gpu, Hardware, Intensity, Methods, Outcome, Record

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from carbon_lint.places import Place

_SHOWN_RUNS = 8
_GPU = re.compile(r"\s*(\d+)\s*x\s*(.+?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to take from the file, and what to believe of it.

    Attributes:
        run_id: the run to take; None where the file holds one, or all are summed.
        sum_runs: add all runs up.
        place: where the energy came from; the file's kWh are priced with it.
        trust_location: believe a row that says Quebec, or has the world's average.
        gpu_unused: believe a row that names a GPU and counts no energy for it.
    """

    run_id: str | None = None
    sum_runs: bool = False
    place: Place | None = None
    trust_location: bool = False
    gpu_unused: bool = False


def record_from_csv(path: str | os.PathLike[str], choice: Choice) -> Record:
    """The chosen run, or the sum of all, as a record. Its `warnings` are to be shown.

    Raises InputError where the file is no such table, UsageError where the run has to be chosen, MeasurementError where
    a figure or a place cannot be trusted.
    """
    return record_of(read_log(path), choice)


def record_of(log: Log, choice: Choice) -> Record:
    """The record of the chosen runs. Raises as `record_from_csv` does."""
    chosen = _chosen(log, choice)
    lasts = [_last(log, run) for run in chosen.values()]
    warnings = [*log.warnings, *_warnings_on(lasts)]
    _refuse_unread_gpu(log, lasts, choice)
    energy_kwh = _total(row.energy_kwh for row in lasts)
    if choice.place is None:
        refuse_default_place(log.path, lasts, is_trusted=choice.trust_location)
        emissions_g = _total(row.emissions_g for row in lasts)
        if emissions_g <= 0:
            raise MeasurementError(
                f"{log.path} states {emissions_g:g} g for {energy_kwh:g} kWh",
                hint="its carbon intensity was zero; say where the energy came from with --location",
            )
        g_per_kwh = _total([emissions_g / energy_kwh])
        intensity = implied_intensity(lasts, g_per_kwh, warnings)
    else:
        place = choice.place
        emissions_g = _total([energy_kwh * place.g_per_kwh])
        stated = _total(row.emissions_g for row in lasts) / energy_kwh
        warnings.append(
            f"priced at {place.g_per_kwh:g} g/kWh ({place.source}) instead of the file's {stated:.4g} g/kWh"
        )
        intensity = intensity_of(place)
    return _record(log, chosen, emissions_g, intensity, warnings)


def _chosen(log: Log, choice: Choice) -> dict[str, tuple[Row, ...]]:
    if choice.run_id is not None and choice.sum_runs:
        raise UsageError("--run-id takes one run, --sum all of them", hint="give one of the two")
    if choice.run_id is not None:
        if choice.run_id not in log.runs:
            raise UsageError(f"{log.path} holds no run {choice.run_id!r}", hint=f"it holds {_listed(log.runs)}")
        return {choice.run_id: log.runs[choice.run_id]}
    if len(log.runs) > 1 and not choice.sum_runs:
        raise UsageError(
            f"{log.path} holds {len(log.runs)} runs",
            hint=f"take one with --run-id or all with --sum; it holds {_listed(log.runs)}",
        )
    return log.runs


def _listed(runs: dict[str, tuple[Row, ...]]) -> str:
    shown = [f"{name} ({rows[-1].energy_kwh:.4g} kWh)" for name, rows in list(runs.items())[:_SHOWN_RUNS]]
    more = f" and {len(runs) - _SHOWN_RUNS} more" if len(runs) > _SHOWN_RUNS else ""
    return ", ".join(shown) + more


def _last(log: Log, rows: tuple[Row, ...]) -> Row:
    """The row that counts: rows of one run are cumulative, so the last one."""
    last = rows[-1]
    where = f"{log.path}, line {last.number}"
    hint = "no figure can be taken from it; measure the run with `carbon-lint run`"
    for name, value in (
        ("emissions", last.emissions_g),
        ("energy_consumed", last.energy_kwh),
        ("duration", last.duration_s),
    ):
        if not math.isfinite(value) or value < 0:
            raise MeasurementError(f"{where}: {name} is {last.cells[name]}", hint=hint)
    if last.energy_kwh == 0:
        raise MeasurementError(f"{where}: energy_consumed is 0, so nothing was measured", hint=hint)
    if any(row.energy_kwh > last.energy_kwh for row in rows):
        raise MeasurementError(f"{where}: the energy of run {last.run_id} falls from row to row", hint=hint)
    return last


def _duration_s(rows: tuple[Row, ...]) -> float:
    """Of a run: durations grow with every flush, and start again with every `train()` of one Trainer."""
    total = 0.0
    for row, after in zip(rows, (*rows[1:], None), strict=True):
        if after is None or after.duration_s < row.duration_s:
            total += row.duration_s
    return total


def _refuse_unread_gpu(log: Log, lasts: list[Row], choice: Choice) -> None:
    for row in lasts:
        if _gpus(row) and _energy(row, "gpu_energy") is None and "gpu_energy" in row.cells and not choice.gpu_unused:
            raise MeasurementError(
                f"{log.path}, line {row.number} names {row.cells['gpu_model']} and counts no energy for it",
                hint="CodeCarbon could not read the GPU; measure with `carbon-lint run`, or say --gpu-unused",
            )


def _warnings_on(lasts: list[Row]) -> list[str]:
    warnings = ["a run that crashed or was stopped leaves no row in this file, so what it took is not in here"]
    if any(row.cells.get("longitude") or row.cells.get("latitude") for row in lasts):
        warnings.append(
            "the file holds longitude and latitude, and the Trainer pushes it with the model: "
            "add emissions.csv to the output folder's .gitignore"
        )
    if any(row.cells.get("tracking_mode") == "process" for row in lasts):
        warnings.append(
            "CodeCarbon tracked the process alone, which misses short-lived children: the figure may be low"
        )
    if len(lasts) > 1 and _overlap(lasts):
        warnings.append("runs overlap in time: on one machine their energy is counted twice")
    return warnings


def _overlap(lasts: list[Row]) -> bool:
    spans = sorted((start, end) for row in lasts if (start := _started(row)) and (end := _ended(row)))
    return any(after[0] < before[1] for before, after in pairwise(spans))


def _ended(row: Row) -> datetime | None:
    try:
        return datetime.fromisoformat(row.cells.get("timestamp", "")).replace(tzinfo=None)
    except ValueError:
        return None


def _started(row: Row) -> datetime | None:
    ended = _ended(row)
    try:
        return None if ended is None else ended - timedelta(seconds=row.duration_s)
    except OverflowError:
        return None


def _total(values: Iterable[float]) -> float:
    """The sum. Raises MeasurementError where it is beyond any number."""
    try:
        total = math.fsum(values)
    except OverflowError:
        total = math.inf
    if not math.isfinite(total):
        raise MeasurementError("the figures of the file add up to no finite number", hint="look at its rows")
    return total


def _energy(row: Row, column: str) -> float | None:
    try:
        value = float(row.cells.get(column, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _gpus(row: Row) -> tuple[Gpu, ...]:
    model = row.cells.get("gpu_model", "")
    names: list[str] = []
    for part in model.split(","):
        match = _GPU.fullmatch(part)
        names += [match[2]] * min(int(match[1]), 1024) if match else [part.strip()] if part.strip() else []
    return tuple(Gpu(index=index, name=name) for index, name in enumerate(names))


def _sum(lasts: list[Row], column: str) -> float | None:
    values = [_energy(row, column) for row in lasts]
    known = [value for value in values if value is not None]
    return _total(known) if known else None


def _record(
    log: Log, chosen: dict[str, tuple[Row, ...]], emissions_g: float, intensity: Intensity, warnings: list[str]
) -> Record:
    lasts = [rows[-1] for rows in chosen.values()]
    cells = lasts[-1].cells
    ends = [end for row in lasts if (end := _ended(row)) is not None]
    starts = [start for row in lasts if (start := _started(row)) is not None]
    software = {name: cells.get(column, "") for name, column in _SOFTWARE.items()}
    return Record(
        run_id=" + ".join(chosen),
        outcome=Outcome.COMPLETED,  # a run that crashed or was stopped leaves no row
        exit_status=None,
        over_budget=False,
        emissions_g=emissions_g,
        energy_kwh=Energy(
            total=_total(row.energy_kwh for row in lasts),
            cpu=_sum(lasts, "cpu_energy"),
            gpu=_sum(lasts, "gpu_energy"),
            ram=_sum(lasts, "ram_energy"),
        ),
        methods=Methods(),
        intensity=intensity,
        pue=_pue(log, lasts),
        duration_s=_total(_duration_s(rows) for rows in chosen.values()),
        started_at=_utc(min(starts, default=None)),
        ended_at=_utc(max(ends, default=None)),
        hardware=_hardware(lasts),
        software={"codecarbon": "unknown", **{name: version for name, version in software.items() if version}},
        command=(),
        warnings=tuple(warnings),
    )


_SOFTWARE = {"codecarbon": "codecarbon_version", "python": "python_version", "os": "os"}
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"


def _utc(moment: datetime | None) -> str:
    return _UNKNOWN_TIME if moment is None else moment.replace(microsecond=0).isoformat() + "Z"


def _pue(log: Log, lasts: list[Row]) -> float:
    found = {row.cells.get("pue") or "1.0" for row in lasts}
    try:
        pues = [float(text) for text in found]
    except ValueError:
        pues = [math.nan]
    if not all(math.isfinite(pue) and pue >= 1 for pue in pues):
        raise MeasurementError(
            f"{log.path}: the PUE is {', '.join(sorted(found))}, expected at least 1",
            hint="the energy was multiplied by it, so no figure can be taken from this file",
        )
    return pues[0] if len(pues) == 1 else 1.0


def _hardware(lasts: list[Row]) -> Hardware:
    cells = lasts[-1].cells
    machines = {(row.cells.get("cpu_model"), row.cells.get("gpu_model")) for row in lasts}
    if len(machines) > 1:
        return Hardware()
    cpu_count, ram_gb = _energy(lasts[-1], "cpu_count"), _energy(lasts[-1], "ram_total_size")
    return Hardware(
        cpu_model=cells.get("cpu_model") or None,
        cpu_count=None if cpu_count is None or cpu_count < 1 else int(cpu_count),
        ram_gb=ram_gb,
        gpus=_gpus(lasts[-1]) if _energy(lasts[-1], "gpu_energy") is not None else (),
    )
