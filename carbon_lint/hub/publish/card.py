"""Put a card on the Hub exactly once, whatever the network does.

Each try reads the head of the revision, makes the new card from it, and commits onto that very head. A commit that
was overtaken (412) or whose answer was lost is followed by another try, which first looks whether the commit is there
already. The last step reads the card back: the Hub may take a commit and drop what is in it.
"""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from carbon_lint.card.document import property_name
from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.errors import ExitCode, HubError
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.remote import CARD, LARGEST_FILE, ModelRepo, StaleError, Tip
from carbon_lint.hub.publish.message import MARKER, description_of, title_of
from carbon_lint.lint.engine import lint_text
from carbon_lint.lint.evidence import Evidence
from carbon_lint.records.record import Record
from carbon_lint.text import plural, terminal, unified_diff

_SHOWN_LINES = 200
AGAIN_IS_SAFE = "publishing again is safe: it never commits twice"


class CardErrorsError(HubError):
    """The card that would be committed, or one that it is made from, has errors; `findings` are their lines."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, findings: tuple[str, ...], card: str = "the card that would be committed") -> None:
        super().__init__(
            f"not published: {card} has {plural(len(findings), 'error')}",
            hint="fix the card, or see what each means with `carbon-lint rules`",
        )
        self.findings = findings


class PublishCancelledError(KeyboardInterrupt):
    """Cancelled while the card was on its way; the message says what is known of it on the Hub."""


class ChangedCardError(HubError):
    """Somebody else changed the card while ours was on its way; `diff` is what they changed."""

    def __init__(self, message: str, diff: str) -> None:
        super().__init__(
            message,
            hint="look at the change below, then publish again; `carbon-lint publish --force` publishes over it",
        )
        self.diff = diff


class Loss(NamedTuple):
    """Front matter keys and lines of the card on the Hub that the new card does not have."""

    keys: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """Return one sentence, empty if nothing is lost."""
        keys = f", and the front matter key{'s' if len(self.keys) > 1 else ''} {', '.join(self.keys)}"
        count = f"{plural(len(self.lines), 'line')} of the card on the Hub"
        return f"the whole card replaces {count}{keys if self.keys else ''}" if self.lines else ""

    def shown(self) -> list[str]:
        """Return the lines as a list to read, cut after 200."""
        rest = len(self.lines) - _SHOWN_LINES
        return [f"- {line}" for line in self.lines[:_SHOWN_LINES]] + ([f"- … {rest} more lines"] if rest > 0 else [])


@dataclass(frozen=True, slots=True)
class NewCard:
    """How the new card comes about. `card_for` returns the card to commit, given the one that is there, if any.

    `merges`: the new card is made from theirs, so that their edits stay.
    """

    card_for: Callable[[bytes | None], bytes]
    merges: bool


def whole_card(card: bytes) -> NewCard:
    """Commit this card, whatever is there."""
    return NewCard(lambda _: card, merges=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """What to publish and how.

    Attributes:
        new_card: how it is made.
        revision: the branch, or `refs/pr/N`.
        check: lint of what will be committed; the lines of its errors.
        overwrite: go on if somebody else changed the card meanwhile.
        title: the commit's first line, if the user gives one.
        files: what is committed beside the card, by name.
        on_loss: called with what a whole card is about to replace, before anything is sent.
    """

    new_card: NewCard
    revision: str = "main"
    record: Record | None = None
    check: Callable[[bytes], tuple[str, ...]]
    overwrite: bool = False
    title: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    on_loss: Callable[[Loss], None] | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of it. `changed` is False if the card was there already; `diff` is set by a dry run."""

    repo_id: str
    revision: str
    url: str
    oid: str
    changed: bool
    card: bytes
    diff: str | None = None
    pull_request: int | None = None
    notes: tuple[str, ...] = ()


def publish_card(request: PublishRequest, repo: ModelRepo) -> Published:
    """Commit the card to `request.revision`. See the module for how.

    Raises:
        CardErrorsError: lint found errors in what would be committed.
        ChangedCardError: whole-card mode, and somebody else changed the card meanwhile.
        HubError: refused, or given up; the message says whether the old card or the new one is there.
        PublishCancelledError: interrupted; it says the same.
    """
    publication = _Publication(request, repo)
    try:
        return repo.deadline.retry(publication.run_once, UnansweredError, StaleError)
    except (UnansweredError, StaleError) as error:
        raise publication.gave_up(error) from error
    except KeyboardInterrupt as interrupt:
        raise PublishCancelledError(publication.state()) from interrupt


