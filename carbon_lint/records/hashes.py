"""Hash a record and a journal, so that a card, a sum or an attestation can name exactly one of each. Pure.

* A record's hash is the SHA-256 of its JSON without the field `record_sha256`, in the canonical form of RFC 8785:
  keys sorted, no blanks, each number in its shortest form. Layout and order of the file do not matter.
* A journal's hash is the SHA-256 of its bytes, uncompressed, up to the first line that begins with `{"ended"`: the
  lines from there on hold the record itself.

docs/verifying.md shows how another program computes both.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any

_EXACT = 2**53 - 1  # integers that a double holds
_LEAST_POWER, _MOST_POWER = -6, 20  # of ten, between which no exponent is written
FIELD = "record_sha256"
ENDED = b'{"ended"'
SHOWN_DIGITS = 16
"""Hexadecimal digits of a hash in a sentence for people: a second record with the same 64 bits is too hard to find."""


def canonical(value: Any) -> bytes:
    """Return JSON in the canonical form of RFC 8785, in a third of its library's time: tests compare the two.

    Raises ValueError for a number that is not finite, and for half a surrogate pair.
    """
    return _written(value).encode()


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return "{" + ",".join([label + _written(value[name]) for name, label in _in_order(tuple(value))]) + "}"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_written(each) for each in value]) + "]"
    return _number(value)


@lru_cache(maxsize=256)
def _in_order(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the names as they are sorted, each with its text before a value. Most records have the same names."""
    order = sorted(names) if "".join(names).isascii() else sorted(names, key=lambda name: name.encode("utf-16-be"))
    return [(name, f"{_quoted(name)}:") for name in order]


def _number(value: float) -> str:
    """Return the shortest decimal that is this double, laid out as JavaScript does it."""
    if isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return str(value)
    shortest = repr(float(value))
    digits, _, exponent = shortest.partition("e")
    if not exponent:
        if not math.isfinite(value):
            raise ValueError(f"{shortest} is not a number of JSON")
        return "0" if value == 0 else shortest.removesuffix(".0")
    power = int(exponent)
    return f"{Decimal(shortest):f}" if _LEAST_POWER <= power <= _MOST_POWER else f"{digits}e{power:+d}"


def record_sha256(document: dict[str, Any]) -> str:
    """Return the hash of a record's document. Raises ValueError if it holds a number that is not finite."""
    return hashlib.sha256(canonical({name: value for name, value in document.items() if name != FIELD})).hexdigest()


def fits(data: bytes, document: dict[str, Any]) -> bool:
    """Return whether the record in a file that holds `data`, and is `document`, has the hash that it states.

    A file in the canonical form is not encoded again: the hash is that of its bytes without the hash's own field.
    """
    stated: str = document[FIELD]
    before, mark, after = data.partition(f'"{FIELD}":"{stated}",'.encode())
    if mark and hashlib.sha256(before + after.rstrip(b"\n")).hexdigest() == stated:
        return True
    return record_sha256(document) == stated


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its hash as the last field; `None` there if it holds a number that is not finite."""
    try:
        digest = record_sha256(document)
    except ValueError:
        digest = None  # `records.document.record_from_json` names the number
    return {**document, FIELD: digest}


def journal_sha256(chunks: Iterable[bytes]) -> str:
    """Return the hash of a journal that comes line by line, each with its line break."""
    digest = hashlib.sha256()
    for line in chunks:
        if line.startswith(ENDED):
            break
        digest.update(line)
    return digest.hexdigest()


def short(digest: str) -> str:
    """Return the part of a hash that a sentence shows."""
    return digest[:SHOWN_DIGITS]
