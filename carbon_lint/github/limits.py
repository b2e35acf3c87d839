"""The limits that hold: the inputs', made tighter by the repository's own configuration, never looser.

On a pull request the repository's limits are those of its merge base: a change that needs more budget may not bring it
along unseen. They are read from git, or over the API where the checkout is shallow.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint import config
from carbon_lint.errors import ConfigError
from carbon_lint.gate.verdict import Budget
from carbon_lint.github.ownership import git_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carbon_lint.config import Settings
    from carbon_lint.github.context import Context
    from carbon_lint.github.inputs import ActionInputs

GIT_TIMEOUT_S = 30
_FETCH_HINT = "give `actions/checkout` the line `fetch-depth: 0`, or this step `github-token: ${{ github.token }}`"


class BaseUnknownError(Exception):
    """The file of the merge base could not be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the run is held to.

    Attributes:
        budget: the tighter of input and configuration, limit by limit.
        settings: the repository's configuration as it is checked out; its limits are not to be used.
        notes: what the log should say: where limits came from, and where a pull request changes them.
    """

    budget: Budget
    settings: Settings
    notes: tuple[str, ...] = ()


def load_settings(inputs: ActionInputs, context: Context) -> Settings:
    """The configuration of the checkout. Raises ConfigError."""
    if inputs.config is None:
        return config.load(str(context.workspace))
    return config.load_file(str(context.workspace / inputs.config))


def limits_of(
    inputs: ActionInputs,
    context: Context,
    environ: Mapping[str, str],
    read_from_api: Callable[[str, str], bytes | None] | None = None,
) -> Limits:
    """The limits of this run. Raises ConfigError where those of the merge base count and cannot be read.

    `read_from_api(base_sha, path)` gives a file of the merge base, `None` where there is none, or raises
    BaseUnknownError.
    """
    settings = load_settings(inputs, context)
    given = Budget(max_emissions_g=inputs.max_emissions_g, max_energy_kwh=inputs.max_energy_kwh)
    if not context.is_pull_request:
        return Limits(budget=tighter(given, _limits(settings)), settings=settings)
    try:
        base = _base_settings(inputs, context, environ, read_from_api)
    except BaseUnknownError as error:
        if _limits(settings) and not given:
            raise ConfigError(
                f"the limits of a pull request's merge base count, and cannot be read: {error}", hint=_FETCH_HINT
            ) from error
        note = f"the limits of the merge base could not be read ({error}); those of the pull request were used"
        return Limits(budget=tighter(given, _limits(settings)), settings=settings, notes=(note,))
    notes = () if _limits(base) == _limits(settings) else (_changed(_limits(base), _limits(settings)),)
    return Limits(budget=tighter(given, _limits(base)), settings=settings, notes=notes)


def tighter(ceiling: Budget, own: Budget) -> Budget:
    """The smaller of two limits each; `None` is no limit."""

    def least(*values: float | None) -> float | None:
        return min((value for value in values if value is not None), default=None)

    return Budget(
        max_emissions_g=least(ceiling.max_emissions_g, own.max_emissions_g),
        max_energy_kwh=least(ceiling.max_energy_kwh, own.max_energy_kwh),
    )


def _limits(settings: Settings) -> Budget:
    return Budget(max_emissions_g=settings.max_emissions_g, max_energy_kwh=settings.max_energy_kwh)


def _changed(base: Budget, head: Budget) -> str:
    def said(budget: Budget) -> str:
        parts = []
        if budget.max_emissions_g is not None:
            parts.append(f"max-emissions {budget.max_emissions_g:g} g")
        if budget.max_energy_kwh is not None:
            parts.append(f"max-energy {budget.max_energy_kwh:g} kWh")
        return " and ".join(parts) or "no limit"

    return f"this pull request changes the budget from {said(base)} to {said(head)}; until it is merged the first holds"


def _base_settings(
    inputs: ActionInputs,
    context: Context,
    environ: Mapping[str, str],
    read_from_api: Callable[[str, str], bytes | None] | None,
) -> Settings:
    """The configuration of the merge base. What it is called there counts, not what the pull request calls it."""
    for name in [inputs.config] if inputs.config else [config.FILE_NAME, "pyproject.toml"]:
        data = _base_file(name, context, environ, read_from_api)
        if data is not None and (not name.endswith("pyproject.toml") or b"tool.carbon-lint" in data):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / Path(name).name
                path.write_bytes(data)
                return config.load_file(str(path))
    return config.Settings()


def _base_file(
    name: str,
    context: Context,
    environ: Mapping[str, str],
    read_from_api: Callable[[str, str], bytes | None] | None,
) -> bytes | None:
    if context.base_sha is None:
        raise BaseUnknownError(context.event_problem or "the event names no base commit")
    try:
        return _from_git(name, context.base_sha, context.workspace, environ)
    except BaseUnknownError as error:
        if read_from_api is None:
            raise
        try:
            return read_from_api(context.base_sha, name)
        except BaseUnknownError as second:
            raise BaseUnknownError(f"{error}; {second}") from second


def _from_git(name: str, base_sha: str, workspace: Path, environ: Mapping[str, str]) -> bytes | None:
    trusted = {**environ, **git_environ(environ, workspace)}

    def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", "-C", str(workspace), *arguments],
                env=trusted,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=GIT_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BaseUnknownError(f"git cannot be run: {error}") from error

    base = git("merge-base", base_sha, "HEAD")
    if base.returncode:
        raise BaseUnknownError("the checkout does not hold the merge base (it is shallow)")
    commit = base.stdout.decode().strip()
    if not git("ls-tree", "--name-only", commit, "--", name).stdout.strip():
        return None
    shown = git("show", f"{commit}:{name}")
    if shown.returncode:
        raise BaseUnknownError(f"git cannot show {name} of {commit[:8]}")
    return shown.stdout
