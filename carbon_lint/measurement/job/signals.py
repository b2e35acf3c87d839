"""Turn signals into something a poll loop can wait for, so that none of them ends or interrupts this process."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from types import FrameType
from typing import Self

CANCELLING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Forwarded to the job as its order to end."""
PASSED_ON = (signal.SIGWINCH, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP, signal.SIGCONT)
"""Forwarded and nothing more: a resized or suspended terminal, Slurm's warning before its time limit."""


class SignalInbox:
    """Collects signals while it is open. `fileno()` is readable when `take()` has something.

    What was ignored when it opened stays ignored, for us and for the job: `nohup`, or a background job of a script.
    `listens`: in the main thread only. Without it nothing arrives: the signals of this process are not ours.
    """

    def __init__(self, *, listens: bool = True) -> None:
        self._listens = listens
        self._arrived: deque[int] = deque()
        self._previous: dict[int, object] = {}
        self._reader = -1
        self._writer = -1
        self._previous_wakeup = -1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        if self._listens:
            self._previous_wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            for signum in (*CANCELLING, *PASSED_ON):
                if signal.getsignal(signum) is not signal.SIG_IGN:
                    self._previous[signum] = signal.signal(signum, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)  # type: ignore[arg-type]  # what signal.signal gave back
        if self._listens:
            signal.set_wakeup_fd(self._previous_wakeup)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor for select and poll."""
        return self._reader

    def take(self) -> list[int]:
        """Return the signals that arrived since the last call, in order."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
        taken = list(self._arrived)
        self._arrived.clear()
        return taken

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self._arrived.append(signum)
