"""Hold what the loop reports while the job runs, for the front ends to show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Occasion(StrEnum):
    """Why the loop reports. `suspended`: a Ctrl-Z is about to stop us; the terminal must be left as it was found."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """One tick. `used_share` is of the tightest limit, 1.0 at the limit; `forecast_share` is its value at the end.

    `forecast_by` says by what progress. `forecast_warning` is set once, when the share goes over 1.
    `is_line_open`: the job is known to have left a line unfinished on our stream.
    """

    occasion: Occasion
    elapsed_s: float = 0.0
    emissions_g: float | None = None
    energy_kwh: float | None = None
    power_w: float | None = None
    used_share: float | None = None
    forecast_share: float | None = None
    forecast_by: str | None = None
    forecast_warning: str | None = None
    is_line_open: bool = False
    notices: tuple[str, ...] = ()
