"""Take the figures of one card and put them into another: everything else of the other card stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.card.document import BLOCK_KEY, property_name
from carbon_lint.card.edit import encode, refused_at, write_block
from carbon_lint.card.read import read_card

if TYPE_CHECKING:
    from carbon_lint.card.document import Node

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
    found: dict[str, Value] = {}
    for name, node in {BLOCK_KEY: block}.items() if block.kind == "list" else _fields(block).items():
        if node.kind != "scalar":
            flaw = f"`{name}` is a {node.kind}, and only single values are put into another card"
            hint = "write one value a key, as `emissions: 12.5`"
            raise refused_at(card, node.start, flaw, hint, is_for_writer=False)
        if node.value is not None:
            found[name] = node.value
    return found


def card_with_figures(theirs: bytes, path: str, figures: dict[str, Value]) -> tuple[bytes, tuple[str, ...]]:
    """Return the card `theirs` with `figures` in its block, and what a reader of the change must know.

    Raises InputError if the card cannot be written safely.
    """
    card = read_card(theirs, path)
    present = {} if card.block is None else _fields(card.block)
    notes = [
        f"{name} stays {value.raw!r}: the figures that were put in do not state it"
        for name, value in present.items()
        if name not in figures
    ]
    old, new = present.get("emissions"), figures.get("emissions")
    if old is not None and new is not None and old.value != new:
        notes.append(f"emissions was {old.raw!r} and is {new!r}")
    return encode(card, write_block(card, figures)), tuple(notes)


def _fields(block: Node) -> dict[str, Node]:
    """Return the block's values by their keys; a value alone is the emissions."""
    if block.kind == "scalar":
        return {} if block.value is None else {"emissions": block}
    return {property_name(key): value for key, value in block.items()}
