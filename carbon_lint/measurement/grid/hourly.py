"""Price the energy of a meter hour by hour.

What is read in an hour is booked to that hour, and costs what the grid's figure for that hour says. If that figure
is not there yet, the latest one before it is used; when it comes, it prices all that was booked to its hour.
So the grams so far may fall a little when an hour's figure arrives late.
"""

from __future__ import annotations

import math
import random
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

from carbon_lint.measurement.grid.electricity_maps import HOUR_S, ElectricityMaps, GridHour, NoFigureError
from carbon_lint.measurement.meter import Meter, Reading
from carbon_lint.places import unusual_intensity
from carbon_lint.records.intensity import over_hours
from carbon_lint.records.record import Basis, Hardware, HourlyIntensity, Intensity
from carbon_lint.records.uncertainty import Assumptions
from carbon_lint.units import format_energy

LATE_SHARE = 0.01
"""Of the energy. A smaller part, priced by an older hour, raises no warning: a job that ends at an hour has it."""
SPREAD_S = 60.0  # after the hour: the nodes of a job share one token, and must not all ask in the same second
AGAIN_S = 60.0  # if the hour is not there yet, or the service fails; then twice as long each time
MOST_AGAIN_S = 900.0
SLICE_S = 20.0  # between two looks at the clock: what a thread waits for does not run while the machine sleeps


def steady_clock() -> Callable[[], float]:
    """Return a clock of seconds since 1970: right now, and from now on one that is never set and runs through sleep."""
    # If there is no such clock (not Linux), take one that stands still while the machine sleeps.
    kind = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    offset_s = time.time() - time.clock_gettime(kind)
    return lambda: offset_s + time.clock_gettime(kind)


