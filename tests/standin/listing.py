"""The list of models, with its pages, and models that are only listed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.standin import cardmeta
from tests.standin.access import commit_of
from tests.standin.files import file_answer, resolve, resolve_cache
from tests.standin.http import RefusalError, Request, Response, as_json
from tests.standin.repositories import describe, described, model_json

if TYPE_CHECKING:
    from tests.standin.state import HubState, Listed, Token


def _list_models(state: HubState, request: Request, token: Token | None) -> Response:
    entries = [
        model_json(repo, commit_of(repo, "main")) for repo in state.repos.values() if state.may_read(token, repo)
    ]
    entries += [_described_once(state, listed) for listed in state.listed.values()]
    entries = [entry for entry in entries if _is_asked_for(entry, request)]
    field = request.first("sort")
    if field:
        entries.sort(key=lambda entry: entry.get(field) or 0, reverse=True)
    if not request.is_set("cardData") and not request.is_set("full"):
        entries = [{name: value for name, value in entry.items() if name != "cardData"} for entry in entries]
    start = int(request.first("cursor") or 0)
    size = min(state.page_size, int(request.first("limit") or state.page_size))
    page, rest = entries[start : start + size], entries[start + size :]
    if not rest:
        return as_json(page)
    query = urlencode(
        {**{k: v for k, v in request.query.items() if k != "cursor"}, "cursor": [str(start + size)]}, doseq=True
    )
    return as_json(page, Link=f'<{request.base_url}/api/models?{query}>; rel="next"')


def _described_once(state: HubState, listed: Listed) -> dict:
    if listed.id not in state.listed_json:
        state.listed_json[listed.id] = _listed_json(listed)
    return state.listed_json[listed.id]


def _listed_json(listed: Listed) -> dict:
    data = cardmeta.card_data_or_none(listed.text) if listed.card_data is ... else listed.card_data
    entry = described(listed.id, listed.sha, data, listed.downloads, listed.likes)
    if listed.card_data is not ...:
        entry["tags"] = ["co2_eq_emissions"]
        entry["cardData"] = data
    return {**entry, "author": listed.id.split("/")[0], "private": False}


def _is_asked_for(entry: dict, request: Request) -> bool:
    author, search, task = request.first("author"), request.first("search"), request.first("pipeline_tag")
    return (
        (author is None or entry["id"].split("/")[0] == author)
        and (search is None or search.lower() in entry["id"].lower())
        and (task is None or entry["pipeline_tag"] == task)
        and all(tag in entry["tags"] for tag in request.query.get("filter", ()))
    )


def answer_listed(listed: Listed, route: object, path: str | None) -> Response:
    """What is asked of a model that is only listed: its description and its card."""
    if route is describe:
        return as_json(_listed_json(listed))
    if route in {resolve, resolve_cache} and path == "README.md":
        data = listed.text.encode()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()  # as git names it
        return file_answer(data, blob, listed.sha)
    raise RefusalError(404, "Entry not found", "EntryNotFound")


ROUTES = (("GET", r"/api/models", _list_models),)
