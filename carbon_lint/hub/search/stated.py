"""Read what a card's metadata states as its emissions from the JSON that the Hub's listing holds.

Grams come only from a number, or from text that is one quantity with one unit that has one meaning. Everything else is
unreadable, with the reason: a filter that guesses finds the wrong models.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from carbon_lint.card.quantity import SIGNED, read

BLOCK = "co2_eq_emissions"
LONGEST = 200
"""Characters that a quantity may have; longer text is prose, and patterns over it cost time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A statement of emissions.

    Attributes:
        emissions_g: grams; None if the statement cannot be read.
        text: the value as the metadata has it.
        note: how the grams were got if not from a plain number ("converted from kg"), or why they were not.
        is_converted: True if the grams come from text with a unit.
        source: the block's `source`, if it is text.
    """

    emissions_g: float | None
    text: str
    note: str | None = None
    is_converted: bool = False
    source: str | None = None


def read_stated(metadata: Any) -> Stated | None:
    """Return what the metadata of a card states; None if it has no such block."""
    if not isinstance(metadata, dict) or BLOCK not in metadata:
        return None
    block = metadata[BLOCK]
    if isinstance(block, dict):
        source = block.get("source")
        named = source if isinstance(source, str) else None
        if "emissions" not in block:
            return Stated(emissions_g=None, text=_shown(block), note="the block has no `emissions`", source=named)
        return _value(block["emissions"], named)
    return _value(block, None)


def _value(value: Any, source: str | None) -> Stated:
    if value is None or value == "":
        return Stated(emissions_g=None, text="", note="emissions is empty", source=source)
    text = _shown(value)
    if isinstance(value, bool):
        return Stated(emissions_g=None, text=text, note="not a number", source=source)
    if isinstance(value, (int, float)):
        return _number(float(value) if abs(value) < 10**300 else math.inf, text, source)
    if isinstance(value, str):
        return _words(value, source)
    kind = "a list" if isinstance(value, list) else "a mapping"
    return Stated(emissions_g=None, text=text, note=f"{kind}, not a number", source=source)


def _number(emissions_g: float, text: str, source: str | None) -> Stated:
    if not math.isfinite(emissions_g) or emissions_g < 0:
        return Stated(emissions_g=None, text=text, note="not a finite number of zero or more", source=source)
    note = "states zero, which is often a placeholder" if emissions_g == 0 else None
    return Stated(emissions_g=emissions_g, text=text, note=note, source=source)


def _words(text: str, source: str | None) -> Stated:
    quantity = read(text) if len(text) <= LONGEST else None
    if quantity is None:
        return Stated(emissions_g=None, text=text, note=_why_unread(text), source=source)
    emissions_g = float(quantity.grams[0])
    note = quantity.doubt
    if not note and (not math.isfinite(emissions_g) or emissions_g < 0):
        note = "not a finite number of zero or more"
    if note:
        return Stated(emissions_g=None, text=text, note=note, source=source)
    is_about = re.match(SIGNED, text.strip(), re.IGNORECASE)
    note = f"converted from {quantity.unit.mass.name}" + (", approximate" if is_about and is_about["about"] else "")
    return Stated(emissions_g=emissions_g, text=text, note=note, is_converted=True, source=source)


def _why_unread(text: str) -> str:
    match = re.match(SIGNED, text.strip(), re.IGNORECASE) if len(text) <= LONGEST else None
    rest = text.strip()[match.end() :].strip() if match else ""
    if match and not rest:
        return "text without a unit"
    word = re.fullmatch(r"[^\W\d_]+", rest)
    return f"{word[0]!r} is no clear unit of mass" if word else "text that is not one quantity"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
