"""Whose energy it is: the CPU seconds of the job beside those of the machine."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from carbon_lint.measurement.host import cgroup
from carbon_lint.measurement.host.counting import HostEnergy
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.measurement.host.memory import plan_ram
from carbon_lint.measurement.job.containers import Containers, EngineError
from carbon_lint.measurement.job.cpu_time import ContainerCpu, JobCpu, look_at_tree, warn_of_others
from tests.cases import cases
from tests.measurement.fake_machine import EPYC_7763, cgroup_v2, machine, rapl, write
from tests.measurement.fake_meter import FakeMeter
from tests.waiting import wait_until

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"
DAEMON = f"""
import os
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        exec({BURN!r})
    os._exit(0)
os.close(writer)
os.read(reader, 1)
"""
KILLED = f"""
import os
if os.fork() == 0:
    exec({BURN!r})
    os.kill(os.getpid(), 9)
os.wait()
"""


def test_the_jobs_own_cpu_seconds_are_in_the_record(run):
    for source in (BURN, DAEMON, KILLED):
        record = run(source)
        assert 0.35 < record.job_cpu_s < 2.0, source
    assert run("import time; time.sleep(0.1)").job_cpu_s < 0.35
    assert (
        run("pass", environ={**os.environ, "RANK": "0", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2"}).job_cpu_s is None
    )


def test_energy_of_others_is_named_with_both_figures(run):
    meter = FakeMeter(distort=lambda reading: replace(reading, machine_cpu_s=9.0))
    record = run(BURN, meter=meter)
    assert record.machine_cpu_s == 9.0
    warning = next(text for text in record.warnings if "others" in text)
    assert "9.0 s" in warning
    assert f"{record.job_cpu_s:.1f} s" in warning


def test_when_others_are_warned_of():
    for job_s, machine_s, duration_s, is_warned in (
        (4.0, 10.0, 20.0, True),
        (5.0, 10.0, 20.0, False),
        (0.0, 10.0, 20.0, True),
        (0.0, 0.4, 1.0, False),  # what an idle machine needs
        (0.0, 4.0, 100.0, False),
        (0.0, 6.0, 100.0, True),
        (9.0, 5.0, 20.0, False),
        (None, 10.0, 20.0, False),
        (1.0, None, 20.0, False),
    ):
        assert (warn_of_others(job_s, machine_s, duration_s) is not None) is is_warned, (job_s, machine_s)


def test_a_job_outside_of_the_counted_cpus_is_counted_on_the_whole_machine(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64), cpu_max="50000 100000", cpu_stat="usage_usec 0")

    def busy(group_s, machine_s):
        write(root / "sys/fs/cgroup/cpu.stat", f"usage_usec {group_s * 1_000_000}\n")
        write(root / "proc/stat", f"cpu {machine_s * os.sysconf('SC_CLK_TCK')} 0 0 0 0 0 0 0 0 0\n")

    for stated_w, job_s, outside, is_noticed in (
        (None, 32, None, True),
        (None, 4, None, False),
        (None, None, None, False),
        (None, None, "runs in containers", True),
        (15.0, 32, None, True),
    ):
        now = [100.0]
        busy(7, 1000)
        cpu = plan_cpu(stated_w, root=root)
        host = HostEnergy(cpu, plan_ram(cpu, root=root), root=root, clock=lambda now=now: now[0])
        host.start()
        busy(7 + 4, 1000 + 320)
        now[0] += 10
        assert host.note_job_cpu(job_s, outside=outside) is is_noticed
        assert len(host.warnings) == is_noticed
        assert not host.note_job_cpu(job_s, outside=outside), "once is enough"
        reading = host.read()
        assert reading.busy_s == (320 if is_noticed else 4)
        if stated_w is None:
            assert reading.cpu_load == (0.5 if is_noticed else 0.8)
            assert host.assumptions.cpu_thread_share == (0.5 if is_noticed else 0.5 / 128)
        else:
            assert reading.cpu_load == 1.0


def test_with_a_counter_the_whole_machine_is_counted_whatever_limits_the_job(tmp_path):
    root = cgroup_v2(machine(tmp_path, EPYC_7763, threads=64, is_virtual=False), cpu_max="50000 100000")
    rapl(root, 10)
    write(root / "proc/stat", "cpu 100 0 0 0 0 0 0 0 0 0\n")
    cpu = plan_cpu(None, root=root)
    host = HostEnergy(cpu, plan_ram(cpu, root=root), root=root)
    host.start()
    assert not host.note_job_cpu(100.0, outside="runs in containers")
    assert host.busy() == 100 / os.sysconf("SC_CLK_TCK")


def test_a_process_tree_counts_the_living_and_what_they_have_reaped(tmp_path):
    here, away = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0)) + 1

    def process(pid, parent, *ticks, name="a (b) c", cpu=here):
        fields = ["S", parent, *[0] * 9, *ticks, *[0] * 21, cpu, 0]
        write(tmp_path / f"proc/{pid}/stat", f"{pid} ({name}) {' '.join(map(str, fields))}\n")

    process(10, 1, 100, 100, 5, 5)  # the guardian: what it has reaped counts, itself does not
    process(11, 10, 20, 10, 3, 0)
    process(12, 11, 1, 1, 0, 0)
    process(13, 1, 1000, 0, 0, 0, cpu=away)
    write(tmp_path / "proc/14/stat", "gone")
    tree = look_at_tree(10, tmp_path)
    assert tree.cpu_s == pytest.approx(45 / os.sysconf("SC_CLK_TCK"))
    assert tree.pids == {11, 12}
    assert tree.cpus == {here}

    job = JobCpu(10, root=tmp_path, interval_s=0.0)
    job.sample()
    assert (job.seconds, job.outside) == (tree.cpu_s, None)
    process(12, 11, 1, 1, 0, 0, cpu=away)
    (tmp_path / "proc/11/stat").unlink()
    process(12, 10, 1, 1, 0, 0, cpu=away)
    job._due_s = 0.0
    job.sample()
    assert job.outside is not None, "it has left its affinity"
    assert job.seconds == tree.cpu_s, "what was seen once is not lost"
    job.finish(9.0)
    assert job.seconds == 9.0


V1 = ("2:cpuacct:/docker/ID\n0::/\n", "sys/fs/cgroup/cpuacct/docker/ID/cpuacct.usage", "2500000000\n")
V2 = (
    "0::/system.slice/docker-ID.scope\n",
    "sys/fs/cgroup/system.slice/docker-ID.scope/cpu.stat",
    "usage_usec 2500000\n",
)


@cases("layout", [V1, V2], ids=["v1", "v2"])
def test_a_containers_group_is_read_until_it_vanishes(tmp_path, layout):
    group, usage, text = layout
    write(tmp_path / "proc/77/cgroup", group)
    write(tmp_path / "proc/78/cgroup", "0::/elsewhere\n")
    write(tmp_path / usage, text)
    assert cgroup.group_of(tmp_path, 78) is None, "a folder above is another group"
    counted = ContainerCpu(StubEngine({"ID": 77}).itself, tmp_path)
    try:
        assert counted.seconds is None, "a container that ended before it was seen was not free"
        wait_until(lambda: counted.sample() or counted.seconds == 2.5)
        (tmp_path / usage).unlink()
        counted.sample()
        assert counted.seconds == 2.5
        assert not counted.is_unread
        counted.sample(excluding=frozenset({77}))
        assert counted.seconds == 0, "Podman's containers are counted with the job's processes"
    finally:
        counted.stop()


def test_a_container_whose_group_is_another_process_s_is_not_read(tmp_path):
    write(tmp_path / "proc/1/cgroup", "0::/init.scope\n")
    write(tmp_path / "sys/fs/cgroup/init.scope/cpu.stat", "usage_usec 1\n")
    counted = ContainerCpu(StubEngine({"ID": 1}).itself, tmp_path)
    wait_until(lambda: counted.is_unread)
    counted.sample()
    assert counted.seconds is None
    counted.stop()


def test_an_engine_that_fails_is_asked_again(tmp_path):
    write(tmp_path / "proc/77/cgroup", V2[0])
    write(tmp_path / V2[1], V2[2])
    engine = StubEngine({"ID": 77}, failures=2)
    counted = ContainerCpu(engine.itself, tmp_path)
    wait_until(lambda: counted.sample() or counted.seconds == 2.5)
    counted.stop()


class StubEngine(Containers):
    def __init__(self, processes, failures=0):
        object.__setattr__(self, "_answer", processes)
        object.__setattr__(self, "_failures", [None] * failures)

    __slots__ = ("_answer", "_failures")

    def itself(self):
        return self

    def processes(self):
        if self._failures:
            self._failures.pop()
            raise EngineError("does not answer")
        return self._answer
