"""Whether, how and with which token the step publishes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from carbon_lint import pipeline
from carbon_lint.card.figures import card_with_record
from carbon_lint.errors import PublishError, UsageError
from carbon_lint.hub.endpoint import changed_endpoint, endpoint_of
from carbon_lint.hub.target import parse_target

if TYPE_CHECKING:
    from carbon_lint.config import Settings
    from carbon_lint.github.context import Context
    from carbon_lint.github.inputs import ActionInputs
    from carbon_lint.github.results import Step
    from carbon_lint.hub.publish import Plan, Published
    from carbon_lint.records.merge import Merged
    from carbon_lint.records.record import Record

TIMEOUT_S = 120.0
DRY_RUN_TIMEOUT_S = 20.0  # what is only shown is not worth a longer wait
_NEEDED = (
    "add `hf-token: ${{ secrets.HF_TOKEN }}`; or, without any secret, `env: {HF_OIDC_RESOURCE: OWNER/MODEL}` with "
    "`permissions: {id-token: write}` and a Trusted Publisher in the model's settings"
)
CARD_NAME = "README.md"  # as a model's card is called on the Hub


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


def check_can_publish(step: Step) -> None:
    """Find out before the job, and not after hours of it, what would keep the card from the Hub.

    Raises UsageError where `hub-repo` names no model or HF_ENDPOINT is not the workflow's own, PublishError where there
    is no token.
    """
    if step.inputs.hub_repo is not None and (changed := changed_endpoint(step.environ)) is not None:
        step.console.line(f"carbon-lint: {changed}")
    mode = publish_mode(step.inputs, step.context)
    if mode is None:
        return
    endpoint = endpoint_of(step.environ)
    try:
        parse_target(step.inputs.hub_repo or "", endpoint)
    except UsageError as error:
        raise UsageError(f"input 'hub-repo': {error.message}", hint="`hub-repo: OWNER/MODEL`") from error
    if mode is not Mode.DRY_RUN and not _has_credentials(step):
        raise PublishError("there is no token for the Hub, or the secret it is taken from does not exist", hint=_NEEDED)


def publish(step: Step, card: bytes | None, mode: Mode, settings: Settings) -> Published:
    """Commit `card` whole, or without one the record's figures into the card on the Hub.

    Raises PublishError.
    """
    from carbon_lint.hub.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second; most runs need none
    from carbon_lint.hub.judging import emissions_of, linter  # noqa: PLC0415
    from carbon_lint.hub.publish import PublishRequest, publish_card  # noqa: PLC0415
    from carbon_lint.hub.pulls import publish_by_pull_request  # noqa: PLC0415
    from carbon_lint.hub.session import open_model  # noqa: PLC0415

    deadline = Deadline(DRY_RUN_TIMEOUT_S if mode is Mode.DRY_RUN else TIMEOUT_S)
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


def _has_credentials(step: Step) -> bool:
    names = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN")
    return step.inputs.hf_token is not None or any(step.environ.get(name) for name in names)


def _plan(step: Step, card: bytes | None, repo_id: str, settings: Settings) -> Plan:
    from carbon_lint.hub.publish import EditedCard, WholeCard  # noqa: PLC0415

    record = step.result.record
    if card is not None:
        return WholeCard(card)
    if record is None:
        raise UsageError("there is neither a `card` nor a `record` to publish", hint="add `card: README.md`")
    whole = whole_group(step, record).record
    training_type = settings.text("training-type")
    return EditedCard(
        lambda theirs: card_with_record(theirs, CARD_NAME, whole, training_type=training_type).after, repo_id
    )


def whole_group(step: Step, record: Record) -> Merged:
    """What the card states: the sum over the run group of `record`, of the records that lie beside it."""
    file = step.result.record_file
    return pipeline.whole_group(record, None if file is None else str(file))
