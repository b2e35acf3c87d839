"""What a card is of: a model, or a data set or Space, whose README.md on the Hub has metadata too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Card

_OF_A_MODEL = frozenset(("pipeline_tag", "library_name", "base_model", "model-index", "metrics", "widget"))
# hub-docs: datasetcard.md and spaces-config-reference.md. What models have too (`license`, `tags`,
# `language`, `title`) says nothing.
_OF_A_DATA_SET = frozenset(
    (
        *("dataset_info", "task_categories", "task_ids", "size_categories", "pretty_name", "annotations_creators"),
        *("language_creators", "multilinguality", "source_datasets", "paperswithcode_id", "configs", "viewer"),
    )
)
_OF_A_SPACE = frozenset(("sdk", "sdk_version", "app_file", "colorFrom", "colorTo"))


def is_model_card(card: Card) -> bool:
    """Return whether a card is a model's, of which alone a carbon figure is expected. In doubt it is."""
    names = {key.text for key, _ in card.root.own_items() if key.kind == "scalar"} if card.root is not None else set()
    return not names & _OF_A_SPACE and (bool(names & _OF_A_MODEL) or not names & _OF_A_DATA_SET)
