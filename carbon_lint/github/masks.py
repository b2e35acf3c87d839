"""Decide which of the job's `::add-mask::` are honoured: those that could be a secret and would not hide our report.

The runner replaces a mask wherever it occurs, in our lines too: `0`, `true` or `over budget` would hide a verdict.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import carbon_lint

MIN_CHARACTERS = 8
"""A shorter text is hardly a secret, and is part of innocent words and figures."""

_RUNNERS_PARTS = re.compile(r"[\r\n\"'&]")
"""The runner masks each line of a mask by itself, what its quotes enclose, and what is beside an `&`."""

_LEAST_PART = 6  # ValueEncoders.cs: a part beside `&` that is shorter is not masked
_NUMBER = re.compile(r"[+-]?[\d.,]+%?")


def honoured(mask: str) -> tuple[str, ...]:
    """Return the lines of `mask` (unescaped) that the runner may be given; empty when there are none."""
    lines = (line.strip() for line in re.split(r"[\r\n]", mask))
    return tuple(line for line in lines if len(line) >= MIN_CHARACTERS and not _is_ours(line))


def _is_ours(line: str) -> bool:
    parts = (part.strip() for part in (line, *_RUNNERS_PARTS.split(line)))
    return any(len(part) >= _LEAST_PART and _is_our_text(part) for part in parts)


def _is_our_text(text: str) -> bool:
    """Return whether our report could contain `text`: it is in our source, or all its words are, figures apart."""
    words = [word.strip(".,:;()[]`'\"") for word in text.split()]
    if len(words) == 1:
        return words[0] in _our_text()
    return all(not word or _NUMBER.fullmatch(word) or word in _our_text() for word in words)


@cache
def _our_text() -> str:
    """Return the text of every module: whatever we print is in it, so no list of our words has to be kept."""
    found = Path(carbon_lint.__file__).parent.rglob("*")
    return "\n".join(path.read_text(encoding="utf-8") for path in found if path.suffix in {".py", ".j2", ".json"})
