"""Forecast what a run will have used of its budget when the job has ended, and say so once.

Linear in the job's progress, from the moment at which that progress began to move: what was used before (imports, the
compiling of a first step, the steps that a resumed run did not repeat) is counted once and not stretched. If the second
half of what has been done since took less than the first (an epoch that filled a cache), that half counts. So what is
forecast is the least that the job will use until its counter ends, even if that is not the end of the job.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from carbon_lint.measurement.forecast.job_files import TrainerState, read_done_fraction
from carbon_lint.measurement.forecast.printed_progress import PrintedProgress, Reached
from carbon_lint.records.schedulers import scheduled_job
from carbon_lint.units import format_duration, whole_number

LEAST_DONE = 0.02
"""Of the whole. Before so much has been done under our eyes a forecast would be noise."""
LEAST_LIFE_S = 3.0
"""A shorter bar does not show the job."""
MOST_SHARE_SHOWN = 10.0  # a budget missed by more than that is a wrong unit, and no figure says it better
SILENT_S = 120.0
"""After so long a line says that the job shows no progress."""
_HOLDS_NO_LONGER = 0.95  # of the budget: between this and 1 a forecast that wavers stays as it was printed
_GONE_S = 30.0  # a bar that has ended is followed by another one as a rule
_MOST_PASSED = 512
_HF_DEFAULT_S = 1800.0
"""https://huggingface.co/docs/hub/jobs-configuration: a Job ends after 30 minutes unless `--timeout` says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`share` of the budget at the end, 1.0 at the limit. `by` says by what progress, for a person.

    `ends_at_s`: after how many seconds the job will have ended; `None` if that is not known.
    """

    share: float
    by: str
    ends_at_s: float | None = None


@dataclass(slots=True, kw_only=True)
class Forecaster:
    """Asks the job's progress file, a Trainer's state, what the job prints, the clock: the first that knows holds."""

    progress_file: Path | None = None
    trainer_state: TrainerState | None = None
    printed: PrintedProgress | None = None
    expected_duration_s: float | None = None
    _slopes: dict[str, _Slope] = field(init=False, default_factory=lambda: defaultdict(_Slope))  # of what has moved

    def take(self, used: float | None, elapsed_s: float) -> Forecast | None:
        """Return where `used` of the budget after `elapsed_s` leads, as a share; `None` if that is not known yet."""
        printed = self.printed.look(elapsed_s) if self.printed is not None else None
        if used is None:
            return None
        done = None if self.progress_file is None else read_done_fraction(self.progress_file)
        file = None if done is None else Reached(fraction=done, by=f"the file it writes, {done:.0%}", source="file")
        sources = {"file": file, "state": self._read_state(elapsed_s), "print": printed}
        for name, reached in sources.items():
            at_end = None if reached is None else self._slopes[name].at_end(reached, used, elapsed_s)
            if reached is not None and at_end is not None and reached.known_for_s >= LEAST_LIFE_S:
                return Forecast(share=at_end[0], by=reached.by, ends_at_s=at_end[1])
        return self._by_time(used, elapsed_s)

    @property
    def is_recognised(self) -> bool:
        """Whether the job shows any progress, or its duration is known."""
        known = self.expected_duration_s is not None or "file" in self._slopes or "state" in self._slopes
        return known or (self.printed is not None and self.printed.is_recognised)

    def _read_state(self, elapsed_s: float) -> Reached | None:
        steps = None if self.trainer_state is None else self.trainer_state.look(elapsed_s)
        if steps is None:
            return None
        return Reached(
            fraction=steps[0] / steps[1], by=f"its trainer_state.json, {steps[0]}/{steps[1]}", source="state"
        )

    def _by_time(self, used: float, elapsed_s: float) -> Forecast | None:
        expected_s = self.expected_duration_s
        if not expected_s or elapsed_s < LEAST_DONE * expected_s:
            return None
        share = used / min(1.0, elapsed_s / expected_s)
        by = f"the {format_duration(expected_s)} that it is expected to take"
        return Forecast(share=share, by=by, ends_at_s=max(expected_s, elapsed_s))


class _Slope:
    """Holds what was used, and the time that it took, against what was done, of one source of progress."""

    def __init__(self) -> None:
        self._source: str | None = None
        self._has_moved = False
        self._began = (0.0, 0.0, 0.0)  # (done, used, elapsed_s)
        self._latest = (0.0, 0.0, 0.0)  # where progress last changed: it may stand still for an epoch
        self._passed: list[tuple[float, float, float]] = []  # each change since it began, thinned out

    def at_end(self, reached: Reached, used: float, elapsed_s: float) -> tuple[float, float] | None:
        """Take one reading in. Return the share used and the seconds at the end; `None` while too little is known."""
        here = (reached.fraction, used, elapsed_s)
        if reached.source != self._source or reached.fraction < self._latest[0]:
            self._source, self._has_moved = reached.source, False
            self._began = self._latest = here
            self._passed = [here]
        elif reached.fraction > self._latest[0]:
            if not self._has_moved and reached.fraction - self._began[0] < LEAST_DONE:
                self._began = here  # the first step compiles and allocates: it is like no other
                self._passed.clear()
            self._has_moved = True
            self._latest = here
            self._passed = [*self._passed[:: 1 + (len(self._passed) >= _MOST_PASSED)], here]
        if self._latest[0] - self._began[0] < LEAST_DONE:
            return None
        middle = (self._began[0] + self._latest[0]) / 2
        halfway = self._passed[bisect_right(self._passed, (middle, math.inf, math.inf)) - 1]
        starts = [start for start in (self._began, halfway) if self._latest[0] - start[0] >= LEAST_DONE]
        ends = zip(*(self._end_by(start) for start in starts), strict=True)
        least_used, least_s = map(min, ends)
        return max(used, least_used), max(elapsed_s, least_s)

    def _end_by(self, start: tuple[float, float, float]) -> tuple[float, float]:
        """Return what is used, and the seconds, at the end if all goes on as from `start` to here."""
        done, used, took_s = (late - early for late, early in zip(self._latest, start, strict=True))
        left = (1 - self._latest[0]) / done
        return self._latest[1] + used * left, self._latest[2] + took_s * left


class Message(NamedTuple):
    """What to print now: a `warning` that the job is heading over its budget, or a plain `notice`."""

    warning: str | None = None
    notice: str | None = None


NOTHING = Message()


class Announcer:
    """Turns one forecast after the other into the few sentences that a person reads."""

    def __init__(self) -> None:
        self._is_warned = False
        self._has_explained = False
        self._seen_s = 0.0  # when there was a forecast last

    def say(self, forecast: Forecast | None, *, elapsed_s: float, is_recognised: bool) -> Message:
        """Return what to print about `forecast`; `is_recognised`: the job shows something of its progress."""
        if forecast is None:
            return self._say_of_none(elapsed_s, is_recognised=is_recognised)
        self._seen_s = elapsed_s
        if forecast.share > 1 and not self._is_warned:
            self._is_warned = True
            text = f"{forecast.share:.0%}" if forecast.share < MOST_SHARE_SHOWN else f"over {MOST_SHARE_SHOWN:.0%}"
            return Message(warning=f"heading for {text} of the budget by the end of the job, going by {forecast.by}")
        if forecast.share <= _HOLDS_NO_LONGER and self._is_warned:
            self._is_warned = False
            share = f"{forecast.share:.0%}"
            return Message(notice=f"no longer heading over the budget: for {share} of it, going by {forecast.by}")
        return NOTHING

    def end(self, used: float | None) -> Message:
        """Return what to print once the job has ended with this share of its budget used."""
        if not self._is_warned or used is None or used > 1:
            return NOTHING
        self._is_warned = False
        return Message(notice=f"the forecast did not come true: the job ended with {used:.0%} of its budget used")

    def _say_of_none(self, elapsed_s: float, *, is_recognised: bool) -> Message:
        if self._is_warned and elapsed_s - self._seen_s >= _GONE_S:
            self._is_warned = False
            return Message(notice="the forecast no longer holds: what it went by has ended, or has started again")
        if is_recognised or self._has_explained or elapsed_s < SILENT_S:
            return NOTHING
        self._has_explained = True
        return Message(
            notice="no progress recognised in the output, so nothing is forecast: state `expected-duration`, such as "
            "2h, or let the job write 120/1000 to the file that CARBON_LINT_PROGRESS names"
        )


class TimeLimit(NamedTuple):
    """`after_s`: seconds from now. `words` state what ends the job, and what the user can do."""

    after_s: float
    words: str


def time_limit(environ: Mapping[str, str]) -> TimeLimit | None:
    """Return when the scheduler ends the job; `None` if it does not say. A Hugging Face Job states its default only."""
    job = scheduled_job(environ)
    if job is None:
        return None
    if job.scheduler == "hf-jobs":
        words = (
            f"a Hugging Face Job ends after {format_duration(_HF_DEFAULT_S)} unless it was started with --timeout, "
            "such as --timeout 4h"
        )
        return TimeLimit(_HF_DEFAULT_S, words)
    ends_at_s = whole_number(environ.get("SLURM_JOB_END_TIME"))  # since 1970, from Slurm 22.05 on
    if job.scheduler != "slurm" or ends_at_s is None:
        return None
    after_s = ends_at_s - time.time()
    return TimeLimit(after_s, "Slurm ends it at its time limit (sbatch --time)") if after_s > 0 else None
