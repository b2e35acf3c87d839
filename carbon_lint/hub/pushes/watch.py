"""Asks a model on the Hub before a job, and after one that did not complete, and says what was pushed there meanwhile.

Whatever the Hub does, the run goes on: what cannot be found out is said to be unknown, and why.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon_lint.errors import HubError
from carbon_lint.hub.client.endpoint import endpoint_of
from carbon_lint.hub.client.http import GRACE_S, Deadline
from carbon_lint.hub.client.refusals import MissingError
from carbon_lint.hub.client.session import logging_to_stderr, open_model
from carbon_lint.hub.client.target import parse_target
from carbon_lint.hub.pushes.pushed import heads, movement
from carbon_lint.records.record import Outcome
from carbon_lint.redact import redacted
from carbon_lint.text import quoted, terminal
from carbon_lint.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from carbon_lint.hub.client.remote import ModelRepo
    from carbon_lint.hub.pushes.pushed import Commit, Moved, Movement
    from carbon_lint.records.record import Record

BEFORE_S = 5.0 - GRACE_S
"""What the look before the job may take, as `hard_limit` ends it."""
AFTER_S = 10.0 - GRACE_S
SETTLE_S = 2.5
"""A commit that was on its way when the job ended may land after it: the look is not taken at once."""
SHOWN = 5
"""Commits of one branch that are named, the newest."""
TITLE = 60
SHORT = 8
_PULL = "refs/pr/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was found out, in lines for the record. `has_pushed` is `None` where that is not known."""

    notes: tuple[str, ...]
    has_pushed: bool | None


class Watch:
    """One model, watched over one run."""

    def __init__(
        self, target: str, environ: Mapping[str, str], *, token: str | None = None, settle_s: float = SETTLE_S
    ) -> None:
        """Raises UsageError where `target` names no model, or HF_ENDPOINT is refused. Nothing is asked yet."""
        self.endpoint = endpoint_of(environ)
        self.repo_id = parse_target(target, self.endpoint)
        self._environ = environ
        self._token = token
        self._settle_s = settle_s
        self._before: dict[str, str] = {}
        self._blind: str | None = "the Hub was not asked before the job"

    def begin(self) -> str | None:
        """See where every branch is. Returns what to warn of; the job runs all the same."""
        try:
            with logging_to_stderr(0), self._open(BEFORE_S) as repo:
                self._before = heads(repo)
        except MissingError as error:
            self._blind = None
            return (
                f"{redacted(error.message, self._token)}; if the job creates the model, all of its commits are listed"
            )
        except HubError as error:
            self._blind = f"before the job the Hub could not be asked: {redacted(error.message, self._token)}"
            return self._blind
        self._blind = None
        return None

    def tell(self, record: Record, *, was_stopped: bool) -> Told:
        """What was pushed since `begin`, after a run that did not complete. `was_stopped`: by us."""
        cause = _cause(record, was_stopped=was_stopped)
        if self._blind is not None:
            return _unknown(self.repo_id, cause, self._blind)
        deadline = Deadline(AFTER_S)
        time.sleep(self._settle_s)
        try:
            with logging_to_stderr(0), self._open(deadline.remaining_s()) as repo:
                found = movement(repo, self._before)
        except HubError as error:
            return _unknown(self.repo_id, cause, redacted(error.message, self._token))
        if not found.moved and not found.left_out:
            after = f"nor in the {format_duration(self._settle_s)} after it"
            return Told(
                notes=(f"{cause}; nothing was pushed to {self.repo_id} while it ran, {after}",), has_pushed=False
            )
        half = ": they may hold half-trained weights" if was_stopped or record.outcome is Outcome.FAILED else ""
        notes = (f"{cause}, and {self._what_came(found)}{half}", *self._way_back(found))
        return Told(notes=notes, has_pushed=True)

    def interrupted(self, record: Record, *, was_stopped: bool) -> Told:
        """As `tell`, where somebody would not wait for it."""
        return _unknown(self.repo_id, _cause(record, was_stopped=was_stopped), "asking the Hub was interrupted")

    def _open(self, seconds: float) -> AbstractContextManager[ModelRepo]:
        return open_model(self.repo_id, self._environ, deadline=Deadline(seconds), token=self._token, needs_token=False)

    def _what_came(self, found: Movement) -> str:
        commits = [commit for one in found.moved for commit in one.commits]
        authors = {commit.author for commit in commits}
        at_least = "at least " if found.left_out or any(one.problem for one in found.moved) else ""
        count = f"{at_least}{len(commits)} commit{'' if len(commits) == 1 else 's'}"
        is_several = len(authors) > 1
        by = "" if is_several else "".join(f" by {_short(author)}" for author in authors if author)
        listed = ", ".join(_branch(one, with_author=is_several) for one in found.moved)
        if found.left_out:
            listed += f", and {found.left_out} more branches or pull requests moved"
        if not commits:
            return f"{self.repo_id} was changed meanwhile: {listed}"
        if not self._before:
            return f"{self.repo_id}, which could not be seen before the job, has {count}{by} now: {listed}"
        return f"{self.repo_id} got {count}{by} meanwhile: {listed}"

    def _way_back(self, found: Movement) -> tuple[str, ...]:
        ways = []
        for one in found.moved:
            if one.ref.startswith(_PULL):
                number = one.ref.removeprefix(_PULL)
                ways.append(f"close {self.endpoint}/{self.repo_id}/discussions/{number} without a merge")
            elif one.before is not None:
                ways.append(f"{terminal(one.ref)} was at {one.before}")
            elif self._before:
                ways.append(f"delete the branch {quoted(one.ref)}")
        return (f"to go back (docs/publishing.md): {'; '.join(ways)}",) if ways else ()


def _cause(record: Record, *, was_stopped: bool) -> str:
    if record.outcome is Outcome.OVER_BUDGET:
        return "the job was stopped over its budget" if was_stopped else "the run went over its budget"
    if record.outcome is Outcome.UNMEASURED:
        return "the job was stopped because it could not be measured" if was_stopped else "the run was not measured"
    return "the job failed"


def _unknown(repo_id: str, cause: str, why: str) -> Told:
    return Told(notes=(f"{cause}, and what was pushed to {repo_id} is not known: {why}",), has_pushed=None)


def _branch(one: Moved, *, with_author: bool) -> str:
    """`5d6e7f8a 'End of training' (main)`, oldest first."""
    shown = [_commit(commit, with_author=with_author) for commit in one.commits[-SHOWN:]]
    hidden = len(one.commits) - len(shown)
    if hidden:
        shown.insert(0, f"{hidden} earlier")
    if not shown:
        shown.append(f"now at {one.after[:SHORT]}")
    about = terminal(one.ref)
    if one.is_rewritten:
        about += f", which does not hold {(one.before or '')[:SHORT]} any more"
    if one.problem is not None:
        about += f"; {'there may be more' if one.commits else 'its commits are not known'}: {one.problem}"
    return f"{', '.join(shown)} ({about})"


def _commit(commit: Commit, *, with_author: bool) -> str:
    by = f" by {_short(commit.author)}" if with_author and commit.author else ""
    return f"{commit.id[:SHORT]} {quoted(redacted(commit.title), TITLE)}{by}"


def _short(name: str) -> str:
    return terminal(name[:TITLE])
