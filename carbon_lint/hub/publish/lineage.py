"""Sum what the models that a model was made from state: a figure for the report, never for the card."""

from __future__ import annotations

from typing import Any

from carbon_lint.errors import HubError, UsageError
from carbon_lint.hub.client.catalogue import Catalogue
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.target import parse_target
from carbon_lint.hub.search.stated import StatedEmissions, read_stated
from carbon_lint.units import format_emissions

MOST = 32
"""Ancestors that are asked for: a chain that is longer is a mistake, or a trap."""


def lineage(metadata: Any, own_g: float | None, catalogue: Catalogue) -> list[str]:
    """Follow `base_model` from a card's metadata upwards; return a line for each model, and the sum of all and `own_g`.

    Each model counts once. One that cannot be seen is noted, never an error.
    """
    queue = _bases(metadata)
    seen: set[str] = set()
    lines: list[str] = []
    figures: list[float | None] = []
    while queue and len(lines) < MOST:
        name = queue.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            entry = catalogue.model(parse_target(name, catalogue.endpoint))
        except UnansweredError:
            raise
        except (UsageError, HubError) as error:
            lines.append(f"base model {name}: {error.message}")
            figures.append(None)
            continue
        stated = read_stated(entry.metadata)
        lines.append(f"base model {entry.id}: {_words(stated)}")
        figures.append(None if stated is None else stated.emissions_g)
        seen.add(entry.id)
        queue += _bases(entry.metadata)
    known = [grams for grams in (*figures, own_g) if grams is not None]
    if lines and known:
        at_least = "" if len(known) > len(figures) else "at least "
        lines.append(f"with its base models: {at_least}{format_emissions(sum(known))} CO2eq (not put into the card)")
    return lines or ["no base model is named in the card"]


def _bases(metadata: Any) -> list[str]:
    named = metadata.get("base_model") if isinstance(metadata, dict) else None
    if isinstance(named, str):
        return [named]
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _words(stated: StatedEmissions | None) -> str:
    if stated is None:
        return "states no emissions"
    if stated.emissions_g is None:
        return f"states {stated.text!r}, which cannot be read ({stated.note})"
    return f"{format_emissions(stated.emissions_g)} CO2eq{f' ({stated.note})' if stated.note else ''}"
