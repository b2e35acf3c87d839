"""Print a forecast once, take it back if it no longer holds, and say why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carbon_lint.measurement.forecast.forecaster import Forecast

MOST_SHARE_SAID = 10.0  # a budget missed by more than that is a wrong unit, and no figure says it better
SILENT_S = 120.0
"""After so long a line says that the job shows no progress."""
_HOLDS_NO_LONGER = 0.95  # of the budget: between this and 1 a forecast that wavers stays as it was printed
_GONE_S = 30.0  # a bar that has ended is followed by another one as a rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What to print now: a `warning` that the job is heading over its budget, or a plain `notice`."""

    warning: str | None = None
    notice: str | None = None


NOTHING = Said()


class Announcer:
    """Turns one forecast after the other into the few sentences that a person reads."""

    def __init__(self) -> None:
        self._is_warned = False
        self._has_explained = False
        self._seen_s = 0.0  # when there was a forecast last

    def say(self, forecast: Forecast | None, *, elapsed_s: float, is_recognised: bool) -> Said:
        """Return what to print about `forecast`; `is_recognised`: the job shows something of its progress."""
        if forecast is None:
            return self._say_of_none(elapsed_s, is_recognised=is_recognised)
        self._seen_s = elapsed_s
        if forecast.share > 1 and not self._is_warned:
            self._is_warned = True
            text = f"{forecast.share:.0%}" if forecast.share < MOST_SHARE_SAID else f"over {MOST_SHARE_SAID:.0%}"
            return Said(warning=f"heading for {text} of the budget by the end of the job, going by {forecast.by}")
        if forecast.share <= _HOLDS_NO_LONGER and self._is_warned:
            self._is_warned = False
            share = f"{forecast.share:.0%}"
            return Said(notice=f"no longer heading over the budget: for {share} of it, going by {forecast.by}")
        return NOTHING

    def end(self, used: float | None) -> Said:
        """Return what to print once the job has ended with this share of its budget used."""
        if not self._is_warned or used is None or used > 1:
            return NOTHING
        self._is_warned = False
        return Said(notice=f"the forecast did not come true: the job ended with {used:.0%} of its budget used")

    def _say_of_none(self, elapsed_s: float, *, is_recognised: bool) -> Said:
        if self._is_warned and elapsed_s - self._seen_s >= _GONE_S:
            self._is_warned = False
            return Said(notice="the forecast no longer holds: what it went by has ended, or has started again")
        if is_recognised or self._has_explained or elapsed_s < SILENT_S:
            return NOTHING
        self._has_explained = True
        return Said(
            notice="no progress recognised in the output, so nothing is forecast: state `expected-duration`, such as "
            "2h, or let the job write 120/1000 to the file that CARBON_LINT_PROGRESS names"
        )
