"""Tell the pipeline's story to a Python program: what happens is logged, and nothing is printed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
from carbon_lint.measurement.loop import WARN_AT_SHARE
from carbon_lint.measurement.run import measure
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from carbon_lint.hub.pushes.watch import Watch
    from carbon_lint.measurement.job.body import Body
    from carbon_lint.measurement.meter import Meter
    from carbon_lint.measurement.progress import RunProgress
    from carbon_lint.measurement.request import RunRequest
    from carbon_lint.records.record import Record
    from carbon_lint.report.run.run_report import RunReport

_LOG = logging.getLogger("carbon_lint")


class Front:
    """See pipeline.story.FrontEnd. `progress` is that of the last reading, `report` what is known of the run."""

    watch: Watch | None = None
    may_skip = False

    def __init__(self, request: RunRequest, meter: Meter, body: Body) -> None:
        self.progress: RunProgress | None = None
        self.report: RunReport | None = None
        self._request = request
        self._meter = meter
        self._body = body

    def measure(self) -> Record:
        """Measure the body."""
        return measure(self._request, self._meter, self._note, PrintedProgress(), self._body)

    def _note(self, progress: RunProgress) -> None:
        self.progress = progress
        is_near = (progress.used_share or 0.0) >= WARN_AT_SHARE
        for notice in progress.notices:
            _LOG.log(logging.WARNING if is_near else logging.INFO, terminal(notice))
        if progress.forecast_warning is not None:
            _LOG.warning(terminal(progress.forecast_warning))

    def why(self, record: Record, status: int) -> tuple[str, ...]:
        """See FrontEnd: the verdict says it."""
        del record, status
        return ()

    def show(self, report: RunReport) -> None:
        """Keep the report: the program shows it if it wants to."""
        self.report = report

    def say(self, text: str) -> None:
        """Log a line."""
        _LOG.info(terminal(text))

    def notice(self, text: str) -> None:
        """Log a line."""
        _LOG.info(terminal(text))

    def warn(self, text: str) -> None:
        """Log a warning."""
        _LOG.warning(terminal(text))

    def lint(self) -> None:
        """Lint nothing: `check` does."""

    def publish(self, report: RunReport) -> None:
        """Publish nothing: `publish` does."""

    def leave_unpublished(self, reason: str) -> None:
        """Print nothing: it was not asked for."""
