"""The CPU's and memory's power: a share of what is really there, never a whole socket for two vCPUs."""

from __future__ import annotations

import os
import time

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.counting import HostEnergy, busy_time, cpus_busy_s, group_busy_s
from carbon_lint.measurement.host.cpu import CpuShare, plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from carbon_lint.places import find_place
from carbon_lint.records.record import Method
from tests.cases import cases
from tests.measurement import fake_machine
from tests.measurement.fake_machine import EPYC_7763, cgroup_v1, cgroup_v2, machine
from tests.waiting import try_again

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


def test_a_bare_machine_with_smt_off_is_still_a_whole_socket(tmp_path):
    plan = planned(machine(tmp_path, EPYC_7763 | {"siblings": "64"}, threads=64, is_virtual=False))
    assert plan.max_power_w == pytest.approx(280)


def test_a_container_that_shows_two_of_a_bare_machines_threads_is_two_of_them(tmp_path):
    """lxcfs lists only the container's processors, and leaves `siblings` as they are."""
    plan = planned(machine(tmp_path, EPYC_7763 | {"siblings": "128"}, threads=2, is_virtual=False))
    assert plan.max_power_w == pytest.approx(280 * 2 / 128)


def test_a_desktop_that_only_codecarbon_lists_is_one_whole_socket(tmp_path):
    ryzen = {"vendor_id": "AuthenticAMD", "model name": "AMD Ryzen 7 3700X 8-Core Processor"}
    plan = planned(machine(tmp_path, ryzen, threads=16, is_virtual=False))
    assert plan.max_power_w == pytest.approx(65)
    assert "CodeCarbon's list" in plan.source


def test_a_virtual_machine_is_never_given_a_whole_socket_by_name(tmp_path):
    ryzen = {"vendor_id": "AuthenticAMD", "model name": "AMD Ryzen 7 3700X 8-Core Processor"}
    plan = planned(machine(tmp_path, ryzen, threads=2))
    assert plan.max_power_w == 8.0
    assert "`cpu-power`" in plan.warnings[0]


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


def test_a_quota_of_cgroup_v1_counts_even_if_the_host_path_is_not_mounted(tmp_path):
    limits = {"cpu.cfs_quota_us": "150000\n", "cpu.cfs_period_us": "100000\n"}
    root = cgroup_v1(machine(tmp_path, EPYC_7763, threads=64), "/", cpu=limits)
    fake_machine.write(root / "proc/self/cgroup", "4:cpu,cpuacct:/docker/0123\n")
    assert cgroup.cpu_quota(root) == 1.5


@cases("text", ["max 100000\n", "", "garbage", "-1 100000", "100 0"])
def test_without_a_quota_there_is_no_limit(tmp_path, text):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max=text)
    assert cgroup.cpu_quota(root) is None


def test_affinity_limits_as_a_quota_does(tmp_path):
    assert planned(machine(tmp_path, EPYC_7763, threads=128), affinity=4).usable_threads == 4


def test_cpu_power_given_by_the_user_comes_before_any_counter(tmp_path):
    fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    assert planned(tmp_path, user_power_w=15.0).method is Method.USER


def memory_of(root, user_power_w=None, affinity=1000):
    return plan_ram(planned(root, affinity=affinity), user_power_w, root=root)


def test_memory_is_counted_by_its_limit_else_by_its_machine(tmp_path):
    """Bare metal has modules of its own, which draw less per GiB the larger they are; a VM has a part of others'."""
    bare = machine(tmp_path / "bare", EPYC_7763, threads=64, is_virtual=False, memory_gib=256)
    assert memory_of(bare).power.likely == pytest.approx(0.2 * 128 + 0.1 * 128)
    virtual = machine(tmp_path / "vm", EPYC_7763, threads=64, memory_gib=256)
    assert memory_of(virtual).power.likely == pytest.approx(0.2 * 256)
    limited = cgroup_v2(bare, memory_max=f"{1 << 30}\n", cpu_max="50000 100000\n")
    plan = memory_of(limited)
    assert (plan.size_gib, plan.method) == (1.0, Method.CONSTANT)
    assert (plan.power.low, plan.power.likely, plan.power.high) == pytest.approx((0.1, 0.2, 0.4))
    assert "container's memory limit" in plan.source


