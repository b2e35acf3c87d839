"""Define what a front end does of the pipeline's story."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
        watch: the model that the job may push to.
        pushes_option: what a user writes to name that model; `None` if there is no way to.
        may_skip: Ctrl-C while the Hub is asked after the job skips the question; else it cancels everything.
    """

    watch: Watch | None = None
    pushes_option: str | None = None
    may_skip = False

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

    @abstractmethod
    def say(self, text: str) -> None:
        """Write lines to the log."""

    def notice(self, text: str) -> None:
        """Show the user a notice."""
        self.say(text)

    @abstractmethod
    def warn(self, text: str) -> None:
        """Warn the user of something."""

    def lint(self) -> LintReport | None:
        """Lint the cards and show the findings."""
        return None

    def publish(self, report: RunReport) -> Publication | None:
        """Commit the card to the Hub."""
        del report
        return None

    def leave_unpublished(self, reason: str) -> Publication | None:
        """Say why nothing is committed, if that was asked for."""
        del reason
        return None
