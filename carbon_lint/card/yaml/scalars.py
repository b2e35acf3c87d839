"""What a plain scalar means to each program that reads model cards.

Every reader here takes the scalar's text and returns `(kind, value)`; `kind` is one of `null bool int float str date
merge error`. `hub_value` is the one the linter judges by: the Hub reads front matter as js-yaml 4 does. The others say
what a card's value looks like elsewhere. The patterns are those of the readers: PyYAML 6.0 `resolver.py`, js-yaml
3.15, 4.3 and 5.5 `type/{int,float,bool,null,timestamp}`, yaml 2.9 `schema/core`, and huggingface_hub 2.4
`endpoint_helpers.py`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Value: TypeAlias = tuple[str, str | int | float | bool | None]

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_TRUE_11 = _TRUE | {"yes", "Yes", "YES", "on", "On", "ON"}
_FALSE_11 = _FALSE | {"no", "No", "NO", "off", "Off", "OFF"}
# Whatever is a number, date or special float to any of the readers starts with one of these.
_NUMBER_STARTS = frozenset("+-.0123456789")
_NUMBER_CHARACTERS = "+-.:0123456789abcdefABCDEFoxinINtTZ \t"
"""Every character of what js-yaml 4 reads as a number, date or special float."""

_INFINITY = float("inf")  # not from `math`, which a check would import for nothing else
_DIGITS_EXACT_IN_JS = 15
"""JavaScript's numbers are doubles; every integer of 15 digits is exact in one (2**53 has 16)."""

_SOURCES = {
    "js4-int": r"[-+]?(?:0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+|[0-9]+)",
    "js4-float": r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?",
    "yaml12-int": r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?[0-9]+",  # the core schema
    "yaml12-float": r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?",
    "js3-int": r"[-+]?(?:0b_*[01](?:[01_]*[01])?|0x_*[0-9a-fA-F](?:[0-9a-fA-F_]*[0-9a-fA-F])?"
    r"|0|0_*[0-7](?:[0-7_]*[0-7])?|[1-9](?:[0-9_]*[0-9])?|[1-9][0-9_]*(?::[0-5]?[0-9])+)",
    "js3-float": r"(?:[-+]?(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)(?<!_)",
    "py-int": r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)",
    "py-float": r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*",
    "infinite": r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    "date": r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?",
}


def hub_value(text: str, style: str | None = None) -> Value:
    """Read it as the Hub does (js-yaml 4.3). `style` is the quote or block; only a plain scalar may be a number."""
    if style:
        return "str", text
    if text[:1] not in _NUMBER_STARTS:
        return _word(text, _TRUE, _FALSE)
    if text.strip(_NUMBER_CHARACTERS):
        return "str", text  # `1 x NVIDIA H100`, recognised without the patterns, which take a millisecond to compile
    return _plain_decimal(text) or _number(text, "js4") or _special(text) or ("str", text)


def js_yaml_5_value(text: str, style: str | None = None) -> Value:
    """Read it as js-yaml 5 does: the YAML 1.2 core schema, and neither dates nor merge keys."""
    return yaml12_value(text, style, may_overflow=False)


def yaml12_value(text: str, style: str | None = None, *, may_overflow: bool = True) -> Value:
    """Read it as `yaml` 2.9 does (YAML 1.2 core schema). Here `1e400` is infinite and not a string."""
    if style:
        return "str", text
    found = _number(text, "yaml12", may_overflow=may_overflow) or _infinite(text)
    return found or _word(text, _TRUE, _FALSE, has_merge=False)


def js_yaml_3_value(text: str, style: str | None = None) -> Value:
    """Read it as js-yaml 3 does: underscores, octal `017`, `1:30` as base 60."""
    if style:
        return "str", text
    if _full("js3-int", text):
        return "int", _int_11(text)
    if _full("js3-float", text) and any(character.isdigit() for character in text):
        return "float", _float_11(text)
    return _special(text) or _word(text, _TRUE, _FALSE)


def pyyaml_value(text: str, style: str | None = None) -> Value:
    """Read it as PyYAML's `safe_load` does (YAML 1.1). `error` if the constructor raises."""
    if style:
        return "str", text
    if text in {"=", "<<"}:  # resolved to tags that a scalar value has no constructor for
        return "error", text
    if _full("py-float", text):
        return "float", _float_11(text)
    if _full("py-int", text):
        return _py_int(text)
    special = _special(text)
    if special is not None and special[0] == "date":
        return special if _is_real_date(text) else ("error", text)
    return special or _word(text, _TRUE_11, _FALSE_11)


