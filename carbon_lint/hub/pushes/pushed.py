"""Find what a model got while a job ran: commits that its branches and pull requests did not hold before.

Heads seen before the job decide, not dates: a clock that is wrong, an old commit that is pushed late and a
rewritten history change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from huggingface_hub.utils import build_hf_headers, paginate

from carbon_lint.errors import HubError
from carbon_lint.hub.client.http import UnansweredError
from carbon_lint.hub.client.remote import ModelRepo

MAIN = "main"
MOST_REFS = 8
"""Branches and pull requests whose commits are listed, main first; the others that moved are only counted."""
MOST_COMMITS = 500
PAGE = 100
NEAR = 50
"""Once so many commits of before have come by, no new one is expected below them."""
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH = "refs/heads/"
_NO_LIST = "the Hub's list of commits is not what it should be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, as its author wrote it: title and author are anybody's text."""

    id: str
    title: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A branch, or a pull request (`refs/pr/N`), that is not at the commit at which it was.

    `before` is None if it was not there, and it does not hold it any more if `is_rewritten`. `commits` are those that
    it did not hold before, oldest first; `problem` says why there may be more.
    """

    ref: str
    before: str | None
    after: str
    commits: tuple[Commit, ...] = ()
    problem: str | None = None
    is_rewritten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """All that moved, main first. `left_out` counts what was not looked into."""

    moved: tuple[Moved, ...]
    left_out: int = 0


def heads(repo: ModelRepo) -> dict[str, str]:
    """Return the commit of each branch and pull request. Raises HubError, of which MissingError is one."""
    with repo.speaking(None):
        refs = repo.api.list_repo_refs(repo.id, include_pull_requests=True)
        found = {it.ref.removeprefix(_BRANCH): it.target_commit for it in (*refs.branches, *(refs.pull_requests or ()))}
        if not all(isinstance(commit, str) and _ID.fullmatch(commit) for commit in found.values()):
            raise UnansweredError(f"the Hub's list of branches of {repo.id} is not what it should be")
    return found


def movement(repo: ModelRepo, before: Mapping[str, str]) -> Movement:
    """Return what moved since `before`. A list of commits that cannot be had is a `problem`. Raises HubError."""
    now = heads(repo)
    held = set(before.values())  # where a new branch that nothing was pushed to begins
    refs = sorted(
        (ref for ref, commit in now.items() if commit not in ({before[ref]} if ref in before else held)),
        key=_main_first,
    )
    shown: set[str] = set()
    found = []
    for ref in refs[:MOST_REFS]:
        one = _moved(repo, ref, now[ref], before, shown)
        shown |= {commit.id for commit in one.commits}
        if one.commits or one.problem or one.is_rewritten:
            found.append(one)
    return Movement(moved=tuple(found), left_out=len(refs[MOST_REFS:]))


def _main_first(ref: str) -> tuple[int, int, str]:
    pull = re.fullmatch(r"refs/pr/(\d{1,9})", ref)
    return (0 if ref == MAIN else 2 if pull else 1, -int(pull[1]) if pull else 0, ref)


def _moved(repo: ModelRepo, ref: str, after: str, before: Mapping[str, str], shown: set[str]) -> Moved:
    base = before.get(ref, before.get(MAIN))  # what a new branch or pull request grows from is main
    listed: dict[str, Commit] = {}
    known: set[str] = set()
    problem = None
    try:
        # a new branch may begin anywhere in main's history
        known = _known(repo, base, 2 * NEAR if ref in before else MOST_COMMITS)
        for commit in islice(_history(repo, after), MOST_COMMITS):
            listed[commit.id] = commit
            if len(known & listed.keys()) == NEAR:
                break
        if after not in listed:
            raise UnansweredError(_NO_LIST)
        if len(listed) == MOST_COMMITS:
            problem = f"only the newest {MOST_COMMITS} were looked at"
    except HubError as error:
        problem = error.message
    new = [commit for name, commit in listed.items() if name not in known and name not in shown]
    return Moved(
        ref=ref,
        before=before.get(ref),
        after=after,
        commits=tuple(reversed(new)),
        problem=problem,
        is_rewritten=problem is None and ref in before and before[ref] not in listed,
    )


def _known(repo: ModelRepo, base: str | None, most: int) -> set[str]:
    """Return what was there before; nothing if the Hub threw that away, as it may when a history is rewritten."""
    try:
        return {commit.id for commit in islice(_history(repo, base), most)}
    except UnansweredError:
        raise
    except HubError:
        return set()


def _history(repo: ModelRepo, commit: str | None) -> Iterator[Commit]:
    """Go back from a commit, newest first, page by page as they are asked for. Nothing for `None`."""
    if commit is None:
        return
    url = f"{repo.endpoint}/api/models/{repo.id}/commits/{quote(commit, safe='')}"
    with repo.speaking(commit):
        for item in paginate(url, params={"limit": PAGE}, headers=build_hf_headers(token=repo.api.token)):
            found = item["id"]
            author = item["authors"][0]["user"] if item["authors"] else ""
            if not (isinstance(found, str) and _ID.fullmatch(found)):
                raise UnansweredError(_NO_LIST)
            yield Commit(id=found, title=str(item["title"]), author=str(author))
