"""The shape of `co2_eq_emissions`: a quick look that most cards pass, and the JSON Schema for the rest.

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

NUMBERS = frozenset(("emissions", "energy_consumed", "ram_total_size", "hours_used"))
STRINGS = frozenset(RECOMMENDED)
GENERATED = frozenset(("energy_consumed", "on_cloud", "cpu_model", "ram_total_size", "hours_used"))
"""Further keys that sentence-transformers, SetFit and SpanMarker write."""

MISSPELT = frozenset(
    (
        *("geographic_location", "geographical location", "geographic location", "geo_location"),
        *("hardware used", "hardware-used", "training type", "training-type", "emission", "Emissions"),
    )
)
"""Keys that the schema refuses by name, so that an editor marks them."""

# Read alike by every YAML reader, and by Python's str() without an exponent: see CL501 and CL502.
_PLAIN_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?")
_LEAST_WITHOUT_EXPONENT = 1e-4
# What the placeholders of CL109 hold, and few true values: only a reason to look closer.
_PLACEHOLDER_HINTS = (
    *("<", ">", "[", "{", "...", "?", " of ", "granular", "how much", "either", " or ", "todo", "tbd", "n/a", "na"),
    *("unknown", "unspecified", "none", "null", "not ", "your", "xxx", "e.g", "information", "pending"),
)


def plainly_valid(block: Node) -> bool:
    """Whether a block is so plain that no rule on its shape or values can have anything to say."""
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


def fits_schema(value: Any) -> bool:
    """Whether the JSON Schema accepts a block: its library's answer without importing it, which a test holds it to."""
    if not isinstance(value, dict):
        return _is_positive(value)
    return (
        _is_positive(value.get("emissions"))
        and not MISSPELT.intersection(value)
        and all(_is_positive(value[name]) for name in NUMBERS if name in value)
        and all(isinstance(value[name], str) and value[name] for name in STRINGS if name in value)
        and isinstance(value.get("on_cloud", True), bool)
        and isinstance(value.get("cpu_model"), str | None)
    )


def schema_errors(value: Any) -> list[tuple[str, str]]:
    """What the JSON Schema has against a block, as (dotted path, message), the most telling first."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import relevance

    from carbon_lint.schema_files import load_schema

    # Against the branch that the author meant: "is not a number" says nothing about a map's field.
    number, fields = load_schema("co2_eq_emissions")["anyOf"]
    validator = Draft202012Validator(fields if isinstance(value, dict) else number)
    errors = sorted(validator.iter_errors(value), key=relevance, reverse=True)
    return [(".".join(map(str, error.absolute_path)), error.message) for error in errors]


def plain_value(node: Node) -> Any:
    """A node as Python values, keys as strings, as the Hub reads them."""
    if node.kind == "scalar":
        return node.value
    if node.kind == "list":
        return [plain_value(item) for item in node.items_list()]
    return {key.text if key.kind == "scalar" else key.raw: plain_value(value) for key, value in node.items()}


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not value < 0


def _is_plain_field(name: str, node: Node) -> bool:
    if node.kind != "scalar":
        return False
    if name == "emissions":
        return _is_plain_figure(node)
    value = node.value
    if name in STRINGS:
        return isinstance(value, str) and bool(value.strip()) and not _may_be_placeholder(value.lower())
    if name == "on_cloud":
        return isinstance(value, bool)
    if name == "cpu_model":
        return value is None or isinstance(value, str)
    return name in NUMBERS and not node.style and _PLAIN_NUMBER.fullmatch(node.text) is not None


def _may_be_placeholder(lowered: str) -> bool:
    return any(hint in lowered for hint in _PLACEHOLDER_HINTS)


def _is_plain_figure(node: Node) -> bool:
    if node.style or _PLAIN_NUMBER.fullmatch(node.text) is None:
        return False
    value = node.value
    return isinstance(value, int | float) and value >= _LEAST_WITHOUT_EXPONENT
