"""Define what a front end does of the pipeline's story."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from carbon_lint.lint.diagnostic import LintReport
from carbon_lint.records.record import Record
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.sections import Publication

if TYPE_CHECKING:  # huggingface_hub takes half a second
    from carbon_lint.hub.pushes.watch import Watch


class FrontEnd(ABC):
    """What a front end does of the story; it lints and publishes nothing unless it says how.

    Attributes:
        say: writes lines to the log.
        warn: warns the user of something.
        notice: shows the user a notice, in the log unless the front end has a place for notices.
        watch: the model that the job may push to.
        pushes_option: what a user writes to name that model; `None` if there is no way to.
        may_skip: Ctrl-C while the Hub is asked after the job skips the question; else it cancels everything.
    """

    watch: Watch | None = None
    pushes_option: str | None = None
    may_skip = False

    def __init__(
        self, say: Callable[[str], None], warn: Callable[[str], None], notice: Callable[[str], None] | None = None
    ) -> None:
        self.say, self.warn, self.notice = say, warn, notice or say

    @abstractmethod
    def measure(self) -> Record | None:
        """Run the job, or read the record of one; `None` if there is neither."""

    def why(self, record: Record, status: int) -> tuple[str, ...]:
        """Say why the job's record fails the run, beside the verdict and the job's own status; nothing if they do."""
        del record, status
        return ()

    @abstractmethod
    def show(self, report: RunReport) -> None:
        """Show the record with its verdict."""

    def lint(self) -> LintReport | None:
        """Lint the cards and show the findings."""
        return None

    def publish(self, report: RunReport, why_not: str | None) -> Publication | None:
        """Commit the card to the Hub, if that was asked for, or say why nothing is committed."""
        del report, why_not
        return None
