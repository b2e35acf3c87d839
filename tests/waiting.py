"""Waiting for a state, never for a time."""

from __future__ import annotations

import time


def wait_until(condition, timeout_s=60.0):
    """Poll until `condition()` is true, and return what it gave."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{condition} did not come true in {timeout_s} s"
        time.sleep(0.01)
    return answer


def try_again(attempt, is_right, times=5):
    """Return the first answer of `attempt` that is right, else the last: a busy machine may spoil one, and not all."""
    for _ in range(times):
        if is_right(answer := attempt()):
            break
    return answer
