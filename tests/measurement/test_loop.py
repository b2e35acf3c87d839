"""The loop: ticks, limits, missed readings, notices."""

from __future__ import annotations

import math
import os
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.progress import Occasion
from carbon_lint.measurement.request import OnLoss, RunRequest, StopWhen
from carbon_lint.records.record import Energy, Outcome, StoppedBy, exit_code
from carbon_lint.records.uncertainty import Assumptions, Bounds, Uncertainty
from carbon_lint.units import format_energy
from tests.effort import busy
from tests.measurement.fake_meter import FakeMeter, PatientMeter
from tests.waiting import try_again

SLEEP = "import time; time.sleep(60)"


def test_every_tick_reports_and_the_last_word_is_the_meters_stop(run):
    record = run("pass", until=4, tick_s=0.1)

    occasions = [progress.occasion for progress in run.progress]
    assert 3 <= occasions.count(Occasion.RUNNING) <= record.duration_s / 0.1 + 1
    assert occasions[-1] is Occasion.ENDED
    energies = [progress.energy_kwh for progress in run.progress]
    assert energies == sorted(energies)


def test_the_end_of_the_job_is_noticed_at_once(run):
    began = time.monotonic()
    run("pass", tick_s=30.0)

    assert time.monotonic() - began < 15, "half of a tick"


def test_the_record_holds_what_the_meter_read(run):
    readings = []
    record = run("pass", until=4, meter=FakeMeter(distort=lambda reading: readings.append(reading) or reading))

    assert record.emissions_g == pytest.approx(record.energy_kwh.total * 56.0)
    assert record.energy_kwh == readings[-1].energy_kwh
    assert record.energy_kwh.total == pytest.approx(readings[-1].elapsed_s)  # 3.6 MW
    assert record.duration_s == pytest.approx(readings[-1].elapsed_s, abs=0.2 * busy())  # one ends before the other
    assert record.methods.cpu == "counter"
    assert record.intensity.location == "FRA"
    assert record.hardware.node
    assert re.fullmatch(r"[0-9a-f]{16}", record.hardware.boot)


def test_an_energy_only_run_has_no_grams_and_is_held_to_its_energy_limit(run):
    record = run(SLEEP, meter=FakeMeter(intensity=None), budget=Budget(max_energy_kwh=0.1), grace_s=0.2)

    assert record.emissions_g is None
    assert record.intensity is None
    assert record.outcome is Outcome.OVER_BUDGET


def test_a_hard_limit_stops_within_a_tick_and_the_grace(run):
    record = run(SLEEP, budget=Budget(max_emissions_g=10.0), tick_s=0.1, grace_s=0.2)
    assert record.over_budget
    assert record.duration_s < 30, "10 g are over after 0.2 s, and the job would take 60"
    first = next(progress for progress in run.progress if (progress.emissions_g or 0.0) > 10.0)
    assert any(notice.startswith("over budget: ") for notice in first.notices)


def with_range(low, high):
    """A meter's reading with the bounds that it states, as factors of the energy."""

    def distort(reading):
        total = reading.energy_kwh.total
        return replace(reading, uncertainty=Uncertainty(energy_kwh=Bounds(low=low * total, high=high * total)))

    return distort


def test_a_stop_prints_the_range_and_at_the_end_what_the_job_used_in_all(run):
    meter = FakeMeter(distort=with_range(0.5, 2.0))
    record = run(SLEEP, meter=meter, budget=Budget(max_energy_kwh=0.2), tick_s=0.1, grace_s=0.2)

    assert record.stopped_by is StoppedBy.BUDGET
    (over,) = [notice for notice in run.notices if notice.startswith("over budget: ")]
    assert re.search(r"max-energy: [\d.]+ Wh \([\d.]+ to [\d.]+\)", over)
    (restated,) = [notice for notice in run.notices if "after it was stopped" in notice]
    assert format_energy(record.energy_kwh.total) in restated
    assert record.uncertainty.energy_kwh.high == pytest.approx(2 * record.energy_kwh.total)
    assert record.uncertainty.emissions_g.low == pytest.approx(0.5 * record.emissions_g)


