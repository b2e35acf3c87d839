"""Hash a record and a journal, so that a card, a sum or an attestation can name exactly one of each. Pure.

* A record's hash is the SHA-256 of its JSON without the field `record_sha256`, in the canonical form of RFC 8785:
  keys sorted, no blanks, each number in its shortest form. Layout and order of the file do not matter.
* A journal's hash is the SHA-256 of its bytes, uncompressed, up to the first line that begins with `{"ended"`: the
  lines from there on hold the record itself.

docs/verifying.md shows how another program computes both.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

FIELD = "record_sha256"
ENDED = b'{"ended"'
SHOWN_DIGITS = 16
"""Hexadecimal digits of a hash in a sentence for people: nobody finds a second record with the same 64 bits."""


def canonical(document: dict[str, Any]) -> bytes:
    """Return the document in the canonical form of RFC 8785. Raises ValueError for a number that is not finite."""
    import rfc8785  # noqa: PLC0415  only who writes or verifies a record pays

    try:
        return rfc8785.dumps(document)
    except rfc8785.IntegerDomainError:  # as JavaScript reads it: a double
        return rfc8785.dumps(json.loads(json.dumps(document), parse_int=float))


def record_sha256(document: dict[str, Any]) -> str:
    """Return the hash of a record's document. Raises ValueError if it holds a number that is not finite."""
    return hashlib.sha256(canonical({name: value for name, value in document.items() if name != FIELD})).hexdigest()


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its hash as the last field; `None` there if it holds a number that is not finite."""
    try:
        digest = record_sha256(document)
    except ValueError:
        digest = None  # `records.document.find_problem` names the number
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
