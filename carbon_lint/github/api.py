"""GitHub's API, by PyGithub: the merge base and its files, the comment on a pull request, who set a label.

Nothing here may fail the step: a pull request from a fork has a token that only reads, and a network can be down.
PyGithub takes 0.2 s, so it is imported when the API is asked; lint/action.yml installs the core alone, without it.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from carbon_lint.github.results import Step

if TYPE_CHECKING:
    from github.GithubException import GithubException
    from github.Repository import Repository

TIMEOUT_S = 15
RETRIES = 2
FORBIDDEN = 403
_READING = "contents: read"
ACTIONS_BOT = "github-actions[bot]"
CANCELLED_TIMEOUT_S = 2  # nothing else is left to do, and the runner ends us soon
MAY_WRITE = {"admin", "maintain", "write"}


class ApiError(Exception):
    """The API refused, or did not answer; the message says what and why, in one line, without a token."""


def is_installed() -> bool:
    """Return whether the API can be asked at all; the lint-only action cannot."""
    return find_spec("github") is not None


def merge_base(step: Step, base_sha: str) -> str:
    """Return the merge base of `base_sha` and this run's commit. Raises ApiError."""
    with _repository(step, _READING) as repository:
        head = step.environ.get("GITHUB_SHA") or "HEAD"
        return repository.compare(base_sha, head).merge_base_commit.sha


def files_of(step: Step, commit: str) -> dict[str, str] | None:
    """Return the name and the mode of every file of a commit; `None` if the API lists none, or not all."""
    try:
        with _repository(step, _READING) as repository:
            tree = repository.get_git_tree(commit, recursive=True)
            is_whole = not tree.raw_data.get("truncated")
            return {item.path: item.mode for item in tree.tree if item.type != "tree"} if is_whole else None
    except ApiError:
        return None


def file_at(step: Step, commit: str, name: str) -> bytes | None:
    """Return a file of a commit; `None` if the commit does not have it. Raises ApiError."""
    with _repository(step, _READING) as repository:
        from github.GithubException import UnknownObjectException  # noqa: PLC0415  as the module says

        try:
            found = repository.get_contents(name, ref=commit)
        except UnknownObjectException:
            return None
        if isinstance(found, list):
            raise ApiError(f"{name} is a folder")
        if found.encoding != "base64":  # over 1 MB
            return base64.b64decode(repository.get_git_blob(found.sha).content)
        return base64.b64decode(found.content)


def upsert_comment(
    step: Step, number: int, body: str, is_ours: Callable[[str], bool], *, may_create: bool
) -> str | None:
    """Write `body` as the one comment that `is_ours` knows, and return its address; `None` if nothing was to do.

    Only a comment of our own author counts: anybody can copy the marker. Raises ApiError.
    """
    with _repository(step) as repository:
        pull = repository.get_pull(number)
        ours = [comment for comment in pull.get_issue_comments() if is_ours(comment.body)]
        if ours:
            author = _own_login(repository, step.inputs.github_token or "")
            ours = [comment for comment in ours if comment.user.login.lower() == author]
        if not ours and not may_create:
            return None
        if not ours:
            return pull.create_issue_comment(body).html_url
        if ours[0].body.replace("\r\n", "\n").rstrip() == body.rstrip():
            return None
        ours[0].edit(body)
        return ours[0].html_url


def _own_login(repository: Repository, token: str) -> str:
    """Return who the token writes as, in lower case: a user, or the bot of a GitHub App, whose name has brackets.

    An App's token (`ghs_`) has no user; GraphQL names its viewer. The bot of the workflow's own token is the default.
    """
    from github.GithubException import GithubException  # noqa: PLC0415  as the module says

    requester = repository.requester
    if not token.startswith("ghs_"):
        with suppress(GithubException, KeyError, TypeError):
            return str(requester.requestJsonAndCheck("GET", "/user")[1]["login"]).lower()
    with suppress(GithubException, KeyError, TypeError):
        login = str(requester.graphql_query("query { viewer { login } }", {})[1]["data"]["viewer"]["login"]).lower()
        return login if login.endswith("[bot]") else f"{login}[bot]"
    return ACTIONS_BOT


def who_labelled(step: Step, number: int, label: str) -> str | None:
    """Return the user who set `label` last, if they may write to the repository; else `None`. Raises ApiError."""
    with _repository(step) as repository:
        pull = repository.get_pull(number)
        login = None
        for event in pull.get_issue_events():
            if getattr(event.label, "name", None) == label and event.event in {"labeled", "unlabeled"}:
                login = event.actor.login if event.event == "labeled" else None
        if login is None:
            return None
        return login if repository.get_collaborator_permission(login) in MAY_WRITE else None


@contextmanager
def _repository(step: Step, needs: str = "pull-requests: write") -> Iterator[Repository]:
    if not is_installed():
        raise ApiError("the lint-only action does not ask GitHub's API")
    token, name = step.inputs.github_token, step.context.repository
    if token is None or name is None:
        raise ApiError("there is no github-token" if token is None else "GITHUB_REPOSITORY is not set")
    import github  # noqa: PLC0415  as the module says
    import requests  # noqa: PLC0415
    from github.GithubException import GithubException  # noqa: PLC0415

    logging.getLogger("github").setLevel(logging.CRITICAL)  # we report a refusal ourselves, once
    client = github.Github(
        auth=github.Auth.Token(token),
        base_url=step.context.api_url,
        timeout=CANCELLED_TIMEOUT_S if step.result.report.is_cancelled else TIMEOUT_S,
        retry=None if step.result.report.is_cancelled else github.GithubRetry(total=RETRIES),
        seconds_between_requests=None,  # PyGithub would wait a second before each write; there are three at most
        seconds_between_writes=None,
        user_agent="carbon-lint",
    )
    try:
        yield client.get_repo(name, lazy=True)
    except GithubException as error:
        raise ApiError(_message(error, needs)) from error
    except requests.RequestException as error:
        raise ApiError(f"GitHub's API does not answer ({type(error).__name__})") from error
    finally:
        client.close()


def _message(error: GithubException, needs: str) -> str:
    message = error.data.get("message") if isinstance(error.data, dict) else None
    text = " ".join(str(message or error.message or "no reason given").split())[:200]
    if error.status == FORBIDDEN:
        return f"GitHub refuses ({text}): the job needs `permissions: {needs}`"
    return f"GitHub answered {error.status} ({text})"
