"""Read a key that is not one of the documented names: its letters, its typing errors, and the unit that it names.

A unit is in `emissions_kg`, `emissions (in grams)` and `co2Kg`.
"""

from __future__ import annotations

import re
from decimal import Decimal

from carbon_lint.card.quantity import units_in
from carbon_lint.lint.context import number
from carbon_lint.lint.diagnostic import Edit, Fix
from carbon_lint.lint.figure import read
from carbon_lint.units import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.card.document import Node
    from carbon_lint.card.quantity import Named

# A unit that is glued to the word: `emissionskg`, `emissionsKg`.
_GLUED = re.compile(r"(?i:(?<=emissions)|(?<=emission)|(?<=co2))(?=(?i:kg|g|mg|t|lbs?|tons?|tonnes?|grams?)$)")


def letters_of(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return "".join(character for character in name.lower().replace("\u2082", "2") if character.isalnum())


def is_near(name: str, known: str, most: int) -> bool:
    """Return whether at most `most` letters were left out, added, replaced or swapped between two different names."""
    return abs(len(name) - len(known)) <= most and 0 < _distance(name, known) <= most


def _distance(name: str, known: str) -> int:
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(name, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and name[i - 2] == other:
                least = min(least, last[j - 2] + 1)
            row.append(least)
    return row[-1]


def parted(name: str) -> tuple[str, Named | None]:
    """Return a key without its unit, and the unit; `emissions_per_hour` names none."""
    spaced = _GLUED.sub("_", name)
    units = list(units_in(spaced))
    if not units or units[-1].is_rate:
        return name, None
    unit = units[-1]
    left = re.sub(r"(?:^|(?<=[\W_]))in[\W_]*$", "", spaced[: unit.start])
    return (left + spaced[unit.gas_end :]).strip(" _-()[]/,"), unit


def renamed(key: Node, value: Node, meant: str, unit: Named | None, *, is_safe: bool) -> Fix | None:
    """Return the fix that renames a key and keeps the amount: a number in kilograms becomes grams.

    `None` if the amount is unclear: the unit has several meanings, or the value is not a number.
    """
    rename = Edit(key.start, key.end, meant)
    target = value.get("emissions") if value.kind == "map" else value
    if unit is None or (target is not None and read(target).kind == "unit"):
        return Fix(f"rename to {meant}", (rename,), is_safe=is_safe)
    stated = number(target)
    if target is None or stated is None or abs(stated) == float("inf") or len(unit.mass.grams) > 1:
        return None
    if unit.mass.grams[0] == 1:
        return Fix(f"rename to {meant}", (rename,), is_safe=is_safe)
    grams = plain(Decimal(repr(stated)) * unit.mass.grams[0])
    title = f"rename to {meant} and write {grams}: {target.text} {unit.text} in grams"
    return Fix(title, (rename, Edit(target.start, target.end, grams)), is_safe=False)
