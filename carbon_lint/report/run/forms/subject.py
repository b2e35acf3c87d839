"""Hold what a form states and no record knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from carbon_lint.errors import UsageError
from carbon_lint.text import quoted

ACTIVITIES = ("training", "fine-tuning", "validation", "inference", "other")
"""What the energy was spent on, in CycloneDX's words (bom-1.6 `energyConsumption.activity`)."""

_LEAST, _MOST = 1e-100, 1e100  # grams can be divided by such a number, and stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the user states: the model that the energy made, the activity, and terms by name. `None` is not stated."""

    model: str | None = None
    activity: str | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    def number(self, term: str, *, example: str) -> float | None:
        """Return the number of a term, `None` if it is not stated. Raises UsageError for one that is no such number."""
        text = self.terms.get(term)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not _LEAST < value < _MOST:
            raise UsageError(f"--term {term}={quoted(text)} is not a number above zero", hint=f"like {term}={example}")
        return value
