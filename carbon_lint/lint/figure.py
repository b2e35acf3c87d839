"""What stands where the figure should: a number, or a string that holds one with a unit, separators or prose.

Several rules on values ask; each speaks of one answer, so that one mistake gives one finding.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from carbon_lint.lint.diagnostic import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Node

# A digit that follows a letter belongs to a word (CO2); `1e-05` is a number, `4,009.5` and `1 234` are one number.
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d[\d_]*(?:[.,'\u2019\u00a0\u202f ]\d+)*(?:\.(?!\d))?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII
)
_UNIT = re.compile(
    r"[\s(]*(?:in\s+)?(?P<unit>kilogram(?:me)?s?|kgs?|milligram(?:me)?s?|mg|gram(?:me)?s?|g|metric\s+tons?|tonnes?|tons?"
    r"|t|lbs?|pounds?)(?=\Z|[^a-z]|co)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_RATE = re.compile(r"(?:/|\bper\b)\s*[a-z]", re.IGNORECASE)
_GRAMS_PER = {"kilo": Decimal(1000), "kg": Decimal(1000), "mill": Decimal("1e-3"), "mg": Decimal("1e-3")}
_LONGEST = 40
"""Characters of a number that is read: a double needs 24."""
_MOST_DIGITS = 30
"""Before or behind the point: no figure has so many."""
_GRAMS_PER_TON = Decimal(1_000_000)
_GRAMS_PER_POUND = Decimal("453.59237")  # international avoirdupois pound, exact


class Figure(Value):
    """What was found: `kind` is one of

    number         the Hub reads a number
    quoted         a number in quotes, which the Hub reads as a string
    unit           a number with a unit or with prose
    separated      a number with separators that YAML does not take
    text           a string without one number
    null bool date list map error   as the Hub takes it

    `grams` is the number in grams where it can be told without a guess: the unit is stated, or there is none and the
    separators leave no doubt. `number_text` is the number as written, `unit` the unit as written.
    """

    __slots__ = ("grams", "kind", "number_text", "unit")

    def __init__(self, kind: str, number_text: str = "", unit: str | None = None, grams: Decimal | None = None) -> None:
        self.kind = kind
        self.number_text = number_text
        self.unit = unit
        self.grams = grams


def read(node: Node) -> Figure:
    """What a node of the block holds where its figure should be."""
    if node.is_number:
        return Figure("number", node.text)
    if node.kind != "scalar" or node.type != "str":
        return Figure("null" if node.type == "null" else node.type)
    return _read_text(node.text.strip())


def _read_text(text: str) -> Figure:
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1:
        return Figure("text")
    match = numbers[0]
    number_text = match[0]
    value = _decimal(number_text)
    before, after = text[: match.start()].strip(), text[match.end() :]
    if not before and not after.strip():
        kind = (
            "quoted" if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", number_text, re.ASCII) else "separated"
        )
        return Figure(kind, number_text, grams=value)
    unit = _UNIT.match(after)
    if unit is None:
        return Figure("unit", number_text)
    name = unit["unit"]
    if value is None or _RATE.search(unit["rest"]):
        return Figure("unit", number_text, name)
    return Figure("unit", number_text, name, value * _grams_per(name.lower()))


def _grams_per(unit: str) -> Decimal:
    for beginning, factor in _GRAMS_PER.items():
        if unit.startswith(beginning):
            return factor
    if unit.startswith("g"):
        return Decimal(1)
    return _GRAMS_PER_POUND if unit.startswith(("lb", "pound")) else _GRAMS_PER_TON


def _decimal(number_text: str) -> Decimal | None:
    """The number, or None where the separators leave a doubt: `1,000` may be one or a thousand."""
    if len(number_text) > _LONGEST:
        return None
    text = number_text.replace("_", "")
    for blank in " '\u2019\u00a0\u202f":
        text = text.replace(blank, "")
    commas, dots = text.count(","), text.count(".")
    if commas and dots:
        last_is_comma = text.rfind(",") > text.rfind(".")
        text = text.replace(".", "").replace(",", ".") if last_is_comma else text.replace(",", "")
        commas, dots = 0, text.count(".")
    if commas > 1:
        text = text.replace(",", "")
    elif commas == 1:
        whole, _, rest = text.partition(",")
        if len(re.sub(r"[eE].*", "", rest)) == 3 and whole.lstrip("+-") not in {"", "0"}:  # noqa: PLR2004  a thousand
            return None
        text = text.replace(",", ".")
    if dots > 1:
        text = text.replace(".", "")
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent beyond what even Decimal holds
        return None
    return value if value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS else None


def kilograms_in_grams(node: Node) -> str:
    """A number that the Hub reads, taken for kilograms, as grams."""
    return plain(Decimal(repr(node.value)) * 1000)


def plain(value: Decimal) -> str:
    """A number as every YAML reader takes it: digits and at most one dot."""
    text = f"{value.normalize():f}"
    return text if text != "-0" else "0"
