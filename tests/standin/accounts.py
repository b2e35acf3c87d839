"""Accounts: whoami, and the two halves of keyless login (GitHub's id token, the Hub's exchange of it)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.standin.access import NO_TOKEN
from tests.standin.http import RefusalError, Request, Response, as_json

if TYPE_CHECKING:
    from tests.standin.state import HubState, Token


def _whoami(state: HubState, request: Request, token: Token | None) -> Response:
    if token is None:
        raise RefusalError(401, NO_TOKEN)
    role = {"pr-only": "fineGrained", "oidc": "fineGrained"}.get(token.role, token.role)
    orgs = [{"name": name} for name in state.organisations.get(token.user, ())]
    access = {"displayName": "stand-in", "role": role}
    return as_json(
        {"name": token.user, "type": "user", "orgs": orgs, "auth": {"type": "access_token", "accessToken": access}}
    )


def _id_token(state: HubState, request: Request, token: Token | None) -> Response:
    """GitHub's side of OIDC: a job asks for its id token."""
    claims = state.id_tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if claims is None:
        raise RefusalError(401, "the request token is not valid")
    name = "jwt-" + hashlib.sha256(repr((claims, request.first("audience"))).encode()).hexdigest()
    state.id_tokens[name] = {**claims, "audience": request.first("audience") or ""}
    return as_json({"value": name})


def _oauth_token(state: HubState, request: Request, token: Token | None) -> Response:
    asked = request.json()
    if asked.get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
        raise RefusalError(400, "unsupported_grant_type")
    claims = state.id_tokens.get(asked["subject_token"], {})
    minted = None
    if claims.get("audience") in {None, request.base_url}:
        minted = state.exchange(asked["subject_token"], asked["resource"])
    if minted is None:
        body = {"error": "invalid_grant", "error_description": "No trusted publisher matches the claims of the token"}
        return as_json(body, status=400)
    return as_json({"access_token": minted.value, "token_type": "bearer", "expires_in": 3600, "scope": "write-repo"})


def _nothing(state: HubState, request: Request, token: Token | None) -> Response:
    return as_json({})


ROUTES = (
    ("GET", r"/api/whoami-v2", _whoami),
    ("GET", r"/api/agent-harnesses", _nothing),
    ("GET", r"/oidc/id-token", _id_token),
    ("POST", r"/oauth/token", _oauth_token),
)
