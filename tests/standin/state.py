"""What the stand-in Hub holds: repositories, who may do what, discussions, and a catalogue of cards to list."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.standin.gitrepo import GitRepo

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ("write", "read", "pr-only", "oidc")


def now() -> str:
    """The time as the Hub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token. `resource` limits it to one repository; `expires_at` is on the monotonic clock."""

    value: str
    user: str
    role: str = "write"
    resource: str | None = None
    expires_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Discussion:
    """A discussion or pull request."""

    num: int
    title: str
    author: str
    description: str
    is_pull_request: bool
    status: str
    created_at: str = field(default_factory=now)
    events: list[dict[str, Any]] = field(default_factory=list)
    merge_commit: str | None = None

    @property
    def ref(self) -> str:
        """Its git reference."""
        return f"refs/pr/{self.num}"


@dataclass(slots=True, kw_only=True)
class Repo:
    """A model repository."""

    id: str
    git: GitRepo
    private: bool = False
    gated: bool = False
    disabled: bool = False
    downloads: int = 0
    likes: int = 0
    last_modified: str = field(default_factory=now)
    discussions: dict[int, Discussion] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The namespace."""
        return self.id.split("/", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model that is only listed and read, without a repository: thousands of them cost nothing.

    `card_data` overrides what the card's text says where it is not `...`: what a broken index might hold.
    """

    id: str
    text: str
    downloads: int = 0
    likes: int = 0
    card_data: Any = ...

    @property
    def sha(self) -> str:
        """A commit-like name of this text."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A trusted publisher: the claims of an id token that may act on `resource`."""

    resource: str
    repository: str
    workflow: str | None = None
    branch: str | None = None


class HubState:
    """The whole stand-in Hub below its HTTP surface."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repos: dict[str, Repo] = {}
        self.listed: dict[str, Listed] = {}
        self.listed_json: dict[str, dict[str, Any]] = {}  # described once, by `listing`
        self.moved: dict[str, str] = {}
        self.tokens: dict[str, Token] = {}
        self.publishers: list[Publisher] = []
        self.id_tokens: dict[str, dict[str, str]] = {}
        self.organisations: dict[str, list[str]] = {}
        self.lfs_objects = root / "lfs"
        self.speaks_lfs = False
        self.merges_drafts = False
        self.page_size = 1000
        self.allowance: tuple[int, float] | None = None  # requests, in so many seconds
        self._window = (0.0, 0)
        self.lock = threading.RLock()
        self.lfs_objects.mkdir(parents=True, exist_ok=True)

    def add_token(self, value: str, user: str, role: str = "write", **more: Any) -> Token:
        """Make a token known."""
        assert role in ROLES
        token = Token(value=value, user=user, role=role, **more)
        self.tokens[value] = token
        return token

    def create_repo(self, repo_id: str, card: str | bytes | None = None, **settings: Any) -> Repo:
        """A new repository, with a card if one is given."""
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo_id) or ".." in repo_id:
            raise ValueError(f"bad repository id {repo_id!r}")
        with self.lock:
            if repo_id in self.repos:
                raise FileExistsError(repo_id)
            repo = Repo(
                id=repo_id,
                git=GitRepo.create(self.root / "repos" / f"{repo_id}.git"),
                **settings,
            )
            self.repos[repo_id] = repo
        if card is not None:
            data = card.encode() if isinstance(card, str) else card
            repo.git.commit("refs/heads/main", {"README.md": data}, "Add the card")
        return repo

    def spend(self) -> tuple[int, float] | None:
        """Count one request: how many are left, and when the window ends, in seconds; None without an allowance."""
        if self.allowance is None:
            return None
        with self.lock:
            start, used = self._window
            if time.monotonic() - start >= self.allowance[1]:
                start, used = time.monotonic(), 0
            self._window = (start, used + 1)
            return self.allowance[0] - used - 1, start + self.allowance[1] - time.monotonic()

    def list_card(self, repo_id: str, text: str = "", **more: Any) -> None:
        """A model that is listed and read, without a repository. See `Listed`."""
        self.listed[repo_id] = Listed(id=repo_id, text=text, **more)
        self.listed_json.pop(repo_id, None)

    def move_repo(self, old: str, new: str) -> None:
        """Rename: requests for the old name are redirected."""
        with self.lock:
            repo = self.repos.pop(old)
            repo.id = new
            self.repos[new] = repo
            self.moved[old] = new

    def owns(self, user: str, namespace: str) -> bool:
        """True for a user's own namespace and those of the user's organisations."""
        return user == namespace or namespace in self.organisations.get(user, ())

    def may_write(self, token: Token | None, repo: Repo, revision: str) -> bool:
        """Whether a commit to `revision` is allowed."""
        if token is None or token.role == "read":
            return False
        if token.role == "oidc":
            return token.resource == repo.id
        if revision.startswith("refs/pr/"):
            discussion = repo.discussions.get(int(revision.rpartition("/")[2]))
            mine = discussion is not None and discussion.author == token.user
            return mine or (token.role == "write" and self.owns(token.user, repo.owner))
        return token.role == "write" and self.owns(token.user, repo.owner)

    def may_open_pr(self, token: Token | None, repo: Repo) -> bool:
        """Anyone may but a read token; a minted token only in its repository."""
        return token is not None and token.role != "read" and (token.role != "oidc" or token.resource == repo.id)

    def may_read(self, token: Token | None, repo: Repo) -> bool:
        """Public repositories are read by all."""
        return not repo.private or (
            token is not None and (self.owns(token.user, repo.owner) or token.resource == repo.id)
        )

    def open_discussion(
        self, repo: Repo, author: str, title: str, description: str, *, pull_request: bool, status: str
    ) -> Discussion:
        """A new discussion; a pull request starts at main's tip."""
        with self.lock:
            num = len(repo.discussions) + 1
            discussion = Discussion(
                num=num,
                title=title,
                author=author,
                description=description,
                is_pull_request=pull_request,
                status=status,
            )
            discussion.events.append(comment_event(author, description))
            if pull_request:
                tip = repo.git.tip("main")
                assert tip is not None
                repo.git.set_ref(discussion.ref, tip)
            repo.discussions[num] = discussion
        return discussion

    def exchange(self, id_token: str, resource: str, lifetime_s: float = 3600) -> Token | None:
        """A short-lived token for a trusted publisher; None if no publisher matches the claims exactly."""
        claims = self.id_tokens.get(id_token)
        if claims is None:
            return None
        for publisher in self.publishers:
            wanted = {"repository": publisher.repository, "workflow": publisher.workflow, "branch": publisher.branch}
            if publisher.resource == resource and all(claims.get(key) == want for key, want in wanted.items() if want):
                name = "hf_jwt_" + hashlib.sha256(f"{id_token}{time.monotonic_ns()}".encode()).hexdigest()
                return self.add_token(
                    name, "[OIDC]", "oidc", resource=resource, expires_at=time.monotonic() + lifetime_s
                )
        return None


def event(kind: str, author: str, data: dict[str, Any]) -> dict[str, Any]:
    """One entry of a discussion's timeline."""
    name = hashlib.sha1(f"{kind}{time.monotonic_ns()}".encode(), usedforsecurity=False).hexdigest()
    return {"id": name, "type": kind, "createdAt": now(), "author": {"name": author}, "data": data}


def comment_event(author: str, text: str) -> dict[str, Any]:
    """A comment in a discussion's timeline."""
    latest = {"raw": text, "html": text, "updatedAt": now(), "author": {"name": author}}
    return event("comment", author, {"edited": False, "hidden": False, "latest": latest, "history": [latest]})
