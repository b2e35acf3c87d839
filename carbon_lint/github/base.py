"""Files of a pull request's merge base: from git, or over the API where the checkout is shallow.

What a pull request is held to may not come from the pull request: limits, exceptions, the card that is compared with.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from carbon_lint.github.ownership import our_git_environ

if TYPE_CHECKING:
    from carbon_lint.github.results import Step

GIT_TIMEOUT_S = 30


class BaseUnknownError(Exception):
    """A file of the merge base could not be read; the message says why."""


def read_base(step: Step, name: str) -> bytes | None:
    """The file `name` (relative to the repository) at the merge base; `None` where it has none.

    Raises BaseUnknownError.
    """
    base_sha = step.context.base_sha
    if base_sha is None:
        raise BaseUnknownError(step.context.event_problem or "the event names no base commit")
    try:
        return _from_git(step, base_sha, name)
    except BaseUnknownError as error:
        from carbon_lint.github import api  # noqa: PLC0415  PyGithub takes 0.2 s, and a full checkout needs none

        try:
            return api.file_at_merge_base(step, base_sha, name)
        except api.ApiError as second:
            raise BaseUnknownError(f"{error}; {second}") from second


def _from_git(step: Step, base_sha: str, name: str) -> bytes | None:
    base = _git(step, "merge-base", base_sha, "HEAD")
    if base.returncode:
        raise BaseUnknownError("the checkout does not hold the merge base (it is shallow, or no repository)")
    commit = base.stdout.decode().strip()
    if not _git(step, "ls-tree", "--name-only", commit, "--", name).stdout.strip():
        return None
    shown = _git(step, "show", f"{commit}:{name}")
    if shown.returncode:
        raise BaseUnknownError(f"git cannot show {name} of {commit[:8]}")
    return shown.stdout


def _git(step: Step, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    workspace = step.context.workspace
    try:
        return subprocess.run(
            ["git", "-C", str(workspace), *arguments],
            env=our_git_environ(step.environ, workspace),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseUnknownError(f"git cannot be run: {error}") from error