def test_a_container_with_a_cpu_quota_and_no_memory_limit_has_its_threads_share_of_the_memory(tmp_path):
    root = machine(tmp_path, EPYC_7763, threads=64, is_virtual=False, memory_gib=256)
    assert memory_of(root, affinity=16).size_gib == 256, "an affinity is no container"
    plan = memory_of(cgroup_v2(root, cpu_max="1600000 100000"))
    assert plan.size_gib == pytest.approx(64)
    assert "16 of 64 threads' share" in plan.source


def test_memory_power_given_by_the_user_is_taken(tmp_path):
    root = machine(tmp_path, EPYC_7763)
    plan = memory_of(root, user_power_w=6.0)
    assert (plan.method, plan.power.low, plan.power.high) == (Method.USER, 6.0, 6.0)


def test_memory_limits_of_cgroup_v1_count_and_its_unlimited_means_no_limit(tmp_path):
    unlimited = {"memory.limit_in_bytes": "9223372036854771712\n"}
    root = cgroup_v1(machine(tmp_path, EPYC_7763, memory_gib=64), "/docker/x", memory=unlimited)
    assert memory_of(root).size_gib == 64
    fake_machine.write(root / "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", f"{4 << 30}\n")
    assert memory_of(root).size_gib == 4


def test_the_load_of_a_limited_container_is_its_own_and_not_the_machines(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000\n", cpu_stat="usage_usec 1\n")
    plan, now = planned(root), [100.0]
    assert plan.share_by is CpuShare.QUOTA
    host = HostEnergy(plan, plan_ram(plan, root=root), root=root, clock=lambda: now[0])
    host.start()
    fake_machine.write(root / "sys/fs/cgroup/cpu.stat", "usage_usec 3000001\n")
    now[0] += 10
    assert host.read().cpu_load == pytest.approx(0.6), "3 s of the 5 s that half a CPU has"


def test_where_both_cgroup_versions_are_mounted_the_groups_own_usage_counts(tmp_path):
    root = cgroup_v1(tmp_path, "/docker/x", cpuacct={"cpuacct.usage": "3000000000\n"})
    fake_machine.write(root / "sys/fs/cgroup/unified/cpu.stat", "usage_usec 999000000\n")
    assert cgroup.usage_s(cgroup.cpu_folder(root)) == 3.0


def test_the_usage_of_the_innermost_group_counts(tmp_path):
    root = cgroup_v2(tmp_path, "/a/b", cpu_stat="usage_usec 2000000\n")
    fake_machine.write(root / "sys/fs/cgroup/cpu.stat", "usage_usec 999000000\n")
    assert cgroup.usage_s(cgroup.cpu_folder(root)) == 2.0


def stat(root, *busy_idle_stolen):
    """Write /proc/stat of these CPUs, in s."""
    rows = [(f"cpu{number}", *values) for number, values in enumerate(busy_idle_stolen)]
    rows.insert(0, ("cpu", *(sum(column) for column in zip(*busy_idle_stolen, strict=True))))
    hertz = os.sysconf("SC_CLK_TCK")
    lines = [
        f"{name} {busy * hertz} 0 0 {idle * hertz} 7 0 0 {stolen * hertz} {busy} 0" for name, busy, idle, stolen in rows
    ]
    fake_machine.write(root / "proc/stat", "\n".join([*lines, "intr 1 2"]) + "\n")


def test_the_busy_time_of_some_cpus_is_theirs_alone_and_leaves_out_stolen_time(tmp_path):
    """30 % ran, 60 % stolen, 10 % idle is a load of 30 %, which psutil reads as 90 %."""
    stat(tmp_path, (30, 10, 60), (100, 0, 0), (50, 50, 0))
    path = tmp_path / "proc/stat"
    assert cpus_busy_s(path, {b"cpu0", b"cpu2"}) == 80
    assert cpus_busy_s(path, {b"cpu"}) == 180
    assert cpus_busy_s(path, {b"cpu0"}) == 30
    with pytest.raises(OSError, match="load of the CPUs"):
        cpus_busy_s(path, {b"cpu7"})


def test_the_machines_own_load_is_used_only_if_all_of_it_may_be_used(tmp_path):
    root = machine(tmp_path, EPYC_7763, threads=4)
    cpus = {b"cpu%d" % number for number in os.sched_getaffinity(0)}
    assert busy_time(planned(root).share_by, root).args[1] == {b"cpu"}
    assert busy_time(planned(root, affinity=2).share_by, root).args[1] == cpus
    cgroup_v2(root, cpu_max="150000 100000", cpu_stat="usage_usec 1\n")
    assert busy_time(planned(root, affinity=2).share_by, root).func is group_busy_s
    assert planned(root, affinity=1).share_by is CpuShare.AFFINITY


def test_the_meter_models_a_limited_container_by_its_own_load(tmp_path, monkeypatch):
    """At 60 % of its share, whatever the machine around it does."""
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000\n", cpu_stat="usage_usec 0\n")
    monkeypatch.setattr(cgroup, "usage_s", lambda folder: 0.6 * 0.5 * time.monotonic())
    expected_w = pytest.approx(280 * 0.5 / 128 * (0.12 + 0.63 * 0.6), rel=0.05)

    def measured():
        meter = CodeCarbonMeter(FRANCE, root=root)
        meter.start()
        time.sleep(0.2)
        reading = meter.stop()
        return meter, reading, reading.energy_kwh.cpu * 3.6e6 / reading.elapsed_s

    meter, reading, watts = try_again(measured, lambda found: found[2] == expected_w)
    assert watts == expected_w
    known = meter.assumptions
    factor = known.cpu_idle_factor + known.cpu_load_factor * reading.cpu_mean_load
    recomputed_w = known.cpu_full_power_w * known.cpu_thread_share * factor
    assert watts == pytest.approx(recomputed_w, rel=0.02), "from the assumptions anybody can compute it again"
    assert reading.uncertainty.cpu_kwh.low < reading.energy_kwh.cpu < reading.uncertainty.cpu_kwh.high


def test_a_control_group_that_vanishes_gives_no_reading_and_its_cause(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000\n", cpu_stat="usage_usec 0\n")
    meter = CodeCarbonMeter(FRANCE, root=root)
    meter.start()
    (root / "sys/fs/cgroup/cpu.stat").unlink()
    time.sleep(0.06)
    assert meter.read() is None
    assert "control group" in meter.last_failure
    fake_machine.write(root / "sys/fs/cgroup/cpu.stat", "usage_usec 0\n")
    time.sleep(0.06)
    assert meter.read() is not None
    meter.stop()


def test_a_required_counter_that_is_denied_names_the_command_that_repairs_it(tmp_path, monkeypatch):
    (folder,) = fake_machine.rapl(machine(tmp_path, EPYC_7763), 1_000_000)
    real_access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder / "energy_uj" and real_access(path, mode))
    with pytest.raises(MeasurementError, match="may not be read") as caught:
        CodeCarbonMeter(FRANCE, root=tmp_path, require=("cpu-counter",)).start()
    assert "chmod" in caught.value.hint


def test_a_required_counter_in_a_virtual_machine_gives_an_error_with_the_alternatives(tmp_path):
    with pytest.raises(MeasurementError, match="virtual machine") as caught:
        CodeCarbonMeter(FRANCE, root=machine(tmp_path, EPYC_7763), require=("cpu-counter",)).start()
    assert "cpu-counter" in caught.value.hint
    assert "--cpu-power" not in caught.value.hint, "which is refused beside it"
