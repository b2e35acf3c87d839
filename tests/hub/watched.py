"""What the tests of a watched model have in common."""

from __future__ import annotations

from carbon_lint.records.record import Outcome
from tests.hub.records import record

STOPPED = record(outcome=Outcome.OVER_BUDGET, exit_status=143, over_budget=True)


def told(seen, of=STOPPED, was_stopped=True):
    """What the watch says after a job that was stopped over its budget."""
    return seen.tell(of, was_stopped=was_stopped)


def weights(hub, title, ref="main"):
    """Somebody pushes weights."""
    return hub.commit("acme/m", {"model.safetensors": title.encode()}, title, ref)
