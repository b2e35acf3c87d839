"""RAPL counters through a fake /sys: packages, memory, platform; wraps, jumps, gaps, two names for one zone."""

from __future__ import annotations

import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.host.counting import HostEnergy
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from carbon_lint.measurement.host.rapl import CounterError, Counters, Domain, Zone, find_zones, readable
from carbon_lint.places import find_place
from carbon_lint.records.record import Method
from tests.measurement import fake_machine
from tests.measurement.fake_machine import EPYC_7763, machine

FRANCE = find_place("FRA")


def add_joules(folder, joules):
    """Advance a counter as its hardware does, wrapping."""
    path, most_uj = folder / "energy_uj", int((folder / "max_energy_range_uj").read_text())
    path.write_text(f"{(int(path.read_text()) + round(joules * 1e6)) % most_uj}\n")


def test_readable_rapl_is_a_counter_and_forces_no_power(tmp_path):
    fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    plan = plan_cpu(None, root=tmp_path)
    assert (plan.method, plan.max_power_w) == (Method.COUNTER, None)


def test_masked_or_unreadable_rapl_is_not_used(tmp_path, monkeypatch):
    (folder,) = fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    real_access = os.access
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: path != folder / "energy_uj" and real_access(path, mode))
        assert plan_cpu(None, root=tmp_path).method is Method.LOAD_MODEL
        (zone,) = find_zones(tmp_path, Domain.PACKAGE)
        assert (zone.energy, zone.is_readable) == (folder / "energy_uj", False)
    (folder / "energy_uj").write_text("not a number\n")
    assert plan_cpu(None, root=tmp_path).method is Method.LOAD_MODEL
    (folder / "energy_uj").unlink()
    assert find_zones(tmp_path, Domain.PACKAGE) == ()


def test_one_of_two_packages_that_can_be_read_is_not_the_cpu(tmp_path):
    folders = fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000, 2_000_000)
    (folders[1] / "energy_uj").write_text("\n")
    assert readable(find_zones(tmp_path, Domain.PACKAGE)) == ()
    assert plan_cpu(None, root=tmp_path).method is Method.LOAD_MODEL


def test_each_zone_is_found_once_by_its_name(tmp_path):
    """The same package also stands under `intel-rapl-mmio`, and every package calls its memory `dram`."""
    folders = fake_machine.rapl(machine(tmp_path, EPYC_7763, is_virtual=False), 1, 2, dram_uj=(3, 4), psys_uj=5)
    powercap = folders[0].parent
    for name, text in (("name", "package-0\n"), ("energy_uj", "1\n"), ("max_energy_range_uj", "262143328850\n")):
        fake_machine.write(powercap / f"intel-rapl-mmio:0/{name}", text)
    names = {domain: [zone.name for zone in find_zones(tmp_path, domain)] for domain in Domain}
    assert names[Domain.PACKAGE] == ["package-0", "package-1"]
    assert names[Domain.DRAM] == ["package-0/dram", "package-1/dram"]
    assert names[Domain.PSYS] == ["psys"]


def test_the_tree_below_sys_devices_is_found_too(tmp_path):
    base = tmp_path / "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0"
    for folder, name in ((base, "package-0"), (base / "intel-rapl:0:0", "dram")):
        for file, text in (("name", name), ("energy_uj", "1"), ("max_energy_range_uj", "9")):
            fake_machine.write(folder / file, f"{text}\n")
    assert [zone.energy for zone in find_zones(tmp_path, Domain.DRAM)] == [base / "intel-rapl:0:0/energy_uj"]
    assert [zone.name for zone in find_zones(tmp_path, Domain.PACKAGE)] == ["package-0"]


def test_memory_is_counted_by_dram_on_bare_metal_alone(tmp_path):
    bare = machine(tmp_path / "bare", EPYC_7763, is_virtual=False)
    fake_machine.rapl(bare, 1, dram_uj=(3,))
    plan = plan_ram(plan_cpu(None, root=bare), root=bare)
    assert (plan.method, plan.power) == (Method.COUNTER, None)
    virtual = machine(tmp_path / "virtual", EPYC_7763)
    fake_machine.rapl(virtual, 1, dram_uj=(3,))
    assert plan_ram(plan_cpu(None, root=virtual), root=virtual).method is Method.CONSTANT


