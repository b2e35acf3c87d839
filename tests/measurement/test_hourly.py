"""Energy priced hour by hour: what each hour costs, when the grid is asked, and what a figure that fails does."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carbon_lint.errors import MeasurementError, PlaceError
from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.grid import electricity_maps
from carbon_lint.measurement.grid import hourly as hours
from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps, GridHour, NoFigureError
from carbon_lint.measurement.grid.hourly import HourBook, HourlyMeter, HourWatch, hourly, steady_clock
from carbon_lint.measurement.meter import Reading, find_flaw
from carbon_lint.measurement.recover import with_hours
from carbon_lint.records.intensity import source_in_words
from carbon_lint.records.record import Energy, Outcome
from tests.measurement.fake_meter import FakeMeter
from tests.measurement.grid import TOKEN, Grid, hour_of
from tests.records.builders import a_record
from tests.waiting import wait_until

TEN = 497_000  # hours since 1970: some hour, here called ten o'clock
HOUR_S = 3600.0


def figure(number, g_per_kwh, *, is_estimated=True):
    start = datetime.fromtimestamp(number * HOUR_S, UTC)
    return GridHour(zone="FR", start=start, g_per_kwh=g_per_kwh, is_estimated=is_estimated)


class Clock:
    """Stands still until it is set."""

    def __init__(self, now_s=TEN * HOUR_S):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


class EnergyMeter(FakeMeter):
    """Has used what `kwh` says. `None` is a reading that fails."""

    def __init__(self):
        super().__init__(intensity=None)
        self.kwh = 0.0

    def _reading(self):
        if self.kwh is None:
            self.last_failure = "NVML: gone"
            return None
        energy = Energy(total=self.kwh, cpu=self.kwh * 0.75, ram=self.kwh * 0.25)
        return Reading(elapsed_s=1.0, energy_kwh=energy, emissions_g=None)


class Watch:
    """A watch whose figures the test sets."""

    def __init__(self, first):
        self.latest = first
        self.last_failure = None
        self.number = first.number
        self.is_started = self.is_stopped = False

    def now(self):
        return self.number

    def start(self):
        self.is_started = True

    def stop(self):
        self.is_stopped = True


@pytest.fixture
def metered():
    """(meter, energy, watch) at ten o'clock, 20 g/kWh."""
    energy, watch = EnergyMeter(), Watch(figure(TEN, 20.0))
    meter = HourlyMeter(energy, watch)
    meter.start()
    return meter, energy, watch


def go_on(metered, number, kwh):
    """Read `kwh` more in the hour `number`."""
    meter, energy, watch = metered
    watch.number = number
    energy.kwh += kwh
    return meter.read()


def test_each_hours_energy_is_priced_by_its_hour(metered):
    meter, _, watch = metered
    assert go_on(metered, TEN, 1.0).emissions_g == 20.0
    watch.latest = figure(TEN + 1, 60.0, is_estimated=False)
    assert go_on(metered, TEN + 1, 3.0).emissions_g == 200.0

    assert [(hour.g_per_kwh, hour.energy_kwh) for hour in meter.intensity.hours] == [(20.0, 1.0), (60.0, 3.0)]
    assert meter.intensity.g_per_kwh == 50.0
    assert source_in_words(meter.intensity).endswith("1 of 2 estimated, the rest measured")
    assert find_flaw(meter.stop(), meter) is None
    assert meter.warnings == ()
    assert watch.is_started
    assert watch.is_stopped


def test_a_figure_that_is_not_there_yet_is_stood_in_for_and_prices_its_hour_when_it_comes(metered):
    meter, _, watch = metered
    go_on(metered, TEN, 1.0)
    assert go_on(metered, TEN + 1, 3.0).emissions_g == 80.0
    assert meter.intensity.g_per_kwh == 20.0

    watch.latest = figure(TEN + 1, 10.0)
    assert go_on(metered, TEN + 1, 1.0).emissions_g == 60.0
    assert [hour.energy_kwh for hour in meter.intensity.hours] == [1.0, 4.0]
    assert meter.stop().emissions_g == 60.0
    assert meter.warnings == ()


