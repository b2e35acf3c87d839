"""State when a run began and ended, by the wall clock, also if somebody sets it meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TOLERANCE_S = 5.0  # between the wall clock and the monotonic one, before we say that somebody set it


def utc_now() -> str:
    """Return this moment as a record states it."""
    return format_utc(datetime.now(UTC))


def ended_at_of(started_at: str, duration_s: float) -> tuple[str, str | None]:
    """Return the end by the wall clock, or by the duration if somebody set the clock while the job ran."""
    now = datetime.now(UTC)
    derived = datetime.fromisoformat(started_at) + timedelta(seconds=duration_s)
    if abs((now - derived).total_seconds()) <= TOLERANCE_S:
        return format_utc(now), None
    return format_utc(derived), "the clock was set while the job ran: ended_at is started_at + duration_s"


def format_utc(moment: datetime) -> str:
    """Return a moment like `2026-11-24T10:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
