"""Replaying a recording: energy is its integral, on any clock, for as long as one likes."""

from __future__ import annotations

import io
import json
import math
import sys
import tarfile
import time

import pytest

from benchmarks.replay.replay_meter import ReplayMeter, ScaledClock, VirtualClock
from benchmarks.replay.trace import Series, Trace, load_trace, parse_trace
from carbon_lint.errors import InputError
from carbon_lint.gate.verdict import Budget
from carbon_lint.places import find_place
from carbon_lint.records.record import Method, Outcome
from tests.cases import cases
from tests.waiting import try_again

FRANCE = find_place("FRA")
SMI = """timestamp, name, utilization.gpu [%], power.draw [W], temperature.gpu
2023/02/25 12:29:13.000, NVIDIA GeForce RTX 3070, 0 %, 20.00 W, 40
2023/02/25 12:29:14.000, NVIDIA GeForce RTX 3070, 9 %, 220.00 W, 41
2023/02/25 12:29:16.000, NVIDIA GeForce RTX 3070, 9 %, 120.00 W, 44
"""


def bursts(seconds):
    """A training with steps: 380 W and 90 W in turns, and a slow drift."""
    times = [0.1 * number for number in range(round(seconds * 10))]
    watts = [(380.0 if number % 14 < 8 else 90.0) + 20 * math.sin(number / 300) for number in range(len(times))]
    return Trace(series={"gpu": Series(tuple(times), tuple(watts))}, name="bursts")


def replay(trace, tick_s=1.0, **options):
    clock = VirtualClock()
    meter = ReplayMeter(trace, FRANCE, clock=clock, **options)
    meter.start()
    reading = None
    while clock.now_s < trace.duration_s + 1:
        clock.advance(tick_s)
        reading = meter.read()
        assert reading is not None, meter.last_failure
    return meter, reading


def test_the_integral_of_a_recording_is_exact():
    trace = parse_trace(SMI, "x.csv")
    assert trace.name == "NVIDIA GeForce RTX 3070"
    assert trace.duration_s == 3.0
    assert trace.energy_j() == pytest.approx(120 + 2 * 170)
    assert trace.energy_j(0.5) == pytest.approx(0.5 * (20 + 120) / 2)
    assert trace.energy_j(2.0) == pytest.approx(120 + (220 + 170) / 2)
    assert trace.series["gpu"].power_w(2.0) == pytest.approx(170)
    assert (trace.energy_j(-1), trace.energy_j(99)) == (0.0, trace.energy_j())


@cases(("method", "tolerance"), [(Method.COUNTER, 0.01), (Method.SAMPLED_POWER, 0.03)])
@cases("tick_s", [0.37, 1.0, 7.3])
def test_energy_is_within_its_methods_tolerance_of_the_integral(method, tolerance, tick_s):
    trace = bursts(300)
    meter, reading = replay(trace, tick_s, gpu_method=method)
    assert reading.energy_kwh.gpu * 3.6e6 == pytest.approx(trace.energy_j(), rel=tolerance)
    assert reading.energy_kwh.total == reading.energy_kwh.gpu
    assert reading.emissions_g == pytest.approx(reading.energy_kwh.total * find_place("FRA").g_per_kwh)
    assert meter.methods.gpu is method
    assert (reading.energy_kwh.cpu, reading.energy_kwh.ram) == (None, None)


def test_a_load_in_step_with_the_samples_average_gap_is_sampled_right():
    """Sampled every 50 ms sharp, a load of this period comes out at +14 %."""
    times, watts = [], []
    for number in range(1500):
        times += [0.2 * number + offset for offset in (0.0, 0.119, 0.12, 0.199)]
        watts += [380.0, 380.0, 120.0, 120.0]
    trace = Trace(series={"gpu": Series(tuple(times), tuple(watts))})
    _, reading = replay(trace, gpu_method=Method.SAMPLED_POWER)
    assert reading.energy_kwh.gpu * 3.6e6 == pytest.approx(trace.energy_j(), rel=0.03)