def test_an_hour_whose_figure_never_came_stays_priced_by_the_one_before_with_a_warning(metered):
    meter, _, watch = metered
    go_on(metered, TEN, 1.0)
    go_on(metered, TEN + 1, 1.0)
    watch.latest = figure(TEN + 2, 60.0)
    watch.last_failure = "Electricity Maps answers 500 (zone FR)"
    assert go_on(metered, TEN + 2, 2.0).emissions_g == 160.0

    meter.stop()
    (warning,) = meter.warnings
    assert warning.startswith("1 kWh of 4 kWh were used in hours that Electricity Maps had no figure for")
    assert warning.endswith("latest hour before; Electricity Maps answers 500 (zone FR)")


def test_the_warning_stays_the_same_while_the_grid_fails_and_goes_when_it_answers(metered):
    meter, _, watch = metered
    watch.last_failure = "Electricity Maps answers 500 (zone FR)"
    message = set()
    for _ in range(3):
        go_on(metered, TEN + 1, 1.0)
        message.update(meter.warnings)
    assert message == {
        f"Electricity Maps answers 500 (zone FR): the hour of {figure(TEN, 1.0).label} stands in, until it does"
    }
    watch.last_failure = None
    assert meter.warnings == ()


@pytest.mark.parametrize(("kwh", "is_warned"), [(0.01, False), (0.02, True)])
def test_little_energy_as_an_hour_begins_gives_no_warning(metered, kwh, is_warned):
    meter, _, _ = metered
    go_on(metered, TEN, 1.0)
    go_on(metered, TEN + 1, kwh)
    meter.stop()
    assert bool(meter.warnings) == is_warned


def test_before_the_first_reading_the_intensity_is_the_hours_and_no_energy_is_priced(metered):
    meter, _, _ = metered
    assert (meter.intensity.g_per_kwh, [hour.energy_kwh for hour in meter.intensity.hours]) == (20.0, [0.0])
    assert "Electricity Maps, zone FR, lifecycle factors, hour of " in source_in_words(meter.intensity)
    assert meter.intensity.location is None
    assert meter.intensity.location_name == "FR"


def test_a_missed_reading_changes_nothing_and_its_energy_is_priced_by_the_next(metered):
    meter, energy, _ = metered
    go_on(metered, TEN, 1.0)
    energy.kwh = None
    assert meter.read() is None
    assert meter.last_failure == "NVML: gone"
    assert meter.intensity.hours[0].energy_kwh == 1.0
    energy.kwh = 3.0
    assert meter.read().emissions_g == 60.0


@pytest.mark.parametrize("kwh", [0.5, float("nan"), float("inf")])
def test_energy_that_goes_back_or_is_missing_has_no_price(metered, kwh):
    meter, energy, _ = metered
    go_on(metered, TEN, 1.0)
    energy.kwh = kwh
    assert meter.read() is None
    assert f"from 1.0 to {kwh} kWh" in meter.last_failure
    assert meter.intensity.hours[0].energy_kwh == 1.0


def test_the_meter_is_that_of_the_energy_in_all_else(metered):
    meter, energy, _ = metered
    energy.warnings = ("no counter",)
    energy.hardware = replace(energy.hardware, node="found out late")
    assert meter.warnings == ("no counter",)
    assert (meter.hardware, meter.methods, meter.pue, meter.software) == (
        energy.hardware,
        energy.methods,
        1.0,
        {"fake": "1"},
    )


