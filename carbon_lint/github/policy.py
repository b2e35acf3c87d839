"""What holds where an input is not given: the configuration, then the default. Of a pull request its merge base's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from carbon_lint.errors import ConfigError, UsageError
from carbon_lint.gate.baseline import parse_age_s, parse_max_increase
from carbon_lint.gate.budget import OnModelled
from carbon_lint.measure.request import OnLoss
from carbon_lint.text import quoted
from carbon_lint.units import parse_duration_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbon_lint.config import Settings
    from carbon_lint.gate.baseline import MaxIncrease
    from carbon_lint.github.inputs import ActionInputs

DEFAULT_GRACE_S = 30.0
_T = TypeVar("_T")
REQUIRABLE = ("gpu", "cpu-counter", "none")


def on_exceed(inputs: ActionInputs, settings: Settings) -> OnLoss:
    """What a job over a hard limit meets. Raises ConfigError, as all here."""
    return OnLoss(inputs.on_exceed or _word(settings, "on-exceed", tuple(OnLoss)) or OnLoss.STOP)


def on_modelled(inputs: ActionInputs, settings: Settings) -> OnModelled:
    """What an inconclusive verdict does."""
    return OnModelled(inputs.on_modelled or _word(settings, "on-modelled", tuple(OnModelled)) or OnModelled.FIGURE)


def grace_s(inputs: ActionInputs, settings: Settings) -> float:
    """Seconds from SIGTERM to SIGKILL for a job that is stopped over its budget."""
    if inputs.grace_s is not None:
        return inputs.grace_s
    configured = _parsed(settings, "grace", parse_duration_s)
    return DEFAULT_GRACE_S if configured is None else configured


def baseline_max_age_s(inputs: ActionInputs, settings: Settings) -> float | None:
    """Age from which a baseline is stale, in seconds."""
    return (
        inputs.baseline_max_age_s
        if inputs.baseline_max_age_s is not None
        else _parsed(settings, "baseline-max-age", parse_age_s)
    )


def increases(inputs: ActionInputs, settings: Settings) -> tuple[MaxIncrease, ...]:
    """The limits of input and configuration, each of which must hold: neither loosens the other."""
    given = inputs.max_increase
    found = [] if given is None else [parse_max_increase(given, "input max-increase")]
    source = settings.source("max-increase")
    configured = _parsed(settings, "max-increase", lambda text: parse_max_increase(text, source))
    if configured is not None and inputs.baseline is None and settings.text("baseline") is None:
        raise ConfigError(f"{source}: max-increase needs a baseline", hint='say over what: baseline = "ledger:main"')
    return tuple(dict.fromkeys(found if configured is None else [*found, configured]))


def require(inputs: ActionInputs, settings: Settings) -> tuple[str, ...]:
    """What must be measured."""
    words = inputs.require or tuple(settings.get("require"))
    for word in words:
        if word not in REQUIRABLE:
            raise ConfigError(f"{settings.source('require')}: require: {quoted(word)}", hint=", ".join(REQUIRABLE))
    return words


def _word(settings: Settings, key: str, known: tuple[str, ...]) -> str | None:
    value = settings.text(key)
    if value is not None and value not in known:
        raise ConfigError(f"{settings.source(key)}: {key}: {quoted(value)} is not known", hint=" or ".join(known))
    return value


def _parsed(settings: Settings, key: str, parse: Callable[[str], _T]) -> _T | None:
    text = settings.text(key)
    try:
        return None if text is None else parse(text)
    except UsageError as error:
        raise ConfigError(f"{settings.source(key)}: {key}: {error.message}", hint=error.hint) from error
