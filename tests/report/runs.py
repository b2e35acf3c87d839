"""Records to render: one whole run, and changes to it."""

from __future__ import annotations

from dataclasses import replace

from carbon_lint.measurement.meter import Reading
from carbon_lint.records.record import Energy, Gpu, Hardware, Provenance
from carbon_lint.report.run.forms.table import Subject, render
from carbon_lint.report.run.run_report import RunReport
from tests.records import builders
from tests.records.builders import changed

RECORD = replace(
    builders.RECORD,
    run_id="r1",
    emissions_g=12.34,
    energy_kwh=Energy(total=0.22, cpu=0.03, gpu=0.18, ram=0.01),
    intensity=replace(builders.FRANCE, source="CodeCarbon 3.3.2"),
    pue=1.2,
    duration_s=125.3,
    started_at="2026-11-24T10:00:00Z",
    ended_at="2026-11-24T10:02:05Z",
    hardware=Hardware(cpu_model="Xeon", cpu_count=8, ram_gb=32.0, gpus=(Gpu(index=0, name="H100", uuid="GPU-1"),)),
    software={"carbon-lint": "0.1.0", "codecarbon": "3.3.2"},
    command=("python", "train.py", "--name", "a b"),
    provenance=Provenance(repository="me/models", commit="0123abc", run_id="77", run_attempt=1, job="train"),
)


def record(**changes):
    """The run, changed."""
    return changed(RECORD, changes)


TERMS = {"boamps": {"task-family": "text classification", "data-type": "text", "infra-type": "other"}}


def a_form(name, one=RECORD, *, model="me/model", activity="training", **terms):
    """The record as a form, with the terms that the form must state."""
    given = {term.replace("_", "-"): value for term, value in terms.items()}
    return render(name, one, Subject(model=model, activity=activity, terms=TERMS.get(name, {}) | given))


def report_of(one=None, verdict=None, **known):
    """The report of a record, as it is rendered."""
    return RunReport(record=one, verdict=verdict, **known)


def readings(count=126):
    """A run over time, one reading a second, 200 W."""
    return [
        Reading(
            elapsed_s=float(second),
            energy_kwh=Energy(total=second / 18_000),
            emissions_g=second / 10,
        )
        for second in range(count)
    ]
