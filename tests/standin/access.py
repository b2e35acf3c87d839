"""Who is asking, and what they may know of a repository."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.standin.http import RefusalError, Request

if TYPE_CHECKING:
    from tests.standin.state import HubState, Repo, Token

BAD_TOKEN = "Invalid credentials in Authorization header"
NO_TOKEN = "Invalid username or password."


def token_of(state: HubState, request: Request) -> Token | None:
    """Who is asking. Raises RefusalError if a token is given that is not known or has expired."""
    header = request.headers.get("authorization", "")
    if not header.startswith("Bearer ") or request.path.startswith("/oidc/"):
        return None
    token = state.tokens.get(header.removeprefix("Bearer "))
    if token is None or (token.expires_at is not None and time.monotonic() >= token.expires_at):
        raise RefusalError(401, BAD_TOKEN)
    return token


def find_repo(state: HubState, token: Token | None, repo_id: str) -> Repo:
    """The repository, as far as the token may know of it."""
    repo = state.repos.get(repo_id)
    if repo is None or not state.may_read(token, repo):
        if token is None:
            raise RefusalError(401, NO_TOKEN)
        raise RefusalError(404, "Repository not found", "RepoNotFound")
    if repo.disabled:
        raise RefusalError(403, "Access to this resource is disabled.")
    return repo


def commit_of(repo: Repo, revision: str) -> str:
    """The commit that a revision names."""
    commit = repo.git.tip(revision)
    if commit is None:
        raise RefusalError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit
