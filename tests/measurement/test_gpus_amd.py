"""AMD GPUs: which are counted, how, and that no GPU is ever quietly 0. Power is a stub's, at the amdsmi boundary."""

from __future__ import annotations

import math
import sys
import time

import pytest

from benchmarks.replay.trace import Series
from carbon_lint.errors import MeasurementError
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.records.record import Method, Outcome
from tests.measurement.driving import drive, virtual
from tests.measurement.stub_amdsmi import StubAmd, StubAmdsmi, mi250
from tests.measurement.stub_nvml import StubGpu, StubNvml
from tests.waiting import try_again

SERIALS = [f"0x{number}4FF740F1122334{number}" for number in range(4)]
IDS = [f"GPU-{serial[2:].lower()}" for serial in SERIALS]


def cards(**changes):
    return [StubAmd(serial=serial, bdf=f"0000:c{n}:00.0", **changes) for n, serial in enumerate(SERIALS)]


@pytest.fixture
def machine(monkeypatch):
    """Put AMD GPUs into this machine, and no other: `machine(StubAmd(), ...)`."""
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([]))

    def build(*gpus, clock=time.monotonic, **options):
        stub = StubAmdsmi(gpus, clock, **options)
        monkeypatch.setitem(sys.modules, "amdsmi", stub)
        return stub

    return build


@pytest.fixture
def four(machine):
    return machine(*cards())


def indices(environ):
    return [gpu.index for gpu in open_gpus(environ).gpus]


def test_all_cards_are_counted_by_their_counters(machine):
    devices = [StubAmd(watts=watts, burst_watts=90, serial=SERIALS[n]) for n, watts in enumerate((100, 400))]
    devices[1].bdf = "0000:c9:00.0"
    gpus, clock = virtual(machine, *devices)
    assert None not in drive(gpus, clock, 60)
    assert gpus.read() * 3.6e6 == pytest.approx(sum(device.energy_j(60) for device in devices), rel=0.01)
    by_gpu = [kwh * 3.6e6 for kwh in gpus.read_kwh]
    assert by_gpu == pytest.approx([device.energy_j(60) for device in devices], rel=0.01)
    assert (gpus.method, gpus.warnings) == (Method.COUNTER, ())
    assert gpus.drivers == {"amdgpu-driver": "6.12.12"}


@pytest.mark.parametrize("burst_period_s", [1.0, 1.37, 0.2])
def test_a_card_without_counter_is_sampled_right_also_in_step_with_a_second(machine, burst_period_s):
    """CodeCarbon's 1 Hz sampler was seen at -56 %."""
    device = StubAmd(watts=120, burst_watts=260, period_s=burst_period_s, has_counter=False)
    gpus, clock = virtual(machine, device)
    assert None not in drive(gpus, clock, 60)
    assert gpus.read() * 3.6e6 == pytest.approx(device.energy_j(60), rel=0.03)
    assert gpus.method is Method.SAMPLED_POWER
    assert gpus.warnings == ("AMD GPU 0 has no energy counter that can be trusted: its power is sampled",)


@pytest.mark.parametrize(("has_counter", "tolerance"), [(True, 0.01), (False, 0.03)])
def test_a_recording_is_counted_as_its_integral(machine, has_counter, tolerance):
    """Steps of a training with a slow drift, played at the boundary of amdsmi."""
    times = tuple(0.1 * number for number in range(1200))
    watts = tuple((520.0 if number % 14 < 8 else 140.0) + number / 20 for number in range(1200))
    series = Series(times, watts)
    device = StubAmd(has_counter=has_counter)
    device.power_w, device.energy_j = series.power_w, series.energy_j
    gpus, clock = virtual(machine, device)
    assert None not in drive(gpus, clock, 110)
    assert gpus.read() * 3.6e6 == pytest.approx(series.energy_j(110), rel=tolerance)


