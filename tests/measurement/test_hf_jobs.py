"""A Hugging Face Job: its variables give the share of CPU and memory, and a flavor with GPUs needs GPUs to count."""

from __future__ import annotations

import os
import sys

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.doctor import State, diagnose
from carbon_lint.measurement.forecast import forecaster as limits
from carbon_lint.measurement.forecast.forecaster import Forecaster
from carbon_lint.measurement.grid.location import LocatedPlace
from carbon_lint.measurement.host.allotment import Allotment, allotment
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from tests.measurement.fake_machine import EPYC_7763, cgroup_v2, machine
from tests.measurement.stub_nvml import NVMLError_LibraryNotFound, StubGpu, StubNvml
from tests.measurement.test_forecast import writing

JOB = {"JOB_ID": "6870d0", "ACCELERATOR": "a10g-small", "CPU_CORES": "4", "MEMORY": "15Gi"}


def test_its_variables_are_read_and_odd_ones_left_out():
    assert allotment(JOB) == Allotment(cpus=4.0, memory_bytes=15 << 30, flavor="a10g-small", gpu_count=1)
    for change, expected in (
        ({"ACCELERATOR": "a100x4"}, {"gpu_count": 4}),
        ({"ACCELERATOR": "none"}, {"gpu_count": 0, "flavor": None}),
        ({"CPU_CORES": "3500m", "MEMORY": "16G"}, {"cpus": 3.5, "memory_bytes": 16 * 10**9}),
        ({"CPU_CORES": "many", "MEMORY": "-1Gi"}, {"cpus": None, "memory_bytes": None}),
        ({"CPU_CORES": "0"}, {"cpus": None}),
    ):
        found = allotment(JOB | change)
        assert {name: getattr(found, name) for name in expected} == expected, change
    for name in ("JOB_ID", "ACCELERATOR", "CPU_CORES"):
        assert allotment({key: value for key, value in JOB.items() if key != name}) == Allotment(), name


def test_cpu_and_memory_are_the_share_of_the_job_and_never_more_than_the_cgroups(tmp_path):
    """The host has 64 threads and 256 GiB, and the container no limit of its own."""
    root = machine(tmp_path, EPYC_7763, threads=64, memory_gib=256.0)
    given = allotment(JOB)
    cpu = plan_cpu(None, root=root, affinity=64, allotted=given)
    assert cpu.max_power_w == pytest.approx(280 * 4 / 128)
    assert plan_ram(cpu, root=root, allotted=given).size_gib == 15.0
    cgroup_v2(root, cpu_max="200000 100000\n", memory_max=f"{8 << 30}\n")
    cpu = plan_cpu(None, root=root, affinity=64, allotted=given)
    assert cpu.usable_threads == 2.0
    assert plan_ram(cpu, root=root, allotted=given).size_gib == 8.0


def test_a_flavor_with_gpus_that_cannot_be_read_starts_no_job(monkeypatch):
    def meter(*gpus, require=(), error=None, **change):
        monkeypatch.setitem(sys.modules, "pynvml", StubNvml(gpus, init_error=error))
        return CodeCarbonMeter(None, environ=JOB | change, require=require)

    with pytest.raises(MeasurementError, match=r"flavor a10g-small, so 1 GPU to count, and none can be read") as caught:
        meter(error=NVMLError_LibraryNotFound()).start()
    assert caught.value.suggest == (("require", "none"),)
    with pytest.raises(MeasurementError, match=r"a100x4, so 4 GPUs to count, and only 1 can be read"):
        meter(StubGpu(), ACCELERATOR="a100x4").start()
    with pytest.raises(MeasurementError, match="none can be read"):
        meter(error=NVMLError_LibraryNotFound(), ACCELERATOR="a100x4", CUDA_VISIBLE_DEVICES="0").start()
    ready = [meter(StubGpu()), meter(StubGpu(), ACCELERATOR="a100x4", CUDA_VISIBLE_DEVICES="0")]
    unread = meter(error=NVMLError_LibraryNotFound(), require=("none",))
    for started in (
        *ready,
        unread,
        meter(error=NVMLError_LibraryNotFound(), CUDA_VISIBLE_DEVICES=""),
        meter(error=NVMLError_LibraryNotFound(), ACCELERATOR="none"),
    ):
        started.start()
        lacks_gpu = any("the energy of the rest is not in this figure" in text for text in started.warnings)
        assert lacks_gpu is (started is unread)
        assert started.stop() is not None


def test_doctor_reports_it_before_any_job(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml((), init_error=NVMLError_LibraryNotFound()))
    found = diagnose(JOB, find_place=LocatedPlace, needs_grams=False)
    assert not found.is_sound
    assert any("no Docker" in note and "max-energy" in note for note in found.notes)
    assert next(one.missing for one in found.obstacles if one.state is State.BROKEN).startswith("this Hugging Face Job")


def test_a_forecast_that_passes_the_time_limit_is_reported_once(run, monkeypatch):
    """It has done little when it has used most of the time that the scheduler leaves it."""
    monkeypatch.setattr(limits, "_HF_DEFAULT_S", 1.5)
    environ, budget = dict(os.environ) | JOB, Budget(max_energy_kwh=1e6)

    def was_printed_four_ticks_ago():
        return any("heading for" in message for progress in run.progress[:-4] for message in progress.notices)

    run(writing(2000, 10000), until=was_printed_four_ticks_ago, environ=environ, budget=budget, forecast=True)
    (notice,) = [notice for notice in run.notices if "heading for" in notice]
    assert notice.endswith(
        "a Hugging Face Job ends after 1.5 s unless it was started with --timeout, such as --timeout 4h"
    )


def test_slurm_states_its_own_end_and_others_none(monkeypatch):
    monkeypatch.setattr(limits.time, "time", lambda: 1000.0)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_JOB_END_TIME": "4600"}
    assert limits.time_limit(slurm).after_s == 3600.0
    assert limits.time_limit(JOB).after_s == 1800.0
    for environ in ({}, {"SLURM_JOB_ID": "7"}, slurm | {"SLURM_JOB_END_TIME": "soon"}, {"PBS_JOBID": "7"}):
        assert limits.time_limit(environ) is None


def test_the_end_is_forecast_by_the_clock_too():
    assert Forecaster(expected_duration_s=7200.0).take(0.1, 720.0).ends_at_s == 7200.0
