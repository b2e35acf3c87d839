"""What the run is held to: the inputs' limits, made tighter by the repository's own configuration, never looser.

On a pull request the repository's limits and exceptions are those of its merge base: a change that needs more budget
may not bring it along unseen.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint import config
from carbon_lint.errors import ConfigError
from carbon_lint.gate.verdict import Budget
from carbon_lint.github.base import BaseUnknownError, read_base
from carbon_lint.github.paths import inside
from carbon_lint.report.comment import LimitChange
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.config import Settings
    from carbon_lint.github.results import Step

_FETCH_HINT = "give `actions/checkout` the line `fetch-depth: 0`, or this step `github-token: ${{ github.token }}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the run is held to.

    Attributes:
        budget: the tighter of input and configuration, limit by limit.
        settings: the configuration of the checkout, for all that is no limit.
        binding: the configuration whose limits count: the merge base's on a pull request, else the same.
        changes: limits that the pull request itself changes.
        notes: what the log and the record should say of where the limits came from.
    """

    budget: Budget
    settings: Settings
    binding: Settings
    changes: tuple[LimitChange, ...] = ()
    notes: tuple[str, ...] = ()


def load_settings(step: Step) -> Settings:
    """The configuration of the checkout. Raises ConfigError."""
    if step.inputs.config is None:
        return config.load(str(step.context.workspace))
    path = inside(step.context, "config", step.inputs.config)
    if not path.is_file():
        raise ConfigError(f"input 'config': there is no file {quoted(step.inputs.config)}", hint="leave `config` out")
    return config.load_file(str(path))


def limits_of(step: Step) -> Limits:
    """The limits of this run. Raises ConfigError where those of the merge base count and cannot be read."""
    settings = load_settings(step)
    given = Budget(max_emissions_g=step.inputs.max_emissions_g, max_energy_kwh=step.inputs.max_energy_kwh)
    if not step.context.is_pull_request:
        return Limits(budget=tighter(given, own_budget(settings)), settings=settings, binding=settings)
    try:
        binding = _base_settings(step)
    except BaseUnknownError as error:
        if own_budget(settings) and not given:
            raise ConfigError(
                f"the limits of a pull request's merge base count, and cannot be read: {error}", hint=_FETCH_HINT
            ) from error
        note = f"the configuration of the merge base could not be read ({error}); no exceptions of the repository count"
        unexcused = settings.with_values({"exception": []}, "the merge base, which could not be read")
        budget = tighter(given, own_budget(settings))
        return Limits(budget=budget, settings=settings, binding=unexcused, notes=(note,))
    return Limits(
        budget=tighter(given, own_budget(binding)),
        settings=settings,
        binding=binding,
        changes=_changes(own_budget(binding), own_budget(settings)),
    )


def own_budget(settings: Settings) -> Budget:
    """The limits that a configuration states."""
    return Budget(max_emissions_g=settings.max_emissions_g, max_energy_kwh=settings.max_energy_kwh)


def tighter(ceiling: Budget, own: Budget) -> Budget:
    """The smaller of two limits each; `None` is no limit."""

    def least(*values: float | None) -> float | None:
        return min((value for value in values if value is not None), default=None)

    return Budget(
        max_emissions_g=least(ceiling.max_emissions_g, own.max_emissions_g),
        max_energy_kwh=least(ceiling.max_energy_kwh, own.max_energy_kwh),
    )


def _changes(base: Budget, head: Budget) -> tuple[LimitChange, ...]:
    pairs = (
        ("max-emissions", "g", base.max_emissions_g, head.max_emissions_g),
        ("max-energy", "kWh", base.max_energy_kwh, head.max_energy_kwh),
    )
    return tuple(
        LimitChange(name=name, unit=unit, before=before, after=after)
        for name, unit, before, after in pairs
        if before != after
    )


def _base_settings(step: Step) -> Settings:
    """The configuration of the merge base. What it is called there counts, not what the pull request calls it."""
    for name in [step.inputs.config] if step.inputs.config else [config.FILE_NAME, "pyproject.toml"]:
        data = read_base(step, name)
        if data is not None and (not name.endswith("pyproject.toml") or b"tool.carbon-lint" in data):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / Path(name).name
                path.write_bytes(data)
                return config.load_file(str(path))
    return config.Settings()