def test_cpu_memory_and_gpu_add_up_and_pue_multiplies_them():
    text = json.dumps({"seconds": [0, 10], "cpu_w": [50, 50], "gpu_w": [300, 100], "ram_w": [10, 10]})
    _, reading = replay(parse_trace(text, "x.json"), pue=1.5)
    energy = reading.energy_kwh
    assert energy.cpu * 3.6e6 == pytest.approx(750)
    assert energy.gpu * 3.6e6 == pytest.approx(3000, rel=0.01)
    assert energy.total == pytest.approx(energy.cpu + energy.gpu + energy.ram)


def test_a_scaled_real_clock_replays_an_hour_in_no_time():
    trace = Trace(series={"gpu": Series((0.0, 3600.0), (100.0, 100.0))})
    meter = ReplayMeter(trace, None, clock=ScaledClock(36_000))
    meter.start()
    time.sleep(0.15)
    reading = meter.stop()
    assert reading.emissions_g is None
    assert reading.energy_kwh.gpu == pytest.approx(0.1, rel=0.001)


@pytest.mark.slow
def test_a_day_is_replayed_in_seconds_without_memory_growth():
    day = Trace(series={"gpu": Series((0.0, 86_400.0), (300.0, 300.0))})
    clock = VirtualClock()
    meter = ReplayMeter(day, FRANCE, clock=clock)
    meter.start()
    started_s = time.monotonic()
    for second in range(86_400):
        clock.advance(1.0)
        reading = meter.read()
        if second == 3600:
            blocks = sys.getallocatedblocks()
    grown = sys.getallocatedblocks() - blocks
    assert reading.energy_kwh.gpu == pytest.approx(7.2, rel=1e-4)
    assert grown < 500
    assert time.monotonic() - started_s < 60


def test_a_replayed_job_of_eight_times_400_w_is_over_its_budget_by_a_tick_and_the_grace_at_most(run):
    trace = Trace(series={"gpu": Series((0.0, 600.0), (3200.0, 3200.0))})
    tick_s, grace_s = 0.1, 0.5
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"

    def overshoot_s():
        limit = Budget(max_energy_kwh=3200 * 1.0 / 3.6e6)
        record = run(stubborn, meter=ReplayMeter(trace, FRANCE), budget=limit, tick_s=tick_s, grace_s=grace_s)
        assert record.outcome is Outcome.OVER_BUDGET
        return record.energy_kwh.total * 3.6e6 / 3200 - 1.0

    most_s = tick_s + grace_s + 0.5  # 0.1 s is the counter's step
    assert 0 < try_again(overshoot_s, lambda over_s: over_s < most_s) < most_s


def test_a_recording_cut_off_in_its_last_line_is_read_up_to_there():
    trace = parse_trace(SMI + "2023/02/25 12:29:17.000, NVIDIA G", "x.csv")
    assert trace.duration_s == 3.0


@cases(
    "text",
    [
        "",
        "hello\nworld\n",
        "{",
        "{}",
        '{"seconds": [0, 1], "gpu_w": [1]}',
        '{"seconds": [0, 1], "gpu_w": [1, -5]}',
        '{"seconds": [0, 0], "gpu_w": [1, 5]}',
        '{"seconds": [0, 1], "gpu_w": [1, "x"]}',
        "seconds,gpu_w\n0,1\n",
        "seconds,gpu_w\n0,1\n1,x\n2,3\n",
        "seconds,other\n0,1\n1,2\n",
        SMI.replace("220.00 W", "[N/A]"),
    ],
)
def test_only_a_recording_is_accepted(text):
    with pytest.raises(InputError):
        parse_trace(text, "x")


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(InputError):
        load_trace(tmp_path / "none.csv")
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError):
        load_trace(tmp_path / "b")


@pytest.mark.parametrize(("method", "tolerance"), [(Method.COUNTER, 0.01), (Method.SAMPLED_POWER, 0.03)])
def test_real_trainings_are_within_tolerance(shared, method, tolerance):
    with tarfile.open(shared / "traces/gpu-power.tar.xz") as archive:
        texts = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    assert len(texts) == 6
    for name, data in texts.items():
        trace = parse_trace(io.TextIOWrapper(io.BytesIO(data), "utf-8").read(), name)
        assert trace.duration_s > 600
        _, reading = replay(trace, gpu_method=method)
        assert reading.energy_kwh.gpu * 3.6e6 == pytest.approx(trace.energy_j(), rel=tolerance), name
