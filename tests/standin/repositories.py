"""Repositories: create, rename, describe."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.standin import cardmeta
from tests.standin.access import NO_TOKEN, commit_of, find_repo
from tests.standin.http import RefusalError, Request, Response, as_json

if TYPE_CHECKING:
    from tests.standin.state import HubState, Repo, Token

COMMITS_A_PAGE = 50


def _create_repo(state: HubState, request: Request, token: Token | None) -> Response:
    if token is None:
        raise RefusalError(401, NO_TOKEN)
    asked = request.json()
    namespace = asked.get("organization") or token.user
    repo_id = f"{namespace}/{asked['name']}"
    url = f"{request.base_url}/{repo_id}"
    if repo_id in state.repos:
        body = {"error": "You already created this model repo", "url": url}
        return as_json(body, status=409, X_Error_Message=body["error"])
    if token.role != "write" or not state.owns(token.user, namespace):
        raise RefusalError(403, f"You don't have the rights to create a model under the namespace {namespace!r}.")
    state.create_repo(repo_id, private=asked.get("visibility") == "private")
    return as_json({"url": url, "name": repo_id, "id": repo_id})


def _move_repo(state: HubState, request: Request, token: Token | None) -> Response:
    asked = request.json()
    repo = find_repo(state, token, asked["fromRepo"])
    if not state.may_write(token, repo, "main"):
        raise RefusalError(403, "You don't have the rights to rename this repository.")
    state.move_repo(asked["fromRepo"], asked["toRepo"])
    return as_json({})


def model_json(repo: Repo, commit: str) -> dict:
    """A model as the API tells it."""
    files = repo.git.tree(commit)
    card = repo.git.read(commit, "README.md") if "README.md" in files else None
    data = None if card is None else cardmeta.card_data_or_none(card.decode("utf-8", "replace"))
    return {
        **described(repo.id, commit, data, repo.downloads, repo.likes),
        "author": repo.owner,
        "private": repo.private,
        "gated": "manual" if repo.gated else False,
        "disabled": repo.disabled,
        "lastModified": repo.last_modified,
        "createdAt": repo.last_modified,
        "siblings": [{"rfilename": path} for path in files],
    }


def described(repo_id: str, commit: str, data: object, downloads: int, likes: int) -> dict:
    """The fields that a listing has too."""
    named = data if isinstance(data, dict) else None
    return {
        "_id": hashlib.sha1(repo_id.encode(), usedforsecurity=False).hexdigest()[:24],
        "id": repo_id,
        "modelId": repo_id,
        "sha": commit,
        "downloads": downloads,
        "likes": likes,
        "tags": cardmeta.tags_of(named),
        "pipeline_tag": (named or {}).get("pipeline_tag"),
        "library_name": (named or {}).get("library_name"),
        "cardData": cardmeta.jsonable(data),
    }


def describe(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str = "main") -> Response:
    return as_json(model_json(repo, commit_of(repo, revision)))


def _commits(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> Response:
    """A page of them, newest first: 50, or as many as `limit` says, and where the next page is."""
    size, page = int(request.first("limit") or COMMITS_A_PAGE), int(request.first("p") or 0)
    found = repo.git.log(commit_of(repo, revision), limit=size + 1, skip=page * size)
    body = [
        {"id": it.oid, "authors": [{"user": it.author}], "date": it.date, "title": it.title, "message": it.message}
        for it in found[:size]
    ]
    if len(found) <= size:
        return as_json(body)
    query = urlencode({**request.query, "p": [str(page + 1)]}, doseq=True)
    return as_json(body, Link=f'<{request.base_url}{request.path}?{query}>; rel="next"')


def _tree(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> Response:
    files = repo.git.tree(commit_of(repo, revision)).values()
    return as_json([{"type": "file", "oid": it.oid, "size": it.size, "path": it.path} for it in files])


def _refs(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    branches = [
        {"name": ref.removeprefix("refs/heads/"), "ref": ref, "targetCommit": commit}
        for ref, commit in repo.git.refs("refs/heads/").items()
    ]
    body = {"branches": branches, "converts": [], "tags": []}
    if request.is_set("include_prs"):
        body["pullRequests"] = [
            {"name": f"pr/{it.num}", "ref": it.ref, "targetCommit": repo.git.tip(it.ref)}
            for it in repo.discussions.values()
            if it.is_pull_request
        ]
    return as_json(body)


def _branch(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> Response:
    if not state.may_write(token, repo, revision):
        raise RefusalError(403, "You don't have the rights to create a branch here.")
    if repo.git.tip(revision) is not None:
        raise RefusalError(409, f"Reference already exists: {revision}")
    start = (request.json() if request.body else {}).get("startingPoint") or "main"
    repo.git.set_ref(f"refs/heads/{revision}", commit_of(repo, start))
    return as_json({})


def _auth_check(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    return as_json({})


def _auth_check_write(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    if token is None:
        raise RefusalError(401, NO_TOKEN)
    if not state.may_write(token, repo, "main"):
        raise RefusalError(403, "Forbidden: you must have write access to this repository.")
    return as_json({})


ROUTES = (
    ("POST", r"/api/repos/create", _create_repo),
    ("POST", r"/api/repos/move", _move_repo),
    ("GET", r"/api/models/{id}", describe),
    ("GET", r"/api/models/{id}/revision/{revision}", describe),
    ("GET", r"/api/models/{id}/commits/{revision}", _commits),
    ("GET", r"/api/models/{id}/tree/{revision}", _tree),
    ("GET", r"/api/models/{id}/refs", _refs),
    ("GET", r"/api/models/{id}/auth-check", _auth_check),
    ("GET", r"/api/models/{id}/auth-check/write", _auth_check_write),
    ("POST", r"/api/models/{id}/branch/{revision}", _branch),
)
