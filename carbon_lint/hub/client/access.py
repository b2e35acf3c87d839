"""Finds out before a training what would keep its card from the Hub afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from carbon_lint.hub.client.http import Deadline
from carbon_lint.hub.client.session import open_model

TIMEOUT_S = 10.0


def check_access(target: str, environ: Mapping[str, str], *, token: str | None, by_pull_request: bool) -> None:
    """Check that the model is there and that the token may publish to it; nothing is changed.

    Raises HubError if not, UnansweredError if the Hub does not say.
    """
    with open_model(target, environ, deadline=Deadline(TIMEOUT_S), token=token) as repo:
        repo.check_may_publish(by_pull_request=by_pull_request)
