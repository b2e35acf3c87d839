"""Hold what a form states and no record knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIVITIES = ("training", "fine-tuning", "validation", "inference", "other")
"""What the energy was spent on, in CycloneDX's words (bom-1.6 `energyConsumption.activity`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the user states: the model that the energy made, the activity, and terms by name. `None` is not stated."""

    model: str | None = None
    activity: str | None = None
    terms: Mapping[str, str] = field(default_factory=dict)
