"""Make the job's environment from ours: all of it, but our own venv and the secrets of other steps."""

from __future__ import annotations

import glob
import itertools
import os
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from carbon_lint.errors import CommandNotRunnableError
from carbon_lint.text import quoted

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

_OWN_NAME = "carbon-lint"
_INSTALLERS = ("pip", "setuptools", "wheel", "uv", "pipx", "distribute", "pkg-resources")
_PROJECT_VENVS = {".venv", "venv", "env", ".env"}
_NAME = re.compile(r"[A-Za-z0-9._-]*")
_OTHER_EXTRA = re.compile(r"""extra\s*==\s*['"](?!(?:run|hub|html|all|audit|github)['"])""")
"""Of a requirement that only developers of a package, or its further parts, bring: a project may have it too."""
_UV_CACHES = ("archive-v", "environments-v", "builds-v")  # where uvx makes a venv for one call


def job_environ(
    environ: Mapping[str, str], *, pass_env: Collection[str], own_prefix: str | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the job's environment, made from ours, and the names that were withheld from it, sorted.

    `pass_env` are passed on although they are on the list. The venv `own_prefix` is taken off PATH.
    """
    secret = {name for name in environ if any(fnmatchcase(name.upper(), pattern) for pattern in WITHHELD)}
    withheld = sorted(secret.difference(pass_env))
    kept = {name: value for name, value in environ.items() if name not in withheld}
    if own_prefix is not None:
        if "PATH" in kept:
            kept["PATH"] = _path_without(kept["PATH"], own_prefix)
        if kept.get("VIRTUAL_ENV", "").rstrip("/") in {own_prefix, os.path.realpath(own_prefix)}:
            del kept["VIRTUAL_ENV"]
    return kept, tuple(withheld)


def private_prefix(prefix: str, base_prefix: str) -> str | None:
    """Return `prefix` if it is a venv for carbon-lint alone, else `None`.

    It is private when its folder is called `carbon-lint` (/opt/carbon-lint of the image, pipx, uv tool) or it holds a
    file `carbon-lint-private`. Any other venv may be the project's own, whose Python the job needs.
    """
    is_private = os.path.basename(prefix) == _OWN_NAME or _has_mark(prefix)
    return prefix if prefix != base_prefix and is_private else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVenv:
    """The venv that carbon-lint runs in, seen from the job. `prefix` is taken off its PATH; `None` leaves it there.

    `is_sure` is False if the venv may be the tool's or the project's, and the user should know what was decided.
    """

    prefix: str | None
    is_sure: bool = True


def own_venv(prefix: str, base_prefix: str, environ: Mapping[str, str], folder: str) -> OwnVenv:
    """Decide whether the job is to run in carbon-lint's own venv, as it does if that is the project's.

    It is the project's if it is active (VIRTUAL_ENV, CONDA_PREFIX), or the `.venv` of `folder` or one above it. It is
    the tool's if `uv tool` or pipx made it, if another one is active, or if only this package is installed.
    """
    if prefix == base_prefix:
        return OwnVenv(prefix=None)
    if not _has_mark(prefix) and (_is_active(prefix, environ) or _is_of_project(prefix, folder)):
        return OwnVenv(prefix=None)
    if private_prefix(prefix, base_prefix) is not None or _is_made_by_installer(prefix):
        return OwnVenv(prefix=prefix)
    is_tools = _is_another_active(environ) or _holds_only_us(prefix)
    return OwnVenv(prefix=prefix if is_tools else None, is_sure=False)


def describe_program(name: str, environ: Mapping[str, str], own: OwnVenv, prefix: str) -> str | None:
    """Say which `name` the job runs, if it could be meant to be another; `None` if there is no doubt.

    Raises CommandNotRunnableError if it is only in carbon-lint's own venv, which the job does not get.
    """
    before = shutil.which(name, path=environ.get("PATH", os.defpath))
    folder = os.path.realpath(os.path.join(prefix, "bin"))
    if before is None or os.sep in name or os.path.realpath(os.path.dirname(before)) != folder:
        return None
    if own.prefix is None:
        found = f"{name} is {before}, of the environment that carbon-lint is installed in"
        return None if own.is_sure else f"{found}; activate another one to run the job there"
    after = shutil.which(name, path=_path_without(environ.get("PATH", os.defpath), own.prefix))
    way_out = "activate the project's environment, or name its program: -- .venv/bin/python train.py"
    if after is None:
        raise CommandNotRunnableError(
            f"command not found: {quoted(name)}: the only one is in carbon-lint's own environment, {own.prefix}",
            found=False,
            hint=way_out,
        )
    return f"{name} is {after}, not that of carbon-lint's own environment; if that is wrong, {way_out}"


def _is_active(prefix: str, environ: Mapping[str, str]) -> bool:
    active = (environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX"))
    return any(path and os.path.realpath(path) == os.path.realpath(prefix) for path in active)


def _is_another_active(environ: Mapping[str, str]) -> bool:
    """Return whether an environment is active that somebody chose; conda's base is active in many a shell unasked."""
    is_base = environ.get("CONDA_DEFAULT_ENV") == "base"
    return bool(environ.get("VIRTUAL_ENV") or (environ.get("CONDA_PREFIX") and not is_base))


def _is_of_project(prefix: str, folder: str) -> bool:
    """Return if it is the `.venv` or `venv` of the folder or, if that is not a temporary place, of one above it."""
    parent, name = os.path.split(os.path.realpath(prefix))
    here = os.path.realpath(folder)
    return name in _PROJECT_VENVS and os.path.commonpath([parent, here]) == parent


def _is_made_by_installer(prefix: str) -> bool:
    parts = os.path.realpath(prefix).split(os.sep)
    return any(part.startswith(_UV_CACHES) for part in parts) or any(
        os.path.exists(os.path.join(prefix, name)) for name in ("uv-receipt.toml", "pipx_metadata.json")
    )


@lru_cache(maxsize=1)
def _holds_only_us(prefix: str) -> bool:
    """Return whether no package is installed in the venv but carbon-lint, what it needs, and installers."""
    # By hand: importlib.metadata parses every METADATA whole, 0.2 s for a venv of 150 packages.
    infos = glob.glob(os.path.join(glob.escape(prefix), "lib", "python*", "site-packages", "*.dist-info"))
    names = (os.path.basename(path).removesuffix(".dist-info").rpartition("-")[0] for path in infos)
    found = dict(zip(map(_normal, names), infos, strict=True))
    ours, left = set(_INSTALLERS), [_OWN_NAME]
    while left:
        name = left.pop()
        if name not in ours:
            ours.add(name)
            needs = _needs(found[name]) if name in found else ()
            left += [_normal(_NAME.findall(need)[0]) for need in needs if not _OTHER_EXTRA.search(need)]
    return found.keys() <= ours


def _needs(dist_info: str) -> list[str]:
    """Return what a distribution requires: the `Requires-Dist` lines of its head (PEP 566)."""
    path = os.path.join(dist_info, "METADATA")
    if not os.path.isfile(path):  # what a broken installation leaves
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        head = itertools.takewhile(str.strip, file)
        return [line.partition(":")[2].strip() for line in head if line.lower().startswith("requires-dist:")]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _has_mark(prefix: str) -> bool:
    return os.path.exists(os.path.join(prefix, PRIVATE_MARK))


def describe_withheld(names: Collection[str]) -> str:
    """Return the withheld names in one line, the many inputs of an action as one."""
    inputs = [name for name in names if name.startswith("INPUT_")]
    others = [name for name in names if not name.startswith("INPUT_")]
    return ", ".join([*others, *([f"INPUT_* ({len(inputs)})"] if inputs else [])])


def _path_without(path: str, prefix: str) -> str:
    own = os.path.realpath(os.path.join(prefix, "bin"))
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if not folder or os.path.realpath(folder) != own)
