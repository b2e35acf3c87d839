"""What the tests of a watched model have in common."""

from __future__ import annotations

from types import SimpleNamespace

from carbon_lint.records.record import Outcome
from carbon_lint.report.run.pushes import pushes_in_words
from tests.hub.records import record

STOPPED = record(outcome=Outcome.OVER_BUDGET, exit_status=143, over_budget=True)


def after_stop(seen, of=STOPPED, was_stopped=True):
    """What the watch finds after a job that was stopped over its budget, and its words."""
    found = seen.look()
    return SimpleNamespace(notes=pushes_in_words(found, of, was_stopped=was_stopped), has_pushed=found.has_pushed)


def weights(hub, title, ref="main"):
    """Somebody pushes weights."""
    return hub.commit("acme/m", {"model.safetensors": title.encode()}, title, ref)
