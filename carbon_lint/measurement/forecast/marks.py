"""Bring together the boundaries that the job's progress file and its output name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.measurement.phases import MOST_MARKS_A_TICK

if TYPE_CHECKING:
    from carbon_lint.measurement.forecast.phase_file import PhaseFile
    from carbon_lint.measurement.forecast.printed_progress import PrintedProgress
    from carbon_lint.measurement.phases import Mark


class Marks:
    """Looks at both once a tick. A source that is `None` is not looked at."""

    def __init__(self, file: PhaseFile | None, printed: PrintedProgress | None) -> None:
        self._file = file
        self._printed = printed
        self._dropped = 0

    def look(self, now_s: float) -> list[Mark]:
        """Return what was named since the last look, at most `MOST_MARKS_A_TICK` boundaries, the last ones."""
        marks = [] if self._file is None else self._file.look()
        if self._printed is not None:
            self._printed.look(now_s)
            marks += self._printed.epoch_marks.take()
        self._dropped += max(0, len(marks) - MOST_MARKS_A_TICK)
        return marks[-MOST_MARKS_A_TICK:]

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which boundaries were not counted, one line each."""
        said = []
        dropped = self._dropped + (0 if self._file is None else self._file.dropped)
        if dropped:
            said.append(
                f"at least {dropped} epochs or phases are not listed: over {MOST_MARKS_A_TICK} began within one tick"
            )
        if self._printed is not None and self._printed.epoch_marks.problem is not None:
            said.append(self._printed.epoch_marks.problem)
        return tuple(said)
