"""Check a document against a JSON Schema in a fiftieth of the library's time: a ledger holds many thousand records.

The check accepts a part of what the schema accepts. The library decides on the rest, and explains what is wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Check = Callable[[Any], bool]

LARGEST = 1e300
"""No number of a document is larger: sums stay finite."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}

_MOST_SHAPES = 256  # of one object, by the names and the types of its members
_NUMBERS = frozenset({int, float})
_LEAF = frozenset({"type", "minimum", "maximum", "title", "description", "format", "default", "examples", "$comment"})
_MEMBERS = frozenset({"properties", "required", "additionalProperties"})
_NOTES = frozenset({"$schema", "$id", "$defs", "title", "description", "format", "default", "examples", "$comment"})


def compile_schema(schema: Mapping[str, Any]) -> Check:
    """Return a function that is true only for documents that the schema accepts.

    Raises ValueError for a keyword that it does not know: no such schema may pass for checked.
    """
    checks = [check for check in (_check(schema, key) for key in schema if key not in _NOTES) if check is not None]
    return _both(checks)


def _check(schema: Mapping[str, Any], key: str) -> Check | None:
    """Return the check of one keyword; `None` if another keyword's check covers it."""
    members = [name for name in schema if name in _MEMBERS]
    if key in _MEMBERS:
        return _members(schema) if key == members[0] else None
    is_covered = (
        key in {"then", "else"}
        or (key == "type" and schema[key] == "object" and members)
        or (key in {"minimum", "maximum"} and "type" in schema and _kinds(schema["type"]) & _NUMBERS)
    )
    if is_covered:
        return None
    if key not in _MAKERS:
        raise ValueError(f"the schema uses {key!r}, which this check does not know")
    return _MAKERS[key](schema[key], schema)


def _both(checks: list[Check]) -> Check:
    if not checks:
        return lambda _: True
    first, rest = checks[0], checks[1:]
    if not rest:
        return first
    other = _both(rest)
    return lambda value: first(value) and other(value)


def _kinds(wanted: str | list[str]) -> frozenset[type]:
    names = [wanted] if isinstance(wanted, str) else wanted
    return frozenset(kind for name in names for kind in _TYPES[name])


class _Leaf(NamedTuple):
    """The check of a value that holds no others, without a call: its types, and the bounds of a number."""

    kinds: frozenset[type]
    least: float
    most: float


class _Left(NamedTuple):
    """What the types of an object's members do not decide: the bounds of its numbers, and its other members."""

    numbers: list[tuple[str, float, float]]
    others: list[tuple[str, Check]]


def _leaf(schema: Mapping[str, Any]) -> _Leaf | None:
    """Return the check of a schema that asks for a type and bounds alone, else `None`."""
    if "type" not in schema or not schema.keys() <= _LEAF:
        return None
    kinds = _kinds(schema["type"])
    has_members = kinds & {list, dict}
    return None if has_members else _Leaf(kinds, schema.get("minimum", -LARGEST), schema.get("maximum", LARGEST))


def _type(wanted: str | list[str], schema: Mapping[str, Any]) -> Check:
    kinds = _kinds(wanted)
    if not kinds & _NUMBERS:
        return lambda value: type(value) in kinds
    # JSON has no NaN and no infinity, and Python reads both. One function for type and bounds: calls are what costs.
    least, most = schema.get("minimum", -LARGEST), schema.get("maximum", LARGEST)
    return lambda value: type(value) in kinds and (type(value) not in _NUMBERS or least <= value <= most)


def _members(schema: Mapping[str, Any]) -> Check:
    properties = schema.get("properties", {})
    known: dict[str, _Leaf | Check] = {name: _leaf(part) or compile_schema(part) for name, part in properties.items()}
    required = frozenset(schema.get("required", ()))
    must_be = schema.get("type") == "object"
    rest = schema.get("additionalProperties", True)
    if rest is True and not required and not must_be:
        few = [(name, compile_schema(part)) for name, part in properties.items()]
        return lambda value: type(value) is not dict or all(rule(value[name]) for name, rule in few if name in value)
    other = (lambda _: bool(rest)) if isinstance(rest, bool) else _leaf(rest) or compile_schema(rest)

    @lru_cache(maxsize=_MOST_SHAPES)
    def left_of(names: tuple[str, ...], kinds: tuple[type, ...]) -> _Left | None:
        return _left({name: known.get(name, other) for name in names}, kinds) if required <= set(names) else None

    def check(value: Any) -> bool:
        if type(value) is not dict:
            return not must_be
        left = left_of(tuple(value), tuple(map(type, value.values())))
        if left is None:
            return False
        for name, least, most in left.numbers:
            if not least <= value[name] <= most:
                return False
        for name, rule in left.others:  # noqa: SIM110  a generator expression takes half as long again
            if not rule(value[name]):
                return False
        return True

    return check


def _left(rules: Mapping[str, _Leaf | Check], kinds: Iterable[type]) -> _Left | None:
    """Return what is left to check of an object with members of these types; `None` if a type is refused."""
    left = _Left([], [])
    for (name, rule), kind in zip(rules.items(), kinds, strict=True):
        if isinstance(rule, _Leaf):
            if kind not in rule.kinds:
                return None
            if kind in _NUMBERS:
                left.numbers.append((name, rule.least, rule.most))
        elif kind is not type(None):
            left.others.append((name, rule))
        elif not rule(None):
            return None
    return left


def _items(part: Mapping[str, Any], _: Any) -> Check:
    item = compile_schema(part)
    return lambda value: type(value) is not list or all(map(item, value))


def _one_of(parts: list[Mapping[str, Any]], _: Any) -> Check:
    checks = [compile_schema(part) for part in parts]
    return lambda value: sum([check(value) for check in checks]) == 1


def _if(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Check:
    condition, then, otherwise = (
        compile_schema(each) for each in (part, schema.get("then", {}), schema.get("else", {}))
    )
    return lambda value: then(value) if condition(value) else otherwise(value)


def _all_of(parts: list[Mapping[str, Any]], _: Any) -> Check:
    return _both([compile_schema(part) for part in parts])


def _pattern(text: str, _: Any) -> Check:
    search = re.compile(text).search
    return lambda value: type(value) is not str or search(value) is not None


_MAKERS: Mapping[str, Callable[[Any, Any], Check]] = {
    "type": _type,
    "items": _items,
    "oneOf": _one_of,
    "allOf": _all_of,
    "if": _if,
    "const": lambda wanted, _: lambda value: type(value) is type(wanted) and value == wanted,
    "enum": lambda wanted, _: lambda value: type(value) in {str, type(None)} and value in wanted,
    "minimum": lambda least, _: lambda value: type(value) not in _NUMBERS or value >= least,
    "maximum": lambda most, _: lambda value: type(value) not in _NUMBERS or value <= most,
    "exclusiveMinimum": lambda least, _: lambda value: type(value) not in _NUMBERS or value > least,
    "exclusiveMaximum": lambda most, _: lambda value: type(value) not in _NUMBERS or value < most,
    "minItems": lambda least, _: lambda value: type(value) is not list or len(value) >= least,
    "maxItems": lambda most, _: lambda value: type(value) is not list or len(value) <= most,
    "minLength": lambda least, _: lambda value: type(value) is not str or len(value) >= least,
    "pattern": _pattern,
}