def test_only_a_reading_in_which_an_hour_begins_carries_the_hours(metered):
    _, _, watch = metered
    reported = [go_on(metered, TEN, 1.0), go_on(metered, TEN, 1.0)]
    watch.latest = figure(TEN + 1, 60.0)
    reported += [go_on(metered, TEN + 1, 0.0), go_on(metered, TEN + 1, 3.0), go_on(metered, TEN + 1, 1.0)]

    watch.latest = figure(TEN + 2, 80.0)
    reported += [go_on(metered, TEN + 2, 1.0)]

    hours = [
        None if each.intensity is None else [hour.energy_kwh for hour in each.intensity.hours] for each in reported
    ]
    assert hours == [[1.0], None, None, [2.0, 3.0], None, [2.0, 4.0, 1.0]]


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.0, 10.0), st.one_of(st.none(), st.floats(1.0, 1000.0))),
    min_size=1,
    max_size=40,
)


@example(steps=[(1, 1.0, None), (0, 0.0, 1.0)])
@given(steps=STEPS)
def test_the_lines_of_a_journal_give_the_hours_of_a_run_that_was_killed_at_any_reading(steps):
    energy, watch = EnergyMeter(), Watch(figure(TEN, 20.0))
    meter, stated = HourlyMeter(energy, watch), None
    for passed, kwh, g_per_kwh in steps:
        watch.number += passed
        if g_per_kwh is not None and watch.number > watch.latest.number:
            watch.latest = figure(watch.number, g_per_kwh)
        energy.kwh += kwh
        reading = meter.read()
        stated = reading.intensity or stated
        if energy.kwh:
            killed = a_record(emissions_g=reading.emissions_g, energy_kwh=reading.energy_kwh)
            hours = with_hours(killed, stated).intensity.hours
            assert [hour.hour for hour in hours] == [hour.hour for hour in meter.intensity.hours]


@given(steps=STEPS)
def test_whatever_comes_when_the_sums_agree_and_each_hour_has_its_own_figure_or_the_latest_before(steps):
    book, now, figures, used = HourBook(figure(TEN, 20.0)), TEN, {TEN: 20.0}, {}
    for passed, kwh, g_per_kwh in steps:
        now += passed
        if g_per_kwh is not None and now not in figures:
            figures[now] = g_per_kwh
            book.learn(figure(now, g_per_kwh))
        book.add(now, kwh)
        used[now] = used.get(now, 0.0) + kwh

    hours = book.hours()
    prices = {number: figures[max(each for each in figures if each <= number)] for number in used}
    assert sum(hour.energy_kwh for hour in hours) == pytest.approx(sum(used.values()))
    assert sum(hour.energy_kwh * hour.g_per_kwh for hour in hours) == pytest.approx(
        sum(kwh * prices[number] for number, kwh in used.items())
    )
    assert book.late_kwh() == pytest.approx(sum(kwh for number, kwh in used.items() if number not in figures))


def test_a_figure_that_is_ahead_of_the_clock_prices_what_was_used_before_it():
    book = HourBook(figure(TEN + 1, 20.0))
    book.add(TEN, 1.0)
    book.learn(figure(TEN + 2, 90.0))
    assert (book.hours()[0].g_per_kwh, book.late_kwh()) == (20.0, 0.0)


def test_a_figure_that_comes_again_or_is_older_changes_nothing():
    book = HourBook(figure(TEN, 20.0))
    book.add(TEN, 1.0)
    book.learn(figure(TEN, 90.0))
    book.learn(figure(TEN - 1, 90.0))
    assert (book.hours()[0].g_per_kwh, book.latest.number) == (20.0, TEN)


def test_ten_days_of_hours_are_priced_within_a_reading():
    energy, watch = EnergyMeter(), Watch(figure(TEN, 20.0 + TEN % 24))
    meter = HourlyMeter(energy, watch)
    for number in range(TEN, TEN + 10 * 24):
        watch.latest = figure(number, 20.0 + number % 24)
        reading = go_on((meter, energy, watch), number, 1.0)

    assert len(meter.intensity.hours) == 240
    assert reading.emissions_g == pytest.approx(240 * (20 + 11.5))
    assert reading.intensity == meter.intensity
    assert find_flaw(reading, meter) is None


