"""Whether, how and with which token the step publishes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carbon_lint.config import Settings
    from carbon_lint.github.context import Context
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.github.results import Step
    from carbon_lint.hub.publish import Plan, Published

TIMEOUT_S = 120.0


class Mode(StrEnum):
    """What becomes of the card."""

    COMMIT = "commit"
    PULL_REQUEST = "pull-request"
    DRY_RUN = "dry-run"


def publish_mode(inputs: ActionInputs, context: Context) -> Mode | None:
    """`None` where nothing was asked for. A fork's pull request has no secrets, so it only shows what would be done."""
    if inputs.hub_repo is None or inputs.publish == "never":
        return None
    if context.is_fork:
        return Mode.DRY_RUN
    if inputs.publish == "auto":
        return Mode.COMMIT if context.may_publish else Mode.DRY_RUN
    return Mode.PULL_REQUEST if inputs.publish == "pr" else Mode.COMMIT


def publish(step: Step, card: bytes | None, mode: Mode, settings: Settings) -> Published:
    """Commit `card` whole, or without one the record's figures into the card on the Hub.

    Raises PublishError; UsageError where `hub-repo` names no model.
    """
    from carbon_lint.hub.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second; most runs need none
    from carbon_lint.hub.judging import emissions_of, linter  # noqa: PLC0415
    from carbon_lint.hub.publish import PublishRequest, publish_card  # noqa: PLC0415
    from carbon_lint.hub.pulls import publish_by_pull_request  # noqa: PLC0415
    from carbon_lint.hub.session import open_model  # noqa: PLC0415

    deadline = Deadline(TIMEOUT_S)
    with open_model(
        step.inputs.hub_repo or "",
        step.environ,
        deadline=deadline,
        token=step.inputs.hf_token,
        needs_token=mode is not Mode.DRY_RUN,
        on_wait=lambda wait_s, why: step.console.line(f"carbon-lint: {why}; trying again in {wait_s:.1f} s"),
    ) as repo:
        request = PublishRequest(
            plan=_plan(step, card, repo.id, settings),
            record=step.result.record,
            check=linter(settings),
            emissions_of=emissions_of,
            dry_run=mode is Mode.DRY_RUN,
        )
        by = publish_by_pull_request if mode is Mode.PULL_REQUEST else publish_card
        return by(request, repo, deadline)


def _plan(step: Step, card: bytes | None, repo_id: str, settings: Settings) -> Plan:
    from carbon_lint import pipeline  # noqa: PLC0415
    from carbon_lint.hub.publish import EditedCard, WholeCard  # noqa: PLC0415

    record = step.result.record
    if card is not None or record is None:
        return WholeCard(card or b"")
    return EditedCard(
        lambda theirs: pipeline.card_with_record(theirs, record, training_type=settings.text("training-type")), repo_id
    )
