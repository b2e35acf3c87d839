"""Say what a record's outcome means for its process: the exit status, and who ended the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.records.record import Outcome, StoppedBy

if TYPE_CHECKING:
    from carbon_lint.records.record import Record

_SUCCESS = 0


def exit_code(record: Record) -> int:
    """Return what `carbon-lint run` exits with. The child's own failure wins over all but a stop by us."""
    status = record.exit_status
    if record.outcome is Outcome.OVER_BUDGET:
        return 1
    if record.outcome is Outcome.UNMEASURED:
        return 125
    if record.outcome is Outcome.INTERRUPTED:
        return status or 130  # a cancelled job that saved its checkpoint and exited 0 still counts as cancelled
    return _SUCCESS if status is None else status


def was_stopped(record: Record) -> bool:
    """Return whether we ended the job, over its budget or because it could not be measured; it may have exited 0."""
    return record.stopped_by in {StoppedBy.BUDGET, StoppedBy.UNMEASURED}