# When the grid is asked.


class Service:
    """Answers with what `answer` is, and remembers when it was asked."""

    def __init__(self, clock, answer):
        self.clock = clock
        self.answer = answer
        self.asked = []

    def __call__(self):
        self.asked.append(self.clock())
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def watched():
    """(watch, service, clock) at a quarter past ten. No thread: `moments` looks at the clock in its place."""
    clock = Clock(TEN * HOUR_S + 900)
    service = Service(clock, figure(TEN + 1, 60.0))
    return HourWatch(figure(TEN, 20.0), service, clock), service, clock


def moments(watched, until_s, step_s=10.0):
    """Let the clock go on; the moments, in seconds from now, at which the service was asked."""
    watch, service, clock = watched
    started, asked = clock.now_s, len(service.asked)
    while clock.now_s < started + until_s:
        clock.now_s += step_s
        watch.look()
    return [moment - started for moment in service.asked[asked:]]


def test_the_grid_is_asked_once_an_hour_within_a_minute_of_its_beginning(watched):
    watch, service, _ = watched
    assert moments(watched, 2690) == []
    assert len(moments(watched, 70)) == 1
    assert (watch.latest.g_per_kwh, watch.now()) == (60.0, TEN + 1)

    service.answer = figure(TEN + 2, 40.0)
    assert moments(watched, 3530) == []
    assert len(moments(watched, 70)) == 1
    assert watch.latest.g_per_kwh == 40.0


def test_the_nodes_of_a_job_do_not_all_ask_in_the_same_second():
    asked = set()
    for _ in range(10):
        clock = Clock(TEN * HOUR_S)
        node = (HourWatch(figure(TEN, 20.0), (service := Service(clock, figure(TEN + 1, 60.0))), clock), service, clock)
        asked.update(moments(node, 3670, step_s=1.0))
    assert len(asked) > 3


def test_an_hour_that_is_not_there_yet_is_asked_for_again_soon_and_then_less_often(watched):
    watch, service, clock = watched
    service.answer = figure(TEN, 20.0)
    clock.now_s = (TEN + 1) * HOUR_S - 10
    asked = moments(watched, 4500)

    assert [later - sooner for sooner, later in pairwise(asked)] == [60, 120, 240, 480, 900, 900, 900]
    assert watch.last_failure is None
    service.answer = figure(TEN + 2, 60.0)
    assert len(moments(watched, 900)) == 1
    assert watch.latest.g_per_kwh == 60.0


def test_a_failure_keeps_the_last_figure_gives_a_warning_and_is_tried_again(watched):
    watch, service, clock = watched
    service.answer = NoFigureError("Electricity Maps answers 500 (zone FR)", hint="wait", wait_s=0.0)
    clock.now_s = (TEN + 1) * HOUR_S
    assert len(moments(watched, 260)) == 3
    assert watch.latest.g_per_kwh == 20.0
    assert watch.last_failure == "Electricity Maps answers 500 (zone FR)"

    service.answer = figure(TEN + 1, 60.0)
    assert len(moments(watched, 600)) == 1
    assert (watch.latest.g_per_kwh, watch.last_failure) == (60.0, None)
    assert moments(watched, 2600) == []


def test_the_service_is_left_alone_for_as_long_as_it_asks(watched):
    watch, service, clock = watched
    service.answer = NoFigureError("Electricity Maps answers 429 (zone FR)", hint="wait", wait_s=1200.0)
    clock.now_s = (TEN + 1) * HOUR_S
    first, second = moments(watched, 1400)
    assert second - first == 1200
    assert watch.last_failure is not None


def test_a_machine_that_slept_asks_when_it_wakes_and_a_service_that_falls_back_is_not_followed(watched):
    watch, service, clock = watched
    service.answer = figure(TEN + 9, 60.0)
    clock.now_s = (TEN + 9) * HOUR_S + 100
    watch.look()
    assert watch.latest.number == TEN + 9
    service.answer = figure(TEN + 8, 90.0)
    assert len(moments(watched, 4000)) > 1
    assert watch.latest.g_per_kwh == 60.0


