"""Pull requests on the Hub: ours are known by a mark in their description, and there is never more than one for a card.

A pull request is made in steps that can each be looked up when their answer is lost: create it (a draft), commit onto
its ref by compare-and-swap, open it. `create_commit(create_pr=True)` does it in one, and a lost answer means a second.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from huggingface_hub.errors import HfHubHTTPError

from carbon_lint.card.read import read_card
from carbon_lint.errors import HubError
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.refusals import ForbiddenError
from carbon_lint.hub.client.remote import CARD, ModelRepo
from carbon_lint.hub.publish.card import (
    AGAIN_IS_SAFE,
    CardErrorsError,
    PublishCancelledError,
    Published,
    PublishRequest,
    diff_of,
    publish_card,
    tell_loss,
    whole_card,
)
from carbon_lint.hub.publish.message import MARKER, description_of, title_of

MARK = "Carbon-Lint-Pull-Request: "
CARD_PULL = "model-card"
NEWEST = 50
"""So many open pull requests of our own user are looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request. `status` is open, draft, merged or closed."""

    num: int
    status: str
    description: str
    conflicts: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """Return the git reference that it is pushed to."""
        return f"refs/pr/{self.num}"


class Pulls:
    """The pull requests of one model. All methods raise HubError."""

    def __init__(self, repo: ModelRepo) -> None:
        self._repo = repo
        self._api = repo.api

    def url(self, num: int) -> str:
        """Its page."""
        return f"{self._repo.endpoint}/{self._repo.id}/discussions/{num}"

    def get(self, num: int) -> Pull:
        """Return a pull request by its number. Raises HubError if there is none."""
        with self._repo.speaking(None):
            found = self._api.get_discussion_details(self._repo.id, num)
        if not found.is_pull_request:
            raise HubError(f"{self.url(num)} is a discussion, not a pull request")
        first = next((event for event in found.events if event.type == "comment"), None)
        files = found.conflicting_files if isinstance(found.conflicting_files, list) else []
        return Pull(
            num=num,
            status=found.status,
            description=getattr(first, "content", ""),
            conflicts=tuple(map(str, files)),
        )

    def ours(self, mark: str) -> list[Pull]:
        """Return the open pull requests of this token's user whose description has the mark as a line, oldest first.

        The user counts: a stranger can copy the mark, and what we would commit onto a stranger's ref could be merged
        together with the stranger's changes.
        """
        return [pull for pull in self.with_mark(mark, is_open=True) if pull.status in {"open", "draft"}]

    def with_mark(self, mark: str, *, is_open: bool = False) -> list[Pull]:
        """Return them as `ours`, the closed and merged ones too unless `is_open`."""
        with self._repo.speaking(None):
            listed = list(
                self._api.get_repo_discussions(
                    self._repo.id, discussion_type="pull_request", discussion_status="open" if is_open else None
                )
            )
        if not listed:
            return []
        me = self._repo.user()
        mine = sorted((it.num for it in listed if it.author == me), reverse=True)[:NEWEST]
        marked = [pull for pull in map(self.get, mine) if mark in pull.description.splitlines()]
        return sorted(marked, key=lambda pull: pull.num)

    def create(self, title: str, description: str) -> int:
        """Make a draft. Raises UnansweredError if it may have been made."""
        try:
            with self._repo.speaking(None):
                return int(self._api.create_pull_request(self._repo.id, title, description=description).num)
        except ForbiddenError:
            raise self._repo.forbidden("open pull requests in") from None

    def find_or_create(self, title: str, description: str, mark: str) -> tuple[Pull, bool]:
        """Return our open pull request with the mark, made if there is none, and whether it was made now.

        If a lost answer led to two, the older one is kept and the other closed.
        """
        made = False

        def find() -> Pull:
            nonlocal made
            found = self.ours(mark)
            if not found:
                made = True
                found = [self.get(self.create(title, f"{description}\n\n{mark}"))]
            for pull in found[1:]:
                self.set_status(pull.num, "closed")
            return found[0]

        return self._repo.deadline.retry(find, UnansweredError), made

    def set_status(self, num: int, status: str) -> None:
        """Open or close it, unless it is so already."""

        def change() -> None:
            if self.get(num).status != status:
                self._api.change_discussion_status(self._repo.id, num, "open" if status == "open" else "closed")

        self._surely(change)

    def merge(self, num: int) -> None:
        """Merge it. Raises HubError with the files if it conflicts."""

        def change() -> None:
            pull = self.get(num)
            if pull.status == "merged":
                return
            if pull.conflicts:
                raise HubError(
                    f"{self.url(num)} conflicts with main in {', '.join(pull.conflicts)}; nothing was merged",
                    hint=f"resolve it in {pull.ref} and push there, then merge again",
                )
            self._api.merge_pull_request(self._repo.id, num)

        self._surely(change)

    def _surely(self, change: Callable[[], None]) -> None:
        """Make a change that looks first whether it is made, and again if the answer was lost."""

        def attempt() -> None:
            with self._repo.speaking(None):
                change()

        try:
            self._repo.deadline.retry(attempt, UnansweredError)
        except ForbiddenError:
            raise self._repo.forbidden("change pull requests of") from None
        except HfHubHTTPError as error:
            raise HubError(f"the Hub refused: {error.server_message}") from None


def publish_by_pull_request(request: PublishRequest, repo: ModelRepo) -> Published:
    """Propose the card in a pull request: ours is updated if one is open, else one is made.

    Raises as `publish_card` does.
    """
    try:
        return _propose(request, repo)
    except UnansweredError as error:
        raise HubError(f"{error.message}; main is as it was", hint=AGAIN_IS_SAFE) from error
    except KeyboardInterrupt as interrupt:
        pulls = f"main is as it was; a pull request may be open: look at {repo.endpoint}/{repo.id}/discussions"
        raise PublishCancelledError(pulls) from interrupt


def _propose(request: PublishRequest, repo: ModelRepo) -> Published:
    pulls = Pulls(repo)
    main = repo.tip("main")
    new = request.new_card.card_for(main.card)
    findings = request.check(new)
    if findings:
        raise CardErrorsError(findings)
    tell_loss(request, main.card, new)
    if new == main.card or request.dry_run:
        diff = diff_of(main.card, new) if request.dry_run else None
        page = repo.commit_url(main.sha)
        return Published(repo_id=repo.id, revision="main", url=page, oid=main.sha, changed=False, card=new, diff=diff)
    emissions_g = read_card(new, CARD).emissions_g
    title = request.title or title_of(request.record, emissions_g)
    description = description_of(request.record, emissions_g, uuid.uuid4().hex, is_markdown=True)
    pull, is_made = pulls.find_or_create(title, description, MARK + CARD_PULL)
    try:
        # if somebody has pushed to our pull request, its card is edited, and not made from main's
        is_edited = not is_made and any(MARKER not in message for message in repo.commits_beyond_main(pull.ref))
        new_card = request.new_card if is_edited else whole_card(new)
        done = publish_card(replace(request, new_card=new_card, revision=pull.ref, on_loss=None), repo)
    except HubError as error:
        state = f"{pulls.url(pull.num)} {'was made, ' if is_made else ''}is {pull.status}"
        raise error.again(message=f"{error.message} ({state})") from error
    if pull.status == "draft":
        pulls.set_status(pull.num, "open")
    if is_made:
        # a request that was given up as lost may have been carried out after all, only late
        for other in pulls.ours(MARK + CARD_PULL):
            if other.num != pull.num:
                pulls.set_status(other.num, "closed")
    return replace(done, url=pulls.url(pull.num), pull_request=pull.num)
