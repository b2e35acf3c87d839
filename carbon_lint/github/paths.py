"""Paths that inputs name: inside the workspace, or refused."""

from __future__ import annotations

from pathlib import Path

from carbon_lint.errors import InputError, UsageError
from carbon_lint.github.context import StepContext
from carbon_lint.text import quoted

_CHECKOUT = "is there a step `- uses: actions/checkout@v7` before this one?"
_EXAMPLES = {
    "working-directory": "training",
    "record": "carbon-lint-record.json",
    "baseline": "record:base.json",
    "card": "README.md",
    "cards": "models",
    "config": "carbon-lint.toml",
    "sarif-file": "carbon-lint.sarif",
}
_MOST_FOLDERS = 5


def inside(context: StepContext, name: str, value: str, *, may_be_temporary: bool = False) -> Path:
    """Return the absolute path that input `name` gives. Raises UsageError if it leads out of the workspace.

    With `may_be_temporary` the runner's temporary folder will do as well.
    """
    roots = [context.workspace.resolve()]
    if may_be_temporary and context.temporary is not None:
        roots.append(context.temporary.resolve())
    path = roots[0] / value
    resolved = path.resolve()
    if not any(root == resolved or root in resolved.parents for root in roots):
        raise UsageError(
            f"input {name!r}: {quoted(value)} is outside the workspace",
            hint=f"name a path below it: `{name}: {_EXAMPLES[name]}`",
        )
    return path


def relative(context: StepContext, path: Path) -> str:
    """Return `path` as later steps can use it: relative to the workspace, or absolute outside of it."""
    root = context.workspace.resolve()
    resolved = path.resolve()
    return str(resolved.relative_to(root)) if root in resolved.parents else str(path)


def _folders_there(context: StepContext) -> str:
    """Return the folders to choose from; without any, nothing was checked out."""
    try:
        found = sorted(path.name for path in context.workspace.iterdir() if path.is_dir() and path.name[:1] != ".")
    except OSError:
        found = []
    if not found:
        return _CHECKOUT
    more = ", …" if len(found) > _MOST_FOLDERS else ""
    return f"the folders of the workspace are {', '.join(found[:_MOST_FOLDERS])}{more}"


def working_directory(context: StepContext, value: str | None) -> Path:
    """Return where `setup` and `command` run. Raises UsageError, InputError if it is not a folder of the workspace."""
    folder = inside(context, "working-directory", value or ".")
    if not folder.is_dir():
        raise InputError(
            f"input 'working-directory': there is no folder {quoted(value or '.')}", hint=_folders_there(context)
        )
    return folder
