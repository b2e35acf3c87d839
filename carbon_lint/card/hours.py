"""Hours of training that a card's own text states."""

from __future__ import annotations

from carbon_lint.card.yaml.pattern import pattern
from carbon_lint.units import readings_of

_MOST = 200
_HOURS = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600, "d": 24.0, "w": 168.0}
_TIME = (
    r"(?:hours[ _-]{1,2}used|training[ _-]{1,2}(?:time|duration)|trained[ ]for|time[ ]spent)[^\d\n.!?;]{0,60}?"
    r"(?<![\w.,-])"
    r"(?P<number>\d[\d.,_]{0,40})(?:[ ]{0,2}(?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|weeks?)\b)?"
)


def hours(text: str, start: int) -> list[float]:
    """Return the hours that `text[start:]` states for the training. A bare number after `Hours used` is hours."""
    found = []
    for match in pattern(_TIME).finditer(text, start):
        values = readings_of(match["number"].rstrip(".,_"))
        if values:
            found.append(float(values[0]) * _HOURS[(match["unit"] or "h")[0].lower()])
    return found[:_MOST]