class _Publication:
    """One publication over all its tries."""

    def __init__(self, request: PublishRequest, repo: ModelRepo) -> None:
        self.request = request
        self.repo = repo
        self.id = uuid.uuid4().hex
        self.first: Tip | None = None
        self.unsure_since: str | None = None  # the parent of a commit whose answer was lost
        self.landed: str | None = None
        self.new: bytes | None = None
        self.old: bytes | None = None  # the card that `new` was made from

    def run_once(self) -> Published:
        if self.unsure_since is not None and self.landed is None:
            self.landed = self.repo.find_commit(self.request.revision, MARKER + self.id, since=self.unsure_since)
        if self.landed is not None and self.new is not None:
            return self._read_back(self.landed, self.new)
        tip = self.repo.tip(self.request.revision)
        self._refuse_lost_edit(tip)
        is_shown = self.new is not None and self.old == tip.card
        self.old, self.new = tip.card, self.request.new_card.card_for(tip.card)
        new = self.new
        findings = self.request.check(new)
        if findings:
            raise CardErrorsError(findings)
        if not is_shown:
            tell_loss(self.request, tip.card, new)
        if self.request.dry_run or (new == tip.card and self._has_files(tip)):
            return self._result(tip.sha, new, changed=False, diff=diff_of(tip.card, new))
        return self._read_back(self._commit(tip, new), new)

    def _has_files(self, tip: Tip) -> bool:
        """Return whether each file lies beside the card already, as it is here."""
        wanted = self.request.files.items()
        return all(self.repo.file_at(tip.sha, name, limit=LARGEST_FILE) == data for name, data in wanted)

    def _commit(self, tip: Tip, new: bytes) -> str:
        record, emissions_g = self.request.record, read_card(new, CARD).emissions_g
        title = self.request.title or title_of(record, emissions_g)
        # In doubt until the answer is there. `since` stays at the oldest doubtful parent: any commit of ours is newer.
        before, self.unsure_since = self.unsure_since, self.unsure_since or tip.sha
        try:
            self.landed = self.repo.commit_card(
                new,
                parent=tip.sha,
                revision=self.request.revision,
                title=title,
                description=description_of(record, emissions_g, self.id),
                files=self.request.files,
            )
        except UnansweredError:
            raise
        except HubError:
            self.unsure_since = before  # refused: nothing was done
            raise
        return self.landed

    def _refuse_lost_edit(self, tip: Tip) -> None:
        """Refuse to erase an edit that came while a whole card was on its way."""
        if self.first is None:
            self.first = tip
        elif not self.request.new_card.merges and not self.request.overwrite and tip.card != self.first.card:
            raise ChangedCardError(
                f"not published: somebody else changed the card of {self.repo.id} meanwhile ({tip.sha[:8]})",
                diff_of(self.first.card, tip.card),
            )

    def _read_back(self, oid: str, new: bytes) -> Published:
        there = self.repo.file_at(oid, CARD)
        if there == new:
            return self._result(oid, new, changed=True)
        if there == self.old:
            raise HubError(
                f"the Hub took the commit {oid[:8]} and dropped the card from it: the old card is there",
                hint=f"a .gitignore in {self.repo.id} that names {CARD} makes the Hub drop it without a word",
            )
        raise HubError(
            f"the Hub took the commit {oid[:8]}, and the card in it is neither the old one nor the new one",
            hint=f"look at {self.repo.commit_url(oid)}",
        )

    def _result(self, oid: str, card: bytes, *, changed: bool, diff: str | None = None) -> Published:
        return Published(
            repo_id=self.repo.id,
            revision=self.request.revision,
            url=self.repo.commit_url(oid),
            oid=oid,
            changed=changed,
            card=card,
            diff=diff if self.request.dry_run else None,
        )

    def gave_up(self, error: HubError) -> HubError:
        """Return the last error with what is known of the card's state."""
        if self.landed is None and isinstance(error, StaleError):
            state = "the old card is there: others kept committing in between"
        else:
            state = self.state()
        return HubError(f"{error.message}; {state}", hint=AGAIN_IS_SAFE)

    def state(self) -> str:
        """Return what is known of the card on the Hub when this ends before its time."""
        if self.landed is not None:
            return f"the new card is there, as commit {self.landed[:8]}, but could not be read back"
        if self.unsure_since is not None:
            return f"whether the new card is there could not be found out: look at {self.repo.endpoint}/{self.repo.id}"
        return "the old card is there: nothing was sent"


def linter(
    settings: Settings, evidence: Evidence | None = None, name: str = CARD
) -> Callable[[bytes], tuple[str, ...]]:
    """Return a function that lints the card `name` as `check` does and returns its errors, one line each."""

    def errors_of(card: bytes) -> tuple[str, ...]:
        found = lint_text(card, name, settings, evidence)
        return tuple(terminal(str(it)) for it in found if it.severity == "error")

    return errors_of


def loss(old: bytes | None, new: bytes) -> Loss:
    """Compare the card on the Hub with the card that replaces it."""
    if old is None:
        return Loss((), ())
    before, after = (data.decode("utf-8", "replace").splitlines() for data in (old, new))
    changes = list(difflib.unified_diff(before, after, n=0))[2:]  # without the two lines that name the files
    kept = set(_keys_of(new))
    keys = tuple(name for name in _keys_of(old) if name not in kept)
    return Loss(keys, tuple(line[1:] for line in changes if line.startswith("-")))


def _keys_of(card: bytes) -> list[str]:
    root = read_card(card, "README.md").root
    return [] if root is None else [property_name(key) for key, _ in root.own_items()]


def tell_loss(request: PublishRequest, old: bytes | None, new: bytes) -> None:
    """Show what a whole card replaces. A merged card loses nothing."""
    if request.on_loss is not None and not request.new_card.merges:
        lost = loss(old, new)
        if lost.lines:
            request.on_loss(lost)


def diff_of(old: bytes | None, new: bytes | None) -> str:
    """Return a unified diff of two cards."""
    before, after = ((data or b"").decode("utf-8", "replace") for data in (old, new))
    return unified_diff(before, after, f"a/{CARD}", f"b/{CARD}")
