"""The ten ways in which CodeCarbon 3.3.2 alone is quietly wrong: each is shown on it, and shown to be right here.

If the first half of a test fails after an upgrade, CodeCarbon has fixed that one: read docs/measuring.md again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from codecarbon.external.ram import RAM

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon import meter as codecarbon_meter
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.measurement.host.cpu import plan_cpu
from carbon_lint.places import find_place
from tests.conftest import ROOT
from tests.measurement import stub_nvml
from tests.measurement.fake_machine import EPYC_7763, machine
from tests.measurement.stub_nvml import NVMLError_LibraryNotFound, StubGpu, StubNvml
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
USA = find_place("USA")
UUID = "GPU-4e817856-1fb8-192a-7ab7-0e0e4476c184"
# Nothing leaves this machine, as behind a firewall that refuses; CodeCarbon prints nothing.
PRELUDE = """
import json, logging, socket, sys, threading, time
def refused(self, address):
    raise ConnectionRefusedError("no network")
socket.socket.connect = refused
socket.getaddrinfo = lambda *a, **k: (_ for _ in ()).throw(socket.gaierror("no network"))
import cpuinfo
cpuinfo.get_cpu_info = lambda: {"brand_raw": "a CPU"}  # it sleeps for a second, and changes nothing here
logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
from codecarbon import EmissionsTracker, OfflineEmissionsTracker
QUIET = dict(output_methods=[], log_level="critical")
"""


def plain(code, **environ):
    """What CodeCarbon alone makes of it: `code` calls `answer(**values)`."""
    script = PRELUDE + code.replace("answer(", "import json as j; print(j.dumps(dict(").rstrip() + "))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def ours(meter, seconds=0.3):
    meter.start()
    time.sleep(seconds)
    reading = meter.read()
    meter.stop()
    assert reading is not None, meter.last_failure
    return reading


def test_1_without_a_network_it_takes_quebec_and_here_a_missing_location_is_an_error(carbon_lint):
    result = plain(
        """
t = EmissionsTracker(**QUIET); t.start(); time.sleep(0.2); t.stop(); d = t.final_emissions_data
answer(region=d.region, intensity=1000 * d.emissions / d.energy_consumed)"""
    )
    assert result["region"] == "quebec"
    assert result["intensity"] < 4
    done = carbon_lint("run", "--", "true")
    assert done.returncode == 125
    assert "--location" in done.stderr


def test_2_a_file_in_the_repository_makes_it_zero_and_here_changes_nothing():
    Path(".codecarbon.config").write_text("[codecarbon]\npue = 0\n")
    result = plain(
        """
t = OfflineEmissionsTracker(country_iso_code="USA", **QUIET); t.start(); time.sleep(0.2)
answer(kg=t.stop())"""
    )
    assert result["kg"] == 0.0
    reading = ours(CodeCarbonMeter(USA))
    assert reading.emissions_g == pytest.approx(reading.energy_kwh.total * USA.g_per_kwh)
    assert reading.emissions_g > 0


def test_3_it_swallows_its_failures_and_here_they_stop_the_run_before_the_job(monkeypatch):
    result = plain(
        """
t = OfflineEmissionsTracker(country_iso_code="USA", force_cpu_powr=3, **QUIET); t.start(); time.sleep(0.1)
answer(kg=t.stop())"""
    )
    assert result["kg"] is None
    real = codecarbon_meter.tracker_arguments
    monkeypatch.setattr(codecarbon_meter, "tracker_arguments", lambda *given: real(*given) | {"force_cpu_powr": 3})
    with pytest.raises(MeasurementError, match="force_cpu_powr"):
        CodeCarbonMeter(USA).start()


@pytest.fixture
def stub(tmp_path):
    """Environment of a child with one GPU of 300 W, `nvidia-smi` included."""
    made = stub_nvml.folder(tmp_path, ROOT)
    return {
        "PYTHONPATH": str(made),
        "PATH": f"{made}:{os.environ['PATH']}",
        "STUB_NVML": json.dumps([{"uuid": UUID, "watts": 300.0}]),
    }


@pytest.mark.parametrize("value", [UUID, f"MIG-{UUID}/1/0"])
def test_4_a_gpu_named_by_uuid_is_zero_and_here_its_energy(stub, monkeypatch, value):
    result = plain(
        """
