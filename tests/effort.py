"""Say how hard the tests try: the variable TESTS is `fast` (the default) or `thorough`, as .ci/run sets it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hypothesis import HealthCheck, settings

PROFILES = ("fast", "thorough")
PROFILE = os.environ.get("TESTS") or "fast"
if PROFILE not in PROFILES:
    raise SystemExit(f"TESTS is {PROFILE!r}, expected one of {', '.join(PROFILES)}")
IS_THOROUGH = PROFILE == "thorough"


def load_profile():
    """Make Hypothesis as thorough as asked. A busy machine is not a fault of the code.

    In CI the same examples come every time, so that a change is judged by itself.
    """
    settings.register_profile(
        PROFILE,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=examples(100),
        derandomize=bool(os.environ.get("CI")),
    )
    settings.load_profile(PROFILE)


def examples(thorough):
    """Return how many examples to try: half of `thorough` with the thorough profile, else a tenth."""
    return max(20, thorough // (2 if IS_THOROUGH else 10))


def sample(values):
    """Return every other value with the thorough profile, else every tenth."""
    return values[:: 2 if IS_THOROUGH else 10]


IDLE_S = 0.015
"""What the work of `busy` takes on an idle machine."""


def busy():
    """Return how many times as long as on an idle machine a wait may take, by what runs and by a piece of work."""
    began = time.perf_counter()
    sum(number % 7 for number in range(250_000))
    worked = (time.perf_counter() - began) / IDLE_S
    running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return max(1.0, worked, max(running, os.getloadavg()[0]) / (os.cpu_count() or 1))
