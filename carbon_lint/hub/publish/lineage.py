"""Sum what the models that a model was made from state: a figure for the report, never for the card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carbon_lint.errors import HubError, UsageError
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.target import parse_target
from carbon_lint.hub.search.stated import Stated, read_stated
from carbon_lint.units import format_emissions

MOST = 32
"""Ancestors that are asked for: a chain that is longer is a mistake, or a trap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A model in the chain. `stated` is None if its card states nothing; `note` says why it could not be seen."""

    id: str
    stated: Stated | None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The model's own figure and its ancestors', each counted once."""

    own_g: float | None
    ancestors: tuple[Ancestor, ...]

    @property
    def total_g(self) -> float | None:
        """Return the sum of all figures that could be read, the own one included; None if there is none."""
        known = [it.stated.emissions_g for it in self.ancestors if it.stated and it.stated.emissions_g is not None]
        figures = [*known, *([] if self.own_g is None else [self.own_g])]
        return sum(figures) if figures else None

    @property
    def is_complete(self) -> bool:
        """True if every model of the chain states a figure that can be read."""
        return self.own_g is not None and all(
            it.stated is not None and it.stated.emissions_g is not None for it in self.ancestors
        )

    def lines(self) -> list[str]:
        """Return the report, a line a model and the sum."""
        lines = [f"base model {it.id}: {_words(it)}" for it in self.ancestors]
        if self.ancestors and self.total_g is not None:
            at_least = "" if self.is_complete else "at least "
            lines.append(
                f"with its base models: {at_least}{format_emissions(self.total_g)} CO2eq (not put into the card)"
            )
        return lines or ["no base model is named in the card"]


def trace(metadata: Any, own_g: float | None, catalogue: Catalogue) -> Lineage:
    """Follow `base_model` from a card's metadata upwards. A model that cannot be seen is noted, never an error."""
    queue = _bases(metadata)
    seen: set[str] = set()
    ancestors: list[Ancestor] = []
    while queue and len(ancestors) < MOST:
        name = queue.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            entry = catalogue.model(parse_target(name, catalogue.endpoint))
        except UnansweredError:
            raise
        except (UsageError, HubError) as error:
            ancestors.append(Ancestor(id=name, stated=None, note=error.message))
            continue
        ancestors.append(Ancestor(id=entry.id, stated=read_stated(entry.metadata)))
        seen.add(entry.id)
        queue += _bases(entry.metadata)
    return Lineage(own_g=own_g, ancestors=tuple(ancestors))


def _bases(metadata: Any) -> list[str]:
    named = metadata.get("base_model") if isinstance(metadata, dict) else None
    if isinstance(named, str):
        return [named]
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _words(ancestor: Ancestor) -> str:
    if ancestor.note is not None:
        return ancestor.note
    if ancestor.stated is None:
        return "states no emissions"
    if ancestor.stated.emissions_g is None:
        return f"states {ancestor.stated.text!r}, which cannot be read ({ancestor.stated.note})"
    note = f" ({ancestor.stated.note})" if ancestor.stated.note else ""
    return f"{format_emissions(ancestor.stated.emissions_g)} CO2eq{note}"
