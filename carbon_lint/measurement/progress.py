"""Hold what the loop reports while the job runs, and where the run is heading. The front ends show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TAIL_BYTES = 4096


class Phase(StrEnum):
    """`suspended`: a Ctrl-Z is about to stop us; the terminal must be left as it was found."""

    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """One tick. `used_share` is of the tightest limit, 1.0 at the limit; `forecast_share` is its value at the end.

    `forecast_by` says by what progress. `forecast_warning` is set once, when the share goes over 1.
    `is_line_open`: the job is known to have left a line unfinished on our stream.
    """

    phase: Phase
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


def read_done_fraction(path: Path) -> float | None:
    """Return how far the job says it is, 0 to 1: the last line of its progress file that can be read.

    A line is `0.42`, `42%` or `120/1000`. `None` if there is none yet.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    fractions = (_parse_fraction(line.strip()) for line in reversed(lines))
    return next((fraction for fraction in fractions if fraction is not None), None)


def _parse_fraction(text: str) -> float | None:
    try:
        if text.endswith("%"):
            fraction = float(text[:-1]) / 100
        elif "/" in text:
            done, total = map(float, text.split("/"))
            fraction = done / total
        else:
            fraction = float(text)
    except (ValueError, ZeroDivisionError):
        return None
    return fraction if math.isfinite(fraction) and 0 <= fraction <= 1 else None
