"""The one reader of amounts of CO2 as people write them: `17 lbs`, `1.234,5 kg`, `0.0002 KgCO2`, `0.3 gCO2eq/request`.

It says everything that an amount can mean. What to do with an amount that has several meanings is the caller's choice:
a check may try each, a conversion takes only what leaves no `doubt`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from carbon_lint.card.markup import pattern
from carbon_lint.units import NUMBER, MassUnit, mass_unit, plain, readings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

GAS = (
    r"(?:\.?[ _-]{0,2}[(\[]?(?:[e\u00e9]q(?:uiv)?\.?|equivalents?)?[ ]?(?:(?:of|de|di)[ ])?"
    r"(?:CO_?2|CO\u2082|carbon(?:[ ]dioxide)?|\u4e8c\u6c27\u5316\u78b3(?:[\u5f53\u7576]\u91cf)?)"
    r"(?:[ _-]?\(?(?:equivalents?|equiv\.?|eq\.?|e)\)?(?![A-Za-z0-9])"
    r"|(?![A-Za-z0-9]|[ -](?:neutral|offset|credit)))[)\]]?"
    r"|[ ]eq\.?(?![A-Za-z]))"
)
"""A pattern for the gas behind a unit: `CO2`, `CO2eq`, ` CO2-e`, ` of carbon dioxide equivalent`, ` eq. CO2`."""
_NAMES = (
    r"kilogram(?:me)?s?|kilos?|kgs?|milligram(?:me)?s?|micrograms?|mg|\u00b5g|\u03bcg|ug|gram(?:me)?s?|gr"
    r"|(?:metric|short|long)[ -]ton(?:ne)?s?|tonnes?|tons?|lbs?|pounds?|g|t|[km]t"
    r"|kilogramm|gramm|tonnen|(?:kilo|quilo)?gram[ao]s?|toneladas?"
    r"|\u516c\u65a4|\u5343\u514b|\u514b|\u5428|\u5678|\u30ad\u30ed\u30b0\u30e9\u30e0|\u30b0\u30e9\u30e0|\u30c8\u30f3|\u043a\u0433"
)
UNIT = rf"(?P<unit>{_NAMES})(?:(?P<gas>{GAS})|(?![A-Za-z0-9_\u2082]))"
"""A pattern for a unit of mass, with the gas that is written into the word or behind it."""

SIGNED = rf"(?P<about>~|\u2248|(?:about|approx\.?|approximately|around|ca\.?)\s)?\s*(?P<number>[-+]?{NUMBER})"
"""A pattern for a number with its sign, and what says that it is not exact."""

_NUMBER = rf"(?<![\w.,\u2013-])(?<![-+\u2212\u2013]\s){NUMBER}(?![0-9])"
_UNIT_BEHIND = rf"[ \t]{{0,3}}(?:[(\[][ ]?)?(?:in[ ])?{UNIT}"
_UNIT_IN_LABEL = rf"(?<![A-Za-z0-9]){UNIT}"
# Before a unit of one letter alone, so that the `t` of `don't` is not a unit.
_BEFORE_LETTER = r"(?:[(\[,/_]|\bin)[ ]{0,2}$"
_NEEDS_GAS = frozenset(("kt", "mt"))  # MT is machine translation, too
_RATE = (
    r"[\s)\]]{0,4}(?:[(\[]\s?)?"
    r"(?:(?:per|each|every|hourly|daily|weekly|monthly|yearly|annually|p\.\s?a\.)(?![\w])(?!\s+cent\b)"
    r"|(?:pro|par|por|je)\s(?:[a-z\u00e0-\u00ff]{2,20}\b)"
    r"|an?\s(?:second|minute|hour|day|week|month|year)\b"
    r"|for\s(?:one|an?|each|every|a\ssingle|[0-9][0-9,.]{0,9}k?)\s"
    r"(?:requests?|quer(?:y|ies)|prompts?|tokens?|images?|inferences?|predictions?|samples?|pages?|km|miles?)\b"
    r"|/(?!\s?[0-9][0-9.,]{0,12}\s?(?:lbs?|pounds?|k?g|tons?|tonnes?|t)\b)"
    r"|[\u00b7*.\s]{0,3}(?:[A-Za-z]{1,12}\s?(?:\^\{?[-\u2212]1\}?|\u207b\u00b9)"
    r"|(?:kwh|mwh|wh|km|h|s|hour|request|token|year|yr|day|image|query|inference)[-\u2212]1\b))"
)


class Named(NamedTuple):
    """A unit of mass that is named: at `start` to `end` stands `text`, and the gas behind it ends at `gas_end`.

    `names_gas`: CO2 is named with the unit. A rate (`g/kWh`, `kg per hour`) is never a total.
    """

    mass: MassUnit
    text: str
    names_gas: bool
    is_rate: bool
    start: int
    end: int
    gas_end: int


class Quantity(NamedTuple):
    """An amount as it is written: `numbers` and the `unit` hold every meaning, the likeliest first.

    `start` and `end` are the number's place. `is_about`: `read` found a sign or a word for "about" (`~2 kg`).
    """

    number_text: str
    numbers: tuple[Decimal, ...]
    unit: Named
    start: int
    end: int
    is_about: bool = False

    @property
    def grams(self) -> tuple[Decimal, ...]:
        """What the amount can come to in grams, the likeliest first."""
        return tuple(number * factor for factor in self.unit.mass.grams for number in self.numbers)

    @property
    def doubt(self) -> str:
        """Why this is not a total that has one meaning; empty if it is."""
        if self.unit.is_rate:
            return "a rate, not a total"
        if len(self.unit.mass.grams) > 1:
            return f"{self.unit.text!r} has several meanings"
        if len(self.numbers) > 1:
            return f"{self.number_text} is {' or '.join(plain(number) for number in self.numbers)}"
        return ""


def quantities(text: str) -> Iterator[Quantity]:
    """Yield every number in `text` that a unit of mass follows."""
    for match in pattern(_NUMBER).finditer(text):
        quantity = quantity_of(text, *match.span())
        if quantity is not None:
            yield quantity


def read(text: str) -> Quantity | None:
    """Return the amount that all of `text` is, perhaps after a sign or a word for "about"; None if it is not one."""
    stripped = text.strip()
    match = re.match(SIGNED, stripped, re.IGNORECASE)
    quantity = quantity_of(stripped, *match.span("number")) if match else None
    if quantity is None or (not quantity.unit.is_rate and stripped[quantity.unit.gas_end :].strip(" ).")):
        return None
    return quantity._replace(is_about=match is not None and match["about"] is not None)


def numbers(text: str) -> list[tuple[int, int]]:
    """Return the place of every number in `text`, without the full stop of a sentence; digits in words do not count."""
    return [(match.start(), match.start() + len(match[0].rstrip(".,"))) for match in pattern(_NUMBER).finditer(text)]


def quantity_of(text: str, start: int, end: int) -> Quantity | None:
    """Return the amount whose number is `text[start:end]`; None if it means nothing or no unit of mass follows."""
    unit, readings = unit_at(text, end), readings_of(text[start:end])
    return None if unit is None or not readings else Quantity(text[start:end], readings, unit, start, end)


def unit_at(text: str, position: int) -> Named | None:
    """Return the unit of mass that follows at once: `kg`, ` kgCO2eq`, ` in grams of CO2`, `(kg)`."""
    match = pattern(_UNIT_BEHIND).match(text, position)
    return _named(match, text) if match else None


def units_in(text: str) -> Iterator[Named]:
    """Yield every unit of mass that a label names: `(in grams)`, `[kg CO2eq]`, `in t`, `tCO2e`, `emissions_kg`."""
    for match in pattern(_UNIT_IN_LABEL).finditer(text):
        is_letter = len(match["unit"]) == 1 and match["gas"] is None
        if is_letter and not pattern(_BEFORE_LETTER).search(text[: match.start()]):
            continue
        named = _named(match, text)
        if named is not None:
            yield named


def _named(match: re.Match[str], text: str) -> Named | None:
    names_gas = match["gas"] is not None
    if match["unit"].lower() in _NEEDS_GAS and not names_gas:
        return None
    unit = mass_unit(match["unit"]) or (mass_unit(match["unit"].lower()) if names_gas else None)
    if unit is None:
        return None
    return Named(
        mass=unit,
        text=match["unit"],
        names_gas=names_gas,
        is_rate=pattern(_RATE).match(text, match.end()) is not None,
        start=match.start("unit"),
        end=match.end("unit"),
        gas_end=match.end(),
    )
