"""NVIDIA GPUs: which are counted, how, and that no GPU is ever quietly 0. Power is a stub's, at the NVML boundary."""

from __future__ import annotations

import math
import sys
import time
from types import SimpleNamespace

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.codecarbon.tracker import find_flaw
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.places import find_place
from carbon_lint.records.record import Method
from tests.measurement.driving import drive, virtual
from tests.measurement.stub_nvml import (
    NVMLError,
    NVMLError_LibraryNotFound,
    NVMLError_NoPermission,
    StubGpu,
    StubNvml,
)
from tests.waiting import try_again

UUIDS = [f"GPU-{number}e817856-1fb8-192a-7ab7-0e0e4476c18{number}" for number in range(4)]


@pytest.fixture
def machine(monkeypatch):
    """Put GPUs into this machine: `machine(StubGpu(), ...)`."""

    def build(*gpus, clock=time.monotonic, init_error=None):
        stub = StubNvml(gpus, clock, init_error)
        monkeypatch.setitem(sys.modules, "pynvml", stub)
        return stub

    return build


@pytest.fixture
def four(machine):
    return machine(*(StubGpu(uuid=uuid) for uuid in UUIDS))


@pytest.fixture
def host(tmp_path):
    """A file tree with one NVIDIA GPU on the PCI bus."""
    device = tmp_path / "host/sys/bus/pci/devices/0000:00:05.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n")
    (device / "class").write_text("0x030200\n")
    return tmp_path / "host"


