"""A value as YAML text that every reader of cards takes for the same value: PyYAML, js-yaml 3 to 5, YAML 1.2."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from carbon_lint.card.yaml import scalars
from carbon_lint.errors import InputError

READERS = (
    scalars.hub_value,
    scalars.pyyaml_value,
    scalars.js_yaml_3_value,
    scalars.js_yaml_5_value,
    scalars.yaml12_value,
)

_PLAIN = re.compile(r"[^\W_](?:[\w .,/()+@%*~-]*[\w.)/%+])?")
_PLAIN_IN_FLOW = re.compile(r"[^\W_](?:[\w ./()+@%*~-]*[\w.)/%+])?")
# yaml 1.1 readers other than PyYAML take these for booleans.
_ONE_LETTER = frozenset("yYnN")
_POSITIONAL = range(-12, 21)
"""Decimal exponents written out in full: every reader reads `0.00001` right, and no real card has a smaller figure."""


def scalar_text(value: str | float | bool, *, in_flow: bool = False) -> str:
    """Return `value` as a YAML scalar. Raises InputError for NaN and infinity, which no card may state."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number_text(value)
    return _string_text(value, in_flow=in_flow)


def _number_text(value: float) -> str:
    if not math.isfinite(value):
        raise InputError(f"{value!r} is not a number that a card can state")
    text = repr(value)
    if "e" not in text:
        return text
    if Decimal(text).adjusted() in _POSITIONAL:
        plain = f"{Decimal(text):f}"
        return plain if "." in plain else plain + ".0"
    # YAML 1.1 wants a dot and a signed exponent: `1e-20` would be a string to PyYAML
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _string_text(value: str, *, in_flow: bool) -> str:
    pattern = _PLAIN_IN_FLOW if in_flow else _PLAIN
    if (
        pattern.fullmatch(value)
        and value not in _ONE_LETTER
        and value.isprintable()
        and all(reader(value)[0] == "str" for reader in READERS)
    ):
        return value
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    if "\ud800" <= character <= "\udfff":
        raise InputError(f"half a surrogate pair, U+{code:04X}, cannot be written to a file")
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or (
        f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
    )
