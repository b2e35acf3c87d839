"""Models whose cards state emissions within limits, read right.

The Hub is asked for the cards that state any (`filter=co2_eq_emissions`); what they state is read here, the limits and
the number of results apply to what was read, and what could not be read is counted, never dropped unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import InputError
from carbon_lint.hub.client.refusals import MissingError
from carbon_lint.hub.search.stated import BLOCK, Stated, read_stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbon_lint.hub.client.catalogue import Catalogue, Entry

PAGE = 1000
"""Models a page: the most that the Hub gives, so the fewest requests."""


class Sort(StrEnum):
    """What comes first."""

    EMISSIONS = "emissions"  # the least
    DOWNLOADS = "downloads"  # the most
    LIKES = "likes"  # the most


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """What is looked for. Limits are in grams, both included; `more_downloads_than` excludes."""

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
class Found:
    """A model and what it states."""

    entry: Entry
    stated: Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class FindResult:
    """What was found.

    Attributes:
        models: those within the limits, in order.
        unreadable: those whose statement could not be read.
        seen: how many models the Hub listed.
        within: how many are within the limits, those beyond `limit` too.
        zeros: how many were left out for a figure of zero.
        is_complete: False where enough was found before the list ended.
    """

    models: tuple[Found, ...]
    unreadable: tuple[Found, ...]
    seen: int
    within: int
    zeros: int
    is_complete: bool


def find(request: FindRequest, catalogue: Catalogue, on_seen: Callable[[int], None] | None = None) -> FindResult:
    """Look through the Hub's list. `on_seen` is told how many models were seen. Raises HubError."""
    models: list[Found] = []
    unreadable: list[Found] = []
    seen = zeros = 0
    is_complete = True
    entries = catalogue.models(_parameters(request))
    # sorted by the Hub, the first ones are the ones; by emissions only the whole list knows which are the least
    enough = request.limit if request.sort is not Sort.EMISSIONS else None
    for entry in entries:
        seen += 1
        if on_seen is not None:
            on_seen(seen)
        found = _judged(entry)
        if found.stated.emissions_g is None:
            unreadable.append(found)
        elif _is_within(found, request):
            if request.leaves_out_zero and found.stated.emissions_g == 0:
                zeros += 1
                continue
            models.append(found)
            if enough is not None and len(models) >= enough:
                is_complete = False
                break
    if request.sort is Sort.EMISSIONS:
        # a zero is most often a placeholder: it comes after every figure
        models.sort(
            key=lambda it: (
                it.stated.emissions_g == 0,
                it.stated.emissions_g,
                -(it.entry.downloads or 0),
                it.entry.id,
            )
        )
    return FindResult(
        models=tuple(models[: request.limit]),
        unreadable=tuple(unreadable),
        seen=seen,
        within=len(models),
        zeros=zeros,
        is_complete=is_complete,
    )


def greener_than(repo_id: str, request: FindRequest, catalogue: Catalogue) -> FindRequest:
    """`request` for models of the same task that state less and are downloaded more.

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
    return FindRequest(
        max_g=request.max_g,
        min_g=request.min_g,
        below_g=stated.emissions_g,
        task=request.task or entry.task,
        author=request.author,
        library=request.library,
        search=request.search,
        sort=request.sort,
        limit=request.limit,
        more_downloads_than=entry.downloads or 0,
        leaves_out_zero=True,
    )


def _parameters(request: FindRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {"filter": [BLOCK], "cardData": True, "limit": PAGE}
    if request.library:
        parameters["filter"].append(request.library)
    if request.sort is not Sort.EMISSIONS:
        parameters["sort"] = str(request.sort)
    optional = {"pipeline_tag": request.task, "author": request.author, "search": request.search}
    return {**parameters, **{name: value for name, value in optional.items() if value}}


def _judged(entry: Entry) -> Found:
    stated = read_stated(entry.metadata)
    if stated is None:
        # the Hub lists it as stating emissions, so nothing here is a statement that cannot be read
        kind = "no metadata" if entry.metadata is None else f"metadata without {BLOCK}"
        if not isinstance(entry.metadata, dict) and entry.metadata is not None:
            kind = f"metadata that is no mapping ({type(entry.metadata).__name__})"
        stated = Stated(emissions_g=None, text="", note=f"the Hub's list holds {kind}")
    return Found(entry=entry, stated=stated)


def _is_within(found: Found, request: FindRequest) -> bool:
    grams = found.stated.emissions_g
    return (
        grams is not None
        and (request.min_g is None or grams >= request.min_g)
        and (request.max_g is None or grams <= request.max_g)
        and (request.below_g is None or grams < request.below_g)
        and (request.more_downloads_than is None or (found.entry.downloads or 0) > request.more_downloads_than)
    )


def rows(found: tuple[Found, ...], endpoint: str) -> Iterator[dict[str, Any]]:
    """The results as JSON has them."""
    for it in found:
        row: dict[str, Any] = {
            "id": it.entry.id,
            "emissions_g": it.stated.emissions_g,
            "stated": it.stated.text,
            "is_converted": it.stated.is_converted,
            "note": it.stated.note,
            "source": it.stated.source,
            "task": it.entry.task,
            "library": it.entry.library,
            "downloads": it.entry.downloads,
            "likes": it.entry.likes,
            "url": f"{endpoint}/{it.entry.id}",
        }
        yield row
