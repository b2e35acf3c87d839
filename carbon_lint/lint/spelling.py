"""How far apart two names are: letters that were left out, added, replaced, or swapped with the next one."""

from __future__ import annotations


def is_near(name: str, known: str, most: int) -> bool:
    """Return whether at most `most` typing errors lie between two different names."""
    return abs(len(name) - len(known)) <= most and 0 < _distance(name, known) <= most


def _distance(name: str, known: str) -> int:
    before: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(name, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and name[i - 2] == other:
                least = min(least, last[j - 2] + 1)
            row.append(least)
    return row[-1]
