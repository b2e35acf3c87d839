"""Make the new card of a model on the Hub: its figures alone. The command line and the GitHub step both ask here."""

from __future__ import annotations

from dataclasses import dataclass

from carbon_lint.card.from_record import card_with_record
from carbon_lint.card.transfer import card_with_figures, stated_figures
from carbon_lint.errors import HubError
from carbon_lint.hub.client.remote import CARD
from carbon_lint.hub.publish.card import NewCard
from carbon_lint.records.merge.merge import Merged
from carbon_lint.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """What is to be published.

    Attributes:
        is_dry: nothing is committed, and the change is shown.
        card: the local card's bytes. With a record, the record states the figures, and the card the training type; a
            model without a card gets `card`.
        whole_card: all of the card replaces that on the Hub.
        only_own_group: records of another repository beside the record are an error.
        with_evidence: the record and its journal go beside the card, for `verify`.
        card_body: the text of the card gets the section "Environmental Impact" too.
        replace: also a smaller figure over a larger one of the same run group.
        whole_switch: what the user writes to replace the whole card: `--whole-card`, `replace-card: true`.
        first_hint: how the user names a card for a model that has none.
    """

    is_dry: bool
    card: bytes | None = None
    card_name: str = ""
    whole_card: bool = False
    record: Record | None = None
    record_path: str | None = None
    only_own_group: bool = False
    with_evidence: bool = False
    card_body: bool = False
    training_type: str | None = None
    replace: bool = False
    whole_switch: str
    first_hint: str


def figures_only(publishing: Publishing, whole: Merged | None, repo_id: str, notes: list[str]) -> NewCard:
    """Put the figures alone into the card on the Hub; `notes` is filled when the new card is made.

    `whole` is what the card states of the record: of a group the sum. A model without a card gets the local one.
    """

    def card_for(theirs: bytes | None) -> bytes:
        base = publishing.card if theirs is None else theirs
        if base is None:
            what = f"{repo_id} has no {CARD} yet, so there is nothing to put the figures into"
            raise HubError(what, hint=publishing.first_hint)
        after, found = _edited(publishing, whole, base, f"{repo_id}/{CARD}")
        if publishing.card is not None and after != publishing.card:
            stays = f"its text differs from that of {publishing.card_name} and stays"
            switch = f"{publishing.whole_switch} replaces the whole card"
            found = (*found, f"only the figures go into the card of {repo_id}; {stays} ({switch})")
        notes[:] = found
        return after

    return NewCard(card_for, merges=True)


def _edited(publishing: Publishing, whole: Merged | None, theirs: bytes, path: str) -> tuple[bytes, tuple[str, ...]]:
    if whole is not None:
        stated = {} if publishing.card is None else stated_figures(publishing.card, publishing.card_name)
        training_type = publishing.training_type or stated.get("training_type")
        change = card_with_record(
            theirs,
            path,
            whole.record,
            training_type=None if training_type is None else str(training_type),
            replace=publishing.replace,
            with_body=publishing.card_body,
        )
        return change.after, (*whole.notes, *change.notes)
    if publishing.card is None or theirs == publishing.card:
        return theirs, ()
    figures = stated_figures(publishing.card, publishing.card_name)
    if not figures:
        raise HubError(
            f"{publishing.card_name} states no `co2_eq_emissions`, so there are no figures to put into {path}",
            hint=f"measure first; or use {publishing.whole_switch} to replace the whole card, its text included",
        )
    return card_with_figures(theirs, path, figures)
