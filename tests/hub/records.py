"""Records for the tests of this room."""

from __future__ import annotations

import json
from pathlib import Path

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
from carbon_lint.records.store import record_to_json


def record(**changes):
    # energy goes with the grams: a record that contradicts itself is refused when it is read
    share = (changes.get("emissions_g") or 42.5) / 42.5
    values = {
        "run_id": "run-1",
        "outcome": Outcome.COMPLETED,
        "exit_status": 0,
        "over_budget": False,
        "emissions_g": 42.5,
        "energy_kwh": Energy(total=0.7583 * share, gpu=0.6 * share, cpu=0.1 * share, ram=0.0583 * share),
        "methods": Methods(gpu=Method.COUNTER, cpu=Method.LOAD_MODEL, ram=Method.CONSTANT),
        "intensity": Intensity(
            g_per_kwh=56.04, source="CodeCarbon 3.3.2", year=2023, location="FRA", location_name="France"
        ),
        "pue": 1.0,
        "duration_s": 3600.0,
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T01:00:00Z",
        "hardware": Hardware(gpus=(Gpu(index=0, name="Tesla T4", uuid="GPU-1"),)),
        "software": {"codecarbon": "3.3.2", "carbon-lint": "0.1.0"},
        "command": ("python", "train.py"),
        "provenance": Provenance(
            repository="acme/training", commit="c0ffee", run_url="https://github.com/acme/training/actions/runs/7"
        ),
    }
    return Record(**{**values, **changes})


def write_record(path="r.json", **changes):
    Path(path).write_text(json.dumps(record_to_json(record(**changes))))
    return path
