"""Say how hard the tests try: `fast` unless the variable TESTS is `thorough`, as .ci/run sets it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

IS_THOROUGH = os.environ.get("TESTS", "fast") == "thorough"


def load_profile():
    """Make Hypothesis as thorough as asked. A busy machine is no bug, and in CI the same examples come every time."""
    settings.register_profile(
        "carbon-lint",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=examples(100),
        derandomize=bool(os.environ.get("CI")),
    )
    settings.load_profile("carbon-lint")


def examples(thorough):
    """Return how many examples to try where `thorough` are wanted by the thorough profile."""
    return thorough if IS_THOROUGH else max(20, thorough // 10)


def sample(values):
    """Return all values for the thorough profile, else every tenth."""
    return values if IS_THOROUGH else values[::10]


def busy():
    """Return how many times as long as on an idle machine a wait may take: the processes to a processor."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
