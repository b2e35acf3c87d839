"""Find models whose cards state emissions within limits, read right.

The Hub is asked for the cards that state any (`filter=co2_eq_emissions`); what they state is read here, the limits and
the number of results apply to what was read, and what could not be read is counted, never dropped unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from carbon_lint.card.document import BLOCK_KEY
from carbon_lint.errors import InputError
from carbon_lint.hub.client.catalogue import Catalogue, ListedModel
from carbon_lint.hub.client.refusals import MissingError
from carbon_lint.hub.search.stated import StatedEmissions, read_stated

PAGE = 1000
"""Models a page: the most that the Hub gives, so the fewest requests."""


class Sort(StrEnum):
    """What comes first."""

    EMISSIONS = "emissions"  # the least
    DOWNLOADS = "downloads"  # the most
    LIKES = "likes"  # the most


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """What to look for. Limits are in grams, both included; `more_downloads_than` excludes."""

    max_g: float | None = None
    min_g: float | None = None
    below_g: float | None = None  # excludes: `--greener-than` is not satisfied by the same figure
    task: str | None = None
    author: str | None = None
    library: str | None = None
    search: str | None = None
    sort: Sort = Sort.EMISSIONS
    limit: int | None = None
    more_downloads_than: int | None = None
    leaves_out_zero: bool = False  # a placeholder is greener than nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """A model and what it states."""

    entry: ListedModel
    stated: StatedEmissions


@dataclass(frozen=True, slots=True, kw_only=True)
class FindResult:
    """What was found: `models` within the limits, in order, of which `within` counts those beyond `limit` too.

    `zeros` were left out for a figure of zero. `is_complete` is False if enough was found before the list ended.
    """

    models: tuple[FoundModel, ...]
    unreadable: tuple[FoundModel, ...]
    seen: int
    within: int
    zeros: int
    is_complete: bool


def find(request: FindRequest, catalogue: Catalogue) -> FindResult:
    """Look through the Hub's list. Raises HubError."""
    models: list[FoundModel] = []
    unreadable: list[FoundModel] = []
    seen = zeros = 0
    is_complete = True
    for entry in catalogue.models(_parameters(request)):
        seen += 1
        found = _read(entry)
        if found.stated.emissions_g is None:
            unreadable.append(found)
        elif request.leaves_out_zero and found.stated.emissions_g == 0 and _is_within(found, request):
            zeros += 1
        elif _is_within(found, request):
            models.append(found)
        # by emissions the whole list is needed, for any later model can be among the first
        if request.sort is not Sort.EMISSIONS and request.limit is not None and len(models) >= request.limit:
            is_complete = False
            break
    if request.sort is Sort.EMISSIONS:
        models.sort(key=_least_first)
    return FindResult(
        models=tuple(models[: request.limit]),
        unreadable=tuple(unreadable),
        seen=seen,
        within=len(models),
        zeros=zeros,
        is_complete=is_complete,
    )


def _least_first(found: FoundModel) -> tuple[bool, float, int, str]:
    """Return what to sort by. A zero is most often a placeholder, so it comes after every figure."""
    grams = found.stated.emissions_g or 0.0
    return grams == 0, grams, -(found.entry.downloads or 0), found.entry.id


def greener_than(repo_id: str, request: FindRequest, catalogue: Catalogue) -> FindRequest:
    """Return `request` for models of the same task that state less and are downloaded more.

    Raises InputError if there is no such model, or it states no emissions that can be read, or no task.
    """
    try:
        entry = catalogue.model(repo_id)
    except MissingError as error:
        raise InputError(
            f"there is no public model {repo_id} on the Hub",
            hint="check the spelling; `carbon-lint find --search NAME` lists models by a part of their name",
        ) from error
    stated = read_stated(entry.metadata)
    if stated is None or stated.emissions_g is None:
        why = "states no emissions" if stated is None else f"states {stated.text!r}: {stated.note}"
        raise InputError(f"{entry.id} {why}, so nothing can be compared with it", hint="give --max and --task instead")
    if stated.emissions_g == 0:
        raise InputError(f"{entry.id} states zero, and no model emits less", hint="give --max and --task instead")
    if entry.task is None:
        raise InputError(f"{entry.id} names no task (`pipeline_tag`)", hint="give --task and --max instead")
    return replace(
        request,
        below_g=stated.emissions_g,
        task=request.task or entry.task,
        more_downloads_than=entry.downloads or 0,
        leaves_out_zero=True,
    )


def _parameters(request: FindRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {"filter": [BLOCK_KEY], "cardData": True, "limit": PAGE}
    if request.library:
        parameters["filter"].append(request.library)
    if request.sort is not Sort.EMISSIONS:
        parameters["sort"] = str(request.sort)
    optional = {"pipeline_tag": request.task, "author": request.author, "search": request.search}
    return {**parameters, **{name: value for name, value in optional.items() if value}}


def _read(entry: ListedModel) -> FoundModel:
    stated = read_stated(entry.metadata)
    if stated is None:
        # the Hub lists it as stating emissions, so nothing here is a statement that cannot be read
        kind = "no metadata" if entry.metadata is None else f"metadata without {BLOCK_KEY}"
        if not isinstance(entry.metadata, dict | None):
            kind = f"metadata that is not a mapping ({type(entry.metadata).__name__})"
        stated = StatedEmissions(emissions_g=None, text="", note=f"the Hub's list holds {kind}")
    return FoundModel(entry=entry, stated=stated)


def _is_within(found: FoundModel, request: FindRequest) -> bool:
    grams = found.stated.emissions_g
    return (
        grams is not None
        and (request.min_g is None or grams >= request.min_g)
        and (request.max_g is None or grams <= request.max_g)
        and (request.below_g is None or grams < request.below_g)
        and (request.more_downloads_than is None or (found.entry.downloads or 0) > request.more_downloads_than)
    )
