"""Files: download, and upload by git LFS."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.standin.access import NO_TOKEN, commit_of
from tests.standin.http import RefusalError, Request, Response, as_json

if TYPE_CHECKING:
    from tests.standin.state import HubState, Repo, Token


def resolve(
    state: HubState, request: Request, token: Token | None, repo: Repo, *, revision: str, path: str
) -> Response:
    if repo.gated and (token is None or not state.owns(token.user, repo.owner)):
        raise RefusalError(
            403, f"Access to model {repo.id} is restricted and you are not in the authorized list.", "GatedRepo"
        )
    commit = commit_of(repo, revision)
    content = repo.git.read(commit, path)
    if content is None:
        raise RefusalError(404, "Entry not found", "EntryNotFound")
    pointer = re.fullmatch(rb"version https://git-lfs\S+\noid sha256:([0-9a-f]{64})\nsize \d+\n", content)
    if pointer is not None:
        oid = pointer[1].decode()
        data = (state.lfs_objects / oid).read_bytes()
        return file_answer(data, oid, commit, **{"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))})
    where = f"/api/resolve-cache/models/{repo.id}/{commit}/{quote(path)}"
    return Response(
        status=307, headers={"Location": where, "X-Repo-Commit": commit, "Access-Control-Allow-Origin": "*"}
    )


def resolve_cache(
    state: HubState, request: Request, token: Token | None, repo: Repo, *, commit: str, path: str
) -> Response:
    content = repo.git.read(commit, path)
    if content is None:
        raise RefusalError(404, "Entry not found", "EntryNotFound")
    return file_answer(content, repo.git.tree(commit)[path].oid, commit)


def file_answer(content: bytes, etag: str, commit: str, **headers: str) -> Response:
    common = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "Content-Type": "text/plain; charset=utf-8"}
    return Response(body=content, headers={**common, **headers})


def _lfs_batch(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    if token is None:
        raise RefusalError(401, NO_TOKEN)
    objects = []
    for item in request.json()["objects"]:
        actions = {
            "upload": {"href": f"{request.base_url}/lfs/{item['oid']}"},
            "verify": {"href": f"{request.base_url}/lfs/{item['oid']}/verify"},
        }
        known = (state.lfs_objects / item["oid"]).exists()
        objects.append({"oid": item["oid"], "size": item["size"], **({} if known else {"actions": actions})})
    return as_json({"transfer": "basic", "objects": objects})


def _lfs_put(state: HubState, request: Request, token: Token | None, oid: str) -> Response:
    if hashlib.sha256(request.body).hexdigest() != oid:
        raise RefusalError(400, "the content does not match its sha256")
    (state.lfs_objects / oid).write_bytes(request.body)
    return Response()


def _lfs_verify(state: HubState, request: Request, token: Token | None, oid: str) -> Response:
    path = state.lfs_objects / oid
    if not path.exists() or path.stat().st_size != request.json()["size"]:
        raise RefusalError(404, "no such object")
    return as_json({})


ROUTES = (
    ("GET HEAD", r"/api/resolve-cache/models/{id}/(?P<commit>[0-9a-f]{40})/(?P<path>.+)", resolve_cache),
    ("GET HEAD", r"/{id}/resolve/{revision}/(?P<path>.+)", resolve),
    ("POST", r"/{id}\.git/info/lfs/objects/batch", _lfs_batch),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", _lfs_put),
    ("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/verify", _lfs_verify),
)
