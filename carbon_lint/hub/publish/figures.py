"""Plans the change of a card on the Hub: its figures alone. The command line and the GitHub step both ask here."""

from __future__ import annotations

from dataclasses import dataclass

from carbon_lint.card.from_record import card_with_record
from carbon_lint.card.transfer import card_with_figures, stated_figures
from carbon_lint.errors import HubError
from carbon_lint.hub.client.remote import CARD
from carbon_lint.hub.publish.card import EditedCard
from carbon_lint.records.merge.merge import Merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source of the figures: `whole` is the record (of a group their sum), `card` the bytes of a local card.

    With both, the record states the figures, and the card the training type; a model without a card gets `card`.

    Attributes:
        card_name: the local card as the user typed it.
        training_type: what the user or the configuration says.
        replace: also a smaller figure over a larger one of the same run group.
        whole_switch: what the user writes to replace the whole card: `--whole-card`, `replace-card: true`.
        first_hint: how the user names a card for a model that has none.
    """

    whole: Merged | None
    card: bytes | None
    card_name: str
    training_type: str | None = None
    replace: bool = False
    whole_switch: str
    first_hint: str


def plan_figures(source: Source, repo_id: str, notes: list[str]) -> EditedCard:
    """Plan to put the figures into the card on the Hub; `notes` is filled when the plan is carried out."""

    def edit(theirs: bytes) -> bytes:
        after, said = _edited(source, theirs, f"{repo_id}/{CARD}")
        if source.card is not None and after != source.card:
            stays = f"its text differs from that of {source.card_name} and stays"
            switch = f"{source.whole_switch} replaces the whole card"
            said = (*said, f"only the figures go into the card of {repo_id}; {stays} ({switch})")
        notes[:] = said
        return after

    return EditedCard(edit, repo_id, source.card, source.first_hint)


def _edited(source: Source, theirs: bytes, path: str) -> tuple[bytes, tuple[str, ...]]:
    if source.whole is not None:
        stated = {} if source.card is None else stated_figures(source.card, source.card_name)
        training_type = source.training_type or stated.get("training_type")
        change = card_with_record(
            theirs,
            path,
            source.whole.record,
            training_type=None if training_type is None else str(training_type),
            replace=source.replace,
        )
        return change.after, (*source.whole.notes, *change.notes)
    if source.card is None or theirs == source.card:
        return theirs, ()
    figures = stated_figures(source.card, source.card_name)
    if not figures:
        raise HubError(
            f"{source.card_name} states no `co2_eq_emissions`, so there are no figures to put into {path}",
            hint=f"measure first; or use {source.whole_switch} to replace the whole card, its text included",
        )
    return card_with_figures(theirs, path, figures)
