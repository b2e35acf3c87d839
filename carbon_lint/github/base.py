"""Files of a pull request's merge base: from git, or over the API if the checkout is shallow.

What a pull request is held to may not come from the pull request: its configuration, and the card or record that it is
compared with. A merge base without such a file is one answer; a merge base that cannot be read is an error.
"""

from __future__ import annotations

import os
import subprocess
from itertools import accumulate
from pathlib import Path

from carbon_lint.github import api
from carbon_lint.github.checkout import best_match, find_checkout
from carbon_lint.github.ownership import our_git_environ
from carbon_lint.github.results import Step
from carbon_lint.records.provenance import call_git, repository_of_url

GIT_TIMEOUT_S = 30
_LINK, _SUBMODULE = "120000", "160000"
_LEADS_AWAY = {_LINK, _SUBMODULE}
_MOST_LINKS = 8


class BaseUnknownError(Exception):
    """The merge base, or a file of it, could not be read; the message says why."""


def open_base(step: Step) -> MergeBase:
    """Find the merge base. Raises BaseUnknownError if neither git nor the API knows it."""
    base_sha = step.context.base_sha
    if base_sha is None:
        raise BaseUnknownError(step.context.event_problem or "the event names no base commit")
    root = find_checkout(step, lambda folder: is_ours(step, folder))
    try:
        return _Git(step, base_sha, root or step.context.workspace)
    except BaseUnknownError as error:
        return _from_api(step, base_sha, root, error)


def read_at(base: MergeBase, path: Path) -> bytes | None:
    """Return what the merge base holds at `path` of the workspace. Raises BaseUnknownError."""
    root, path = Path(os.path.realpath(base.root)), Path(os.path.normpath(path.absolute()))
    for start in (base.root.absolute(), root):
        if start in path.parents:
            return base.read(path.relative_to(start).as_posix())
    return None


class _Git:
    """The merge base as the checkout holds it."""

    def __init__(self, step: Step, base_sha: str, root: Path) -> None:
        self.root = root
        self._step = step
        self._base_sha = base_sha
        found = _git(step, root, "merge-base", base_sha, "HEAD")
        if found.returncode:
            raise BaseUnknownError("the checkout does not hold the merge base (it is shallow, or no repository)")
        self._commit = found.stdout.decode().strip()
        listed = _git(step, root, "ls-tree", "-r", "-z", "--full-tree", self._commit)
        if listed.returncode:
            raise BaseUnknownError(f"git cannot list the files of {self._commit[:8]}")
        rows = [os.fsdecode(row).partition("\t") for row in listed.stdout.split(b"\0") if row]
        self._modes = {name: mode.partition(" ")[0] for mode, _, name in rows}

    def names(self) -> tuple[str, ...]:
        return tuple(self._modes)

    def read(self, name: str) -> bytes | None:
        for _ in range(_MOST_LINKS):
            link = next((part for part in _heads(name) if self._modes.get(part) in _LEADS_AWAY), None)
            if link is None:
                return self._shown(name) if name in self._modes else None
            if self._modes[link] == _SUBMODULE:
                raise BaseUnknownError(f"{link} is a submodule, whose files the merge base does not hold")
            target = os.fsdecode(self._shown(link))
            name = os.path.normpath(os.path.join(os.path.dirname(link), target, name[len(link) + 1 :]))
        raise BaseUnknownError(f"{name} is a link to a link, and so on")

    def _shown(self, name: str) -> bytes:
        shown = _git(self._step, self.root, "show", f"{self._commit}:{name}")
        if shown.returncode == 0:
            return shown.stdout
        # A partial clone has the names and not the contents.
        error = BaseUnknownError(f"git cannot show {name} of {self._commit[:8]}")
        found = _from_api(self._step, self._base_sha, self.root, error).read(name)
        if found is None:
            raise error
        return found


class _Api:
    """The merge base as GitHub's API states it."""

    def __init__(self, step: Step, commit: str, modes: dict[str, str] | None, root: Path | None) -> None:
        names = None if modes is None else tuple(modes)
        self.root = root or best_match(step, names)
        self._modes = modes or {}
        self._is_guess = root is None
        self._step = step
        self._commit = commit
        self._names = names

    def names(self) -> tuple[str, ...] | None:
        return self._names

    def read(self, name: str) -> bytes | None:
        # Without a list and without git, the checkout may lie below the root: its folder is not part of the name.
        away = next((part for part in _heads(name)[:-1] if self._modes.get(part) in _LEADS_AWAY), None)
        if away is not None:
            raise BaseUnknownError(f"{away} is a link or a submodule, which the API does not follow")
        is_sure = self._names is not None or not self._is_guess
        tails = [name] if is_sure else _tails(name)
        try:
            for tail in tails:
                if self._names is None or tail in self._names:
                    found = api.file_at(self._step, self._commit, tail)
                    if found is not None:
                        return found
        except api.ApiError as error:
            raise BaseUnknownError(str(error)) from error
        return None


MergeBase = _Git | _Api
"""The tree of the merge base. Names are relative to `root`, the folder of the workspace that holds the checkout.

`names()` has every file, `None` if they cannot be listed; `read(name)` returns one, `None` if it is not there.
"""


def _from_api(step: Step, base_sha: str, root: Path | None, error: BaseUnknownError) -> _Api:
    try:
        commit = api.merge_base(step, base_sha)
    except api.ApiError as second:
        raise BaseUnknownError(f"{error}; {second}") from second
    return _Api(step, commit, api.files_of(step, commit), root)


def is_ours(step: Step, root: Path) -> bool:
    """Return whether the checkout is one of this repository: a submodule or a tool's checkout is not."""
    base_sha = step.context.base_sha
    try:
        if base_sha and _git(step, root, "cat-file", "-e", f"{base_sha}^{{commit}}").returncode == 0:
            return True
        url = _git(step, root, "config", "--get", "remote.origin.url").stdout.decode(errors="replace")
    except BaseUnknownError:
        return False
    return step.context.repository is not None and repository_of_url(url) == step.context.repository


def _heads(name: str) -> list[str]:
    """Return `conf` and `conf/x.toml` for `conf/x.toml`."""
    return list(accumulate(name.split("/"), lambda head, part: f"{head}/{part}"))


def _tails(name: str) -> list[str]:
    """Return `repo/conf/x.toml`, `conf/x.toml` and `x.toml` for `repo/conf/x.toml`."""
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _git(step: Step, root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A replacement object would be the checkout's own idea of what the merge base holds.
    settings = {**our_git_environ(step.environ, root), "GIT_NO_REPLACE_OBJECTS": "1"}
    try:
        return call_git(root, settings, *arguments, timeout_s=GIT_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseUnknownError(f"git cannot be run: {error}") from error
