"""What the job is given of our environment: all of it, but our own venv and the secrets of other steps."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from carbon_lint import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

GRID_TOKEN_VARIABLE = "ELECTRICITYMAPS_API_TOKEN"  # noqa: S105  a name, not a token
WITHHELD = (
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_OIDC*",
    "ACTIONS_ID_TOKEN_REQUEST_*",
    "ACTIONS_RUNTIME_TOKEN",
    "GITHUB_TOKEN",
    GRID_TOKEN_VARIABLE,
    "GITHUB_OUTPUT",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "INPUT_*",
)
"""Name patterns. Tokens that publish, and the files through which a step talks to the runner."""

RUN_ID_VARIABLE = "CARBON_LINT_RUN_ID"
PROGRESS_VARIABLE = "CARBON_LINT_PROGRESS"
PRIVATE_MARK = "carbon-lint-private"
"""A file of this name in a venv says that carbon-lint alone lives there."""


def job_environ(
    environ: Mapping[str, str], *, pass_env: Collection[str], own_prefix: str | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The job's environment, and the names that were withheld from it, sorted.

    Args:
        environ: ours.
        pass_env: names handed on although they are on the list.
        own_prefix: the venv that is taken off PATH: `private_prefix()`'s answer.
    """
    withheld = sorted(name for name in environ if name not in pass_env and _is_secret(name))
    kept = {name: value for name, value in environ.items() if name not in withheld}
    if own_prefix is not None:
        _leave_venv(kept, own_prefix)
    return kept, tuple(withheld)


def private_prefix(prefix: str, base_prefix: str) -> str | None:
    """`prefix` where it is a venv for carbon-lint alone, else `None`.

    It is private when its folder is called `carbon-lint` (/opt/carbon-lint of the image, pipx, uv tool) or it holds a
    file `carbon-lint-private`. Any other venv may be the project's own, whose Python the job needs.
    """
    is_private = os.path.basename(prefix) == "carbon-lint" or os.path.exists(os.path.join(prefix, PRIVATE_MARK))
    return prefix if prefix != base_prefix and is_private else None


def describe_withheld(names: Collection[str]) -> str:
    """The withheld names in one line, the many inputs of an action as one."""
    inputs = [name for name in names if name.startswith("INPUT_")]
    others = [name for name in names if not name.startswith("INPUT_")]
    return ", ".join([*others, *([f"INPUT_* ({len(inputs)})"] if inputs else [])])


def shown_command(command: Collection[str], secrets: Collection[str]) -> tuple[str, ...]:
    """The command as a record may hold it: no secret in it, and nothing that UTF-8 cannot write."""
    return redact.command((word.encode(errors="surrogateescape").decode(errors="replace") for word in command), secrets)


def _is_secret(name: str) -> bool:
    return any(fnmatchcase(name.upper(), pattern) for pattern in WITHHELD)


def _leave_venv(environ: dict[str, str], prefix: str) -> None:
    own = {os.path.join(prefix, "bin"), os.path.join(os.path.realpath(prefix), "bin")}
    if "PATH" in environ:
        folders = environ["PATH"].split(os.pathsep)
        environ["PATH"] = os.pathsep.join(folder for folder in folders if folder.rstrip("/") not in own)
    if environ.get("VIRTUAL_ENV", "").rstrip("/") in {prefix, os.path.realpath(prefix)}:
        del environ["VIRTUAL_ENV"]
