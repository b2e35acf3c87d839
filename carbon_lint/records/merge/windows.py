"""Take records as stretches of time on machines: who overlaps whom, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from carbon_lint.records.record import Record


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start_s` to `end_s`, seconds since 1970."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """Seconds."""
        return max(0.0, self.end_s - self.start_s)

    def overlap_s(self, other: Window) -> float:
        """Return seconds that both share."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))


def window_of(record: Record) -> Window:
    """Return when the record was measured; if the clock was set back meanwhile, its duration before the end."""
    start_s, end_s = _seconds(record.started_at), _seconds(record.ended_at)
    return Window(start_s if start_s <= end_s else end_s - record.duration_s, end_s)


def union_s(windows: Iterable[Window]) -> float:
    """Return the seconds that are covered by at least one."""
    return sum(window.length_s for window in merged_windows(windows))


def merged_windows(windows: Iterable[Window]) -> list[Window]:
    """Return the same stretches without overlaps, in order."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start_s <= merged[-1].end_s:
            merged[-1] = Window(merged[-1].start_s, max(merged[-1].end_s, window.end_s))
        else:
            merged.append(window)
    return merged


@lru_cache(maxsize=2**17)  # a ledger asks for the same times again and again
def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