def test_a_job_that_is_to_be_stopped_for_certain_goes_on_until_the_lower_end_is_over(run):
    request = {"budget": Budget(max_energy_kwh=0.2), "tick_s": 0.1, "grace_s": 0.2, "stop_when": StopWhen.CERTAIN}
    record = run(SLEEP, meter=FakeMeter(distort=with_range(0.1, 2.0)), **request)

    assert record.stopped_by is StoppedBy.BUDGET
    assert record.energy_kwh.total > 2.0, "a tenth of it is certain"
    assert sum("goes on" in notice for notice in run.notices) == 1
    assert sum("for certain" in notice for notice in run.notices) == 1

    over = len(run.progress)
    ends_before = run(
        "pass",
        until=lambda: any(progress.energy_kwh > 0.2 for progress in run.progress[over:]),
        meter=FakeMeter(distort=with_range(1e-6, 2.0)),
        **request,
    )
    assert (ends_before.stopped_by, ends_before.over_budget) == (None, True)


def test_at_the_start_it_prints_how_long_a_limit_on_a_modelled_figure_lasts(run):
    def noticed(assumptions, **limits):
        meter = FakeMeter()
        meter.assumptions = assumptions
        run.progress.clear()
        run("pass", meter=meter, budget=Budget(**limits))
        return [notice for notice in run.notices if "takes at least" in notice]

    modelled = Assumptions(cpu_full_power_w=80.0, cpu_thread_share=0.25, cpu_idle_factor=0.1, memory_power_w=4.0)
    (notice,) = noticed(modelled, max_energy_kwh=0.06, max_emissions_g=10_000.0)
    assert re.search(r"6 W .*max-energy .*10 h 00 min", notice)
    assert noticed(modelled) == []
    assert noticed(Assumptions(memory_gib=16.0), max_energy_kwh=0.06) == []
    assert noticed(None, max_energy_kwh=0.06) == []


def test_a_warning_comes_once_at_80_percent(run):
    run("pass", until=4, meter=FakeMeter(power_w=1.0), budget=Budget(max_energy_kwh=1e-9))
    assert not any("is used" in notice for notice in run.notices), "over at once: that says enough"
    run.progress.clear()

    near = FakeMeter(distort=lambda reading: replace(reading, energy_kwh=_energy(0.9), emissions_g=0.9 * 56.0))
    run("pass", until=4, meter=near, budget=Budget(max_energy_kwh=1.0))
    assert [notice for notice in run.notices if "90% of the budget is used" in notice] == [
        "90% of the budget is used: max-energy: 900 Wh (670 to 1200) used, 1 kWh allowed, 100 Wh left"
    ]


def test_the_jobs_environment_names_its_run_and_its_progress_file_even_without_a_forecast(run, capfd):
    run("import os; print(os.path.exists(os.environ['CARBON_LINT_PROGRESS']), len(os.environ['CARBON_LINT_RUN_ID']))")
    assert capfd.readouterr().out == "True 36\n"


def test_two_missed_readings_are_forgiven(run):
    meter = FakeMeter(failing={2, 3, 5, 6})
    record = run("pass", until=lambda: meter.reads >= 7, meter=meter)

    assert meter.reads >= 7
    assert record.outcome is Outcome.COMPLETED


def test_a_last_reading_that_fails_loses_a_tick_and_not_the_run(run):
    class Forgetful(FakeMeter):
        def stop(self):
            super().stop()

    record = run("pass", until=2, meter=Forgetful())
    assert record.outcome is Outcome.COMPLETED
    ticks = [progress for progress in run.progress if progress.occasion is Occasion.RUNNING]
    assert record.energy_kwh.total == ticks[-1].energy_kwh
    assert any("the last reading failed" in warning for warning in record.warnings)

    assert run("pass", meter=Forgetful(), tick_s=30.0).outcome is Outcome.UNMEASURED, "there was none before it"
    assert run("pass", until=4, meter=Forgetful(failing=range(3, 9999))).outcome is Outcome.UNMEASURED


