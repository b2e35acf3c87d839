"""A journal with each kind of component: a GPU's counter, a CPU's counter or its model, the memory's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from carbon_lint.measurement.host.cpu import UNKNOWN_WIDENING
from carbon_lint.measurement.host.power import CpuModel, memory_power_w, stated_cpu
from carbon_lint.measurement.host.processor import GENERATION_WIDENING
from carbon_lint.measurement.journal import Journal
from carbon_lint.measurement.meter import Reading, with_evidence
from carbon_lint.records.document import record_to_json
from carbon_lint.records.ranges import uncertainty_of_parts
from carbon_lint.records.record import Energy, Method, Methods, Outcome
from carbon_lint.records.uncertainty import Assumptions, Bounds
from carbon_lint.report.verification import StatementKind
from carbon_lint.verification.journal import check_journal, recomputed
from tests.cases import cases
from tests.hub.records import record

LIMITS = {"max_emissions_g": None, "max_energy_kwh": None}
G_PER_KWH, PUE, GIB, HOURS = 56.04, 1.2, 16.0, 3


def bounds(power, factor):
    return Bounds(low=power.low * factor, high=power.high * factor)


def reading_at(hour, methods, model):
    """One after so many hours, as the meter makes it."""
    factor, load = hour * PUE / 1000, 0.5 + hour / 10
    cpu, ram = model.power_w(load), memory_power_w(GIB)
    parts = Energy(total=0.0, cpu=cpu.likely * factor, gpu=0.3 * factor * 1000, ram=ram.likely * factor)
    energy = replace(parts, total=parts.cpu + parts.gpu + parts.ram)
    is_modelled = methods.cpu is not Method.COUNTER
    known = uncertainty_of_parts(
        energy, methods, g_per_kwh=G_PER_KWH,
        cpu_kwh=bounds(cpu, factor) if is_modelled else None, ram_kwh=bounds(ram, factor),
    )  # fmt: skip
    return Reading(
        elapsed_s=hour * 3600.0, energy_kwh=energy, emissions_g=energy.total * G_PER_KWH,
        uncertainty=known, cpu_mean_load=load,
    )  # fmt: skip


def a_run(methods, model):
    """Write r.jsonl, and return its record."""
    assumptions = Assumptions(
        cpu_full_power_w=model.full_power_w, cpu_thread_share=model.share, cpu_idle_factor=model.idle_factor,
        cpu_load_factor=model.load_factor, memory_power_w=memory_power_w(GIB).likely, memory_gib=GIB,
    )  # fmt: skip
    blank = replace(
        record(outcome=Outcome.INTERRUPTED, emissions_g=None, energy_kwh=Energy(total=None)),
        pue=PUE, methods=methods, assumptions=assumptions, duration_s=HOURS * 3600.0,
    )  # fmt: skip
    journal = Journal(Path("r.jsonl"))
    journal.write_header(record_to_json(blank), LIMITS)
    readings = [reading_at(hour, methods, model) for hour in range(1, HOURS + 1)]
    for reading in readings:
        journal.write_reading(reading)
    last = readings[-1]
    found = replace(blank, energy_kwh=last.energy_kwh, emissions_g=last.emissions_g, journal_sha256=journal.sha256())
    journal.close()
    return with_evidence(found, last)


def texts(found, kind):
    return " | ".join(each.text for each in found if each.kind is kind)


MODELLED = Methods(cpu=Method.LOAD_MODEL, gpu=Method.SAMPLED_POWER, ram=Method.CONSTANT)
RUNS = {
    "model": (MODELLED, CpuModel(full_power_w=280.0, share=0.25)),
    "unknown": (MODELLED, CpuModel(full_power_w=8.0, widening=UNKNOWN_WIDENING)),
    "generation": (MODELLED, CpuModel(full_power_w=225.0, share=0.02, widening=GENERATION_WIDENING)),
    "user": (replace(MODELLED, cpu=Method.USER), stated_cpu(15.0)),
    "counter": (replace(MODELLED, cpu=Method.COUNTER, gpu=Method.COUNTER), CpuModel(full_power_w=280.0)),
}


@cases("name", sorted(RUNS))
def test_the_models_are_computed_again_and_a_sensor_is_only_claimed(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    methods, model = RUNS[name]
    run = a_run(methods, model)
    found = check_journal("r.jsonl", run)
    assert texts(found, StatementKind.CONTRADICTED) == ""
    assert f"({methods.gpu}): that the sensor showed this" in texts(found, StatementKind.CLAIMED)
    assert "(constant), computed again" in texts(found, StatementKind.PROVEN)
    assert (f"({methods.cpu}), computed again" in texts(found, StatementKind.PROVEN)) == (name != "counter")


@cases("name", sorted(RUNS))
def test_a_gpus_energy_that_is_made_smaller_does_not_fit_its_range(tmp_path, monkeypatch, name):
    """With sums, grams, record and hashes all invented to fit."""
    monkeypatch.chdir(tmp_path)
    run = a_run(*RUNS[name])
    header, *lines = Path("r.jsonl").read_text().splitlines()
    readings = [json.loads(line) for line in lines]
    for reading in readings:
        energy = reading["energy_kwh"]
        energy["gpu"] /= 2
        energy["total"] = energy["cpu"] + energy["gpu"] + energy["ram"]
        reading["emissions_g"] = energy["total"] * G_PER_KWH
    Path("r.jsonl").write_text("\n".join([header, *map(json.dumps, readings)]) + "\n")
    found = check_journal("r.jsonl", replace(run, journal_sha256=None))
    assert "_kwh is" in texts(found, StatementKind.CONTRADICTED)


def test_an_input_of_the_model_that_the_record_leaves_out_is_named(tmp_path, monkeypatch):
    """It is not taken for 0, with which the model would give 0 kWh."""
    monkeypatch.chdir(tmp_path)
    methods, model = RUNS["model"]
    known = a_run(methods, model).assumptions
    for name in ("cpu_full_power_w", "cpu_thread_share", "cpu_idle_factor", "cpu_load_factor"):
        message = recomputed(reading_at(1, methods, model), methods, replace(known, **{name: None}), PUE)
        assert message.endswith(f"the record does not state its {name}")
    assert recomputed(reading_at(1, methods, model), methods, known, PUE) is None