@pytest.fixture
def threaded(monkeypatch):
    """(meter, service, entered, release): its thread looks at once; the service holds each answer until `release`."""
    monkeypatch.setattr(hours, "SLICE_S", 0.002)
    entered, release = threading.Event(), threading.Event()

    def ask():
        entered.set()
        release.wait(60)
        return figure(TEN + 2, 60.0)

    clock = Clock(TEN * HOUR_S)
    watch = HourWatch(figure(TEN, 20.0), ask, clock)
    clock.now_s += 2 * HOUR_S
    yield HourlyMeter(EnergyMeter(), watch), watch, entered, release
    release.set()
    if watch._thread.ident:
        watch._thread.join(5)


def test_a_question_that_is_out_holds_up_neither_a_reading_nor_the_end(threaded):
    meter, watch, entered, release = threaded
    meter.start()
    assert entered.wait(60)
    assert meter.read() is not None
    assert meter.stop() is not None
    assert watch.latest.number == TEN
    assert not release.is_set()


def test_nothing_is_asked_before_the_meter_starts_and_nothing_after_it_stopped(threaded):
    meter, watch, entered, release = threaded
    before = set(threading.enumerate())  # one of an earlier test may still end
    assert not entered.wait(0.05)
    assert set(threading.enumerate()) <= before
    release.set()
    meter.start()
    wait_until(lambda: watch.latest.number == TEN + 2)
    meter.stop()
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_a_meter_that_cannot_start_leaves_no_thread(threaded):
    meter, _, _, _ = threaded
    meter._meter.start = lambda: (_ for _ in ()).throw(MeasurementError("no figures"))
    before = set(threading.enumerate())  # one of an earlier test may still end
    with pytest.raises(MeasurementError, match="no figures"):
        meter.start()
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_the_clock_is_the_wall_clock_until_somebody_sets_that(monkeypatch):
    clock = steady_clock()
    assert clock() == pytest.approx(time.time(), abs=1.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock() > 1_000_000_000
    before, real = clock(), time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda kind: real(kind) + 7200.0)
    assert clock() - before == pytest.approx(7200.0, abs=60.0)


def test_hours_that_are_not_those_of_the_last_reading_make_a_run_unmeasured(metered, monkeypatch):
    meter, _, _ = metered
    go_on(metered, TEN, 1.0)
    last = go_on(metered, TEN, 1.0)
    assert find_flaw(last, meter) is None
    short = replace(meter.intensity, hours=(replace(meter.intensity.hours[0], energy_kwh=1.0),))
    monkeypatch.setattr(HourlyMeter, "intensity", short)
    assert find_flaw(last, meter) == "the hours of the intensity hold 1 kWh, the total is 2 kWh"


# With a server, and a job.


@pytest.fixture
def grid(monkeypatch):
    monkeypatch.setattr(electricity_maps, "PAUSES_S", (0.01, 0.02))
    monkeypatch.setattr(hours, "SLICE_S", 0.01)
    monkeypatch.setattr(hours, "SPREAD_S", 0.0)
    served = Grid(hour_of(TEN * HOUR_S, 20))
    yield served
    served.close()


class Days(Clock):
    """A clock that makes four hours of each second, from when `begins()` is true."""

    def __init__(self, begins=lambda: True):
        super().__init__()
        self._begins, self._started = begins, None

    def __call__(self):
        if self._started is None and self._begins():
            self._started = time.monotonic()
        return TEN * HOUR_S + (0 if self._started is None else (time.monotonic() - self._started) * 4 * HOUR_S)


