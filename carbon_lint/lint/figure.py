"""Read what the card has as its figure: a number, or a string that holds one with a unit, separators or prose.

Several rules on values ask; each reports one answer, so that one mistake gives one finding. What the text of the card
states is compared with it here, too.
"""

from __future__ import annotations

import re
from decimal import Decimal

from carbon_lint.card.quantity import quantity_of, unit_at
from carbon_lint.lint.diagnostic import Edit, Fix
from carbon_lint.text import quoted
from carbon_lint.units import NUMBER, plain, readings_of, significant
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Node
    from carbon_lint.card.prose import BodyFigure

# A digit that follows a letter belongs to a word (CO2); `1e-05` is a number, `4,009.5` and `1 234` are one number.
_NUMBER = rf"(?<![\w.])[-+]?{NUMBER}"
# What may stand around an amount without changing it; `<`, `up to`, `saved`, `less than BERT` and a lone `-` do.
_HARMLESS_BEFORE = (
    r"(?:about|approx\.?|approximately|around|roughly|circa|ca\.?|estimated|total|training|emissions?|carbon|emitted"
    r"|CO_?2(?:[ -]?eq|e)?|is|are|[~\u2248:=\s])*+"
)
_HARMLESS_BEHIND = (
    r"(?:(?:in|as|of|by|with|from|the|for|this)\b|\u00e9q\w*\.?|eq\w*\.?|CO_?2(?:[ -]?eq|e)?|carbon(?:[ ]dioxide)?"
    r"|emitted|emissions?|total|training|fine-?tuning|code[ ]?carbon|mlco2|estimat\w+|approx\w*\.?|[\s.,;:()\[\]])*+"
)
_MOST_DIGITS = 30
"""Before or behind the point: no figure has so many."""


_RELATIVE = 0.01
"""Two figures of one run differ by rounding, or by what was cut off: real cards say 962 kg of 960000 g."""
_LONGEST_EXPONENT = 4


class Figure(Value):
    """What was found, by its kind.

    number         the Hub reads a number
    quoted         a number in quotes, which the Hub reads as a string
    unit           a number with a unit or with prose
    separated      a number with separators that YAML does not take
    text           a string without one number
    null bool date list map error   as the Hub takes it

    `grams` is the number in grams if that takes no guess: the unit is stated, has one meaning, and no words change
    it, or there is none and the separators leave no doubt. `number_text` is the number as written, `unit` the unit as
    written, `doubt` says why an amount with a unit has no `grams`.
    """

    kind: str
    number_text: str = ""
    unit: str | None = None
    grams: Decimal | None = None
    doubt: str = ""


def read(node: Node) -> Figure:
    """Return what a node of the block holds in place of its figure."""
    if node.is_number:
        return Figure("number", node.text)
    if node.kind != "scalar" or node.type != "str":
        return Figure("null" if node.type == "null" else node.type)
    return _read_text(node.text.strip())


def _read_text(text: str) -> Figure:
    numbers = list(re.finditer(_NUMBER, text))
    if len(numbers) != 1:
        return Figure("text")
    match = numbers[0]
    number_text = match[0]
    if not text[: match.start()].strip() and not text[match.end() :].strip():
        values = readings_of(number_text)
        is_plain = re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", number_text, re.ASCII)
        return Figure("quoted" if is_plain else "separated", number_text, grams=_only(values))
    quantity = quantity_of(text, *match.span())
    if quantity is None:
        named = unit_at(text, match.end())
        return Figure("unit", number_text, named.text if named else None)
    doubt = quantity.doubt or _doubt_of(text[: quantity.start], text[quantity.unit.gas_end :])
    grams = None if doubt else _only(quantity.grams)
    return Figure("unit", number_text, quantity.unit.text, grams, doubt)


def _only(values: tuple[Decimal, ...]) -> Decimal | None:
    """Return the value, if there is one alone and some run can have it."""
    is_figure = len(values) == 1 and (values[0] == 0 or abs(values[0].adjusted()) < _MOST_DIGITS)
    return values[0] if is_figure else None


def _doubt_of(before: str, behind: str) -> str:
    for words, harmless in ((before, _HARMLESS_BEFORE), (behind, _HARMLESS_BEHIND)):
        if not re.fullmatch(harmless, words, re.IGNORECASE):
            return f"{quoted(words.strip())} may change what it means"
    return ""


def as_kilograms(node: Node) -> Fix:
    """Return the guess that a number that the Hub reads is kilograms: write it in grams."""
    grams = plain(Decimal(repr(node.value)) * 1000)
    return Fix(f"write {grams}: {node.text} kg in grams", (Edit(*node.span, grams),), is_safe=False)


def agrees(figure: BodyFigure, emissions_g: float) -> bool:
    """Return whether a stated figure is these grams, as far as it was written out: `0.003 kg` agrees with 2.51 g."""
    allowed = max(last_digit_g(figure), _RELATIVE * emissions_g)
    return any(abs(grams - emissions_g) <= allowed for grams in (figure.grams, *figure.alternatives))


def last_digit_g(figure: BodyFigure) -> float:
    """Return one unit of the last written digit, in grams: 1 for `0.003 kg`. Digits may have been cut, not rounded."""
    digits, _, exponent = figure.number_text.lower().replace(",", ".").partition("e")
    places = len(digits.rpartition(".")[2]) if "." in digits else 0
    power = int(exponent) if exponent.lstrip("+-").isdigit() and len(exponent) <= _LONGEST_EXPONENT else 0
    return float(f"1e{power - places}") * figure.unit_g


def shown(figure: BodyFigure) -> str:
    """Return a stated figure as a message says it, in grams too."""
    stated = f"{figure.number_text} {figure.unit}"
    return stated if figure.unit_g == 1 else f"{stated} = {significant(figure.grams, 6)} g"