def test_the_load_beside_a_counter_is_the_whole_machines_as_the_counter_is(tmp_path):
    """Two of eight threads may be used here; half of the machine is busy."""
    root = fake_machine.cgroup_v2(machine(tmp_path, EPYC_7763, threads=8, is_virtual=False), cpu_max="200000 100000")
    fake_machine.rapl(root, 1)
    cpu, busy = plan_cpu(None, root=root, affinity=8), Busy()
    assert (cpu.method, cpu.usable_threads) == (Method.COUNTER, 2)
    host = HostEnergy(cpu, plan_ram(cpu, root=root), root=root, busy=busy, clock=lambda: busy.now_s / 4)
    host.start()
    busy.now_s = 40.0
    assert host.read().cpu_load == 0.5


class Busy:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@given(st.lists(st.floats(0, 900), min_size=1, max_size=30), st.integers(0, 10**9))
def test_any_movement_is_counted_wraps_included(joules, start_uj):
    """Of a counter that wraps after 1 kJ, read once a second."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fake_machine.write(folder / "energy_uj", f"{start_uj}\n")
        fake_machine.write(folder / "max_energy_range_uj", f"{10**9 + 1}\n")
        now_s = [0.0]
        zone = Zone(domain=Domain.PACKAGE, name="package-0", energy=folder / "energy_uj")
        counters = Counters([zone], clock=lambda: now_s[0])
        counters.start()
        for amount in joules:
            add_joules(folder, amount)
            now_s[0] += 1.0
            counters.read_kwh()
        assert counters.read_kwh() * 3.6e6 == pytest.approx(sum(joules), abs=1e-4)


def test_a_counter_that_cannot_be_read_for_a_while_makes_up_for_it(tmp_path):
    (folder,) = fake_machine.rapl(tmp_path, 5_000_000)
    now_s = [0.0]
    counters = Counters(find_zones(tmp_path, Domain.PACKAGE), clock=lambda: now_s[0])
    counters.start()
    (folder / "energy_uj").rename(folder / "gone")
    with pytest.raises(CounterError, match="cannot be read"):
        counters.read_kwh()
    (folder / "gone").rename(folder / "energy_uj")
    add_joules(folder, 300)
    now_s[0] = 3.0
    assert counters.read_kwh() * 3.6e6 == pytest.approx(300)


def test_a_counter_that_jumps_forwards_or_is_reset_spoils_the_run(tmp_path):
    for change_uj in (+50_000_000_000, -49_999_000_000):
        (folder,) = fake_machine.rapl(tmp_path, 50_000_000_000)
        counters = Counters(find_zones(tmp_path, Domain.PACKAGE), clock=lambda: 0.0)
        counters.start()
        (folder / "energy_uj").write_text(f"{50_000_000_000 + change_uj}\n")
        for _ in range(2):
            with pytest.raises(CounterError, match="was reset"):
                counters.read_kwh()


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """A meter on a machine with RAPL: `counted(*packages_uj)` -> meter, folders."""
    from codecarbon.core import cpu as codecarbon_cpu
    from codecarbon.external import hardware

    def build(*packages_uj, **options):
        root = machine(tmp_path / "m", EPYC_7763, threads=128, is_virtual=False)
        folders = fake_machine.rapl(root, *packages_uj, **options)
        powercap = str(root / "sys/class/powercap")
        monkeypatch.setattr(codecarbon_cpu, "_get_candidate_bases", lambda folder: [powercap])
        monkeypatch.setattr(hardware.CPU.__init__, "__defaults__", (powercap, "machine", False, False))
        return CodeCarbonMeter(FRANCE, root=root, pue=1.2), folders

    return build


def test_energy_by_rapl_is_the_movement_of_all_packages_and_their_memory_times_pue(counted):
    meter, folders = counted(5_000_000_000, 77_000_000_000, dram_uj=(1_000_000, 9_000_000))
    meter.start()
    assert (meter.methods.cpu, meter.methods.ram) == (Method.COUNTER, Method.COUNTER)
    for _ in range(3):
        time.sleep(0.06)
        for folder, joules in zip(folders, (100, 50, 12, 8), strict=True):
            add_joules(folder, joules)
        meter.read()
    reading = meter.stop()
    assert reading.energy_kwh.cpu * 3.6e6 == pytest.approx(450 * 1.2, rel=1e-4)
    assert reading.energy_kwh.ram * 3.6e6 == pytest.approx(60 * 1.2, rel=1e-4)
    assert reading.codecarbon.cpu_kwh == pytest.approx(reading.energy_kwh.cpu, rel=1e-4)
    assert meter.assumptions.cpu_full_power_w is None


def test_a_counter_that_moves_while_it_is_read_is_counted_to_its_last_step(counted):
    """It wraps twice on the way: a package's counter does so within minutes."""
    meter, (folder,) = counted(5_000_000, range_uj=20_000_000)
    meter.start()
    stop, moved_j = threading.Event(), [0]

    def advance():
        while not stop.wait(0.004):
            value = (5_000_000 + (moved_j[0] + 1) * 1_000_000) % 20_000_000
            (folder / "next").write_text(f"{value}\n")
            os.replace(folder / "next", folder / "energy_uj")
            moved_j[0] += 1

    writer = threading.Thread(target=advance)
    writer.start()
    joules = []
    while moved_j[0] < 45:
        time.sleep(0.02)
        reading = meter.read()
        joules += [] if reading is None else [reading.energy_kwh.cpu * 3.6e6 / 1.2]
    stop.set()
    writer.join()
    last = meter.stop()
    assert joules == sorted(joules)
    assert last.energy_kwh.cpu * 3.6e6 == pytest.approx(moved_j[0] * 1.2)


