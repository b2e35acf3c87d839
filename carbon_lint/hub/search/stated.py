"""Read what a card's metadata states as its emissions from the JSON that the Hub's listing holds.

Grams come only from a number, or from text that is one quantity with one unit that has one meaning. Everything else is
unreadable, with the reason: a filter that guesses finds the wrong models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from carbon_lint.card.document import BLOCK_KEY, amount_of
from carbon_lint.card.quantity import SIGNED, read

LONGEST = 200
"""Characters that a quantity may have; longer text is prose, and patterns over it cost time."""
_NO_AMOUNT = "not a finite number of zero or more"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedEmissions:
    """A statement of emissions: `text` is the value as the metadata has it, `emissions_g` is None if it cannot be read.

    `note` says how the grams were got if not from a plain number ("converted from kg"), or why they were not.
    """

    emissions_g: float | None
    text: str
    note: str | None = None
    is_converted: bool = False
    source: str | None = None


def read_stated(metadata: Any) -> StatedEmissions | None:
    """Return what the metadata of a card states; None if it has no such block."""
    if not isinstance(metadata, dict) or BLOCK_KEY not in metadata:
        return None
    block = metadata[BLOCK_KEY]
    if not isinstance(block, dict):
        return _value(block)
    stated = _value(block["emissions"]) if "emissions" in block else _unread(block, "the block has no `emissions`")
    source = block.get("source")
    return replace(stated, source=source) if isinstance(source, str) else stated


def _unread(value: Any, why: str) -> StatedEmissions:
    return StatedEmissions(emissions_g=None, text=value if isinstance(value, str) else repr(value), note=why)


def _value(value: Any) -> StatedEmissions:
    if value is None or value == "":
        return _unread("", "emissions is empty")
    if isinstance(value, bool):
        return _unread(value, "not a number")
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, str):
        return _words(value)
    return _unread(value, f"{'a list' if isinstance(value, list) else 'a mapping'}, not a number")


def _number(value: float) -> StatedEmissions:
    emissions_g = amount_of(value)
    if emissions_g is None:
        return _unread(value, _NO_AMOUNT)
    note = "states zero, which is often a placeholder" if value == 0 else None
    return StatedEmissions(emissions_g=emissions_g, text=repr(value), note=note)


def _words(text: str) -> StatedEmissions:
    match = re.match(SIGNED, text.strip(), re.IGNORECASE) if len(text) <= LONGEST else None
    if match is None:
        return _unread(text, "text that is not one quantity")
    quantity = read(text)
    if quantity is None:
        unit = text.strip()[match.end() :].strip()
        is_word = re.fullmatch(r"[^\W\d_]+", unit)
        why = f"{unit!r} is not a clear unit of mass" if is_word else "text that is not one quantity"
        return _unread(text, why if unit else "text without a unit")
    emissions_g = amount_of(float(quantity.grams[0]))
    if quantity.doubt or emissions_g is None:
        return _unread(text, quantity.doubt or _NO_AMOUNT)
    note = f"converted from {quantity.unit.mass.name}{', approximate' if quantity.is_about else ''}"
    return StatedEmissions(emissions_g=emissions_g, text=text, note=note, is_converted=True)