def emissions_thresholds_value(text: str) -> Value:
    """Read it as huggingface_hub's `emissions_thresholds` search does: the first digits in the value's text."""
    match = re.search(r"\d+\.\d+|\d+", text)
    return ("float", float(match[0])) if match else ("null", None)


def js_key(kind: str, value: object) -> str:
    """Return the property name that JavaScript makes of a key's value: `1.0` and `'1'` are one key to js-yaml."""
    if kind == "null":
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _js_number(value)
    return str(value)


def _plain_decimal(text: str) -> Value | None:
    """Return `12`, `12.5`: what nearly every card holds, without the millisecond that compiling the patterns takes."""
    whole, dot, fraction = text.partition(".")
    if not text.isascii() or not whole.isdigit() or len(text) > _DIGITS_EXACT_IN_JS:
        return None
    if not dot:
        return "int", int(text)
    return ("float", float(text)) if fraction.isdigit() else None


def _number(text: str, reader: str, *, may_overflow: bool = False) -> Value | None:
    if _full(f"{reader}-int", text):
        value = _int(text)
        if abs(value) < _INFINITY or may_overflow:
            return "int", value
    if _full(f"{reader}-float", text):
        number = float(text)
        if abs(number) < _INFINITY or may_overflow:
            return "float", number
    return None


def _word(text: str, true: frozenset[str], false: frozenset[str], *, has_merge: bool = True) -> Value:
    if text in _NULLS:
        return "null", None
    if text in true:
        return "bool", True
    if text in false:
        return "bool", False
    if has_merge and text == "<<":
        return "merge", text
    return "str", text


def _special(text: str) -> Value | None:
    if _full("date", text):
        return "date", text
    return _infinite(text)


def _infinite(text: str) -> Value | None:
    if not _full("infinite", text):
        return None
    return "float", float(text.replace(".", "", 1))


def _int(text: str) -> int | float:
    if text.isdigit() and len(text) <= _DIGITS_EXACT_IN_JS:
        return int(text)
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2])
    if base is None:
        # float first: int() refuses more than 4300 digits, and JavaScript would round anyway
        return sign * int(digits) if len(digits) <= _DIGITS_EXACT_IN_JS else _rounded(sign * float(digits))
    try:
        return _rounded(sign * float(int(digits[2:], base)))
    except OverflowError:
        return sign * _INFINITY


def _rounded(number: float) -> int | float:
    return int(number) if abs(number) < _INFINITY else number


def _int_11(text: str) -> int | float:
    plain = text.replace("_", "")
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.lstrip("+"))
    if ":" in digits:
        return sign * int(_base_60(digits))
    try:
        if digits[:2] in {"0b", "0x"}:
            return sign * int(digits[2:], 2 if digits[1] == "b" else 16)
        return sign * int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)
    except ValueError:  # more than 4300 digits
        return sign * float(digits)


def _py_int(text: str) -> Value:
    digits = text.replace("_", "").lstrip("+-")
    if digits in {"", "0b", "0x"} or len(digits) > 4000:  # noqa: PLR2004  int() raises ValueError, and so does PyYAML
        return "error", text
    return "int", _int_11(text)


def _float_11(text: str) -> float:
    plain = text.replace("_", "")
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.lstrip("+"))
    return sign * (_base_60(digits) if ":" in digits else float(digits))


def _base_60(digits: str) -> float:
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total


def _is_real_date(text: str) -> bool:
    from datetime import datetime  # noqa: PLC0415  few cards hold a date, and start-up counts

    parts = [int(part) for part in re.findall(r"[0-9]+", text)[:6]]
    try:
        datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  only asked whether it exists
    except ValueError:
        return False
    return True


def _js_number(value: float) -> str:
    if abs(value) == _INFINITY:
        return "Infinity" if value > 0 else "-Infinity"
    if not abs(value) < _INFINITY:
        return "NaN"
    if value == int(value) and abs(value) < 1e21:  # noqa: PLR2004  where ECMA-262 Number::toString turns to exponents
        return str(int(value))
    return repr(value).replace("e-0", "e-")


def _full(name: str, text: str) -> re.Match[str] | None:
    """Match all of a text. `re` compiles a pattern on first use: most cards hold no number that needs one."""
    return re.fullmatch(_SOURCES[name], text)


def with_last_break(yaml_text: str) -> str:
    """Return the YAML as js-yaml ends it: a block scalar at the very end keeps that line break."""
    return yaml_text if yaml_text.endswith(("\n", "\r")) else yaml_text + "\n"


def paired(scalar: str) -> str:
    """Replace surrogate escapes by their characters, and half a pair, which no UTF-8 file can hold, by U+FFFD."""
    if scalar.isascii() or not re.search("[\ud800-\udfff]", scalar):
        return scalar
    return scalar.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
