"""Keep the grid's newest hour at hand while a job runs: a thread that asks for it, so that no reading waits."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from carbon_lint.measurement.grid.electricity_maps import HOUR_S, NoFigureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.measurement.grid.electricity_maps import GridHour

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

    Args:
        first: the hour that is known at the start.
        ask: for the newest hour; raises NoFigureError.
        clock: seconds since 1970.
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
        """No more is asked. A question that is out is not waited for."""
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
        """Ask once. Returns the seconds that the service wants to be left alone for."""
        try:
            newest = self._ask()
        except NoFigureError as error:
            self.last_failure = error.message
            return error.retry_after_s or 0.0
        self.last_failure = None
        if newest.number > self.latest.number:  # never back: an hour that was priced keeps its figure
            self.latest = newest
        return 0.0

    def _next_due_s(self, retry_after_s: float) -> float:
        now_s = self._clock()
        if self.latest.number >= self.now():
            self._misses = 0
            return (self.now() + 1) * HOUR_S + random.uniform(0.0, SPREAD_S)  # noqa: S311  no secret
        self._misses += 1
        again_s = min(AGAIN_S * 2.0 ** min(self._misses - 1, 10), MOST_AGAIN_S)
        return now_s + max(again_s, retry_after_s)
