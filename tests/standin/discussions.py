"""Discussions and pull requests of the stand-in Hub."""

from __future__ import annotations

from tests.standin.gitrepo import MergeConflictError
from tests.standin.http import RefusalError, Request, Response, as_json
from tests.standin.state import Discussion, HubState, Repo, Token, comment_event, event

PAGE_SIZE = 50


def _list(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    found = sorted(repo.discussions.values(), key=lambda it: -it.num)
    kind, status, author = request.first("type"), request.first("status"), request.first("author")
    if kind in {"pull_request", "discussion"}:
        found = [it for it in found if it.is_pull_request == (kind == "pull_request")]
    if status in {"open", "closed"}:
        found = [it for it in found if (it.status in {"open", "draft"}) == (status == "open")]
    if author:
        found = [it for it in found if it.author == author]
    start = int(request.first("p") or 0) * PAGE_SIZE
    page = [_summary(repo, it) for it in found[start : start + PAGE_SIZE]]
    return as_json({"discussions": page, "count": len(found), "start": start, "numClosedDiscussions": 0})


def _summary(repo: Repo, discussion: Discussion) -> dict:
    return {
        "num": discussion.num,
        "title": discussion.title,
        "author": {"name": discussion.author},
        "createdAt": discussion.created_at,
        "status": discussion.status,
        "isPullRequest": discussion.is_pull_request,
        "repo": {"name": repo.id, "type": "model"},
    }


def _details(state: HubState, request: Request, token: Token | None, repo: Repo, num: str) -> Response:
    discussion = _find(repo, num)
    body = {**_summary(repo, discussion), "events": discussion.events}
    if discussion.is_pull_request:
        conflicts = repo.git.conflicts("refs/heads/main", discussion.ref) if discussion.status != "merged" else []
        body["filesWithConflicts"] = conflicts
        body["changes"] = {"base": "refs/heads/main", "mergeCommitId": discussion.merge_commit}
        body["diff"] = ""
    return as_json(body)


def _create(state: HubState, request: Request, token: Token | None, repo: Repo) -> Response:
    asked = request.json()
    if not state.may_open_pr(token, repo):
        raise RefusalError(401 if token is None else 403, "You don't have the rights to open a discussion here.")
    assert token is not None
    is_pull = bool(asked.get("pullRequest"))
    discussion = state.open_discussion(
        repo,
        token.user,
        asked["title"],
        asked["description"],
        pull_request=is_pull,
        status="draft" if is_pull else "open",
    )
    return as_json({"num": discussion.num, "url": f"{request.base_url}/{repo.id}/discussions/{discussion.num}"})


def _comment(state: HubState, request: Request, token: Token | None, repo: Repo, num: str) -> Response:
    discussion = _find(repo, num)
    if token is None:
        raise RefusalError(401, "Invalid username or password.")
    added = comment_event(token.user, request.json()["comment"])
    discussion.events.append(added)
    return as_json({"newMessage": added})


def _status(state: HubState, request: Request, token: Token | None, repo: Repo, num: str) -> Response:
    discussion = _find(repo, num)
    _may_change(state, token, repo, discussion)
    asked = request.json()["status"]
    if discussion.status == "merged" or asked not in {"open", "closed"}:
        raise RefusalError(400, f"cannot change the status from {discussion.status} to {asked}")
    discussion.status = asked
    added = event("status-change", discussion.author, {"status": asked})
    discussion.events.append(added)
    return as_json({"newStatus": added})


def _title(state: HubState, request: Request, token: Token | None, repo: Repo, num: str) -> Response:
    discussion = _find(repo, num)
    _may_change(state, token, repo, discussion)
    new = request.json()["title"]
    added = event("title-change", discussion.author, {"from": discussion.title, "to": new})
    discussion.title = new
    discussion.events.append(added)
    return as_json({"newTitle": added})


def _merge(state: HubState, request: Request, token: Token | None, repo: Repo, num: str) -> Response:
    discussion = _find(repo, num)
    if not state.may_write(token, repo, "main"):
        raise RefusalError(403, "You don't have the rights to merge this Pull Request.")
    if discussion.status not in ({"open", "draft"} if state.merges_drafts else {"open"}):
        raise RefusalError(400, f"Cannot merge a Pull Request that is {discussion.status}")
    try:
        discussion.merge_commit = repo.git.merge("refs/heads/main", discussion.ref, f"{discussion.title} (#{num})")
    except MergeConflictError as conflict:
        raise RefusalError(409, f"This Pull Request has merge conflicts: {conflict}") from conflict
    discussion.status = "merged"
    discussion.events.append(event("status-change", discussion.author, {"status": "merged"}))
    return as_json({})


def _find(repo: Repo, num: str) -> Discussion:
    discussion = repo.discussions.get(int(num))
    if discussion is None:
        raise RefusalError(404, "Discussion not found")
    return discussion


def _may_change(state: HubState, token: Token | None, repo: Repo, discussion: Discussion) -> None:
    if token is None:
        raise RefusalError(401, "Invalid username or password.")
    if token.user != discussion.author and not state.may_write(token, repo, "main"):
        raise RefusalError(403, "You don't have the rights to change this discussion.")


_NUM = r"(?P<num>\d+)"
ROUTES = (
    ("GET", r"/api/models/{id}/discussions", _list),
    ("POST", r"/api/models/{id}/discussions", _create),
    ("GET", rf"/api/models/{{id}}/discussions/{_NUM}", _details),
    ("POST", rf"/api/models/{{id}}/discussions/{_NUM}/comment", _comment),
    ("POST", rf"/api/models/{{id}}/discussions/{_NUM}/status", _status),
    ("POST", rf"/api/models/{{id}}/discussions/{_NUM}/title", _title),
    ("POST", rf"/api/models/{{id}}/discussions/{_NUM}/merge", _merge),
)
