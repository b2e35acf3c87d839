"""A record as a test needs it: `a_record(emissions_g=3.0)`."""

from dataclasses import replace

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
    """The record at the intensity that makes its grams of its energy: a file must not contradict itself."""
    if not record.emissions_g or not record.energy_kwh.total or record.intensity is None:
        return record
    g_per_kwh = record.emissions_g / record.energy_kwh.total
    return replace(record, intensity=replace(record.intensity, g_per_kwh=g_per_kwh))


def a_record(**changes) -> Record:
    """The record above with `changes`."""
    return replace(RECORD, **changes)
