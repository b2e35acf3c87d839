"""The CPU's and memory's power: a share of what is really there, never a whole socket for two vCPUs."""

from __future__ import annotations

import os
import time

import pytest

from carbon_lint.errors import MeasurementError, UsageError
from carbon_lint.measure.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measure.host import cgroup
from carbon_lint.measure.host.cpu import Limit, plan_cpu, rapl_denied
from carbon_lint.measure.host.cpu_load import CpusLoad, GroupLoad, LinearWatch, load_of
from carbon_lint.measure.host.memory import model_w, plan_ram
from carbon_lint.places import find_place
from carbon_lint.records.record import Method
from tests.cases import cases
from tests.measure import fake_machine
from tests.measure.fake_machine import EPYC_7763, cgroup_v1, cgroup_v2, machine

FRANCE = find_place("FRA")


def planned(root, affinity=1000, user_power_w=None):
    return plan_cpu(user_power_w, root=root, affinity=affinity)


def test_two_vcpus_of_an_epyc_7763_are_two_of_its_128_threads(tmp_path):
    """CodeCarbon takes 280 W here."""
    plan = planned(machine(tmp_path, EPYC_7763))
    assert plan.max_power_w == pytest.approx(280 * 2 / 128)
    assert plan.method is Method.LOAD_MODEL
    assert "2 of 128 threads" in plan.source
    assert "amd.com" in plan.source


def test_both_sockets_of_a_bare_machine_are_two_sockets(tmp_path):
    plan = planned(machine(tmp_path, EPYC_7763, threads=256, sockets=2, is_virtual=False))
    assert plan.max_power_w == pytest.approx(560)


def test_a_bare_machine_with_smt_off_is_a_whole_socket_all_the_same(tmp_path):
    plan = planned(machine(tmp_path, EPYC_7763 | {"siblings": "64"}, threads=64, is_virtual=False))
    assert plan.max_power_w == pytest.approx(280)


def test_a_container_that_shows_two_of_a_bare_machines_threads_is_two_of_them(tmp_path):
    """lxcfs lists only the container's processors, and leaves `siblings` as they are."""
    plan = planned(machine(tmp_path, EPYC_7763 | {"siblings": "128"}, threads=2, is_virtual=False))
    assert plan.max_power_w == pytest.approx(280 * 2 / 128)


def test_a_desktop_that_only_codecarbon_knows_is_one_whole_socket(tmp_path):
    ryzen = {"vendor_id": "AuthenticAMD", "model name": "AMD Ryzen 7 3700X 8-Core Processor"}
    plan = planned(machine(tmp_path, ryzen, threads=16, is_virtual=False))
    assert plan.max_power_w == pytest.approx(65)
    assert "CodeCarbon's CPU table" in plan.source


def test_a_virtual_machine_is_never_given_a_whole_socket_by_name(tmp_path):
    ryzen = {"vendor_id": "AuthenticAMD", "model name": "AMD Ryzen 7 3700X 8-Core Processor"}
    plan = planned(machine(tmp_path, ryzen, threads=2))
    assert plan.max_power_w == 8.0
    assert "--cpu-power" in plan.warnings[0]


def test_an_unknown_cpu_has_a_default_with_source_and_warning(tmp_path):
    plan = planned(machine(tmp_path, {"model name": "Mystery 9000"}, threads=6))
    assert plan.max_power_w == 24.0
    assert "DEFAULT_POWER_PER_CORE" in plan.source
    assert "Mystery 9000" in plan.warnings[0]


def test_no_cpuinfo_at_all_still_gives_a_share(tmp_path):
    assert planned(tmp_path).max_power_w > 0


@cases("path", ["/", "/kubepods/pod1/c1"])
def test_a_quota_of_half_a_cpu_is_half_a_thread(tmp_path, path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=128, is_virtual=False), path, cpu_max="50000 100000\n")
    plan = planned(root)
    assert plan.usable_threads == 0.5
    assert plan.max_power_w == pytest.approx(280 * 0.5 / 128)


def test_the_tightest_quota_of_all_ancestors_counts(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), "/a/b", cpu_max="max 100000\n")
    fake_machine.write(root / "sys/fs/cgroup/a/cpu.max", "300000 100000\n")
    assert cgroup.cpu_quota(root) == 3.0


def test_a_quota_of_cgroup_v1_counts_also_where_the_host_path_is_not_mounted(tmp_path):
    limits = {"cpu.cfs_quota_us": "150000\n", "cpu.cfs_period_us": "100000\n"}
    root = cgroup_v1(machine(tmp_path, EPYC_7763, threads=64), "/", cpu=limits)
    fake_machine.write(root / "proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n")
    assert cgroup.cpu_quota(root) == 1.5


@cases("text", ["max 100000\n", "", "garbage", "-1 100000", "100 0"])
def test_no_quota_is_no_limit(tmp_path, text):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max=text)
    assert cgroup.cpu_quota(root) is None


def test_affinity_limits_as_a_quota_does(tmp_path):
    assert planned(machine(tmp_path, EPYC_7763, threads=128), affinity=4).usable_threads == 4


