"""Which folder of the workspace holds the checkout of this repository: `path:` of actions/checkout moves it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from carbon_lint.github.results import Step

_COMPARED = 200


def find_checkout(step: Step, is_ours: Callable[[Path], bool]) -> Path | None:
    """Return a folder with `.git`, above what the inputs name or in the workspace: the first that `is_ours`, else any.

    `None` if there is no `.git`, as after a checkout without git.
    """
    found = [folder for folder in _candidates(step) if (folder / ".git").exists()]
    return next((folder for folder in found if is_ours(folder)), found[0] if found else None)


def best_match(step: Step, names: tuple[str, ...] | None) -> Path:
    """Return the folder in which most of `names` are there; the workspace if no folder has more of them."""
    if not names:
        return _workspace(step)
    shortest = sorted(names, key=lambda name: (name.count("/"), name))[:_COMPARED]
    folders = (_workspace(step), *_candidates(step))
    return max(folders, key=lambda folder: sum((folder / name).exists() for name in shortest))


def start_folder(step: Step, root: Path) -> Path:
    """Return where the search for the configuration begins: the working directory, else the checkout's root."""
    workspace = _workspace(step)
    if step.inputs.working_directory is not None:
        return Path(os.path.normpath(workspace / step.inputs.working_directory))
    return root if workspace in root.parents else workspace


def _workspace(step: Step) -> Path:
    return Path(os.path.normpath(step.context.workspace.absolute()))


def _candidates(step: Step) -> Iterable[Path]:
    """Return what the inputs name, with all folders above it, and the folders below the workspace."""
    workspace, inputs = _workspace(step), step.inputs
    names = [name for name in (inputs.config, inputs.working_directory, inputs.card, ".") if name is not None]
    named = [Path(os.path.normpath(workspace / name)) for name in names]
    above = [folder for path in named for folder in (path, *path.parents)]
    within = [folder for folder in above if folder == workspace or workspace in folder.parents]
    return dict.fromkeys([*within, *_folders(workspace)])


def _folders(workspace: Path) -> list[Path]:
    """Return the folders below the workspace, two levels deep, in the order of their names."""
    try:
        first = sorted(folder for folder in workspace.iterdir() if _is_plain(folder))
        return first + sorted(folder for parent in first for folder in parent.iterdir() if _is_plain(folder))
    except OSError:
        return []


def _is_plain(folder: Path) -> bool:
    return not folder.name.startswith(".") and not folder.is_symlink() and folder.is_dir()
