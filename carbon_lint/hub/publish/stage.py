"""Stage a green release: weights and card wait in a draft pull request, and reach main together, or not at all.

The Trainer pushes to the draft's ref (`hub_revision=`) while it trains, its own README included. After the gate that
README is replaced by main's text with the block in it, and one merge puts weights and card on main.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace

from carbon_lint.errors import HubError, UsageError
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.remote import ModelRepo
from carbon_lint.hub.publish.card import Published, PublishRequest, publish_card, whole_card
from carbon_lint.hub.publish.pulls import MARK, Pulls
from carbon_lint.text import quoted

TITLE = "Staged release: weights and card"
DESCRIPTION = (
    "A training pushes here. carbon-lint merges it when the run has kept to its budget; until then main stays as it is."
)
ROUNDS = 3
"""How often the card is made again because main's changed just before the merge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A draft pull request to push to. `is_new` is False if it was there already."""

    repo_id: str
    num: int
    ref: str
    url: str
    is_new: bool


def stage_release(repo: ModelRepo, key: str | None) -> Staged:
    """Open a draft pull request, or find the one that was opened with the same `key` (a run's id, say).

    Raises HubError.
    """
    pulls = Pulls(repo)
    repo.tip("main")  # a missing or renamed model is an error before anything is made
    mark = f"{MARK}stage {key or uuid.uuid4().hex}"
    pull, is_new = pulls.find_or_create(TITLE, DESCRIPTION, mark)
    return Staged(repo_id=repo.id, num=pull.num, ref=pull.ref, url=pulls.url(pull.num), is_new=is_new)


def parse_ref(text: str) -> int:
    """Return the number of a pull request from `refs/pr/3`, `3`, or its page. Raises UsageError."""
    match = re.fullmatch(r"(?:refs/pr/|#|https?://\S+/discussions/)?([1-9]\d{0,8})/?", text.strip())
    if match is None:
        raise UsageError(
            f"{quoted(text)} names no pull request", hint="write refs/pr/3, as `publish --stage` printed it"
        )
    return int(match[1])


def merge_release(num: int, request: PublishRequest, repo: ModelRepo) -> Published:
    """Put main's own card with the record's block, and all else of the pull request, on main by one merge.

    `request.new_card` edits the block. Raises HubError if the merge conflicts (the files are named) or is refused: main
    is as it was then.
    """
    pulls = Pulls(repo)
    pull = pulls.get(num)
    if pull.status == "merged":
        return _merged(request, repo, pulls, num, changed=False)
    if pull.status == "closed":
        raise HubError(f"{pulls.url(num)} was closed without a merge", hint="open it there, or stage again")
    for _ in range(ROUNDS):
        main = repo.tip("main")
        # the training's own card if main has none
        card = request.new_card.card_for(main.card if main.card is not None else repo.tip(pull.ref).card)
        # the training may push once more, even after its end: main's text goes over it
        publish_card(replace(request, new_card=whole_card(card), revision=pull.ref, overwrite=True), repo)
        if repo.tip("main").card == main.card:
            break
    pulls.set_status(num, "open")  # a draft cannot be merged
    try:
        pulls.merge(num)
    except UnansweredError as error:
        where = f"whether it is merged could not be found out: look at {pulls.url(num)}"
        raise HubError(f"{error.message}; {where}", hint="merging again is safe: it merges once") from error
    return _merged(request, repo, pulls, num, changed=True)


def _merged(request: PublishRequest, repo: ModelRepo, pulls: Pulls, num: int, *, changed: bool) -> Published:
    """Read main back: the block must be in its card."""
    main = repo.tip("main")
    if main.card is None or request.new_card.card_for(main.card) != main.card:
        raise HubError(
            f"{pulls.url(num)} is merged, but main's card does not state the run's figures",
            hint=f"put them there: carbon-lint publish --record r.json --to {repo.id}",
        )
    return Published(
        repo_id=repo.id,
        revision="main",
        url=repo.commit_url(main.sha),
        oid=main.sha,
        changed=changed,
        card=main.card,
        pull_request=num,
    )
