"""What holds where an input is not given: the configuration, then the default. Of a pull request its merge base's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.gate.budget import OnModelled
from carbon_lint.limits import parse_max_increase
from carbon_lint.measure.request import OnLoss

if TYPE_CHECKING:
    from carbon_lint.config import Settings
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.limits import MaxIncrease


def on_exceed(inputs: ActionInputs, settings: Settings) -> OnLoss:
    """What a job over a hard limit meets. Raises ConfigError, as all here."""
    return OnLoss(inputs.on_exceed or settings.on_exceed)


def on_modelled(inputs: ActionInputs, settings: Settings) -> OnModelled:
    """What an inconclusive verdict does."""
    return OnModelled(inputs.on_modelled or settings.on_modelled)


def grace_s(inputs: ActionInputs, settings: Settings) -> float:
    """Seconds from SIGTERM to SIGKILL for a job that is stopped over its budget."""
    return settings.grace_s if inputs.grace_s is None else inputs.grace_s


def baseline_max_age_s(inputs: ActionInputs, settings: Settings) -> float | None:
    """Age from which a baseline is stale, in seconds."""
    return settings.baseline_max_age_s if inputs.baseline_max_age_s is None else inputs.baseline_max_age_s


def increases(inputs: ActionInputs, settings: Settings) -> tuple[MaxIncrease, ...]:
    """The limits of input and configuration, each of which must hold: neither loosens the other."""
    given = inputs.max_increase
    found = [] if given is None else [parse_max_increase(given, "input max-increase")]
    configured = settings.max_increase
    if configured is not None and inputs.baseline is None and settings.baseline is None:
        raise settings.error("max-increase", "needs a baseline", hint='add the key, as in baseline = "ledger:main"')
    return tuple(dict.fromkeys(found if configured is None else [*found, configured]))


def require(inputs: ActionInputs, settings: Settings) -> tuple[str, ...]:
    """What must be measured."""
    return inputs.require or settings.require
