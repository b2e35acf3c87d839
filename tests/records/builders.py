"""A record as a test needs it: `a_record(emissions_g=3.0)`."""

from dataclasses import replace
from datetime import datetime, timedelta

from carbon_lint.records.record import (
    Energy,
    Gpu,
    Hardware,
    Intensity,
    Method,
    Methods,
    Outcome,
    Provenance,
    Record,
)

_ENDS = ("started_at", "ended_at")
FRANCE = Intensity(g_per_kwh=56.04, source="Our World in Data", year=2023, location="FRA", location_name="France")

RECORD = Record(
    run_id="5d1f6c3e-0000-4000-8000-000000000001",
    outcome=Outcome.COMPLETED,
    exit_status=0,
    over_budget=False,
    emissions_g=56.04 * 1.25,
    energy_kwh=Energy(total=1.25, cpu=0.2, gpu=1.0, ram=0.05),
    methods=Methods(cpu=Method.LOAD_MODEL, gpu=Method.COUNTER, ram=Method.CONSTANT),
    intensity=FRANCE,
    pue=1.0,
    duration_s=3600.0,
    started_at="2026-11-24T10:00:00Z",
    ended_at="2026-11-24T11:00:00Z",
    hardware=Hardware(
        cpu_model="AMD EPYC 7763",
        cpu_count=4,
        ram_gb=16.0,
        node="node-1",
        gpus=(Gpu(index=0, name="NVIDIA A100-SXM4-80GB", uuid="GPU-00000000-0000-4000-8000-000000000001"),),
    ),
    software={"carbon-lint": "0.1.0", "codecarbon": "3.3.2", "python": "3.12.1"},
    command=("python", "train.py"),
    provenance=Provenance(repository="team/model", commit="a" * 40, run_url="https://ci.example/runs/1"),
)


def fitting(record: Record) -> Record:
    """The record with an intensity that makes its grams of its energy: a file must not contradict itself.

    If no grid has that intensity, energy and duration are scaled to the grams instead.
    """
    if not record.emissions_g or not record.energy_kwh.total or record.intensity is None:
        return record
    g_per_kwh = record.emissions_g / record.energy_kwh.total
    if g_per_kwh == record.intensity.g_per_kwh:
        return record
    if 1 <= g_per_kwh <= 1500:
        return replace(
            record, intensity=Intensity(g_per_kwh=g_per_kwh, source="given by the user", year=None, location=None)
        )
    factor = g_per_kwh / record.intensity.g_per_kwh
    parts = {name: (value := getattr(record.energy_kwh, name)) and value * factor for name in Energy.__slots__}
    duration_s = record.duration_s * factor
    start = datetime.fromisoformat(record.ended_at) - timedelta(seconds=duration_s)
    return replace(record, energy_kwh=Energy(**parts), duration_s=duration_s, started_at=_stamp(start))


def a_record(**changes) -> Record:
    """The record above with `changes`, its times made to fit one another."""
    return changed(RECORD, changes)


def changed(record: Record, changes: dict) -> Record:
    """The record with `changes`, and what follows from the times among them: the duration, or an end from the other."""
    start, end = (datetime.fromisoformat(changes.get(name, getattr(record, name))) for name in _ENDS)
    length = timedelta(seconds=changes.get("duration_s", record.duration_s))
    follows = {}
    if set(_ENDS) <= set(changes):
        follows = {"duration_s": (end - start).total_seconds()}
    elif "ended_at" in changes:
        follows = {"started_at": _stamp(end - length)}
    elif {"started_at", "duration_s"} & set(changes):
        follows = {"ended_at": _stamp(start + length)}
    return replace(record, **{**follows, **changes})


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
