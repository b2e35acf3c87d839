"""Receive CodeCarbon's figures and its log. Both only store: an exception in here loses the whole run."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any


class Tap:
    """An output handler of CodeCarbon. `last` is its EmissionsData."""

    def __init__(self) -> None:
        self.last: Any = None
        self.count = 0

    def out(self, total: Any, delta: Any) -> None:
        """Take what `flush()` and `stop()` give."""
        del delta
        self.last = total
        self.count += 1

    def live_out(self, total: Any, delta: Any) -> None:
        """Never called: no scheduler runs."""

    def task_out(self, data: Any, experiment_name: str) -> None:
        """Tasks are not used."""

    def exit(self) -> None:
        """Do nothing: nothing is open."""


class QuietLog(logging.Filter):
    """Keeps CodeCarbon's last warnings for our own messages, and lets none through to stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=16)

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep it, and let nothing pass."""
        if record.levelno >= logging.WARNING:
            cause = record.exc_info[1] if record.exc_info else None
            # An exception that CodeCarbon swallowed says more than the lines it logs around it.
            if cause is not None:
                self.lines.appendleft(f"{type(cause).__name__}: {cause}")
            else:
                self.lines.append(record.getMessage())
        return False

    def cause(self) -> str:
        """Return the best of what was kept."""
        return next((line for line in self.lines if line), "it says nothing of why")