def test_a_job_of_several_hours_is_priced_by_each_of_them(grid, run):
    clock = Days()

    def answer():
        now_s = clock()
        return hour_of(now_s, 20 + 10 * (int(now_s // HOUR_S) - TEN))

    grid.answer = answer
    meter = hourly(FakeMeter(power_w=1e6, intensity=None), ElectricityMaps("FR", TOKEN, url=grid.url, clock=clock))

    def three_are_priced():
        return sum(hour.energy_kwh > 0 for hour in meter.intensity.hours) >= 3

    record = run("pass", until=three_are_priced, meter=meter, tick_s=0.02, record_path="r.json")

    assert record.outcome is Outcome.COMPLETED, record.warnings
    assert len(record.intensity.hours) >= 2
    numbers = [int(datetime.fromisoformat(hour.hour).timestamp() // HOUR_S) for hour in record.intensity.hours]
    assert [hour.g_per_kwh for hour in record.intensity.hours] == [20 + 10 * (number - TEN) for number in numbers]
    assert sum(hour.energy_kwh for hour in record.intensity.hours) == pytest.approx(record.energy_kwh.total)
    assert record.emissions_g == pytest.approx(record.energy_kwh.total * record.intensity.g_per_kwh)


def test_a_budget_in_grams_stops_a_job_whose_grid_turns_dirty(grid, run):
    clock = Days()
    # In the first hour, a quarter of a second, 0.07 kWh are used: 0.7 g; in the second one 105 g.
    grid.answer = lambda: hour_of(now_s := clock(), 10 if now_s // HOUR_S == TEN else 1500)
    meter = hourly(FakeMeter(power_w=1e6, intensity=None), ElectricityMaps("FR", TOKEN, url=grid.url, clock=clock))
    record = run("import time; time.sleep(60)", meter=meter, tick_s=0.02, budget=Budget(max_emissions_g=50.0))

    assert record.outcome is Outcome.OVER_BUDGET
    assert record.duration_s < 30
    assert record.intensity.hours[-1].g_per_kwh == 1500


def test_a_limit_that_only_a_late_figure_keeps_gives_a_warning(run):
    energy, watch = EnergyMeter(), Watch(figure(TEN, 100.0))
    energy.kwh, watch.number = 1.0, TEN + 1

    class Late(HourlyMeter):
        def stop(self):
            watch.latest = figure(TEN + 1, 10.0)
            return super().stop()

    record = run("import time; time.sleep(60)", meter=Late(energy, watch), budget=Budget(max_emissions_g=50.0))
    assert record.outcome is Outcome.OVER_BUDGET
    assert record.over_budget
    assert record.emissions_g == 10.0
    assert any("not over budget by the last reading" in warning for warning in record.warnings)


def test_a_grid_that_fails_is_reported_once_while_the_job_runs_and_its_cost_once_at_the_end(grid, run):
    clock = Days(begins=lambda: run.progress)  # what fails before the first tick is in the record alone
    meter = hourly(FakeMeter(power_w=1e6, intensity=None), ElectricityMaps("FR", TOKEN, url=grid.url, clock=clock))
    grid.answer = 500

    def was_printed_eight_ticks_ago():
        return any("stands in" in message for progress in run.progress[:-8] for message in progress.notices)

    record = run("pass", until=was_printed_eight_ticks_ago, meter=meter, tick_s=0.02)

    assert record.outcome is Outcome.COMPLETED
    assert len(record.intensity.hours) == 1
    late = [warning for warning in record.warnings if "Electricity Maps" in warning]
    assert len(late) == 1
    assert "had no figure for while the job ran" in late[0]
    assert "answers 500" in late[0]
    live = [notice for notice in run.notices if "stands in, until it does" in notice]
    assert len(live) == 1
    assert len([notice for notice in run.notices if "had no figure for" in notice]) <= 1


def test_without_a_figure_at_the_start_there_is_no_meter_and_so_no_job(grid):
    grid.answer = 403
    with pytest.raises(PlaceError, match="answers 403"):
        hourly(EnergyMeter(), ElectricityMaps("FR", TOKEN, url=grid.url, clock=Clock()))
