"""Compare what a repository holds with what `init` would write into it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from carbon_lint import config
from carbon_lint.errors import InputError, UsageError
from carbon_lint.files import write_atomically
from carbon_lint.project import PLACEHOLDER, REPOSITORY
from carbon_lint.starter import files as starter
from carbon_lint.starter.files import Choices, proposed_line
from carbon_lint.starter.survey import Survey
from carbon_lint.starter.workflow import workflow, workflow_path
from carbon_lint.text import unified_diff

FileChange = tuple[str, str | None, str]
"""Path, text before (`None` if the file is not there), text after."""


def changes_to(root: Path, found: Survey, choices: Choices) -> list[FileChange]:
    """Return what is to be written below `root`; empty if all is there. Raises InputError."""
    changes: list[FileChange] = []
    if not has_workflow(root):
        path = workflow_path(found, lambda name: (root / name).exists())
        changes.append((path, None, workflow(found, choices)))
    hooks = _read(root / starter.HOOKS)
    hooked = starter.with_hook(hooks, choices.action, found.cards)
    if hooked is not None:
        changes.append((starter.HOOKS, hooks, hooked))
    before = _read(root / starter.CONFIG)
    after = _configuration(root, before, choices)
    if after is not None:
        changes.append((starter.CONFIG, before, after))
    return changes


def _configuration(root: Path, before: str | None, choices: Choices) -> str | None:
    """Return the configuration, new or with a first budget; `None` if there is nothing to add."""
    if before is None:
        return starter.configuration(choices) if config.find(str(root)) is None else None
    line = proposed_line(choices.emissions_g, choices.energy_kwh)
    try:
        if line is None or line.partition(" ")[0] in tomllib.loads(before):
            return None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"carbon-lint.toml is not TOML: {error}", hint="fix it first") from error
    # At the top: below a table's head the key would belong to the table.
    return f"{line}\n{before}"


def has_workflow(root: Path) -> bool:
    """Return whether a workflow of the repository names carbon-lint: then `init` writes none."""
    folder = root / ".github/workflows"
    return any("carbon-lint" in (_read(path) or "") for path in sorted(folder.glob("*.y*ml")))


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", hint="fix it, or move it away") from error


def as_diff(change: FileChange) -> str:
    """Return a change so that `git apply` and `patch -p1` both take it."""
    path, before, after = change
    old = "/dev/null" if before is None else f"a/{path}"
    head = f"diff --git a/{path} b/{path}\n" + ("new file mode 100644\n" if before is None else "")
    return head + unified_diff(before or "", after, old, f"b/{path}")


def placeholder_error(changes: list[FileChange]) -> UsageError | None:
    """Return an error if a workflow's action has no owner: it would run what the next owner of that name publishes."""
    if not any(f"{PLACEHOLDER}/" in after and f"{PLACEHOLDER}/" not in (before or "") for _, before, after in changes):
        return None
    return UsageError(
        f"nothing was written: {REPOSITORY} stands for a repository that is not known here",
        hint="name the owner of the carbon-lint that you use: carbon-lint init --owner NAME",
    )


def write(root: Path, changes: list[FileChange]) -> Iterator[str]:
    """Write each file, and yield its path. Raises OutputError."""
    for path, _, after in changes:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / path, after.encode())
        yield path
