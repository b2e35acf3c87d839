"""Turn the frozen values of a record, and of a journal's lines, into JSON and back, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from carbon_lint.records import record, uncertainty
from carbon_lint.records.uncertainty import Bounds

_NAMES = {**vars(record), **vars(uncertainty), "Mapping": Mapping}
"""What the annotations of a field may name."""


def to_json(value: Any) -> Any:
    r"""Return a value as JSON: a dataclass as its fields, bounds as `[low, high]`.

    A lone surrogate in a text (a byte of a path or an argument that is not UTF-8) becomes its escape, `\udcff`: no file
    could hold it.
    """
    if value is None or isinstance(value, float | int):
        return value
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Bounds):
        return [value.low, value.high]
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    return {name: to_json(getattr(value, name)) for name in value.__slots__}


@cache
def reader_of(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a value of `kind` of its JSON, which must be valid already.

    Names that a dataclass does not have are passed over. The function raises AttributeError, KeyError, TypeError or
    ValueError for JSON that is not valid.
    """
    arguments = get_args(kind)
    if get_origin(kind) is UnionType:  # a value or None
        return reader_of(arguments[0])
    if get_origin(kind) is tuple:
        each = reader_of(arguments[0])
        return tuple if each is _same else lambda values: tuple(map(each, values))
    if kind is Bounds:
        return lambda pair: Bounds(low=pair[0], high=pair[1])
    if is_dataclass(kind):
        return _reader_of_fields(kind)
    return kind if isinstance(kind, type) and issubclass(kind, StrEnum) else _same


def _reader_of_fields(kind: Any) -> Callable[[dict[str, Any]], Any]:
    readers = {name: reader_of(hint) for name, hint in get_type_hints(kind, localns=_NAMES).items()}
    made = [(name, reader) for name, reader in readers.items() if reader is not _same]

    def read(document: dict[str, Any]) -> Any:
        if not document.keys() <= readers.keys():
            document = {name: value for name, value in document.items() if name in readers}
        return kind(
            **document | {name: reader(document[name]) for name, reader in made if document.get(name) is not None}
        )

    return read


def _same(value: Any) -> Any:
    return value
