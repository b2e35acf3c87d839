"""Read the label that excepts a pull request from its limits: it counts only if somebody set it who may write."""

from __future__ import annotations

from datetime import UTC, datetime

from carbon_lint.github.results import Step
from carbon_lint.limits import LIMITS, BudgetException

LABEL = "carbon-budget-exception"


def exceptions_by_label(step: Step) -> tuple[BudgetException, ...]:
    """Return the exceptions that the label makes for today; none, with a warning, if it does not count."""
    number = step.context.pull_request
    if number is None or LABEL not in step.context.labels:
        return ()
    from carbon_lint.github import api  # noqa: PLC0415  PyGithub takes 0.2 s

    try:
        login = api.who_labelled(step, number, LABEL)
    except api.ApiError as error:
        step.console.warning(f"the label {LABEL} does not count: who set it could not be found out: {error}")
        return ()
    if login is None:
        step.console.warning(f"the label {LABEL} does not count: it was not set by anyone with write access")
        return ()
    reason, today = f"label {LABEL} on pull request {number}", datetime.now(UTC).date()
    return tuple(BudgetException(limit=name, owner=f"@{login}", reason=reason, until=today) for name in LIMITS)
