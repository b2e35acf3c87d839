"""Read from the Hub what lies beside a card: the record of its run, the journal, and the signed statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from carbon_lint.errors import NothingFoundError
from carbon_lint.hub.client.http import Deadline
from carbon_lint.hub.client.remote import LARGEST_FILE
from carbon_lint.hub.client.session import open_model
from carbon_lint.records.document import BUNDLE, JOURNAL, RECORD


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """A model's card at one commit, and what lies beside it; `None` for each that does not."""

    card: bytes
    sha: str
    record: bytes | None
    journal: bytes | None
    bundle: bytes | None


def read_published(target: str, environ: Mapping[str, str], revision: str, deadline: Deadline) -> PublishedModel:
    """Return what a model publishes. Raises UsageError, HubError, NothingFoundError if it has no card."""
    with open_model(target, environ, deadline=deadline, needs_token=False) as repo:
        tip = repo.tip(revision)
        if tip.card is None:
            raise NothingFoundError(f"{repo.id} has no card", hint="there is no figure to check")
        return PublishedModel(
            card=tip.card,
            sha=tip.sha,
            record=repo.file_at(tip.sha, RECORD),
            journal=repo.file_at(tip.sha, JOURNAL, limit=LARGEST_FILE),
            bundle=repo.file_at(tip.sha, BUNDLE),
        )
