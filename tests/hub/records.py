"""The record of a run that was published, and changes to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from carbon_lint.records.record import Energy, Gpu, Hardware, Provenance
from carbon_lint.records.store import record_to_json
from tests.records.builders import RECORD, changed

PUBLISHED = replace(
    RECORD,
    run_id="run-1",
    emissions_g=42.5,
    energy_kwh=Energy(total=0.7583, gpu=0.6, cpu=0.1, ram=0.0583),
    intensity=replace(RECORD.intensity, source="CodeCarbon 3.3.2"),
    started_at="2026-01-01T00:00:00Z",
    ended_at="2026-01-01T01:00:00Z",
    hardware=Hardware(gpus=(Gpu(index=0, name="Tesla T4", uuid="GPU-1"),)),
    software={"codecarbon": "3.3.2", "carbon-lint": "0.1.0"},
    provenance=Provenance(
        repository="acme/training", commit="c0ffee", run_url="https://github.com/acme/training/actions/runs/7"
    ),
)


def record(**changes):
    """The run, changed; its energy goes with its grams, or the record would contradict itself."""
    share = (changes.get("emissions_g") or PUBLISHED.emissions_g) / PUBLISHED.emissions_g
    parts = {name: (value := getattr(PUBLISHED.energy_kwh, name)) and value * share for name in Energy.__slots__}
    return changed(PUBLISHED, {"energy_kwh": Energy(**parts), **changes})


def write_record(path="r.json", **changes):
    Path(path).write_text(json.dumps(record_to_json(record(**changes))))
    return path