def test_what_the_platforms_own_counter_shows_beside_the_rest_is_left_out(counted):
    meter, folders = counted(5_000_000_000, psys_uj=7_000_000)
    meter.start()
    time.sleep(0.06)
    add_joules(folders[0], 100)
    add_joules(folders[1], 150)
    reading = meter.read()
    meter.stop()
    counted_j = (reading.energy_kwh.cpu + reading.energy_kwh.ram) * 3.6e6 / 1.2
    assert reading.left_out.likely == pytest.approx(150 / counted_j / 0.94 - 1, rel=0.02)
    assert reading.energy_kwh.cpu * 3.6e6 == pytest.approx(100 * 1.2), "and it is no part of the figure"


def test_a_reset_is_not_taken_for_a_wrap(counted):
    """Resume or migration: CodeCarbon books 212 kJ, 21.8 g at the US mean, for one interval."""
    meter, (folder,) = counted(50_000_000_000)
    meter.start()
    time.sleep(0.06)
    (folder / "energy_uj").write_text("1000000\n")
    assert meter.read() is None
    assert "its counter was reset" in meter.last_failure
    time.sleep(0.06)
    add_joules(folder, 1)
    assert meter.read() is None
    meter.stop()


def test_a_second_package_that_codecarbon_takes_for_a_mirror_is_counted_with_a_warning(counted):
    meter, folders = counted(5_000_000_000, 5_000_000_000)
    meter.start()
    time.sleep(0.06)
    for folder in folders:
        add_joules(folder, 100)
    reading = meter.stop()
    assert reading.energy_kwh.cpu * 3.6e6 == pytest.approx(200 * 1.2)
    assert any("CodeCarbon counts 120 J" in warning for warning in meter.warnings)


def test_a_counter_that_vanishes_before_the_start_is_an_error_with_its_cause(counted):
    meter, (folder,) = counted(5_000_000_000)
    (folder / "energy_uj").unlink()
    with pytest.raises(MeasurementError, match="cannot be read"):
        meter.start()