def test_cpu_power_given_by_the_user_comes_before_any_counter(tmp_path):
    fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    assert planned(tmp_path, user_power_w=15.0).method is Method.USER


@cases("watts", [0.0, -1.0, 15_000.0, float("nan"), float("inf")])
def test_a_cpu_power_that_no_machine_has_is_refused_before_the_job(tmp_path, watts):
    """0 W would count the CPU as nothing, 15 kW be taken for a counter that jumped."""
    with pytest.raises(UsageError, match="--cpu-power") as caught:
        plan_cpu(watts, root=machine(tmp_path, EPYC_7763))
    assert "15 W" in caught.value.hint


def test_readable_rapl_is_a_counter_and_forces_no_power(tmp_path):
    fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    plan = planned(tmp_path)
    assert (plan.method, plan.max_power_w) == (Method.COUNTER, None)


def test_masked_or_unreadable_rapl_is_no_counter(tmp_path, monkeypatch):
    (folder,) = fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder / "energy_uj")
    assert planned(tmp_path).method is Method.LOAD_MODEL
    assert rapl_denied(tmp_path) == (folder / "energy_uj",)
    (folder / "energy_uj").unlink()
    assert rapl_denied(tmp_path) == ()


def test_memory_is_what_the_container_may_use(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, memory_gib=256), memory_max=f"{1 << 30}\n")
    plan = plan_ram(root=root, machine="x86_64")
    assert (plan.size_gib, plan.power_w, plan.method) == (1.0, 10.0, Method.CONSTANT)
    assert "container" in plan.source


def test_memory_limits_of_cgroup_v1_count_and_its_unlimited_is_none(tmp_path):
    unlimited = {"memory.limit_in_bytes": "9223372036854771712\n"}
    root = cgroup_v1(machine(tmp_path, EPYC_7763, memory_gib=64), "/docker/x", memory=unlimited)
    assert plan_ram(root=root).size_gib == 64
    fake_machine.write(root / "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", f"{4 << 30}\n")
    assert plan_ram(root=root).size_gib == 4


@cases("arm", [False, True])
def test_the_memory_model_is_codecarbons(arm):
    from codecarbon.external.ram import RAM

    theirs = RAM()
    theirs.is_arm_cpu = arm
    for tenth_gib in [1, 5, 10, 20, 21, 40, 78, 80, 160, 170, 320, 330, 640, 650, 1280, 1290, 2000, 5120, 11000, 80000]:
        assert model_w(tenth_gib / 10, arm=arm) == pytest.approx(theirs._calculate_ram_power(tenth_gib / 10))


def test_the_load_of_a_limited_container_is_its_own_and_not_the_machines(tmp_path, monkeypatch):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000\n", cpu_stat="usage_usec 1\n")
    # 60 % of half a CPU, at whatever moment it is asked for
    monkeypatch.setattr(cgroup, "cpu_usage_s", lambda root: 0.6 * 0.5 * time.monotonic())
    load = GroupLoad(0.5, root)
    time.sleep(0.2)
    assert load.percent() == pytest.approx(60, rel=0.05)
    assert planned(root).limit is Limit.QUOTA


def test_where_both_cgroup_versions_are_mounted_the_groups_own_usage_counts(tmp_path):
    root = cgroup_v1(tmp_path, "/docker/x", cpuacct={"cpuacct.usage": "3000000000\n"})
    fake_machine.write(root / "sys/fs/cgroup/unified/cpu.stat", "usage_usec 999000000\n")
    assert cgroup.cpu_usage_s(root) == 3.0


def test_the_usage_of_the_innermost_group_counts(tmp_path):
    root = cgroup_v2(tmp_path, "/a/b", cpu_stat="usage_usec 2000000\n")
    fake_machine.write(root / "sys/fs/cgroup/cpu.stat", "usage_usec 999000000\n")
    assert cgroup.cpu_usage_s(root) == 2.0


def test_the_load_of_some_cpus_is_theirs_alone(tmp_path):
    def stat(*busy_and_idle):
        rows = [f"cpu{number} {busy} 0 0 {idle} 7 0 0 0 {busy} 0" for number, (busy, idle) in enumerate(busy_and_idle)]
        fake_machine.write(tmp_path / "proc/stat", "\n".join(["cpu 1 1 1 1 1 1 1 1 1 1", *rows, "intr 1 2"]) + "\n")

    stat((0, 0), (0, 0), (0, 0))
    load = CpusLoad({0, 2}, tmp_path)
    assert load.percent() == 0.0
    stat((30, 70), (100, 0), (50, 50))
    assert load.percent() == pytest.approx(40)
    stat((130, 70), (200, 0), (150, 50))
    assert load.percent() == pytest.approx(100)


def test_the_machines_own_load_is_used_only_where_all_of_it_may_be_used(tmp_path):
    root = machine(tmp_path, EPYC_7763, threads=4)
    fake_machine.write(root / "proc/stat", "cpu0 1 0 0 1 0 0 0 0 0 0\n")
    assert load_of(planned(root).limit, 4, root) is None
    assert isinstance(load_of(planned(root, affinity=2).limit, 2, root), CpusLoad)
    cgroup_v2(root, cpu_max="150000 100000", cpu_stat="usage_usec 1\n")
    assert isinstance(load_of(planned(root, affinity=2).limit, 1.5, root), GroupLoad)
    assert planned(root, affinity=1).limit is Limit.AFFINITY


