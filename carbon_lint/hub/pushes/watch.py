"""Ask the Hub where a model's branches are before a job, and after one that did not complete what was pushed to them.

Whatever the Hub does, the run goes on: what cannot be found out is unknown, with the reason.
`report.run.pushes` puts it into words.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from carbon_lint import redact
from carbon_lint.errors import HubError
from carbon_lint.hub.client.endpoint import endpoint_of
from carbon_lint.hub.client.http import GRACE_S, Deadline
from carbon_lint.hub.client.refusals import MissingError
from carbon_lint.hub.client.remote import ModelRepo
from carbon_lint.hub.client.session import open_model, quiet_client
from carbon_lint.hub.client.target import parse_target
from carbon_lint.hub.pushes.pushed import Movement, heads, movement

BEFORE_S = 5.0 - GRACE_S
"""What the look before the job may take, as `hard_limit` ends it."""
AFTER_S = 10.0 - GRACE_S
SETTLE_S = 2.5
"""A commit that was on its way when the job ended may land after it: the look is not taken at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """What a model got while a job ran. `movement` is None if that is not known, and `unknown_because` says why.

    `was_seen` is False if the model could not be seen before the job: then all of its commits are listed. `settle_s` is
    how long after the job the Hub was asked.
    """

    repo_id: str
    endpoint: str
    movement: Movement | None
    unknown_because: str | None
    was_seen: bool
    settle_s: float

    @property
    def has_pushed(self) -> bool | None:
        """Return whether anything was pushed; `None` if that is not known."""
        return None if self.movement is None else bool(self.movement.moved or self.movement.left_out)


class Watch:
    """Watch one model over one run."""

    def __init__(
        self, target: str, environ: Mapping[str, str], *, token: str | None = None, settle_s: float = SETTLE_S
    ) -> None:
        """Take the model's name and ask nothing yet. Raise UsageError for no model's name, or a refused HF_ENDPOINT."""
        self.endpoint = endpoint_of(environ)
        self.repo_id = parse_target(target, self.endpoint)
        self._environ = environ
        self._token = token
        self._settle_s = settle_s
        self._before: dict[str, str] = {}
        self._blind: str | None = "the Hub was not asked before the job"

    def begin(self) -> str | None:
        """Read at which commit every branch is. Return a warning, if there is one; the job runs in any case."""
        warning = self._blind = None
        try:
            with quiet_client(), self._open(BEFORE_S) as repo:
                self._before = heads(repo)
        except MissingError as error:
            why = redact.text(error.message, [self._token])
            warning = f"{why}; if the job creates the model, all of its commits are listed"
        except HubError as error:
            why = redact.text(error.message, [self._token])
            warning = self._blind = f"before the job the Hub could not be asked: {why}"
        return warning

    def look(self) -> Pushes:
        """Return what was pushed since `begin`."""
        if self._blind is not None:
            return self._pushes(None, self._blind)
        deadline = Deadline(AFTER_S)
        time.sleep(self._settle_s)
        try:
            with quiet_client(), self._open(deadline.remaining_s()) as repo:
                return self._pushes(movement(repo, self._before))
        except HubError as error:
            return self._pushes(None, redact.text(error.message, [self._token]))

    def interrupted(self) -> Pushes:
        """Return what is known if somebody would not wait for `look`."""
        return self._pushes(None, "asking the Hub was interrupted")

    def _pushes(self, found: Movement | None, unknown_because: str | None = None) -> Pushes:
        return Pushes(
            repo_id=self.repo_id,
            endpoint=self.endpoint,
            movement=found,
            unknown_because=unknown_because,
            was_seen=bool(self._before),
            settle_s=self._settle_s,
        )

    def _open(self, seconds: float) -> AbstractContextManager[ModelRepo]:
        return open_model(self.repo_id, self._environ, deadline=Deadline(seconds), token=self._token, needs_token=False)
