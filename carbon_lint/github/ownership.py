"""Files that the step wrote belong to whoever owns the workspace.

A container action runs as root on a workspace of the runner's user: what it leaves could not be edited or deleted by
the steps after it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def hand_over(paths: Iterable[Path], workspace: Path) -> None:
    """Give each of `paths` that lies in `workspace` and is ours to the workspace's owner. Does nothing unless root."""
    if os.geteuid() != 0:
        return
    try:
        owner = workspace.stat()
        root = workspace.resolve()
    except OSError:
        return
    for path in paths:
        for part in (path, *path.parents):
            if part.resolve() == root or root not in part.resolve().parents:
                break
            _give(part, owner)


def _give(path: Path, owner: os.stat_result) -> None:
    try:
        if path.lstat().st_uid == 0 != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    except OSError:
        return  # a read-only or foreign file system: the step's result does not hang on it


def git_environ(environ: Mapping[str, str], workspace: Path) -> dict[str, str]:
    """Variables by which git trusts `workspace` though another user owns it; no configuration file is touched."""
    count = int(environ.get("GIT_CONFIG_COUNT") or 0)
    return {
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": "safe.directory",
        f"GIT_CONFIG_VALUE_{count}": str(workspace),
    }
