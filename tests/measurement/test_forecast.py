"""The forecast of a run, from what it has used and what it has done."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.forecast.forecaster import Announcer, Forecast, Forecaster
from carbon_lint.measurement.forecast.job_files import TrainerState
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.records.record import Energy, Outcome
from tests.measurement.fake_meter import FakeMeter


class Run:
    """A job that writes its progress; `take(used)` is a second later."""

    def __init__(self, tmp_path, **options):
        self.file = tmp_path / "progress"
        self.printed = PrintedProgress()
        self.forecaster = Forecaster(progress_file=self.file, printed=self.printed, **options)
        self.now_s = 0.0

    def writes(self, text):
        self.file.write_text(text)
        return self

    def prints(self, text):
        self.printed.feed(text.encode())
        return self

    def take(self, used):
        self.now_s += 1
        self.forecast = self.forecaster.take(used, self.now_s)
        return None if self.forecast is None else self.forecast.share


@pytest.fixture
def job(tmp_path):
    return Run(tmp_path)


def test_it_is_linear_in_the_progress_from_where_that_began(job):
    assert job.writes("0/100").take(0.1) is None, "what came before is counted once"
    assert job.writes("1/100").take(0.3) is None, "nor is the first step like others: it compiles"
    assert job.writes("2/100").take(0.31) is None, "and a hundredth is too little to go by"
    assert job.writes("11/100").take(0.4) == pytest.approx(0.3 + 99 * 0.01)
    assert job.forecast.by == "the file it writes, 11%"


def test_a_run_that_is_resumed_is_not_given_what_others_had_done(job):
    job.writes("500/1000").take(0.0)
    job.writes("501/1000").take(0.01)
    assert job.writes("551/1000").take(0.11) == pytest.approx(0.01 + 499 * 0.002)


def test_progress_that_stands_still_for_an_epoch_is_not_stretched(job):
    job.writes("0/10").take(0.0)
    assert job.writes("1/10").take(0.05) == pytest.approx(0.5)
    for used in (0.06, 0.08, 0.099):
        assert job.take(used) == pytest.approx(0.5)
    assert job.writes("2/10").take(0.1) == pytest.approx(0.5)
    assert job.take(0.7) == 0.7, "never less than what is used already"


def test_a_slow_first_part_is_not_stretched_over_the_rest_once_the_rest_goes_faster(job):
    """The first tenth fills a cache and takes twice as long: 0.93 of the budget in all."""
    used = [0.93 * (min(done, 10) * 2 + max(0, done - 10)) / 110 for done in range(101)]
    shares = [job.writes(f"{done}/100").take(used[done]) for done in range(100)]
    assert max(shares[5:11]) > 1.5, "nothing tells it yet"
    assert max(shares[25:]) < 1
    assert shares[-1] == pytest.approx(0.93, abs=0.01)


def test_a_long_run_keeps_few_of_the_points_that_it_passed(job):
    for done in range(800):
        assert (share := job.writes(f"{done}/800").take(done / 1600)) is None or share == pytest.approx(0.5)
    assert len(job.forecaster._slopes["file"]._passed) < 520


def test_progress_that_falls_back_is_counted_from_there(job):
    for step in range(0, 60, 10):
        job.writes(f"{step}/100").take(step / 100)
    assert job.writes("0/100").take(0.6) is None
    assert job.writes("10/100").take(0.61) == pytest.approx(0.7)


def test_the_file_comes_first_then_what_is_printed_then_the_clock(tmp_path):
    job = Run(tmp_path, expected_duration_s=100.0)
    shares = []
    for second in range(1, 40):
        if second > 2:
            job.prints(f"\r{second}%|#| {second}/200 [00:10<00:14, 4.1it/s]")
        if second > 20:
            job.writes(f"{second}/50")
        shares.append((job.take(second / 100), job.forecast and job.forecast.by))
    by = [by for _, by in shares]
    assert by[0] is None
    assert by[1] == "the 1 min 40 s that it is expected to take"
    assert by[15] == "its bar, 16/200"
    assert by[-1] == "the file it writes, 78%"
    assert shares[1][0] == pytest.approx(1.0)
    assert shares[15][0] == pytest.approx(2.0)
    assert shares[-1][0] == pytest.approx(0.5)


def test_another_bar_is_counted_from_its_own_beginning(job):
    for second in range(10):
        job.prints(f"\r{second}%|#| {second}/10 [00:10<00:14, 4.1it/s]").take(0.1 * second)
    job.prints("\r100%|#| 10/10 [00:10<00:14, 4.1it/s]\r").take(1.0)
    for second in range(10):
        job.prints(f"\r train: {second}%|#| {second}/1000 [00:10<00:14, 4.1it/s]").take(1.0 + 0.001 * second)
    for second in range(10, 40):
        job.prints(f"\r train: {second}%|#| {second}/1000 [00:10<00:14, 4.1it/s]").take(1.0 + 0.001 * second)
    assert job.forecast.share == pytest.approx(2.0)


def test_a_bar_of_three_seconds_is_not_a_job(job):
    for step in range(0, 60, 20):
        assert job.prints(f"\r{step}%|#| {step}/100 [00:10<00:14, 4.1it/s]").take(0.01 * step) is None
    assert job.prints("\r60%|#| 60/100 [00:10<00:14, 4.1it/s]").take(0.6) == pytest.approx(1.0)


def test_the_clock_goes_no_further_than_the_end(tmp_path):
    job = Run(tmp_path, expected_duration_s=4.0)
    assert [job.take(0.25 * second) for second in range(1, 7)] == [1.0, 1.0, 1.0, 1.0, 1.25, 1.5]


def test_nothing_is_forecast_of_a_run_that_is_not_measured(tmp_path):
    job = Run(tmp_path, expected_duration_s=4.0)
    assert job.take(None) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2)), min_size=1, max_size=60))
def test_a_forecast_is_never_below_what_is_used(steps):
    from carbon_lint.measurement.forecast.forecaster import _Slope
    from carbon_lint.measurement.forecast.printed_progress import Reached

    slope, used = _Slope(), 0.0
    for done, more in steps:
        used += more
        at_end = slope.at_end(Reached(fraction=done, by="", source=""), used, 2 * used)
        assert at_end is None or (at_end[0] >= used and at_end[1] >= 2 * used)


def writing(steps, total, pause_s=0.06):
    return (
        "import os, time\n"
        f"for step in range({steps}):\n"
        f"    open(os.environ['CARBON_LINT_PROGRESS'], 'w').write(f'{{step}}/{total}\\n'); time.sleep({pause_s})\n"
        "    if os.path.exists(os.path.expanduser('~/enough')): break\n"
    )


def test_the_run_warns_once_and_names_the_source(run):
    budget = Budget(max_energy_kwh=20.0)
    record = run(writing(400, 400), until=lambda: run.forecasts, meter=FakeMeter(), budget=budget, forecast=True)

    assert record.outcome is Outcome.COMPLETED, "a forecast warns, it stops nothing"
    (warning,) = run.forecasts
    assert warning.startswith("heading for ")
    assert " of the budget by the end of the job, going by the file it writes, " in warning
    assert any(progress.forecast_by for progress in run.progress)
    (notice,) = run.notices
    assert "did not come true" in notice, "it ended long before"


def test_by_the_clock_too(run):
    meter = FakeMeter(power_w=3_600_000.0)
    budget = Budget(max_energy_kwh=8.0)
    run("pass", until=lambda: run.forecasts, meter=meter, budget=budget, forecast=True, expected_duration_s=10)

    assert run.forecasts[0].endswith(
        "of the budget by the end of the job, going by the 10.0 s that it is expected to take"
    )


def messages(shares, announcer, *, is_recognised=True, begin_s=0.0):
    """The messages about one forecast a second; None means no forecast."""
    found = []
    for second, share in enumerate(shares, start=1):
        forecast = None if share is None else Forecast(share=share, by="its bar, 4/10")
        found.append(announcer.say(forecast, elapsed_s=begin_s + second, is_recognised=is_recognised))
    return [message.warning or message.notice for message in found if message.warning or message.notice]


def test_a_warning_is_withdrawn_when_it_no_longer_holds_and_repeated_when_it_does():
    announcer = Announcer()
    first, back, again = messages([0.5, 1.4, 1.3, 0.98, 1.1, 0.7, 0.6, 1.2, 1.2], announcer)
    assert first.startswith("heading for 140%")
    assert back.startswith("no longer heading over the budget: for 70%")
    assert again.startswith("heading for 120%")
    assert "60%" in announcer.end(0.6).notice, "an early stop: the job ended under its budget"
    assert announcer.end(0.6).notice is None


def test_a_warning_is_taken_back_when_nothing_is_forecast_any_more():
    announcer = Announcer()
    assert len(messages([1.4] + [None] * 20, announcer)) == 1
    (back,) = messages([None] * 20, announcer, begin_s=21.0)
    assert "no longer holds" in back
    assert announcer.end(0.5).notice is None
    over = Announcer()
    messages([1.4], over)
    assert over.end(1.1).notice is None, "it came true"


def test_silence_is_explained_once_and_only_if_nothing_is_recognised():
    announcer = Announcer()
    (explained,) = messages([None] * 400, announcer, is_recognised=False)
    assert "expected-duration" in explained
    assert messages([None] * 400, Announcer(), is_recognised=True) == []
    assert messages([None] * 100, Announcer(), is_recognised=False) == []


def test_a_trainers_state_beside_its_checkpoints_is_its_progress(tmp_path):
    began = time.time()
    state = TrainerState(tmp_path, began - 5)

    def save(step, text=None, folder="out", age_s=0.0):
        path = tmp_path / folder / f"checkpoint-{step}" / "trainer_state.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or json.dumps({"global_step": step, "max_steps": 1000, "log_history": []}))
        os.utime(path, (began + step - age_s, began + step - age_s))

    save(900, folder="old", age_s=5000.0)
    assert state.look(0.0) is None, "it is an earlier run's"
    save(100)
    assert state.look(5.0) is None, "it is not looked for at each tick"
    assert state.look(10.0) == (100, 1000)
    save(200, text="{")
    assert state.look(20.0) == (100, 1000)
    save(300)
    assert state.look(30.0) == (300, 1000)
    job = Run(tmp_path, trainer_state=state)
    assert job.take(0.3) is None
    assert job.forecaster.is_recognised


def test_early_stopping_is_named_as_what_the_forecast_leaves_out(job):
    for epoch in range(1, 9):
        job.prints(f"Epoch {epoch}/100 loss: 0.3\n").take(0.1 * epoch)
    assert "if all 100 run" in job.forecast.by
    assert "heading" in Announcer().say(job.forecast, elapsed_s=9.0, is_recognised=True).warning


def test_a_share_of_over_ten_times_the_budget_is_printed_as_over_1000_percent(run):
    def distort(reading):
        energy = Energy(total=0.9, cpu=0.6, ram=0.3)
        return replace(reading, elapsed_s=1.0, energy_kwh=energy, emissions_g=0.9 * 56.0)

    meter = FakeMeter(distort=distort)
    budget = Budget(max_energy_kwh=1.0)
    run("pass", until=lambda: run.forecasts, meter=meter, budget=budget, forecast=True, expected_duration_s=20.0)
    assert "heading for over 1000% of the budget" in run.forecasts[0]


def test_a_job_within_its_budget_is_warned_of_nothing(run):
    def was_forecast():
        return any(progress.forecast_share for progress in run.progress)

    budget = Budget(max_energy_kwh=1.0)
    run(writing(400, 400), until=was_forecast, meter=FakeMeter(power_w=1.0), budget=budget, forecast=True)

    assert run.forecasts == []
    assert was_forecast()
