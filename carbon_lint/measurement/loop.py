"""The one loop of a run: waits for the job, reads the meter once a tick, and judges the hard limits."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from carbon_lint import debug
from carbon_lint.gate.budget import format_limit, limit_results, used_share, with_bounds
from carbon_lint.gate.verdict import LimitResult, Status
from carbon_lint.measurement.forecast.forecaster import Announcer, Forecast, time_limit
from carbon_lint.measurement.forecast.outlook import Outlook
from carbon_lint.measurement.job.body import Body
from carbon_lint.measurement.job.cpu_time import JobCpu
from carbon_lint.measurement.job.job import CANCEL_GRACE_S, Job, JobState
from carbon_lint.measurement.job.ranks import local_size
from carbon_lint.measurement.job.signals import CANCELLING, SignalInbox
from carbon_lint.measurement.journal import Journal
from carbon_lint.measurement.meter import Meter, Reading, is_finite, power_between_w
from carbon_lint.measurement.phases import PhaseMeter
from carbon_lint.measurement.progress import Occasion, RunProgress
from carbon_lint.measurement.request import OnLoss, RunRequest, StopWhen
from carbon_lint.measurement.whole_job import WholeJob
from carbon_lint.records.ranges import least_power_w, uncertainty_at
from carbon_lint.records.record import StoppedBy, UnmeasuredCode, UnmeasuredReason
from carbon_lint.units import format_duration, format_power

WARN_AT_SHARE = 0.8
MISSED_READINGS = 3  # in a row, and the run counts as unmeasured
CANCELS_TO_KILL = 3  # the third Ctrl-C does not wait any longer


@dataclass(slots=True, kw_only=True)
class RunState:
    """What is known of the run so far. The loop fills it and `run` reads it."""

    last_reading: Reading | None = None
    stopped_by: StoppedBy | None = None
    is_over_budget: bool = False
    unmeasured: UnmeasuredReason | None = None
    warnings: list[str] = field(default_factory=list)
    phases: PhaseMeter = field(default_factory=PhaseMeter)


class Loop:
    """Drives one run. `run()` returns when nothing of the job is left."""

    def __init__(
        self,
        request: RunRequest,
        job: Job | Body,
        meter: Meter,
        inbox: SignalInbox,
        on_progress: Callable[[RunProgress], None],
        *,
        outlook: Outlook,
        journal: Journal | None = None,
        whole_job: WholeJob | None = None,
    ) -> None:
        self.state = RunState()
        self._request = request
        self._job = job
        self._meter = meter
        self._inbox = inbox
        self._on_progress = on_progress
        self._journal = journal
        self._outlook = outlook
        self._whole_job = whole_job
        self._cpu: JobCpu | None = None
        self._notices: list[str] = []
        self._known_warnings = set(meter.warnings)
        self._topics: set[str] = set()
        self._announcer = Announcer()
        self._missed = 0
        self._cancels = 0
        self._at_stop: Reading | None = None
        self._power_w: float | None = None  # mean since the reading before
        self._is_over_by_itself = False  # and not by what another node says
        self._time_limit = time_limit(request.environ)

    def run(self) -> None:
        """Run until the job has gone. The caller stops the meter and calls `take_last`."""
        if self._outlook.listening.problem is not None:
            self._say(self._outlook.listening.problem)
        if local_size(self._request.environ) == 1:  # else the job has processes that are not below us
            self._cpu = self._job.watch_cpu()
        self._say_what_idling_costs()
        poller = select.poll()
        poller.register(self._job, select.POLLIN)
        poller.register(self._inbox, select.POLLIN)
        next_tick = time.monotonic() + self._request.tick_s
        while self._job.poll() is not JobState.GONE:
            self._take_signals()
            wait_s = next_tick - time.monotonic()
            if wait_s <= 0:
                self._tick()
                # from now, not from the last one: after a SIGSTOP there is one late tick and not sixty
                next_tick = time.monotonic() + self._request.tick_s
            else:
                poller.poll(max(1, round(wait_s * 1000)))
        self._take_signals()
        if self._cpu is not None:
            self._cpu.finish(self._job.cpu_s)
        self._note_job_cpu()
        self.state.warnings += self._job.notices
        if isinstance(self._job, Body):  # which may not have been reached by the request to end
            self.state.stopped_by = self._job.stopped_by

    def _say_what_idling_costs(self) -> None:
        """Say how long a limit lasts at most, if it is compared with a modelled figure: idling uses it up, too."""
        power_w, intensity = least_power_w(self._meter.assumptions, self._meter.pue), self._meter.intensity
        if power_w is None:
            return
        per_hour = {"g": power_w / 1000 * (intensity.g_per_kwh if intensity else 0.0), "kWh": power_w / 1000}
        limits = limit_results(self._request.budget, 0.0, 0.0)
        lasts_h = {limit.name: limit.allowed / per_hour[limit.unit] for limit in limits if per_hour[limit.unit]}
        if lasts_h:
            name = min(lasts_h, key=lasts_h.__getitem__)
            self._say(
                f"the job takes at least {format_power(power_w)} (estimated), so {name} lasts at most "
                f"{format_duration(lasts_h[name] * 3600)}"
            )

    def take_last(self, reading: Reading | None) -> None:
        """Take the meter's last word, after the job has ended. If it fails, the one before is at most 2 ticks old."""
        self._say_meter_warnings()
        reading = self._of_job(reading)
        if reading is not None and self._is_usable(reading):
            self._take(reading)
            self._restate(reading)
            if self._is_over_by_itself and not any(limit.is_over for limit in self._limits(reading)):
                # Energy only grows: the grams fell.
                self._warn("not over budget by the last reading: the grid's figure for an hour came late, and is lower")
        elif reading is not None or self._missed + 1 >= MISSED_READINGS:
            self.state.last_reading = reading
        elif self.state.last_reading is not None:
            self._warn("the last reading failed: what the job used since the one before is not counted")
        if self._whole_job is not None:
            message = self._whole_job.close(self.state.last_reading, is_lost=self.state.unmeasured is not None)
            self.state.warnings += filter(None, [message])
            for warning in self._whole_job.warnings():
                self._warn(warning)
        self.state.warnings += self.state.phases.notes
        self.state.warnings += self._outlook.marks.notes
        self._report(Occasion.ENDED)

    def _take_signals(self) -> None:
        for signum in self._inbox.take():
            if signum in CANCELLING:
                self._cancel(signum)
            elif signum == signal.SIGTSTP:
                self._suspend()
            elif signum == signal.SIGWINCH:
                self._outlook.listening.resize()
                self._job.signal(signum)
            else:
                self._job.signal(signum)

    def _cancel(self, signum: int) -> None:
        self._cancels += 1
        grace_s = min(self._request.grace_s, self._request.cancel_grace_s or CANCEL_GRACE_S, CANCEL_GRACE_S)
        if self._cancels >= CANCELS_TO_KILL:
            grace_s = 0.0
        said = f"{signal.Signals(signum).name}: passed to the job, which has {format_duration(grace_s)} to end"
        self._say(said + ("; once more kills it at once" if self._cancels == CANCELS_TO_KILL - 1 else ""))
        if self.state.stopped_by is None:
            self.state.stopped_by = StoppedBy.CANCEL
        self._job.cancel(signum, grace_s)
        self._report(Occasion.RUNNING)

    def _suspend(self) -> None:
        """Suspend at Ctrl-Z. SIGTSTP has no effect on a session without a terminal of its own, SIGSTOP has."""
        self._report(Occasion.SUSPENDED)
        self._job.signal(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)  # as Ctrl-Z would have; this returns when somebody continues us
        self._outlook.listening.resize()  # the process in the foreground got that signal, not this one
        self._job.signal(signal.SIGCONT)

    def _note_job_cpu(self) -> None:
        if self._cpu is not None:
            self._meter.note_job_cpu(self._cpu.seconds, outside=self._cpu.outside)

    def _of_job(self, reading: Reading | None) -> Reading | None:
        """Return the reading with what the job's own processes have used."""
        return reading if reading is None or self._cpu is None else replace(reading, job_cpu_s=self._cpu.seconds)

    def _tick(self) -> None:
        if self._cpu is not None:
            self._cpu.sample()
        self._note_job_cpu()
        reading = self._of_job(self._meter.read())
        self._say_meter_warnings()
        if reading is None or not self._is_usable(reading):
            self._miss()
        else:
            self._missed = 0
            self._take(reading)
        self._follow_nodes()
        self._report(Occasion.RUNNING)

    def _follow_nodes(self) -> None:
        """Take what the other nodes of the job state, and stop if one of them found the job over its limits."""
        if self._whole_job is None:
            return
        for warning in self._whole_job.warnings():
            self._warn(warning)
        node = self._whole_job.stopped_by
        if node is not None and not self.state.is_over_budget:
            self.state.is_over_budget = True
            self._warn(f"over budget: node {node} found the whole job over its limits")
            if self._request.on_exceed is OnLoss.STOP and self.state.stopped_by is None:
                self._end(StoppedBy.BUDGET)

    def _say_meter_warnings(self) -> None:
        """Say what the meter came to know while it counted; the record takes it from the meter itself."""
        for warning in self._meter.warnings:
            if warning not in self._known_warnings:
                self._known_warnings.add(warning)
                self._say(warning)

    def _miss(self) -> None:
        self._missed += 1
        if self._missed < MISSED_READINGS or self.state.unmeasured is not None:
            return
        cause = f" ({self._meter.last_failure})" if self._meter.last_failure else ""
        why = f"{MISSED_READINGS} readings in a row failed: the run counts as unmeasured{cause}"
        self.state.unmeasured = UnmeasuredReason(code=UnmeasuredCode.READINGS_FAILED, message=why)
        self._warn(why)
        if self._request.on_unmeasured is OnLoss.STOP and self.state.stopped_by is None:
            self._end(StoppedBy.UNMEASURED)

    def _take(self, reading: Reading) -> None:
        self._power_w = power_between_w(self.state.last_reading, reading)
        self.state.last_reading = reading
        marks = self._outlook.marks.look(reading.elapsed_s)
        self.state.phases.take(reading, marks)
        if self._journal is not None:
            self._journal.write_reading(reading, marks)
            if self._journal.problem is not None:
                problem = f"cannot write {self._journal.path}: {self._journal.problem}; the job goes on"
                self._say_once("journal", problem)
        if self._whole_job is not None:
            energy, methods = reading.energy_kwh, self._meter.methods
            self._whole_job.take(reading, uncertainty_at(energy, methods, reading.emissions_g, reading.uncertainty))
        self._check_limits(reading)

    def _check_limits(self, reading: Reading) -> None:
        share = used_share(self._limits(reading))
        if share is None or share < WARN_AT_SHARE:
            return
        limits = self._with_ranges(reading)
        exceeded = [limit for limit in limits if limit.is_over]
        if exceeded and not self.state.is_over_budget:
            self.state.is_over_budget = self._is_over_by_itself = True
            self._say("over budget: " + _in_words(exceeded))
            # Without the figure of that moment: the job goes on until it has ended, and the record states the last one.
            names = " and ".join(limit.name for limit in exceeded)
            after = format_duration(reading.elapsed_s)
            self.state.warnings.append(f"the job went over its budget ({names}) {after} after its start")
        if exceeded and self._request.on_exceed is OnLoss.STOP and self.state.stopped_by is None:
            self._stop_over(exceeded, reading)
        elif not exceeded:
            self._say_once("warn-at", f"{share:.0%} of the budget is used: " + _in_words(limits))

    def _stop_over(self, exceeded: Sequence[LimitResult], reading: Reading) -> None:
        """Stop the job, unless only the likely figure is over and the user asked for certainty."""
        certain = [limit for limit in exceeded if limit.status is Status.FAIL]
        if self._request.stop_when is StopWhen.LIKELY or certain:
            if "not-certain" in self._topics:
                self._say("over budget for certain: " + _in_words(certain))
            self._at_stop = reading
            self._end(StoppedBy.BUDGET)
            if self._whole_job is not None:
                self._whole_job.stop_others()
        else:
            self._say_once("not-certain", "the job goes on until the lower end of the range is over, too")

    def _restate(self, reading: Reading) -> None:
        """Say what the job used from its stop to its end, in place of the figure that it was stopped at."""
        if self._at_stop is None:
            return
        limits = [limit for limit in self._with_ranges(reading) if limit.is_over]
        if limits:
            grace_s = reading.elapsed_s - self._at_stop.elapsed_s
            self._say(f"the job ended {format_duration(grace_s)} after it was stopped: {_in_words(limits)}")

    def _end(self, reason: StoppedBy) -> None:
        if self._job.state is JobState.RUNNING:
            self.state.stopped_by = reason
            self._say(self._job.end(self._request.grace_s, reason))

    def _forecast(self, used: float | None, occasion: Occasion) -> tuple[Forecast | None, str | None]:
        """Return the forecast, and the warning if it is due now."""
        forecaster = self._outlook.forecaster
        if forecaster is None or self.state.last_reading is None:
            return None, None
        if occasion is Occasion.ENDED:
            forecast, message = None, self._announcer.end(used)
        else:
            elapsed_s = self.state.last_reading.elapsed_s
            forecast = forecaster.take(used, elapsed_s)
            if forecast is not None and self._journal is not None:
                self._journal.write_forecast(elapsed_s, forecast.share)
            limit, ends_at_s = self._time_limit, None if forecast is None else forecast.ends_at_s
            if ends_at_s is not None and limit is not None and ends_at_s > limit.after_s:
                self._say_once("time-limit", f"heading for {format_duration(ends_at_s)}, and {limit.words}")
            if self.state.is_over_budget:
                return forecast, None
            message = self._announcer.say(forecast, elapsed_s=elapsed_s, is_recognised=forecaster.is_recognised)
        if message.notice is not None:
            self._say(message.notice)
        return forecast, message.warning

    def _is_usable(self, reading: Reading) -> bool:
        """Return whether the reading holds what the limits are compared with."""
        lacks_grams = reading.emissions_g is None and self._request.budget.max_emissions_g is not None
        return is_finite(reading) and not lacks_grams

    def _limits(self, reading: Reading | None) -> tuple[LimitResult, ...]:
        """Return the limits beside the reading's figures; none if it holds no figure to judge."""
        if reading is None or not self._is_usable(reading):
            return ()
        if self._whole_job is not None:
            reading = self._whole_job.sum(reading)
        return limit_results(self._request.budget, reading.emissions_g, reading.energy_kwh.total)

    def _with_ranges(self, reading: Reading) -> tuple[LimitResult, ...]:
        judged = reading if self._whole_job is None else self._whole_job.sum(reading)
        known = uncertainty_at(judged.energy_kwh, self._meter.methods, judged.emissions_g, judged.uncertainty)
        return with_bounds(self._limits(reading), known)

    def _report(self, occasion: Occasion) -> None:
        reading = self.state.last_reading
        used = used_share(self._limits(reading))
        forecast, warning = self._forecast(used, occasion)
        notices, self._notices = tuple(self._notices), []
        self._on_progress(
            RunProgress(
                occasion=occasion,
                elapsed_s=reading.elapsed_s if reading else 0.0,
                emissions_g=reading.emissions_g if reading else None,
                energy_kwh=reading.energy_kwh.total if reading else None,
                power_w=self._power_w,
                used_share=used,
                forecast_share=forecast.share if forecast else None,
                forecast_by=forecast.by if forecast else None,
                forecast_warning=warning,
                is_line_open=self._outlook.listening.is_line_open,
                notices=notices,
            )
        )

    def _say(self, notice: str) -> None:
        """Print to the person who watches."""
        debug.log("run", "%s", notice)
        self._notices.append(notice)

    def _say_once(self, topic: str, notice: str) -> None:
        if topic not in self._topics:
            self._topics.add(topic)
            self._say(notice)

    def _warn(self, warning: str) -> None:
        """Warn the person who watches, and in the record."""
        self._say(warning)
        self.state.warnings.append(warning)


def _in_words(limits: Iterable[LimitResult]) -> str:
    return "; ".join(map(format_limit, limits))
