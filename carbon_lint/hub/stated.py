"""What a card's metadata states as its emissions, read from the JSON that the Hub's listing holds.

Grams come only from a number, or from text that is one quantity with one unit that has one meaning. Everything else is
unreadable, with the reason: a filter that guesses finds the wrong models.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from carbon_lint.units import GRAMS_PER

BLOCK = "co2_eq_emissions"
LONGEST = 200
"""Characters that a quantity may have; longer text is prose, and patterns over it cost time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A statement of emissions.

    Attributes:
        emissions_g: grams; None where the statement cannot be read.
        text: the value as it stands in the metadata.
        note: how the grams were got where not from a plain number ("converted from kg"), or why they were not.
        is_converted: True where the grams come from text with a unit.
        source: the block's `source`, where it is text.
    """

    emissions_g: float | None
    text: str
    note: str | None = None
    is_converted: bool = False
    source: str | None = None


_UNITS = {
    **{name: (name, GRAMS_PER[name]) for name in ("g", "kg", "mg", "t", "ug", "\u00b5g", "\u03bcg")},
    **dict.fromkeys(("gram", "grams", "gramme", "grammes"), ("g", GRAMS_PER["g"])),
    **dict.fromkeys(("kgs", "kilogram", "kilograms", "kilo", "kilos"), ("kg", GRAMS_PER["kg"])),
    **dict.fromkeys(("milligram", "milligrams"), ("mg", GRAMS_PER["mg"])),
    **dict.fromkeys(("tonne", "tonnes"), ("t", GRAMS_PER["t"])),  # not "ton": there are three
}
_CASELESS = {name: unit for name, unit in _UNITS.items() if len(name) > 2 or name == "kg"}  # noqa: PLR2004  MG is not mg
_GAS = r"(?:\s*(?:of\s+)?(?:co2|co₂|carbon)[\s_-]*(?:e|eq|equivalents?|emissions?|emitted)?\.?)?"
_QUANTITY = re.compile(
    r"\s*(?P<about>~|≈|about\s|approx\.?\s|approximately\s|ca\.?\s)?\s*(?P<number>[+-]?[\d.,]*\d[.]?(?:[eE][+-]?\d{1,3})?)\s*"
    rf"(?:in\s+)?(?P<unit>[^\W\d_]+){_GAS}\s*\.?\s*",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+|[+-]?\d{1,3}(?:,\d{3}){2,}")
_COMMA = re.compile(r"[+-]?\d+,\d+")


def read_stated(metadata: Any) -> Stated | None:
    """What the metadata of a card states; None where it has no such block."""
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
    text = _shown(value)
    if isinstance(value, bool) or value is None:
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
    match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        bare = _PLAIN.fullmatch(text.strip()) or re.fullmatch(r"[\d_,. ]+", text)
        note = "text without a unit" if bare and text.strip() else "text that is not one quantity"
        return Stated(emissions_g=None, text=text, note=note, source=source)
    unit = _UNITS.get(match["unit"]) or _CASELESS.get(match["unit"].lower())
    if unit is None:
        return Stated(emissions_g=None, text=text, note=f"{match['unit']!r} is no clear unit of mass", source=source)
    number = _decimal(match["number"])
    emissions_g = math.nan if number is None else float(number * unit[1])
    if not math.isfinite(emissions_g) or emissions_g < 0:
        note = (
            "the number can be read in more than one way" if number is None else "not a finite number of zero or more"
        )
        return Stated(emissions_g=None, text=text, note=note, source=source)
    note = f"converted from {unit[0]}" + (", approximate" if match["about"] else "")
    return Stated(emissions_g=emissions_g, text=text, note=note, is_converted=True, source=source)


def _decimal(text: str) -> Decimal | None:
    """The number, where its commas can mean only one thing."""
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if _GROUPED.fullmatch(text):
        return Decimal(text.replace(",", ""))
    # 43,24 can only be decimals; 1,234 can be either
    if _COMMA.fullmatch(text) and len(text.rpartition(",")[2]) != 3:  # noqa: PLR2004  digits of a group of thousands
        return Decimal(text.replace(",", "."))
    return None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
