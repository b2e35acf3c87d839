"""Make a record of an `emissions.csv`, as CodeCarbon 1.0 to 3.3.2 and the transformers Trainer's callback leave it.

The file says less than a record: no intensity, no method, and a country that may be CodeCarbon's silent default. What
it does not say is None here; what cannot be trusted is refused. Energies are kWh with PUE included, timestamps local
without a zone (taken as UTC). `emissions_rate` is ignored: its unit changed in 2.2.0.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence

from carbon_lint.errors import MissingFigureError
from carbon_lint.records.emissions_csv.choice import Choice, chosen
from carbon_lint.records.emissions_csv.place import find_doubt, implied_intensity
from carbon_lint.records.emissions_csv.runs import Log, Run, energy_of, find_problem, overlapping, positive, read_log
from carbon_lint.records.emissions_csv.table import UNKNOWN_TIME, Row
from carbon_lint.records.fields import LARGEST
from carbon_lint.records.intensity import intensity_of
from carbon_lint.records.record import Energy, Gpu, Hardware, Intensity, Methods, Outcome, Record
from carbon_lint.units import MOST_PUE, format_power, mean_power_w

_GPU = re.compile(r"\s*(\d+)\s*x\s*(.+?)\s*")
_SHOWN_NAMES = 6
_MACHINE_W = 1e5  # eight GPUs of 1.2 kW draw a tenth of it


def record_from_csv(paths: Sequence[str | os.PathLike[str]], choice: Choice) -> Record:
    """Return the chosen run of the files, or the sum of all, as a record. Its `warnings` are to be shown.

    Raises InputError if a file is another table, UsageError if the run has to be chosen, MissingFigureError if a figure
    or a place cannot be trusted.
    """
    log = read_log(*paths)
    return record_of_runs(log, chosen(log, choice), choice)


def record_of_runs(log: Log, runs: Sequence[Run], choice: Choice) -> Record:
    """Return the record of these runs, each of which must be usable. Raises MissingFigureError."""
    for run in runs:
        problem = find_problem(run) or (None if choice.gpu_unused else _unread_gpu(run))
        if problem is not None:
            other = ", or take other runs: --last, --run-id ID, or a copy without that line" if len(runs) > 1 else ""
            raise problem.again(hint=f"{problem.hint}{other}")
    rows = [row for run in runs for row in run.counted]
    warnings = [*log.warnings, *_warnings_on(runs, rows)]
    energy_kwh = _total(row.energy_kwh for row in rows)
    if choice.place is None:
        emissions_g = _total(row.emissions_g for row in rows)
        if emissions_g <= 0:
            raise MissingFigureError(
                f"{log.name} states {emissions_g:g} g for {energy_kwh:g} kWh",
                hint="its carbon intensity was zero; say where the energy came from with --location",
            )
        doubt = None if choice.trust_location else find_doubt(runs)
        if doubt is not None:
            raise doubt
        g_per_kwh = _total([emissions_g / energy_kwh])
        intensity = implied_intensity(rows, g_per_kwh, warnings)
    else:
        place = choice.place
        emissions_g = _total([energy_kwh * place.g_per_kwh])
        stated = _total(row.emissions_g for row in rows) / energy_kwh
        warnings.append(f"priced at {place.figure}, {place.source}, instead of the file's {stated:.4g} g/kWh")
        intensity = intensity_of(place)
    return _record(log, runs, emissions_g, intensity, warnings)


def _unread_gpu(run: Run) -> MissingFigureError | None:
    row = next((row for row in run.counted if _gpus(row)), None)
    if row is None or "gpu_energy" not in row.cells or energy_of(run.counted, "gpu_energy") is not None:
        return None
    return MissingFigureError(
        f"{row.where} names {row.text('gpu_model')} and counts no energy for it",
        hint="CodeCarbon could not read the GPU; measure with `carbon-lint run`, or say --gpu-unused",
    )


def _warnings_on(runs: Sequence[Run], rows: list[Row]) -> list[str]:
    warnings = ["a run that crashed or was stopped leaves no row in this file, so what it took is not in here"]
    if any(row.text("longitude") or row.text("latitude") for row in rows):
        warnings.append(
            "the file holds longitude and latitude, and the Trainer pushes it with the model: "
            "add emissions.csv to the output folder's .gitignore"
        )
    if any(row.text("tracking_mode") == "process" for row in rows):
        warnings.append(
            "CodeCarbon tracked the process alone, which misses short-lived children: the figure may be low"
        )
    if any(row.is_task for row in rows):
        warnings.append(
            "the tasks of a run were added up; what it took between them is only in its own row, in the emissions.csv "
            "beside this file"
        )
    warnings += [
        f"{run.last.where} makes {format_power(power_w)} of its energy and duration, more than one machine draws: "
        "a column may have lost its decimal point"
        for run in runs
        if (power_w := mean_power_w(run.energy_kwh, run.duration_s)) is not None and power_w > _MACHINE_W
    ]
    projects = sorted({run.project for run in runs})
    if len(projects) > 1:
        warnings.append(
            f"the sum holds runs of {len(projects)} projects ({_some(projects)}); --project NAME takes those of one"
        )
    meeting = overlapping(runs)
    if meeting:
        warnings.append(
            f"{len(meeting)} runs overlap in time ({_some(meeting)}): if they shared a machine, its energy is counted "
            "twice, since CodeCarbon measures the whole machine"
        )
    return warnings


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (", ..." if len(names) > _SHOWN_NAMES else "")


def _total(values: Iterable[float]) -> float:
    """Return the sum. Raises MissingFigureError if it is beyond what a record holds."""
    try:
        total = math.fsum(values)
    except OverflowError:
        total = math.inf
    if math.isnan(total) or abs(total) > LARGEST:
        raise MissingFigureError("the figures of the file add up to more than a record holds", hint="look at its rows")
    return total


def _gpus(row: Row) -> tuple[Gpu, ...]:
    names: list[str] = []
    for part in row.text("gpu_model").split(","):
        match = _GPU.fullmatch(part)
        names += [match[2]] * min(int(match[1]), 1024) if match else [part.strip()] if part.strip() else []
    return tuple(Gpu(index=index, name=name) for index, name in enumerate(names))


def _record(log: Log, runs: Sequence[Run], emissions_g: float, intensity: Intensity, warnings: list[str]) -> Record:
    rows = [row for run in runs for row in run.counted]
    software = {name: rows[-1].text(column) for name, column in _SOFTWARE.items()}
    started = [moment for run in runs if (moment := run.started) is not None]
    ended = [moment for run in runs if (moment := run.ended) is not None]
    return Record(
        run_id=" + ".join(run.run_id for run in runs),
        outcome=Outcome.COMPLETED,  # a run that crashed or was stopped leaves no row
        exit_status=None,
        over_budget=False,
        emissions_g=emissions_g,
        energy_kwh=Energy(
            total=_total(row.energy_kwh for row in rows),
            cpu=energy_of(rows, "cpu_energy"),
            gpu=energy_of(rows, "gpu_energy"),
            ram=energy_of(rows, "ram_energy"),
        ),
        methods=Methods(),
        intensity=intensity,
        pue=_pue(log, rows),
        duration_s=_total(run.duration_s for run in runs),
        started_at=f"{min(started, default=UNKNOWN_TIME).replace(microsecond=0).isoformat()}Z",
        ended_at=f"{max(ended, default=UNKNOWN_TIME).replace(microsecond=0).isoformat()}Z",
        hardware=_hardware(rows),
        software={"codecarbon": "unknown", **{name: version for name, version in software.items() if version}},
        command=(),
        warnings=tuple(warnings),
    )


_SOFTWARE = {"codecarbon": "codecarbon_version", "python": "python_version", "os": "os"}


def _pue(log: Log, rows: list[Row]) -> float:
    found = {row.text("pue") or "1.0" for row in rows}
    try:
        pues = [float(text) for text in found]
    except ValueError:
        pues = [math.nan]
    if not all(1 <= pue <= MOST_PUE for pue in pues):
        raise MissingFigureError(
            f"{log.name}: the PUE is {', '.join(sorted(found))}, expected 1 to {MOST_PUE:g}",
            hint="the energy was multiplied by it, so no figure can be taken from this file",
        )
    return pues[0] if len(pues) == 1 else 1.0


def _hardware(rows: list[Row]) -> Hardware:
    last = rows[-1]
    machines = {(row.text("cpu_model"), row.text("gpu_model")) for row in rows}
    if len(machines) > 1:
        return Hardware()
    cpu_count, ram_gb = positive(last, "cpu_count"), positive(last, "ram_total_size")
    return Hardware(
        cpu_model=last.text("cpu_model") or None,
        cpu_count=None if cpu_count is None or cpu_count < 1 else int(cpu_count),
        ram_gb=ram_gb,
        gpus=_gpus(last) if energy_of(rows, "gpu_energy") is not None else (),
    )
