"""The Hub's protocol, as far as huggingface_hub and the Trainer speak it, over `HubState`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from tests.standin import accounts, commits, discussions, files, listing, repositories
from tests.standin.access import find_repo, token_of
from tests.standin.http import RefusalError, Request, Response

if TYPE_CHECKING:
    from tests.standin.state import HubState

Route = Callable[..., Response]
_ID = r"(?P<id>[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"


def answer(state: HubState, request: Request) -> Response:
    """The Hub's answer to one request."""
    try:
        token = token_of(state, request)
        for method, pattern, route in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match is not None and (request.method in method.split()):
                parts = {name: unquote(part) for name, part in match.groupdict().items()}
                if "id" in parts:
                    old = parts.pop("id")
                    if old in state.moved:
                        return _redirect(request, old, state.moved[old])
                    if old in state.listed:
                        return listing.answer_listed(state.listed[old], route, parts.get("path"))
                    return route(state, request, token, find_repo(state, token, old), **parts)
                return route(state, request, token, **parts)
    except RefusalError as refusal:
        return refusal.response
    return RefusalError(404, "Sorry, we can't find the page you are looking for.").response


def _redirect(request: Request, old: str, new: str) -> Response:
    query = "?" + urlencode(request.query, doseq=True) if request.query else ""
    where = request.base_url + request.path.replace(f"/{old}", f"/{new}", 1) + query
    return Response(status=307, headers={"Location": where})


_ROUTES: list[tuple[str, re.Pattern[str], Route]] = [
    (methods, re.compile(pattern.replace("{id}", _ID).replace("{revision}", _REVISION)), route)
    for module in (accounts, repositories, commits, files, listing, discussions)
    for methods, pattern, route in module.ROUTES
]