class HourWatch:
    """Holds the newest hour and, if it is not this one, why. One thread writes them, another reads them.

    `ask` returns the newest hour, or raises NoFigureError; `clock` gives seconds since 1970.
    """

    def __init__(self, first: GridHour, ask: Callable[[], GridHour], clock: Callable[[], float]) -> None:
        self.latest = first
        self.last_failure: str | None = None
        self._ask = ask
        self._clock = clock
        self._misses = 0
        self._due_s = self._next_due_s(0.0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="electricity-maps", daemon=True)

    def now(self) -> int:
        """Return this hour, as hours since 1970."""
        return int(self._clock() // HOUR_S)

    def start(self) -> None:
        """Begin to ask. Not before the job's guardian was forked: a fork takes one thread along."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more, and wait for no answer that is still out."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(0.2)

    def look(self) -> None:
        """Ask, if it is time to."""
        if self._clock() >= self._due_s:
            self._due_s = self._next_due_s(self._refresh())

    def _work(self) -> None:
        while not self._ending.wait(SLICE_S):
            self.look()

    def _refresh(self) -> float:
        """Ask once, and return the seconds that the service wants to be left alone for."""
        try:
            newest = self._ask()
        except NoFigureError as error:
            self.last_failure = error.message
            return error.wait_s or 0.0
        self.last_failure = None
        if newest.number > self.latest.number:  # never back: an hour that was priced keeps its figure
            self.latest = newest
        return 0.0

    def _next_due_s(self, wait_s: float) -> float:
        now_s = self._clock()
        if self.latest.number >= self.now():
            self._misses = 0
            return (self.now() + 1) * HOUR_S + random.uniform(0.0, SPREAD_S)  # noqa: S311  no secret
        self._misses += 1
        again_s = min(AGAIN_S * 2.0 ** min(self._misses - 1, 10), MOST_AGAIN_S)
        return now_s + max(again_s, wait_s)


def hourly(meter: Meter, grid: ElectricityMaps) -> HourlyMeter:
    """Return `meter` priced by `grid`, which is asked at once. Raises MeasurementError if it gives no figure."""
    return HourlyMeter(meter, HourWatch(grid.first(), grid.latest, grid.clock))


class HourlyMeter:
    """See Meter. `meter` measures energy alone."""

    def __init__(self, meter: Meter, watch: HourWatch) -> None:
        self.last_failure: str | None = None
        self.pue, self.methods, self.software = meter.pue, meter.methods, meter.software
        self._meter = meter
        self._watch = watch
        self._book = HourBook(watch.latest)
        self._total_kwh = 0.0
        self._shown: str | None = None  # the newest hour that a reading has stated
        self._has_ended = False

    @property
    def intensity(self) -> Intensity | None:
        """The mean by energy until the last reading, with its hours; before the first one the hour that is known."""
        grid = self._book.latest
        blank = Intensity(
            g_per_kwh=grid.g_per_kwh,
            source=grid.source,
            year=grid.start.year,
            basis=Basis.LIFE_CYCLE,
            location=None,
            location_name=grid.zone,
        )
        mean = over_hours(blank, self._book.hours())
        figures = (mean.g_per_kwh, *(hour.g_per_kwh for hour in mean.hours))
        # The grid hands out such a figure only if the user accepts it.
        return replace(mean, is_unusual=any(unusual_intensity(figure) is not None for figure in figures))

    @property
    def hardware(self) -> Hardware:
        """See Meter."""
        return self._meter.hardware

    @property
    def assumptions(self) -> Assumptions | None:
        """See Meter."""
        return self._meter.assumptions

    @property
    def warnings(self) -> tuple[str, ...]:
        """See Meter. While it counts: that the grid does not answer; at the end: how much an older hour has priced."""
        failure = self._watch.last_failure
        if self._has_ended:
            own = self._late()
        elif failure is None:
            own = ()
        else:  # the same words until the grid answers, or answers otherwise, so that they are shown once
            own = (f"{failure}: the hour of {self._book.latest.label} stands in, until it does",)
        return (*self._meter.warnings, *own)

    def start(self) -> None:
        """See Meter. The grid is asked in a thread from now on; the job's guardian is forked already."""
        self._meter.start()
        self._watch.start()

    def read(self) -> Reading | None:
        """See Meter."""
        return self._priced(self._meter.read())

    def note_job_cpu(self, seconds: float | None, *, outside: str | None) -> None:
        """See Meter."""
        self._meter.note_job_cpu(seconds, outside=outside)

    def stop(self) -> Reading | None:
        """See Meter."""
        self._watch.stop()
        last = self._priced(self._meter.stop())
        self._has_ended = True
        return last

    def _priced(self, reading: Reading | None) -> Reading | None:
        self.last_failure = self._meter.last_failure
        if reading is None:
            return None
        total_kwh = reading.energy_kwh.total
        if total_kwh is None or not self._total_kwh <= total_kwh < math.inf:
            self.last_failure = f"the energy went from {self._total_kwh} to {total_kwh} kWh, which has no price"
            return None
        self._book.learn(self._watch.latest)
        self._book.add(self._watch.now(), total_kwh - self._total_kwh)
        self._total_kwh = total_kwh
        return replace(reading, emissions_g=self._book.grams(), intensity=self._news())

    def _news(self) -> Intensity | None:
        """Return the hours so far if one of them is new in this reading."""
        newest = self._book.hours()[-1]
        if not newest.energy_kwh or newest.hour == self._shown:
            return None
        self._shown = newest.hour
        return self.intensity

    def _late(self) -> tuple[str, ...]:
        late_kwh = self._book.late_kwh()
        if late_kwh <= LATE_SHARE * self._total_kwh:
            return ()
        cause = f"; {self._watch.last_failure}" if self._watch.last_failure else ""
        warning = (
            f"{format_energy(late_kwh)} of {format_energy(self._total_kwh)} were used in hours that Electricity Maps "
            f"had no figure for while the job ran, and are priced by the latest hour before{cause}"
        )
        return (warning,)


class HourBook:
    """Energy by the hour in which it was used, and what each hour costs. Hours are numbered since 1970."""

    def __init__(self, first: GridHour) -> None:
        self._figures = [first]
        self._kwh: dict[int, float] = {}

    @property
    def latest(self) -> GridHour:
        """The newest figure."""
        return self._figures[-1]

    def learn(self, figure: GridHour) -> None:
        """Take over a figure. Of an hour that is known, or older, the first one stays."""
        if figure.number > self.latest.number:
            self._figures.append(figure)

    def add(self, number: int, energy_kwh: float) -> None:
        """Book energy to an hour."""
        self._kwh[number] = self._kwh.get(number, 0.0) + energy_kwh

    def hours(self) -> list[HourlyIntensity]:
        """Return the figures that priced energy, in order of time, and how much each priced."""
        return [
            HourlyIntensity(
                hour=self._figures[index].label,
                g_per_kwh=self._figures[index].g_per_kwh,
                energy_kwh=energy_kwh,
                is_estimated=self._figures[index].is_estimated,
            )
            for index, energy_kwh in (self._priced() or {0: 0.0}).items()
        ]

    def grams(self) -> float:
        """Return what all of it costs."""
        return sum(energy_kwh * self._figures[index].g_per_kwh for index, energy_kwh in self._priced().items())

    def late_kwh(self) -> float:
        """Return the energy whose own hour has no figure."""
        return sum(kwh for number, kwh in self._kwh.items() if self._figures[self._index(number)].number < number)

    def _priced(self) -> dict[int, float]:
        """Return the energy by the figure that prices it, in order of time."""
        priced: dict[int, float] = {}
        for number, energy_kwh in sorted(self._kwh.items()):
            index = self._index(number)
            priced[index] = priced.get(index, 0.0) + energy_kwh
        return priced

    def _index(self, number: int) -> int:
        """Return the figure of the hour, else the latest before it, else the first one."""
        return max(bisect_right(self._figures, number, key=lambda figure: figure.number) - 1, 0)