t = OfflineEmissionsTracker(country_iso_code="USA", **QUIET); t.start(); time.sleep(1); t.stop()
d = t.final_emissions_data
answer(gpu_kwh=d.gpu_energy, gpu_count=d.gpu_count)""",
        **stub,
        CUDA_VISIBLE_DEVICES=value,
    )
    assert result == {"gpu_kwh": 0.0, "gpu_count": 1}
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([StubGpu(uuid=UUID)]))
    reading = ours(CodeCarbonMeter(USA, environ={"CUDA_VISIBLE_DEVICES": value}), 1.0)
    assert reading.energy_kwh.gpu * 3.6e6 == pytest.approx(300, rel=0.25)


def test_4_without_nvidia_smi_there_is_no_gpu_and_here_there_is(stub, monkeypatch):
    (Path(stub["PYTHONPATH"]) / "nvidia-smi").unlink()
    result = plain(
        """
t = OfflineEmissionsTracker(country_iso_code="USA", **QUIET); t.start(); time.sleep(0.2); t.stop()
answer(gpu_kwh=t.final_emissions_data.gpu_energy)""",
        **stub,
    )
    assert result["gpu_kwh"] == 0.0
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([StubGpu()]))
    assert ours(CodeCarbonMeter(USA), 1.0).energy_kwh.gpu > 0


def test_5_a_container_without_its_hosts_gpu_counts_none_and_here_is_an_error(tmp_path, monkeypatch):
    """A container action gets no `--gpus`: the GPU is on the PCI bus, and NVML cannot be loaded."""
    result = plain(
        """
t = OfflineEmissionsTracker(country_iso_code="USA", **QUIET); t.start(); time.sleep(0.2); t.stop()
answer(gpu_kwh=t.final_emissions_data.gpu_energy)"""
    )
    assert result["gpu_kwh"] == 0.0
    root = machine(tmp_path / "host", EPYC_7763)
    (root / "proc/driver/nvidia/gpus/0000:00:1e.0").mkdir(parents=True)
    (root / ".dockerenv").touch()
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([], init_error=NVMLError_LibraryNotFound("not found")))
    with pytest.raises(MeasurementError, match=r"0000:00:1e\.0") as caught:
        open_gpus({}, root=root)
    assert "default runtime" in caught.value.hint


def test_6_two_vcpus_are_a_whole_socket_and_here_their_share(tmp_path):
    result = plain(
        """
import cpuinfo
cpuinfo.get_cpu_info = lambda: {"brand_raw": "AMD EPYC 7763 64-Core Processor"}
from codecarbon.core import cpu
cpu.is_rapl_available = lambda *a: False
t = OfflineEmissionsTracker(country_iso_code="USA", **QUIET); t.start(); t.stop()
(c,) = [h for h in t._hardware if type(h).__name__ == "CPU"]
answer(watts=c._tdp)"""
    )
    assert result["watts"] >= 280
    plan = plan_cpu(None, root=machine(tmp_path, EPYC_7763), affinity=2)
    assert plan.max_power_w == pytest.approx(4.375)


BURN = """
import subprocess, sys
for _ in range(4):
    subprocess.run([sys.executable, "-c", "import time\\nend = time.time() + 0.2\\nwhile time.time() < end: pass"])
"""


def test_7_process_mode_misses_short_children_and_here_the_machine_is_measured():
    """`codecarbon monitor -- command` is hard-wired to it."""
    result = plain(
        BURN.join(
            (
                """
t = OfflineEmissionsTracker(country_iso_code="USA", tracking_mode="process", force_cpu_power=100, **QUIET)
t.start()""",
                """
