"""The step: measure -> gate -> write card -> lint -> publish, each where it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.errors import UsageError
from carbon_lint.github.card_step import Finishing
from carbon_lint.github.limits import limits_of, load_settings
from carbon_lint.github.measure_step import Measuring
from carbon_lint.github.publishing import check_can_publish

if TYPE_CHECKING:
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.github.results import Step


def run_step(step: Step) -> None:
    """Fill `step.result`, phase by phase. Raises CarbonLintError, and KeyboardInterrupt where cancelled."""
    inputs = step.inputs
    _check_asked(inputs)
    check_can_publish(step)
    if inputs.command is not None or inputs.record is not None:
        limits = limits_of(step)
        step.result.limit_changes = limits.changes
        for note in limits.notes:
            step.console.notice(note)
        settings = limits.settings
        Measuring(step, limits).run()
    else:
        settings = load_settings(step)
    finishing = Finishing(step, settings)
    finishing.write_card()
    if step.result.is_cancelled:
        return  # the runner leaves seven seconds, and nothing is published of a run that was cancelled
    finishing.lint()
    finishing.publish()


def _check_asked(inputs: ActionInputs) -> None:
    if inputs.command is None and inputs.record is None and not inputs.lint and inputs.hub_repo is None:
        raise UsageError(
            "nothing is asked for: there is no `command`, no `record`, no `hub-repo`, and `lint` is false",
            hint="add `command: python train.py`, or leave `lint: false` out",
        )
