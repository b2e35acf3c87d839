"""Find what is lost when a whole card replaces the one on the Hub, before it happens."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from carbon_lint.card.document import property_name
from carbon_lint.card.read import read_card

_SHOWN_LINES = 200


class Loss(NamedTuple):
    """Front matter keys and lines of the card on the Hub that the new card does not have."""

    keys: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """Return one sentence, empty if nothing is lost."""
        if not self.lines:
            return ""
        count = f"{len(self.lines)} line{'s' if len(self.lines) > 1 else ''} of the card on the Hub"
        keys = f", and the front matter key{'s' if len(self.keys) > 1 else ''} {', '.join(self.keys)}"
        return f"the whole card replaces {count}{keys if self.keys else ''}"

    def shown(self) -> list[str]:
        """Return the lines as a list to read, cut after 200."""
        rest = len(self.lines) - _SHOWN_LINES
        return [f"- {line}" for line in self.lines[:_SHOWN_LINES]] + ([f"- … {rest} more lines"] if rest > 0 else [])


def loss(old: bytes | None, new: bytes) -> Loss:
    """Compare the card on the Hub with the card that replaces it."""
    if old is None:
        return Loss((), ())
    before, after = (data.decode("utf-8", "replace").splitlines() for data in (old, new))
    changes = list(difflib.unified_diff(before, after, n=0))[2:]  # without the two lines that name the files
    kept = set(_keys_of(new))
    keys = tuple(name for name in _keys_of(old) if name not in kept)
    return Loss(keys, tuple(line[1:] for line in changes if line.startswith("-")))


def _keys_of(card: bytes) -> list[str]:
    root = read_card(card, "README.md").root
    return [] if root is None else [property_name(key) for key, _ in root.own_items()]
