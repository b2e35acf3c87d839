"""Commits: validate-yaml, preupload, commit with its compare-and-swap."""

from __future__ import annotations

import base64
import json

import pathspec

from tests.standin import cardmeta
from tests.standin.access import NO_TOKEN, commit_of
from tests.standin.gitrepo import StaleParentError
from tests.standin.http import RefusalError, Request, Response, as_json
from tests.standin.state import HubState, Repo, Token, event, now

STALE = "A commit has happened since. Please refresh and try again."
LFS_SUFFIXES = (".safetensors", ".bin", ".pt", ".h5", ".onnx", ".gguf")
LFS_OVER_BYTES = 10_000_000


def _validate_yaml(state: HubState, request: Request, token: Token | None) -> Response:
    try:
        data = cardmeta.card_data(request.json()["content"])
    except cardmeta.CardError as error:
        if "text/plain" in request.headers.get("accept", ""):
            return Response(status=400, body=str(error).encode(), headers={"Content-Type": "text/plain"})
        return as_json({"errors": [{"message": str(error)}], "warnings": []}, status=400)
    warnings = [] if data else [{"message": "empty or missing yaml metadata in repo card"}]
    return as_json({"errors": [], "warnings": warnings})


def _preupload(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> Response:
    _may_commit(state, request, token, repo, revision)
    asked = request.json()
    files = repo.git.tree(commit_of(repo, revision))
    ignored = _ignored(repo, revision, asked.get("gitIgnore"))
    answers = []
    for file in asked["files"]:
        path = file["path"]
        is_lfs = state.speaks_lfs and (path.endswith(LFS_SUFFIXES) or file["size"] > LFS_OVER_BYTES)
        entry = files.get(path)
        answers.append(
            {
                "path": path,
                "uploadMode": "lfs" if is_lfs else "regular",
                "shouldIgnore": ignored.match_file(path),
                "oid": entry.oid if entry is not None and not is_lfs else None,
            }
        )
    return as_json({"files": answers, "commitOid": commit_of(repo, revision)})


def _ignored(repo: Repo, revision: str, sent: str | None) -> pathspec.GitIgnoreSpec:
    """What the client sends as `.gitignore`, else the one that is in the repository."""
    text = sent
    if text is None:
        text = (repo.git.read(commit_of(repo, revision), ".gitignore") or b"").decode("utf-8", "replace")
    return pathspec.GitIgnoreSpec.from_lines(text.splitlines())


def _may_commit(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> None:
    if token is None:
        raise RefusalError(401, NO_TOKEN)
    if request.is_set("create_pr"):
        if not state.may_open_pr(token, repo):
            raise RefusalError(403, "Authorization error.")
    elif not state.may_write(token, repo, revision):
        if token.role == "read":
            raise RefusalError(403, "Authorization error.")
        raise RefusalError(403, "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request")


def _commit(state: HubState, request: Request, token: Token | None, repo: Repo, revision: str) -> Response:
    _may_commit(state, request, token, repo, revision)
    assert token is not None
    header, changes = _operations(state, request.body)
    commit_of(repo, revision)
    message = header["summary"] + (f"\n\n{header['description']}" if header.get("description") else "")
    ref = revision if revision.startswith("refs/pr/") else f"refs/heads/{revision}"
    body = {}
    if request.is_set("create_pr"):
        discussion = state.open_discussion(
            repo, token.user, header["summary"], header.get("description", ""), pull_request=True, status="open"
        )
        ref, body["pullRequestUrl"] = discussion.ref, f"{request.base_url}/{repo.id}/discussions/{discussion.num}"
    try:
        oid = repo.git.commit(ref, changes, message, parent=header.get("parentCommit"), author=token.user)
    except StaleParentError as error:
        raise RefusalError(412, STALE) from error
    if ref.startswith("refs/pr/"):
        repo.discussions[int(ref.rpartition("/")[2])].events.append(
            event("commit", token.user, {"subject": header["summary"], "oid": oid})
        )
    repo.last_modified = now()
    return as_json(
        {"success": True, "commitOid": oid, "commitUrl": f"{request.base_url}/{repo.id}/commit/{oid}", **body}
    )


def _operations(state: HubState, body: bytes) -> tuple[dict, dict[str, bytes | None]]:
    header: dict = {}
    changes: dict[str, bytes | None] = {}
    for line in body.splitlines():
        item = json.loads(line)
        value = item["value"]
        if item["key"] == "header":
            header = value
        elif item["key"] == "file":
            changes[value["path"]] = base64.b64decode(value["content"])
        elif item["key"] == "lfsFile":
            if not (state.lfs_objects / value["oid"]).exists():
                raise RefusalError(400, f"LFS pointer pointed to a file that does not exist: {value['oid']}")
            size = (state.lfs_objects / value["oid"]).stat().st_size
            changes[value["path"]] = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
                value["oid"].encode(),
                size,
            )
        elif item["key"] == "deletedFile":
            changes[value["path"]] = None
        else:
            raise RefusalError(400, f"unknown operation {item['key']!r}")
    return header, changes


ROUTES = (
    ("POST", r"/api/validate-yaml", _validate_yaml),
    ("POST", r"/api/models/{id}/preupload/{revision}", _preupload),
    ("POST", r"/api/models/{id}/commit/{revision}", _commit),
)