def test_the_meter_models_a_limited_container_by_its_own_load(tmp_path, monkeypatch):
    """At 60 % of its share, whatever the machine around it does."""
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000\n", cpu_stat="usage_usec 0\n")
    monkeypatch.setattr(cgroup, "cpu_usage_s", lambda root: 0.6 * 0.5 * time.monotonic())
    meter = CodeCarbonMeter(FRANCE, root=root)
    meter.start()
    for _ in range(6):
        time.sleep(0.1)
        reading = meter.read()
    meter.stop()
    watts = reading.energy_kwh.cpu * 3.6e6 / reading.elapsed_s
    assert watts == pytest.approx(280 * 0.5 / 128 * (0.1 + 0.9 * 0.6**3), rel=0.15)


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


def add_joules(folder, joules):
    path = folder / "energy_uj"
    path.write_text(f"{int(path.read_text()) + round(joules * 1e6)}\n")


def test_energy_by_rapl_is_the_movement_of_all_packages_times_pue(counted):
    meter, folders = counted(5_000_000_000, 77_000_000_000)
    meter.start()
    assert meter.methods.cpu is Method.COUNTER
    for _ in range(3):
        time.sleep(0.06)
        add_joules(folders[0], 100)
        add_joules(folders[1], 50)
        reading = meter.read()
    meter.stop()
    assert reading.energy_kwh.cpu * 3.6e6 == pytest.approx(450 * 1.2, rel=1e-4)


def test_a_rapl_counter_that_wraps_is_counted_on(counted):
    meter, (folder,) = counted(262_000_000_000, range_uj=262_143_328_850)
    meter.start()
    time.sleep(0.06)
    (folder / "energy_uj").write_text("56671150\n")
    reading = meter.read()
    meter.stop()
    assert reading.energy_kwh.cpu * 3.6e6 == pytest.approx(200 * 1.2, rel=1e-4)


def test_a_rapl_counter_that_was_reset_is_not_taken_for_a_wrap(counted):
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


def test_a_second_package_that_codecarbon_takes_for_a_mirror_is_noticed(counted):
    meter, folders = counted(5_000_000_000, 5_000_000_000)
    meter.start()
    time.sleep(0.06)
    for folder in folders:
        add_joules(folder, 100)
    assert meter.read() is None
    assert "counts 100 J for the CPU where its counters moved by 200 J" in meter.last_failure
    meter.stop()


def test_a_rapl_counter_that_cannot_be_read_any_longer_gives_no_reading(counted):
    """CodeCarbon skips the interval, and says nothing."""
    meter, (folder,) = counted(5_000_000_000)
    meter.start()
    time.sleep(0.06)
    (folder / "energy_uj").unlink()
    assert meter.read() is None
    assert "cannot be read" in meter.last_failure
    meter.stop()


def test_a_required_counter_that_is_denied_names_the_command_that_repairs_it(tmp_path, monkeypatch):
    (folder,) = fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    real_access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder / "energy_uj" and real_access(path, mode))
    with pytest.raises(MeasurementError, match="may not be read") as caught:
        CodeCarbonMeter(FRANCE, root=tmp_path, require=("cpu-counter",)).start()
    assert "chmod" in caught.value.hint


def test_a_required_counter_in_a_virtual_machine_says_what_else_can_be_done(tmp_path):
    with pytest.raises(MeasurementError, match="virtual machine") as caught:
        CodeCarbonMeter(FRANCE, root=machine(tmp_path, EPYC_7763), require=("cpu-counter",)).start()
    assert "leave `--require cpu-counter` out" in caught.value.hint
    assert "--cpu-power" not in caught.value.hint, "which is refused beside it"


class _Loads:
    """A load that says what it is told to."""

    def __init__(self, *percents):
        self._percents = iter(percents)

    def reset(self):
        pass

    def percent(self):
        return next(self._percents)


@cases(("percents", "factor"), [((0.0,), 1.0), ((100.0,), 1.0), ((50.0,), 0.55 / 0.2125), ((0.0, 100.0), 1.0)])
def test_the_straight_line_is_held_beside_codecarbons_cube(percents, factor):
    watch = LinearWatch(_Loads(*percents), clock=iter(range(9)).__next__)
    assert [watch.percent() for _ in percents] == list(percents)
    assert watch.factor() == pytest.approx(factor)


def test_long_intervals_weigh_more_in_the_straight_line():
    watch = LinearWatch(_Loads(50.0, 100.0), clock=iter([0.0, 3.0, 4.0]).__next__)
    watch.percent()
    watch.percent()
    assert watch.factor() == pytest.approx((3 * 0.55 + 1.0) / (3 * 0.2125 + 1.0))


def test_a_reset_forgets_what_was_watched():
    watch = LinearWatch(_Loads(50.0), clock=iter([0.0, 1.0, 2.0]).__next__)
    watch.percent()
    watch.reset()
    assert watch.factor() == 1.0