@pytest.mark.parametrize("key", ["current_socket_power", "average_socket_power", "socket_power"])
@pytest.mark.parametrize("other", ["N/A", 0xFFFFFFFF, (1 << 64) - 1, 0])
def test_power_is_found_whatever_the_generation_calls_it(machine, key, other):
    device = StubAmd(watts=250, has_counter=False, power_keys=(key,), other_power=other)
    gpus, clock = virtual(machine, device)
    drive(gpus, clock, 10)
    assert gpus.read() * 3.6e6 == pytest.approx(2500, rel=0.001)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"counter_key": "power"}, Method.COUNTER),  # ROCm 5.7
        ({"counter_start": 0, "is_stuck": True}, Method.SAMPLED_POWER),  # 0 although power is drawn
        ({"counter_start": (1 << 64) - 1, "is_stuck": True}, Method.SAMPLED_POWER),  # the largest number: not there
        ({"counter_start": (1 << 32) - 1, "is_stuck": True}, Method.SAMPLED_POWER),  # the largest of 32 bits
        ({"name": "AMD Radeon RX 7900 XTX"}, Method.SAMPLED_POWER),  # wraps, or counts in another unit
        ({"name": "AMD Instinct MI100", "is_stuck": True}, Method.SAMPLED_POWER),
        ({"name": "0x740f", "device_id": "0x740f"}, Method.COUNTER),  # an MI210 that amdsmi has no name for
    ],
)
def test_a_counter_is_used_only_if_it_counts(machine, changes, method):
    gpus, clock = virtual(machine, StubAmd(watts=200, **changes))
    drive(gpus, clock, 10)
    assert gpus.method is method
    assert gpus.read() * 3.6e6 == pytest.approx(2000, rel=0.01)


def test_a_library_that_forgot_its_initialisation_is_initialised_again(machine):
    device = StubAmd(watts=200)
    gpus, clock = virtual(machine, device)
    drive(gpus, clock, 5)
    stub = sys.modules["amdsmi"]
    stub.is_forgotten = True
    assert None not in drive(gpus, clock, 5)
    assert stub.inits == 2
    assert gpus.read() * 3.6e6 == pytest.approx(2000, rel=0.01)


def test_a_library_that_cannot_be_initialised_again_gives_no_reading(machine):
    gpus, clock = virtual(machine, StubAmd())
    stub = sys.modules["amdsmi"]
    stub.is_forgotten, stub.init_error = True, stub.AmdSmiLibraryException(34)
    assert drive(gpus, clock, 2) == [None, None]
    assert gpus.last_failure.endswith("Error code: 34 | AMDSMI_STATUS - made")


def test_one_failed_reading_is_noticed_and_made_up_for(machine):
    """CodeCarbon books 0 W for it; one within 1.5 s was not noticed."""
    devices = cards()[:2]
    devices[1].lost = [(4.5, 5.5)]
    gpus, clock = virtual(machine, *devices)
    readings = drive(gpus, clock, 10)
    assert [number for number, reading in enumerate(readings, 1) if reading is None] == [5]
    assert gpus.read() * 3.6e6 == pytest.approx(2 * 3000, rel=0.01)


def test_a_counter_that_stands_still_under_load_is_not_used(machine):
    gpus, clock = virtual(machine, StubAmd(is_stuck=True))
    assert drive(gpus, clock, 8)[-1] is None
    assert "AMD GPU 0 stands still at 300 W" in gpus.last_failure