t.stop()
answer(cpu_kwh=t.final_emissions_data.cpu_energy)""",
            )
        )
    )
    meter = CodeCarbonMeter(USA, cpu_power_w=100.0)
    meter.start()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    reading = meter.read()
    meter.stop()
    # a tenth of the power is the floor of the machine's model, however little else runs
    assert reading.energy_kwh.cpu * 3.6e6 >= 0.099 * 100 * reading.elapsed_s
    assert result["cpu_kwh"] < reading.energy_kwh.cpu / 3


def is_alive(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def started():
    """Start a program around a job that writes its pid; whatever is left of both is ended afterwards."""
    begun = []

    def start(*argv):
        pid_file = Path(f"pid-{len(begun)}")
        job = ["sh", "-c", f"echo $$ > {pid_file}.tmp; mv {pid_file}.tmp {pid_file}; exec sleep 60"]
        process = subprocess.Popen([*argv, "--", *job], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun.append((process, pid_file))
        wait_until(pid_file.exists)
        return process, int(pid_file.read_text())

    yield start
    for process, pid_file in begun:
        process.kill()
        process.wait()
        if pid_file.exists() and is_alive(pid := int(pid_file.read_text())):
            os.kill(pid, signal.SIGKILL)


CODECARBON = [str(Path(sys.executable).parent / "codecarbon"), "monitor", "--offline", "--country-iso-code", "USA"]
CARBON_LINT = [sys.executable, "-m", "carbon_lint", "run", "--location", "USA", "--tick", "100ms", "--record", "r.json"]


def test_8_monitor_leaves_the_job_behind_on_sigterm_and_here_it_ends_with_a_record(started):
    process, pid = started(*CODECARBON)
    process.terminate()
    process.wait(timeout=20)
    time.sleep(0.2)
    assert is_alive(pid)
    assert not Path("emissions.csv").exists()
    process, pid = started(*CARBON_LINT)
    process.terminate()
    assert process.wait(timeout=20) == 143
    assert not is_alive(pid)
    record = json.loads(Path("r.json").read_text())
    assert record["outcome"] == "interrupted"
    assert record["emissions_g"] > 0


def test_9_nothing_is_left_of_a_killed_run_and_here_its_journal(started, carbon_lint):
    process, _ = started(*CODECARBON)
    time.sleep(0.5)
    process.kill()
    process.wait()
    assert not Path("emissions.csv").exists()
    process, pid = started(*CARBON_LINT)
    wait_until(lambda: Path("r.jsonl").exists() and len(Path("r.jsonl").read_text().splitlines()) > 4)
    process.kill()
    process.wait()
    wait_until(lambda: not is_alive(pid))
    assert carbon_lint("recover", "r.jsonl", "-o", "r.json").returncode in {0, 1}
    assert json.loads(Path("r.json").read_text())["emissions_g"] > 0


def test_10_two_threads_count_twice_and_here_one_counts_exactly(monkeypatch):
    result = plain(
        """
from codecarbon.external.ram import RAM
real = RAM.total_power
def slow(self):
    time.sleep(0.05)
    return real(self)
RAM.total_power = slow
t = OfflineEmissionsTracker(country_iso_code="USA", force_ram_power=100, measure_power_secs=1e6, **QUIET)
t.start(); begun = time.perf_counter()
def flush():
    while time.perf_counter() - begun < 2:
        time.sleep(0.2)
        t.flush()
threads = [threading.Thread(target=flush) for _ in range(2)]
[x.start() for x in threads]; [x.join() for x in threads]
took = time.perf_counter() - begun; t.stop()
answer(ratio=t.final_emissions_data.ram_energy * 3.6e6 / (100 * took))"""
    )
    assert result["ratio"] > 1.2
    readers = set()
    real = RAM.total_power
    monkeypatch.setattr(RAM, "total_power", lambda self: readers.add(threading.get_ident()) or real(self))
    meter = CodeCarbonMeter(USA)
    meter.start()
    end_s = time.monotonic() + 2
    while time.monotonic() < end_s:
        time.sleep(0.1)
        reading = meter.read()
    watts = meter._ram.power.likely
    meter.stop()
    assert readers == {threading.get_ident()}
    assert reading.energy_kwh.ram * 3.6e6 == pytest.approx(watts * reading.elapsed_s, rel=0.06)
