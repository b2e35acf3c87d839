"""The models of a host's power: lines with two ends, the same whatever the tick, and what they leave out."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import model_error
from carbon_lint.measurement.host.counting import HostEnergy
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from carbon_lint.measurement.host.power import CpuModel, memory_power_w, stated_cpu
from carbon_lint.records.plausible import find_implausible
from carbon_lint.records.record import Energy, Hardware, Intensity, Methods
from tests.measurement.fake_machine import EPYC_7763, cgroup_v2, machine
from tests.records.builders import a_record

LOADS = st.floats(0, 1)


@given(LOADS, LOADS)
def test_power_grows_with_load_between_its_ends(one, other):
    less, more = sorted((one, other))
    for model in (CpuModel(full_power_w=280.0), stated_cpu(100.0), CpuModel(full_power_w=8.0, widening=(0.3, 2.5))):
        low, high = model.power_w(less), model.power_w(more)
        assert 0 < low.low <= low.likely <= low.high
        assert low.low <= high.low
        assert low.likely <= high.likely
        assert low.high <= high.high


@given(st.lists(LOADS, min_size=1, max_size=8))
def test_the_ends_of_a_mean_load_hold_any_pattern_of_that_mean(loads):
    """Bursts or a steady load: the high end of the mean is never below the mean of the high ends."""
    model = CpuModel(full_power_w=280.0)
    mean = model.power_w(sum(loads) / len(loads))
    powers = [model.power_w(load) for load in loads]
    assert mean.high >= sum(power.high for power in powers) / len(powers) * (1 - 1e-9)
    assert mean.likely == pytest.approx(sum(power.likely for power in powers) / len(powers))


def test_what_training_on_vector_units_draws_is_inside():
    """It may draw all of the TDP; a user's own figure at full load is the most there is."""
    assert CpuModel(full_power_w=280.0).power_w(1.0).high >= 280.0
    stated = stated_cpu(100.0)
    assert stated.power_w(1.0).likely == stated.power_w(1.0).high == pytest.approx(100.0)
    assert stated.power_w(0.0).likely == pytest.approx(16.0)


def test_memory_is_never_more_than_a_whole_server_was_seen_to_draw():
    """192 GiB: 39.5 W at the wall in all, and 54 W of memory by CodeCarbon 3; more memory is never less."""
    assert memory_power_w(192).likely < 39.5
    sizes = (0.5, 1, 16, 128, 129, 377, 755, 2048)
    watts = [memory_power_w(size).likely for size in sizes]
    assert watts == sorted(watts)


class _Clock:
    """A clock that is set, and the busy seconds of one CPU that is busy all the time."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_modelled_figure_does_not_depend_on_the_tick(tmp_path):
    """CodeCarbon's cube makes 0.21 or 0.55 of full power of one and the same work."""
    root = machine(tmp_path, EPYC_7763)
    cpu = plan_cpu(None, root=root, affinity=2)
    figures = []
    for ticks in (1, 7, 100):
        clock = _Clock()
        host = HostEnergy(cpu, plan_ram(cpu, root=root), root=root, busy=clock, clock=clock)
        host.start()
        for tick in range(1, ticks + 1):
            clock.now_s = 3600 * tick / ticks
            reading = host.read()
        figures.append(reading)
    assert figures[0] == figures[1] == figures[2]
    assert figures[0].cpu_kwh == pytest.approx(280 * 2 / 128 * (0.12 + 0.63 / 2) / 1000)
    assert figures[0].ram_kwh == pytest.approx(0.2 * 7 / 1000)


SERVERS = """cpu\tchips\tthreads\tmemory_gb\tnodes\tidle_w\tw10\tw20\tw30\tw40\tw50\tw60\tw70\tw80\tw90\tw100
AMD EPYC 7763 2.45 GHz\t2\t256\t256\t1\t120\t180\t220\t260\t300\t340\t380\t420\t460\t500\t540
Mystery 9000\t1\t2\t16\t1\t9\t9\t9\t9\t9\t9\t9\t9\t9\t9\t9
"""


def test_the_benchmark_judges_known_servers_and_names_missed_goals():
    result = model_error.errors_of(list(csv.DictReader(io.StringIO(SERVERS), delimiter="\t")))
    assert (result["servers"], result["known"]) == (2, 1)
    assert model_error.missed(result) == []
    assert result["others"]["CodeCarbon"]["0.3"] > result["medians"]["0.3"]
    assert len(model_error.missed(result | {"inside": 0.5, "width": 9.0, "medians": {"0.0": 2.0}})) == 3


def test_the_page_on_measuring_states_the_constants_of_the_models():
    page = (Path(__file__).parents[2] / "docs/measuring.md").read_text(encoding="utf-8")
    for text in ("0.12 + 0.63", "0.06 + 0.45", "0.2 W per GiB", "0.1 to 0.4 W per GiB", "10 to 60 %", "22 %"):
        assert text in page, text


def test_a_small_part_of_a_machine_that_idles_is_plausible_and_less_than_half_of_it_is_not(tmp_path):
    """A tenth of a thread and 256 MiB draw 0.1 W by the models; no whole machine draws under 0.5 W."""
    root = machine(tmp_path, EPYC_7763, threads=64)
    cgroup_v2(root, cpu_max="10000 100000", cpu_stat="usage_usec 0", memory_max=f"{1 << 28}")
    cpu = plan_cpu(None, root=root)
    ram = plan_ram(cpu, root=root)
    host = HostEnergy(cpu, ram, root=root)
    watts = cpu.power.power_w(0.0).likely + ram.power.likely
    energy = Energy(total=watts / 1000, cpu=(watts - ram.power.likely) / 1000, ram=ram.power.likely / 1000)
    idle = a_record(
        energy_kwh=energy,
        emissions_g=energy.total * 50,
        intensity=Intensity(g_per_kwh=50, source="a test", year=2024, location=None),
        methods=Methods(cpu=cpu.method, ram=ram.method),
        hardware=Hardware(cpu_count=64, ram_gb=0.25),
        duration_s=3600.0,
        started_at="2026-11-24T10:00:00.000Z",
        ended_at="2026-11-24T11:00:00.000Z",
        assumptions=host.assumptions,
    )
    assert watts < 0.1
    assert find_implausible(idle) is None
    assert "energy_kwh.total" in find_implausible(replace(idle, assumptions=None))