def test_a_card_that_is_lost_makes_the_run_unmeasured_after_three_readings(machine, run):
    """And not a run of the other card alone."""
    devices = cards()[:2]
    machine(*devices)

    class Losing(CodeCarbonMeter):
        def start(self):
            super().start()
            devices[1].lost = [(0.0, math.inf)]

    record = run("import time; time.sleep(60)", meter=Losing(None), tick_s=0.1)
    assert record.outcome is Outcome.UNMEASURED
    assert record.energy_kwh.gpu is None
    assert any("3 readings in a row failed" in warning and "AMD GPU 1" in warning for warning in record.warnings)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"ROCR_VISIBLE_DEVICES": "1,2"}, [1, 2]),
        ({"ROCR_VISIBLE_DEVICES": " 2 , 1 "}, [1, 2]),
        ({"ROCR_VISIBLE_DEVICES": "1,1,2"}, [1]),  # a card that comes again ends the list
        ({"ROCR_VISIBLE_DEVICES": "1,-1,2"}, [1]),
        ({"ROCR_VISIBLE_DEVICES": "-1"}, []),
        ({"ROCR_VISIBLE_DEVICES": ""}, []),
        ({"ROCR_VISIBLE_DEVICES": IDS[2]}, [2]),
        ({"ROCR_VISIBLE_DEVICES": IDS[2].upper()}, [2]),
        ({"ROCR_VISIBLE_DEVICES": f"{IDS[3]},0"}, [0, 3]),
        ({"ROCR_VISIBLE_DEVICES": "GPU-24"}, [2]),
        ({"HIP_VISIBLE_DEVICES": "3"}, [3]),
        ({"HIP_VISIBLE_DEVICES": "-1"}, []),
        ({"HIP_VISIBLE_DEVICES": ""}, [0, 1, 2, 3]),  # HIP takes an empty one for none
        ({"ROCR_VISIBLE_DEVICES": "3,1,2", "HIP_VISIBLE_DEVICES": "0"}, [3]),
        ({"ROCR_VISIBLE_DEVICES": "3,1,2", "HIP_VISIBLE_DEVICES": "2,1"}, [1, 2]),
        ({"ROCR_VISIBLE_DEVICES": "3,1", "CUDA_VISIBLE_DEVICES": "1"}, [1]),
        ({"CUDA_VISIBLE_DEVICES": "2"}, [2]),
        ({"HIP_VISIBLE_DEVICES": "1", "CUDA_VISIBLE_DEVICES": "2"}, [1]),
    ],
)
def test_the_variables_are_read_as_rocm_reads_them(four, environ, expected):
    assert indices(environ) == expected


@pytest.mark.parametrize(
    "environ",
    [
        {"ROCR_VISIBLE_DEVICES": "4"},
        {"ROCR_VISIBLE_DEVICES": "GPU-ffff"},
        {"ROCR_VISIBLE_DEVICES": "GPU-"},
        {"ROCR_VISIBLE_DEVICES": "first"},
        {"ROCR_VISIBLE_DEVICES": "2,3", "HIP_VISIBLE_DEVICES": "2"},
        {"CUDA_VISIBLE_DEVICES": "7"},
    ],
)
def test_a_gpu_that_is_not_here_or_not_unique_is_refused_and_never_zero(four, environ):
    with pytest.raises(MeasurementError, match=f"^{list(environ)[-1]}") as caught:
        open_gpus(environ)
    assert IDS[3] in caught.value.hint


def test_hidden_gpus_are_reported_as_hidden(four):
    (warning,) = open_gpus({"ROCR_VISIBLE_DEVICES": ""}).warnings
    assert "hides 4 AMD GPUs" in warning


@pytest.mark.parametrize("version", [7, 6])
def test_an_index_counts_in_the_order_of_rocms_runtime(machine, version):
    devices = cards()
    for device, place in zip(devices, (3, 0, 2, 1), strict=True):
        device.hip_id = place
    machine(*devices, version=version)
    assert indices({"ROCR_VISIBLE_DEVICES": "0"}) == [1]
    assert indices({"ROCR_VISIBLE_DEVICES": "3,1"}) == [0, 3]


def test_an_unknown_order_of_gpus_is_reported(machine):
    machine(*cards(), version=5)
    chosen = open_gpus({"ROCR_VISIBLE_DEVICES": "1"})
    assert [gpu.index for gpu in chosen.gpus] == [1]
    assert "does not say in which order" in chosen.warnings[0]
    assert open_gpus({"ROCR_VISIBLE_DEVICES": IDS[1]}).warnings == ()
    assert open_gpus({"ROCR_VISIBLE_DEVICES": "0,1,2,3"}).warnings == ()


@pytest.mark.parametrize("visible", ["0", "1", "0,1"])
@pytest.mark.parametrize("has_counter", [True, False])
def test_a_card_of_two_dies_is_counted_whole_and_once_whichever_the_job_sees(machine, visible, has_counter):
    devices = [*mi250(0, watts=450, has_counter=has_counter), *mi250(1, watts=100, has_counter=has_counter)]
    gpus, clock = virtual(machine, *devices, environ={"ROCR_VISIBLE_DEVICES": visible})
    assert [gpu.index for gpu in gpus.gpus] == [0]
    assert gpus.warnings[0].startswith("AMD GPU 0 and 1 are one card")
    drive(gpus, clock, 10)
    assert gpus.read() * 3.6e6 == pytest.approx(4500, rel=0.01)


