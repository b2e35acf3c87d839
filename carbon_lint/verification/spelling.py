"""Find numbers that were changed in the text of a JSON document although each reader still takes them for the same."""

from __future__ import annotations

import json
from decimal import Decimal


def misspelt(data: bytes) -> list[str]:
    """Return what is wrong with each number that has other digits than the shortest ones of its value.

    A changed seventeenth digit may leave a number the same, and so leaves the hash, which is that of the values. Zeros
    at the end and the form of an exponent may differ: programs write them in several ways. Raises ValueError if `data`
    is not JSON.
    """
    found: list[str] = []

    def read(text: str) -> float:
        value = float(text)
        if Decimal(text) != Decimal(repr(value)):
            found.append(f"the number {text} was changed: it is written {value!r} in the shortest form")
        return value

    json.loads(data, parse_float=read)
    return found
