"""Takes the figures of one card and puts them into another: everything else of the other card stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.card.document import BLOCK_KEY, property_name
from carbon_lint.card.edit import encode, refused_at, write_block
from carbon_lint.card.read import read_card

if TYPE_CHECKING:
    from carbon_lint.card.document import Card, Node
    from carbon_lint.errors import CardPlaceError

    Value = str | int | float | bool


def stated_figures(data: bytes, path: str) -> dict[str, Value]:
    """Read the keys of a card's `co2_eq_emissions`; empty if the card states none.

    Raises InputError if the front matter cannot be read, or if a key holds more than a single value.
    """
    card = read_card(data, path)
    block = card.block
    if block is None:
        for problem in card.problems:
            if problem.kind != "no-front-matter":
                raise refused_at(card, problem.start, problem.message, "fix the card first", is_for_writer=False)
        return {}
    if block.kind == "scalar":
        value = _single(card, block)
        return {} if value is None else {"emissions": value}
    if block.kind != "map":
        raise _not_single(card, block, BLOCK_KEY)
    found = {property_name(key): _single(card, value, property_name(key)) for key, value in block.items()}
    return {name: value for name, value in found.items() if value is not None}


def card_with_figures(theirs: bytes, path: str, figures: dict[str, Value]) -> tuple[bytes, tuple[str, ...]]:
    """Return the card `theirs` with `figures` in its block, and what a reader of the change must know.

    Raises InputError if the card cannot be written safely.
    """
    card = read_card(theirs, path)
    block = card.block
    present = {} if block is None else {property_name(key): value for key, value in block.items()}
    notes = [
        f"{name} stays {value.raw!r}: the figures that were put in do not state it"
        for name, value in present.items()
        if name not in figures
    ]
    old, new = present.get("emissions"), figures.get("emissions")
    if old is not None and new is not None and old.value != new:
        notes.append(f"emissions was {old.raw!r} and is {new!r}")
    return encode(card, write_block(card, figures)), tuple(notes)


def _single(card: Card, node: Node, name: str = BLOCK_KEY) -> Value | None:
    if node.kind != "scalar":
        raise _not_single(card, node, name)
    return node.value


def _not_single(card: Card, node: Node, name: str) -> CardPlaceError:
    message = f"`{name}` is a {node.kind}, and only single values are put into another card"
    return refused_at(card, node.start, message, "write one value a key, as `emissions: 12.5`", is_for_writer=False)
