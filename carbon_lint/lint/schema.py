"""The shape of `co2_eq_emissions`: a quick look that most cards pass, and what the JSON Schema has against the rest.

`plainly_valid` accepts a part of what the schema accepts, which a property test holds it to. It is narrower on purpose:
what it accepts also gives no rule on the block's shape, values or number formats anything to say.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from carbon_lint.card.document import Node

RECOMMENDED = ("source", "training_type", "geographical_location", "hardware_used")
"""Fields of the Hub's documentation besides `emissions`."""

_ORDER = ("emissions", "energy_consumed", "ram_total_size", "hours_used")
NUMBERS = frozenset(_ORDER)
GENERATED = frozenset(("energy_consumed", "on_cloud", "cpu_model", "ram_total_size", "hours_used"))
"""Further keys that sentence-transformers, SetFit and SpanMarker write."""

TYPES_IN_WORDS = {
    "null": "empty",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "str": "a string",
    "date": "a date",
    "bytes": "binary data",
    "merge": "a merge key",
    "list": "a list",
    "map": "a map",
    "error": "a value with a tag that the Hub refuses",
}
"""What a message calls each `Node.type`."""

MISSPELT = frozenset(
    (
        *("geographic_location", "geographical location", "geographic location", "geo_location"),
        *("hardware used", "hardware-used", "training type", "training-type", "emission", "Emissions"),
    )
)
"""Keys that the schema refuses by name, so that an editor marks them."""

# Read alike by every YAML reader, and by Python's str() without an exponent: see CL501 and CL502.
_PLAIN_NUMBER = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?"  # compiled when a card states a number
_LEAST_WITHOUT_EXPONENT = 1e-4
# What the placeholders of CL109 hold, and few true values: only a reason to look closer.
_PLACEHOLDER_HINTS = (
    *("<", ">", "[", "{", "...", "?", " of ", "granular", "how much", "either", " or ", "todo", "tbd", "n/a", "na"),
    *("unknown", "unspecified", "none", "null", "not ", "your", "xxx", "e.g", "information", "pending"),
)


def plainly_valid(block: Node) -> bool:
    """Return whether a block is so plain that no rule on its shape or values can have anything to say."""
    if block.kind == "scalar":
        return _is_plain_figure(block)
    if block.kind != "map":
        return False
    seen = set()
    for key, value in block.items():
        name = key.text if key.kind == "scalar" else None
        if name is None or name in seen or not _is_plain_field(name, value):
            return False
        seen.add(name)
    return "emissions" in seen


def misfits(value: Any) -> list[tuple[str, str]]:
    """Return what the JSON Schema has against a block, as (field, what is wrong): none if it accepts it.

    The library's answer without the library, whose import takes longer than everything else that a check does. A
    property test holds the two to each other.
    """
    if not isinstance(value, dict):
        return [] if _is_positive(value) else [("", "expected a number of grams, zero or more")]
    found = [(name, "misspelt") for name in value if name in MISSPELT]
    if "emissions" not in value:
        found.append(("", "expected the field emissions"))
    found += [(name, "expected a number, zero or more") for name in _ORDER if not _is_positive(value.get(name, 0))]
    found += [
        (name, "expected a string that is not empty")
        for name in RECOMMENDED
        if not isinstance(word := value.get(name, "-"), str) or not word
    ]
    if not isinstance(value.get("on_cloud", True), bool):
        found.append(("on_cloud", "expected true or false"))
    if not isinstance(value.get("cpu_model"), str | None):
        found.append(("cpu_model", "expected a string"))
    return found


def block_value(block: Node) -> Any:
    """Return `Node.plain` without what a field's map or list holds: no rule reads it, and aliases can make it huge."""
    if block.kind != "map":
        return _shallow(block)
    return {key.name: _shallow(value) for key, value in block.items()}


def _shallow(node: Node) -> Any:
    return {"map": {}, "list": []}.get(node.kind, node.value)


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not value < 0


def _is_plain_field(name: str, node: Node) -> bool:
    if node.kind != "scalar":
        return False
    if name == "emissions":
        return _is_plain_figure(node)
    kind = node.type
    if name in RECOMMENDED:
        shown = node.text.lower() if kind == "str" else ""
        return bool(shown.strip()) and not any(hint in shown for hint in _PLACEHOLDER_HINTS)
    if name == "on_cloud":
        return kind == "bool"
    if name == "cpu_model":
        return kind in {"str", "null"}
    return name in NUMBERS and not node.style and re.fullmatch(_PLAIN_NUMBER, node.text) is not None


def _is_plain_figure(node: Node) -> bool:
    if node.style or re.fullmatch(_PLAIN_NUMBER, node.text) is None:
        return False
    value = node.value
    return isinstance(value, int | float) and value >= _LEAST_WITHOUT_EXPONENT