def test_the_dies_of_two_cards_are_two_cards(machine):
    machine(*mi250(0), *mi250(1))
    assert indices({}) == [0, 2]
    assert indices({"ROCR_VISIBLE_DEVICES": "1,3"}) == [0, 2]


def test_a_second_die_alone_is_an_error_and_never_zero(machine):
    machine(mi250(0)[1], *mi250(1))
    with pytest.raises(MeasurementError, match=r"AMD GPU 0 .* second die") as caught:
        open_gpus({"ROCR_VISIBLE_DEVICES": "0"})
    assert "renderD" in caught.value.hint
    left = open_gpus({}, optional=True)
    assert [gpu.index for gpu in left.gpus] == [1]
    assert left.warnings[0].startswith("not counted: AMD GPU 0")


def test_a_silent_card_of_one_die_is_refused_and_not_taken_for_its_neighbours_second(machine):
    machine(StubAmd(serial=SERIALS[0]), StubAmd(serial=SERIALS[1], bdf="0000:c9:00.0", is_second_die=True))
    with pytest.raises(MeasurementError, match=r"AMD GPU 1 .* neither its energy nor its power") as caught:
        open_gpus({})
    assert "ROCR_VISIBLE_DEVICES" in caught.value.hint


def test_partitions_of_a_card_are_one_card_even_if_each_states_the_whole_cards_power(machine):
    machine(*(StubAmd(serial=SERIALS[0], bdf=f"0000:c1:00.{part}") for part in range(4)))
    gpus = open_gpus({"ROCR_VISIBLE_DEVICES": "1,2"})
    assert [gpu.index for gpu in gpus.gpus] == [0]
    assert "AMD GPU 0 and 1 and 2 and 3 are one card" in gpus.warnings[0]


def test_cards_without_a_serial_number_have_no_uuid(machine):
    """amdsmi makes one and the same for them: merged, two cards would be taken for one."""
    machine(StubAmd(serial="N/A"), StubAmd(serial="N/A", bdf="0000:c9:00.0"))
    assert [gpu.uuid for gpu in open_gpus({}).gpus] == [None, None]
    machine(*cards())
    assert len({gpu.uuid for gpu in open_gpus({}).gpus}) == 4


def test_both_vendors_on_one_machine_are_counted_together(machine, monkeypatch):
    machine(*cards(watts=100))
    monkeypatch.setitem(sys.modules, "pynvml", StubNvml([StubGpu(watts=300)]))
    gpus = open_gpus({"CUDA_VISIBLE_DEVICES": "0", "ROCR_VISIBLE_DEVICES": "2"})
    assert [(gpu.index, gpu.name) for gpu in gpus.gpus] == [(0, "NVIDIA A100-SXM4-80GB"), (2, "AMD Instinct MI300X")]
    assert set(gpus.drivers) == {"nvidia-driver", "amdgpu-driver"}
    # CUDA's variable is not HIP's if there is an NVIDIA card.
    assert [gpu.name for gpu in open_gpus({"CUDA_VISIBLE_DEVICES": "-1"}).gpus] == ["AMD Instinct MI300X"] * 4


def test_the_meter_counts_an_amd_gpu_cpu_and_memory_together(machine):
    machine(*cards(watts=200)[:2])

    def measured():
        meter = CodeCarbonMeter(None, pue=1.5, require=("gpu",))
        meter.start()
        time.sleep(1)
        reading = meter.stop()
        return meter, reading.energy_kwh, reading.energy_kwh.gpu * 3.6e6 / reading.elapsed_s

    meter, energy, gpu_w = try_again(measured, lambda found: found[2] == pytest.approx(600, rel=0.2))
    assert gpu_w == pytest.approx(600, rel=0.2)
    assert energy.total == pytest.approx(energy.cpu + energy.gpu + energy.ram)
    assert sum(gpu.energy_kwh for gpu in meter.hardware.gpus) == pytest.approx(energy.gpu)
    assert meter.software["amdgpu-driver"] == "6.12.12"
