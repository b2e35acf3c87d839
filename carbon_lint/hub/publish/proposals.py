"""Pull requests for cards whose own figures prove that the grams field holds kilograms. Never more than one a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from carbon_lint.card.edit import encode, replace_span
from carbon_lint.card.read import read_card
from carbon_lint.config import Settings
from carbon_lint.errors import HubError
from carbon_lint.hub.audit.cards import AuditedCard, CardText, audit_card
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.hub.client.remote import ModelRepo
from carbon_lint.hub.publish.card import PublishRequest, linter, publish_card, whole_card
from carbon_lint.hub.publish.pulls import MARK, Pulls

TITLE = "State the emissions in grams"
KILOGRAMS = f"{MARK}kilograms-for-grams"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What became of one proposal. `url` is None if there is none, and `note` says why.

    `is_new` is True if it was opened now, or would be.
    """

    id: str
    url: str | None
    note: str
    is_new: bool = False


def propose_each(
    proposals: Iterable[AuditedCard], settings: Settings, catalogue: Catalogue, *, most: int, is_meant: bool
) -> Iterator[Proposed]:
    """Propose to one model after the other and yield what became of it, until `most` are new.

    Unless `is_meant` nothing is opened, and the evidence is in the note of what would be. A model whose proposal fails
    is yielded with the reason.
    """
    new = 0
    for audited in proposals:
        if new >= most:
            return
        repo = ModelRepo(audited.id, catalogue.endpoint, catalogue.credentials)
        evidence = audited.proposal.evidence if audited.proposal else ""
        try:
            done = propose(repo, settings) if is_meant else earlier(repo)
        except HubError as error:
            done = Proposed(id=audited.id, url=None, note=error.message)
        done = done or Proposed(id=audited.id, url=None, note=evidence, is_new=True)
        new += done.is_new
        yield done


def earlier(repo: ModelRepo) -> Proposed | None:
    """Return the proposal that was made to this model before, whatever became of it. Raises HubError."""
    pulls = Pulls(repo)
    before = pulls.with_mark(KILOGRAMS)
    if not before:
        return None
    return Proposed(id=repo.id, url=pulls.url(before[0].num), note=f"proposed before, {before[0].status}")


def propose(repo: ModelRepo, settings: Settings) -> Proposed:
    """Open a pull request that puts grams into the field, if the card as it is now still proves it.

    Never a second one, not even if the first was closed: its owner has answered. Raises HubError.
    """
    pulls = Pulls(repo)
    tip = repo.tip("main")
    proposal = audit_card(CardText(id=repo.id, data=tip.card), settings).proposal
    if proposal is None or tip.card is None:
        return Proposed(id=repo.id, url=None, note="its card does not prove it any more")
    before = earlier(repo)
    if before is not None:
        return before
    card = read_card(tip.card, f"{repo.id}/README.md")
    new = encode(card, replace_span(card.text, [(proposal.start, proposal.end, proposal.new)]))
    old_text = card.text[proposal.start : proposal.end]
    pull, _ = pulls.find_or_create(TITLE, describe(old_text, proposal.new, proposal.evidence), KILOGRAMS)
    request = PublishRequest(
        new_card=whole_card(new),
        revision=pull.ref,
        check=linter(settings),
        title=f"{TITLE}: {old_text} kg = {proposal.new} g",
    )
    try:
        publish_card(request, repo)
    except HubError:
        pulls.set_status(pull.num, "closed")
        raise
    pulls.set_status(pull.num, "open")
    return Proposed(id=repo.id, url=pulls.url(pull.num), note=f"{old_text} kg = {proposal.new} g", is_new=True)


def describe(old: str, new: str, evidence: str) -> str:
    """Return what the pull request says: the card's own figures, the arithmetic, and that its owner decides."""
    return f"""The metadata of this card states `co2_eq_emissions` as {old}. The Hub takes that number for **grams**.

What the card itself says: {evidence}.

So the number looks like kilograms, as CodeCarbon writes them to `emissions.csv`: {old} kg x 1000 = **{new} g**.

This changes that one number and nothing else. If it is right as it stands, please close this: no second one will come.

Found by `carbon-lint audit`."""
