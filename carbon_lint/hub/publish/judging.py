"""What is looked at before a card is committed: its errors, by the linter, and the grams that it states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbon_lint.card.read import read_card
from carbon_lint.lint.engine import lint_text
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.card.document import Node
    from carbon_lint.config import Settings
    from carbon_lint.lint.evidence import Evidence

CARD_NAME = "README.md"


def linter(settings: Settings, evidence: Evidence | None = None) -> Callable[[bytes], tuple[str, ...]]:
    """Lint as `check` does under `settings`: the errors alone, one line each, safe for a terminal."""

    def errors_of(card: bytes) -> tuple[str, ...]:
        return tuple(
            f"{it.path}:{it.line}:{it.column}: {it.severity} {it.code} {terminal(it.message)} [{it.name}]"
            for it in lint_text(card, CARD_NAME, settings, evidence)
            if it.severity == "error"
        )

    return errors_of


def metadata_of(card: bytes) -> dict[str, Any]:
    """A card's metadata as plain values, as the Hub reads them; empty where it has none that can be read."""
    root = read_card(card, CARD_NAME).root
    value = None if root is None else plain(root)
    return value if isinstance(value, dict) else {}


def plain(node: Node) -> Any:
    """A node of a card as plain values."""
    if node.kind == "map":
        return {key.text: plain(value) for key, value in node.items()}
    return [plain(item) for item in node.items_list()] if node.kind == "list" else node.value


def emissions_of(card: bytes) -> float | None:
    """The grams that a card states, where it states a number."""
    block = read_card(card, CARD_NAME).block
    figure = block.get("emissions") if block is not None and block.kind == "map" else block
    if figure is None or not figure.is_number or not isinstance(figure.value, (int, float)):
        return None
    return float(figure.value)