def test_three_missed_readings_stop_the_job_unmeasured(run):
    record = run(SLEEP, meter=FakeMeter(failing={2, 3, 4}), grace_s=0.2)

    assert record.outcome is Outcome.UNMEASURED
    assert exit_code(record) == 125
    assert record.emissions_g is None
    assert record.energy_kwh == Energy(total=None)
    assert any("3 readings in a row failed" in warning for warning in record.warnings)
    assert any(warning.startswith("not counted: ") for warning in record.warnings)


def test_an_unmeasured_job_may_finish(run):
    record = run("pass", until=5, meter=FakeMeter(failing={1, 2, 3}), on_unmeasured=OnLoss.FINISH)

    assert (record.outcome, record.exit_status, exit_code(record)) == (Outcome.UNMEASURED, 0, 125)


def test_an_unmeasured_job_that_fails_by_itself_keeps_its_status(run):
    failing = FakeMeter(failing={1, 2, 3})
    record = run("raise SystemExit(3)", until=5, meter=failing, on_unmeasured=OnLoss.FINISH)

    assert (record.outcome, exit_code(record), record.emissions_g) == (Outcome.FAILED, 3, None)


def _energy(total):
    return Energy(total=total, cpu=total * 0.75, ram=total * 0.25)


FLAWS = {
    "zero": (lambda r: replace(r, energy_kwh=Energy(total=0.0, cpu=0.0, ram=0.0), emissions_g=0.0), "energy is 0.0"),
    "not a number": (lambda r: replace(r, energy_kwh=_energy(math.nan)), "energy is nan"),
    "infinite": (lambda r: replace(r, energy_kwh=_energy(math.inf)), "energy is inf"),
    "no total": (lambda r: replace(r, energy_kwh=Energy(total=None)), "energy is None"),
    "a part is missing": (lambda r: replace(r, energy_kwh=Energy(total=1.0, cpu=1.0)), "energy of ram is None"),
    "a part stayed 0": (
        lambda r: replace(r, elapsed_s=60.0, energy_kwh=Energy(total=1.0, cpu=1.0, ram=0.0), emissions_g=56.0),
        "energy of ram was still 0 after 60 s",
    ),
    "a part too many": (
        lambda r: replace(r, energy_kwh=Energy(total=3.0, cpu=1.0, ram=1.0, gpu=1.0)),
        "gpu has an energy but no method",
    ),
    "does not add up": (lambda r: replace(r, energy_kwh=Energy(total=3.0, cpu=1.0, ram=1.0)), "components sum to 2.0"),
    "another grid": (lambda r: replace(r, emissions_g=r.energy_kwh.total * 3.94), "implied intensity is 3.94"),
    "no grams": (lambda r: replace(r, emissions_g=None), "no emissions were computed"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_impossible_figures_make_a_run_unmeasured(run, flaw):
    distort, message = FLAWS[flaw]
    record = run("pass", meter=FakeMeter(distort=distort))

    assert record.outcome is Outcome.UNMEASURED
    assert exit_code(record) == 125
    assert record.emissions_g is None
    assert any(message in warning for warning in record.warnings), record.warnings


@pytest.mark.parametrize("flaw", ["not a number", "no total", "no grams"])
def test_a_reading_without_a_figure_is_a_missed_one(run, flaw):
    """It must neither count as 0 against the budget nor end the loop with an error."""
    budget = Budget(max_emissions_g=1e9, max_energy_kwh=1e9)
    record = run(SLEEP, meter=FakeMeter(distort=FLAWS[flaw][0]), budget=budget, grace_s=0.2)

    assert record.outcome is Outcome.UNMEASURED
    assert record.duration_s < 30
    assert any("3 readings in a row failed" in warning for warning in record.warnings)


def test_a_limit_in_grams_without_an_intensity_starts_nothing(run):
    with pytest.raises(MeasurementError, match="needs a carbon intensity"):
        run("open('ran', 'w')", meter=FakeMeter(intensity=None), budget=Budget(max_emissions_g=1.0))
    assert not Path("ran").exists()


def test_a_cancel_while_the_meter_starts_does_not_start_the_job(run):
    class Cancelled(FakeMeter):
        def start(self):
            super().start()
            os.kill(os.getpid(), signal.SIGTERM)

    record = run("open('ran', 'w')", meter=Cancelled())
    assert (record.outcome, record.exit_status, exit_code(record)) == (Outcome.INTERRUPTED, None, 130)
    assert not Path("ran").exists()


def test_the_overshoot_is_at_most_a_tick_and_the_grace(run):
    """8 GPUs of 400 W, a job that ignores SIGTERM."""
    power_w, limit_kwh, tick_s, grace_s = 3200.0, 0.0005, 0.1, 0.5
    source = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w').close(); time.sleep(60)"
    )

    def overshoot_s():
        Path("ready").unlink(missing_ok=True)
        limit = Budget(max_energy_kwh=limit_kwh)
        record = run(source, meter=PatientMeter(power_w=power_w), budget=limit, tick_s=tick_s, grace_s=grace_s)
        assert record.exit_status == 137
        return (record.energy_kwh.total - limit_kwh) * 3_600_000 / power_w

    most_s = grace_s + tick_s + 0.5
    assert grace_s < try_again(overshoot_s, lambda over_s: over_s < most_s) < most_s


def test_a_clock_that_is_set_back_changes_no_duration(run, monkeypatch):
    from datetime import UTC, datetime, timedelta

    from carbon_lint.measurement.run import measure

    moments = [datetime(2026, 1, 1, 12, tzinfo=UTC)]

    class SetBack(datetime):
        @classmethod
        def now(cls, tz=None):
            return moments[0]

    monkeypatch.setattr("carbon_lint.measurement.wall_clock.datetime", SetBack)

    def set_back(progress):
        run.progress.append(progress)
        moments[0] = datetime(2026, 1, 1, 12, tzinfo=UTC) - timedelta(hours=1)
        if len(run.progress) == 3:
            Path("enough").touch()

    until = ("sh", "-c", "until [ -e enough ]; do sleep .02; done")
    request = RunRequest(command=until, environ={"PATH": "/usr/bin:/bin"}, tick_s=0.1)
    record = measure(request, FakeMeter(), set_back)

    assert record.started_at == "2026-01-01T12:00:00.000Z"
    assert record.ended_at.startswith("2026-01-01T12:00:00.")
    assert 0.1 < record.duration_s < 600
    assert any("the clock was set" in warning for warning in record.warnings)


@pytest.mark.slow
def test_a_hundred_thousand_ticks_take_no_memory():
    """24 h at a tick a second, without waiting for them."""
    import tracemalloc

    from carbon_lint.measurement.forecast.listening import Listening
    from carbon_lint.measurement.forecast.outlook import Marks, Outlook
    from carbon_lint.measurement.job.job import JobState
    from carbon_lint.measurement.loop import Loop

    class SilentJob:
        state = JobState.RUNNING
        notices = ()

    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    clock = Clock()
    meter = FakeMeter(power_w=3200.0, clock=clock)
    request = RunRequest(command=("x",), environ={}, budget=Budget(max_energy_kwh=100.0))
    unread = Outlook(listening=Listening(lambda: False, is_wanted=False), marks=Marks(None, None))
    loop = Loop(request, SilentJob(), meter, None, lambda progress: None, outlook=unread)
    meter.start()
    tracemalloc.start()
    for second in range(1, 86_401):
        clock.now = float(second)
        loop._tick()
        if second == 1000:
            early = tracemalloc.get_traced_memory()[0]
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert loop.state.last_reading.energy_kwh.total == pytest.approx(3.2 * 24)
    assert late - early < 200_000, "a single float kept per tick would be 2 MB"


def test_a_progress_file_is_read_from_its_end(tmp_path):
    from carbon_lint.measurement.forecast.job_files import read_done_fraction

    path = tmp_path / "progress"
    for text, expected in [
        ("", None),
        ("0.25\n", 0.25),
        ("10/40\n", 0.25),
        ("25%\n", 0.25),
        ("1/4\nsaving checkpoint\n", 0.25),
        ("5/0\n", None),
        ("nan\n", None),
        ("140%\n", None),
        ("x" * 10_000 + "\n1/2\n", 0.5),
    ]:
        path.write_text(text)
        assert read_done_fraction(path) == expected, text
    assert read_done_fraction(Path("absent")) is None
