"""Give the files that the step and its job wrote to the owner of the workspace.

A container action runs as root on a workspace of the runner's user: what it leaves could neither be edited nor deleted
by the steps after it, nor by the next job's checkout.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_ROOT = 0


def hand_over(first: Iterable[Path], workspace: Path, *, within_s: float) -> bool:
    """Give what root owns in `workspace` to the workspace's owner: `first` these, then all that `within_s` allows.

    Returns whether all was looked at. Does nothing, and that is all, unless we are root and the owner is not.
    """
    try:
        owner = workspace.stat()
    except OSError:
        return True
    if os.geteuid() != _ROOT or owner.st_uid == _ROOT:
        return True
    deadline = time.monotonic() + within_s
    root = os.path.realpath(workspace)
    for written in first:
        if os.path.realpath(written).startswith(f"{root}/"):
            _give(os.fspath(written), owner)
    for path in _everything(root):
        _give(path, owner)
        if time.monotonic() > deadline:
            return False
    return True


def _everything(root: str) -> Iterator[str]:
    """Yield every file and folder below `root` on the same file system. Links are named, and not followed."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield os.path.join(folder, name)
        folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name))]


def _give(path: str, owner: os.stat_result) -> None:
    try:
        if os.lstat(path).st_uid == _ROOT:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    except OSError:
        return  # gone, or a file system that is read-only or foreign: the step's result does not hang on it


def trusting_git(environ: Mapping[str, str], workspace: Path) -> dict[str, str]:
    """Return variables by which git trusts `workspace` though another user owns it, without a configuration file."""
    given = environ.get("GIT_CONFIG_COUNT", "")
    count = int(given) if given.isascii() and given.isdigit() else 0
    return {
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": "safe.directory",
        f"GIT_CONFIG_VALUE_{count}": str(workspace),
    }


def our_git_environ(environ: Mapping[str, str], workspace: Path) -> dict[str, str]:
    """Return the environment of a git that we run ourselves, in `workspace`.

    None of the step's `GIT_*` reach it: a `GIT_DIR` that an earlier step set would choose whose limits are read.
    """
    others = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    return {**others, **trusting_git(others, workspace)}