def indices(environ):
    return [gpu.index for gpu in open_gpus(environ).gpus]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ("0,1,2,3", [0, 1, 2, 3]),
        ("1,2", [1, 2]),
        (" 2 , 1 ", [1, 2]),
        ("3", [3]),
        ("1,1", [1]),
        (UUIDS[2], [2]),
        (UUIDS[2].upper(), [2]),
        ("GPU-2e81", [2]),
        (f"{UUIDS[3]},{UUIDS[0]}", [0, 3]),
        (f"MIG-{UUIDS[1]}/1/0", [1]),
        ("1,-1,2", [1]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_cuda_visible_devices_is_resolved_as_cuda_does(four, value, expected):
    assert indices({} if value is None else {"CUDA_VISIBLE_DEVICES": value}) == expected


@pytest.mark.parametrize("value", ["9", "GPU-ffff", "MIG-ffff", "GPU-", "0,9", "first"])
def test_a_gpu_that_is_not_here_or_not_unique_is_refused_and_never_zero(four, value):
    with pytest.raises(MeasurementError, match="CUDA_VISIBLE_DEVICES") as caught:
        open_gpus({"CUDA_VISIBLE_DEVICES": value})
    assert UUIDS[0] in caught.value.hint


def test_hidden_gpus_are_reported_as_hidden(four):
    (warning,) = open_gpus({"CUDA_VISIBLE_DEVICES": ""}).warnings
    assert "hides 4 GPUs" in warning


def test_a_mig_slice_counts_its_whole_gpu_with_a_warning(machine):
    slices = ["MIG-11111111-2222-3333-4444-555555555555", "MIG-99999999-2222-3333-4444-555555555555"]
    machine(StubGpu(uuid=UUIDS[0]), StubGpu(uuid=UUIDS[1], mig=slices))
    for value in (slices[0], "MIG-9999", "1"):
        gpus = open_gpus({"CUDA_VISIBLE_DEVICES": value})
        assert [gpu.index for gpu in gpus.gpus] == [1]
        assert "whole GPU" in gpus.warnings[0]
    assert "whole GPU" in open_gpus({}).warnings[0]


def test_a_mig_name_that_the_driver_does_not_list_is_the_only_gpu_or_an_error(machine):
    machine(StubGpu(uuid=UUIDS[0]))
    gpus = open_gpus({"CUDA_VISIBLE_DEVICES": "MIG-abcdef"})
    assert [gpu.index for gpu in gpus.gpus] == [0]
    assert "whole GPU" in gpus.warnings[0]


def test_an_index_among_differing_gpus_is_warned_of_unless_the_order_is_fixed(machine):
    machine(StubGpu(name="Tesla T4", uuid=UUIDS[0]), StubGpu(name="A100", uuid=UUIDS[1]))
    assert any("CUDA_DEVICE_ORDER" in text for text in open_gpus({"CUDA_VISIBLE_DEVICES": "0"}).warnings)
    fixed = {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert open_gpus(fixed).warnings == ()


def test_other_processes_on_a_counted_gpu_are_warned_of(machine):
    machine(StubGpu(uuid=UUIDS[0], pids=[4242]), StubGpu(uuid=UUIDS[1], pids=[7, 8]))
    assert open_gpus({"CUDA_VISIBLE_DEVICES": "0"}).warnings == (
        "GPU 0 is used by 1 other process: their energy is counted too",
    )


@pytest.mark.parametrize("burst_period_s", [1.0, 1.37, 0.2])
@pytest.mark.parametrize(("has_counter", "tolerance"), [(True, 0.01), (False, 0.03)])
def test_energy_is_that_of_the_trace(machine, has_counter, tolerance, burst_period_s):
    """A load in step with CodeCarbon's 1 Hz sampler was seen at -56 %."""
    device = StubGpu(watts=120, burst_watts=260, period_s=burst_period_s, has_counter=has_counter)
    gpus, clock = virtual(machine, device)
    readings = drive(gpus, clock, 60)
    assert None not in readings
    assert gpus.read() * 3.6e6 == pytest.approx(device.energy_j(60), rel=tolerance)
    assert gpus.method is (Method.COUNTER if has_counter else Method.SAMPLED_POWER)


def test_one_gpu_without_counter_makes_the_method_sampled(machine):
    machine(StubGpu(uuid=UUIDS[0]), StubGpu(uuid=UUIDS[1], has_counter=False))
    gpus = open_gpus({})
    assert gpus.method is Method.SAMPLED_POWER
    assert gpus.warnings == ("GPU 1 has no energy counter that can be trusted: its power is sampled",)


def test_a_lost_gpu_gives_no_reading_and_its_counter_makes_up_for_it_when_it_is_back(machine):
    device = StubGpu(lost=[(5.0, 8.5)])
    gpus, clock = virtual(machine, device)
    readings = drive(gpus, clock, 12)
    missed = [number for number, reading in enumerate(readings, 1) if reading is None]
    assert missed == [5, 6, 7, 8]
    assert gpus.last_failure is None
    assert gpus.read() * 3.6e6 == pytest.approx(device.energy_j(12), rel=0.01)


def test_a_lost_gpu_without_counter_gives_no_reading_and_a_cause(machine):
    gpus, clock = virtual(machine, StubGpu(has_counter=False, lost=[(5.0, 99.0)]))
    readings = drive(gpus, clock, 12)
    assert readings[:5].count(None) == 0
    assert readings[6:] == [None] * len(readings[6:])
    assert "GPU is lost" in gpus.last_failure


def test_one_failing_gpu_of_two_is_never_the_others_energy_alone(machine):
    gpus, clock = virtual(machine, StubGpu(uuid=UUIDS[0]), StubGpu(uuid=UUIDS[1], lost=[(2.0, 99.0)]))
    assert drive(gpus, clock, 6)[2:] == [None] * 4


def test_a_counter_that_stands_still_under_load_is_not_used(machine):
    gpus, clock = virtual(machine, StubGpu(is_stuck=True))
    assert drive(gpus, clock, 8)[-1] is None
    assert "stands still at 300 W" in gpus.last_failure


def test_a_counter_that_jumps_back_spoils_the_run(machine):
    gpus, clock = virtual(machine, StubGpu(resets_at_s=4.0))
    readings = drive(gpus, clock, 8)
    assert None not in readings[:3]
    assert readings[4:] == [None] * len(readings[4:])
    assert "jumped" in gpus.last_failure


def test_a_gpu_that_states_neither_energy_nor_power_is_refused(machine):
    machine(StubGpu(name="GRID T4-8Q", has_counter=False, has_power=False))
    with pytest.raises(MeasurementError, match="GRID T4-8Q"):
        open_gpus({})
    machine(StubGpu(uuid=UUIDS[0], has_counter=False, has_power=False), StubGpu(uuid=UUIDS[1]))
    gpus = open_gpus({}, optional=True)
    assert [gpu.index for gpu in gpus.gpus] == [1]
    assert gpus.warnings[0].startswith("not counted: GPU 0")


def test_power_is_sampled_at_ten_hertz_or_more_in_real_time(machine):
    stub = machine(StubGpu(has_counter=False, watts=200))

    def a_second():
        gpus = open_gpus({})
        gpus.start()
        calls, started_s = stub.calls, time.monotonic()
        time.sleep(1.0)
        kwh = gpus.read()
        sampled, elapsed_s = stub.calls - calls, time.monotonic() - started_s
        gpus.stop()
        return sampled, kwh * 3.6e6 / elapsed_s

    sampled, watts = try_again(a_second, lambda found: found[0] >= 10 and found[1] == pytest.approx(200, rel=0.1))
    assert sampled >= 10
    assert watts == pytest.approx(200, rel=0.1)


def test_a_gpu_on_the_host_that_cannot_be_read_stops_the_run_with_the_cause(machine, host):
    machine(init_error=NVMLError_LibraryNotFound("NVML Shared Library Not Found"))
    with pytest.raises(MeasurementError, match=r"0000:00:05\.0.*Library") as caught:
        open_gpus({}, root=host)
    assert "NVIDIA driver" in caught.value.hint
    assert "require `none`" in caught.value.hint
    (host / ".dockerenv").touch()
    with pytest.raises(MeasurementError) as caught:
        open_gpus({}, root=host)
    assert "nvidia-ctk runtime configure" in caught.value.hint
    assert "in-job action" in caught.value.hint


def test_a_gpu_without_permission_gives_an_error_with_its_group(machine, host):
    machine(init_error=NVMLError_NoPermission("Insufficient Permissions"))
    with pytest.raises(MeasurementError) as caught:
        open_gpus({}, root=host)
    assert "/dev/nvidia*" in caught.value.hint


def test_a_missing_nvml_package_is_the_cause_if_there_is_a_gpu(monkeypatch, host):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeasurementError) as caught:
        open_gpus({}, root=host)
    assert "carbon-lint[run]" in caught.value.hint
    assert open_gpus({}, root=host / "sys").gpus == ()


def test_an_unreadable_gpu_may_be_left_out_on_request_or_when_hidden_from_the_job(machine, host):
    machine(init_error=NVMLError("Driver Not Loaded"))
    (warning,) = open_gpus({}, optional=True, root=host).warnings
    assert warning.startswith("not counted: this machine has 1 NVIDIA GPU")
    assert open_gpus({"CUDA_VISIBLE_DEVICES": ""}, root=host).warnings == ()


def test_an_audio_function_of_nvidia_is_not_a_gpu(machine, host):
    machine(init_error=NVMLError("x"))
    (host / "sys/bus/pci/devices/0000:00:05.0/class").write_text("0x040300\n")
    assert open_gpus({}, root=host).gpus == ()


def test_the_meter_counts_gpu_cpu_and_memory_together_without_nvidia_smi(machine, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    machine(StubGpu(watts=300, uuid=UUIDS[0]), StubGpu(watts=500, uuid=UUIDS[1]))

    def measured():
        meter = CodeCarbonMeter(find_place("FRA"), environ={"CUDA_VISIBLE_DEVICES": UUIDS[0]}, pue=1.5)
        meter.start()
        time.sleep(1)
        reading = meter.read()
        meter.stop()
        return meter, reading, reading.energy_kwh.gpu * 3.6e6 / reading.elapsed_s

    meter, reading, gpu_w = try_again(measured, lambda found: found[2] == pytest.approx(450, rel=0.2))
    energy = reading.energy_kwh
    assert gpu_w == pytest.approx(450, rel=0.2)
    assert energy.total == pytest.approx(energy.cpu + energy.gpu + energy.ram)
    assert reading.emissions_g == pytest.approx(energy.total * find_place("FRA").g_per_kwh)
    assert meter.methods.gpu is Method.COUNTER
    assert [gpu.uuid for gpu in meter.hardware.gpus] == [UUIDS[0]]
    assert meter.software == {"codecarbon": "3.3.2", "nvidia-driver": "570.86.15"}


def test_the_meter_gives_no_reading_while_a_gpu_is_lost(machine):
    device = StubGpu()
    machine(device)
    meter = CodeCarbonMeter(find_place("FRA"))
    meter.start()
    device.lost = [(0.0, math.inf)]
    time.sleep(0.2)
    assert meter.read() is None
    assert "GPU is lost" in meter.last_failure
    device.lost = []
    time.sleep(0.2)
    assert meter.read() is not None
    meter.stop()


def test_a_last_reading_that_fails_is_tried_again(machine):
    """One lost reading at the end of twelve hours would cost all of them."""
    device = StubGpu()
    stub = machine(device)
    meter = CodeCarbonMeter(find_place("FRA"))
    meter.start()
    time.sleep(0.2)
    device.lost = [(0.0, stub.now_s + 0.05)]
    assert meter.stop().energy_kwh.gpu > 0


def test_a_gpu_that_is_lost_at_the_end_gives_no_last_reading(machine):
    device = StubGpu()
    machine(device)
    meter = CodeCarbonMeter(find_place("FRA"))
    meter.start()
    device.lost = [(0.0, math.inf)]
    assert meter.stop() is None


def test_a_gpu_that_codecarbon_counts_beside_us_is_never_counted_twice():
    twice = SimpleNamespace(
        cpu_energy=1.0, gpu_energy=2.0, ram_energy=1.0, energy_consumed=4.0, emissions=0.004, pue=1.0
    )
    assert "counted here already" in find_flaw(twice, g_per_kwh=1.0, pue=1.0)
    once = SimpleNamespace(**{**vars(twice), "gpu_energy": 0, "energy_consumed": 2.0, "emissions": 0.002})
    assert find_flaw(once, g_per_kwh=1.0, pue=1.0) is None


def test_a_required_gpu_that_is_not_here_is_an_error(machine):
    machine()
    meter = CodeCarbonMeter(find_place("FRA"), require=("gpu",))
    with pytest.raises(MeasurementError, match="a GPU is required") as caught:
        meter.start()
    assert caught.value.exit_code == 125


@pytest.mark.parametrize(
    ("environ", "is_told"),
    [
        ({"CUDA_VISIBLE_DEVICES": "GPU-abc"}, True),
        ({"HIP_VISIBLE_DEVICES": "1"}, True),
        ({"CUDA_VISIBLE_DEVICES": ""}, False),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, False),
        ({}, False),
    ],
)
def test_a_gpu_that_the_job_should_use_and_that_cannot_be_seen_is_reported(machine, tmp_path, environ, is_told):
    machine(init_error=NVMLError_LibraryNotFound)
    gpus = open_gpus(environ, root=tmp_path)
    assert gpus.gpus == ()
    assert any("none can be seen here" in warning for warning in gpus.warnings) is is_told


@pytest.mark.parametrize(("factor", "is_told"), [(1.0, False), (0.2, True), (5.0, True)])
def test_a_counter_that_goes_at_another_pace_than_the_power_gives_a_warning(machine, factor, is_told):
    gpus, clock = virtual(machine, StubGpu(watts=200))
    stub = sys.modules["pynvml"]
    real = stub.nvmlDeviceGetPowerUsage
    stub.nvmlDeviceGetPowerUsage = lambda handle: round(real(handle) * factor)
    drive(gpus, clock, 200)
    gpus.stop()
    assert any("the two disagree" in warning for warning in gpus.warnings) is is_told


def test_a_short_run_is_not_compared_with_a_few_samples_of_its_power(machine):
    gpus, clock = virtual(machine, StubGpu(watts=200))
    stub = sys.modules["pynvml"]
    stub.nvmlDeviceGetPowerUsage = lambda handle: 20_000
    drive(gpus, clock, 60)
    gpus.stop()
    assert gpus.warnings == ()


def test_a_power_or_a_counter_in_another_unit_gives_a_warning_also_in_a_short_run(machine):
    gpus, clock = virtual(machine, StubGpu(watts=200))
    stub = sys.modules["pynvml"]
    stub.nvmlDeviceGetPowerUsage = lambda handle: 200
    drive(gpus, clock, 25)
    gpus.stop()
    assert any("the two disagree" in warning for warning in gpus.warnings)
    machine(StubGpu(watts=300_000, has_counter=False))
    with pytest.raises(MeasurementError, match="which no card draws"):
        open_gpus({})


def test_the_energy_of_a_sampled_gpu_never_goes_back(machine):
    """What is added since the last sample is taken at its power, and the next sample may be far lower."""
    device = StubGpu(watts=300, has_counter=False)
    gpus, clock = virtual(machine, device)
    drive(gpus, clock, 2)
    clock.now_s += 0.1
    before = gpus.read()
    device.watts = 0.0
    gpus.sample()
    assert gpus.read() >= before


def test_a_gpu_that_wakes_at_the_first_question_is_asked_once_more(machine):
    stub = machine(StubGpu(watts=60, has_counter=False))
    real, asked = stub.nvmlDeviceGetPowerUsage, []
    stub.nvmlDeviceGetPowerUsage = lambda handle: real(handle) if asked else asked.append(handle) or 0
    assert len(open_gpus({}).gpus) == 1
