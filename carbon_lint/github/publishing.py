"""Decide whether, how and with which token the step publishes, and publish."""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.config import Settings
from carbon_lint.errors import HubError, UsageError
from carbon_lint.github import paths
from carbon_lint.github.results import Step
from carbon_lint.hub.client.endpoint import endpoint_of, notes_on
from carbon_lint.hub.client.target import parse_target
from carbon_lint.lint.discover import find_cards
from carbon_lint.pipeline.options import naming
from carbon_lint.pipeline.plan import RunPlan
from carbon_lint.records.record import Record
from carbon_lint.report.run.sections import Publication
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.hub.publish.card import Loss, Published
    from carbon_lint.hub.publish.figures import Publishing

TIMEOUT_S = 120.0
ACCESS_TIMEOUT_S = 10.0
DRY_RUN_TIMEOUT_S = 20.0  # what is only shown is not worth a longer wait
_NEEDED = (
    "add `hf-token: ${{ secrets.HF_TOKEN }}`; or, without any secret, `env: {HF_OIDC_RESOURCE: OWNER/MODEL}` with "
    "`permissions: {id-token: write}` and a Trusted Publisher in the model's settings"
)


class Mode(Enum):
    """How a card is published."""

    COMMIT, PULL_REQUEST, DRY_RUN = range(3)


def publish_mode(step: Step) -> Mode | None:
    """Return how to publish, `None` if nothing was asked for. A fork has no secrets: it only shows."""
    inputs, context = step.inputs, step.context
    if inputs.hub_repo is None or inputs.publish == "never":
        return None
    if context.is_fork:
        return Mode.DRY_RUN
    if inputs.publish == "auto":
        return Mode.COMMIT if context.may_publish else Mode.DRY_RUN
    return Mode.PULL_REQUEST if inputs.publish == "pr" else Mode.COMMIT


def check_can_publish(step: Step) -> None:
    """Find out before the job, and not after hours of it, what would keep the card from the Hub.

    Raises UsageError if `hub-repo` names no model, HF_ENDPOINT is not the workflow's own or `card` is not there,
    HubError if no token will do.
    """
    for note in notes_on(endpoint_of(step.environ)) if step.inputs.hub_repo is not None else ():
        step.console.line(f"carbon-lint: {note}")
    mode = publish_mode(step)
    if mode is None:
        return
    endpoint = endpoint_of(step.environ)
    with naming("hub-repo", step.inputs.hub_repo):
        parse_target(step.inputs.hub_repo or "", endpoint)
    _check_card_is_there(step)
    is_keyless = any(step.environ.get(name) for name in ("HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN"))
    if mode is not Mode.DRY_RUN and not is_keyless and not _has_token(step):
        raise HubError("there is no token for the Hub, or the secret it is taken from does not exist", hint=_NEEDED)
    # a trusted publisher names one branch, so when nothing is committed keyless login may well be refused
    is_asked = mode is not Mode.DRY_RUN or _has_token(step)
    if step.inputs.command is not None and is_asked and not step.context.is_fork:
        _check_token(step, mode)


def _check_card_is_there(step: Step) -> None:
    """Check that the card is there: a new one would hold a block and no text, which is never meant."""
    name = step.inputs.card
    if name is None or paths.inside(step.context, "card", name).is_file():
        return
    root = step.context.workspace.resolve()
    found = [Path(one.path).resolve() for one in find_cards((str(root),))]
    cards = [path.relative_to(root).as_posix() for path in found if path.suffix == ".md" and root in path.parents]
    near = get_close_matches(name, cards, n=1)
    instead = "leave `card` out: the figures then go into the card that is on the Hub"
    raise UsageError(
        f"input 'card': there is no {quoted(name)}, and it is to be published to {step.inputs.hub_repo}",
        hint=f"did you mean `card: {near[0]}`? Else {instead}" if near else f"add it to the repository, or {instead}",
    )


def _check_token(step: Step, mode: Mode) -> None:
    """Raise HubError if the token will not do; only warn of it if nothing is committed this time."""
    from carbon_lint.hub.client.http import Deadline, UnansweredError  # noqa: PLC0415  huggingface_hub takes half a second
    from carbon_lint.hub.client.session import open_model  # noqa: PLC0415

    by_pull_request = mode is Mode.PULL_REQUEST or step.inputs.publish == "pr"
    model, token, deadline = step.inputs.hub_repo or "", step.inputs.hf_token, Deadline(ACCESS_TIMEOUT_S)
    try:
        with open_model(model, step.environ, deadline=deadline, token=token) as repo:
            repo.check_may_publish(by_pull_request=by_pull_request)
    except UnansweredError as error:
        step.console.notice(f"whether the card can be published after the job is not known: {error.message}")
    except HubError as error:
        if mode is not Mode.DRY_RUN:
            raise
        hint = f"\n{error.hint}" if error.hint else ""
        step.console.warning(f"a run that publishes would fail: {error.message}{hint}")


def publish_card(step: Step, plan: RunPlan, settings: Settings, record: Record | None) -> Publication:
    """Commit the figures into the card on the Hub, and say so. Raises HubError, unless it is only a dry run."""
    mode = publish_mode(step) or Mode.DRY_RUN
    try:
        published = _publish(step, plan, settings, record, mode)
    except HubError as error:
        # What a refusal has to show besides its message: findings of a card, somebody else's change.
        shown = "\n".join(getattr(error, "findings", ())) or getattr(error, "diff", "")
        if shown:
            step.console.line(shown)
        if mode is not Mode.DRY_RUN:
            raise
        step.console.notice(f"what would be published could not be shown: {error.message}")
        return Publication(why_not=error.message)
    if mode is Mode.DRY_RUN:
        with step.console.group("carbon-lint: what would be published"):
            step.console.line(published.diff or "nothing: the Hub has this card already")
        reason = f"{not_published(step)}; the log shows the change"
        step.console.notice(f"not published: {reason}")
        return Publication(why_not=reason)
    for note in published.notes:
        step.console.notice(note)
    done = "published" if published.changed else "unchanged, nothing committed"
    step.console.line(f"{done}: {published.url}")
    return Publication(url=published.url, is_changed=published.changed)


def _publish(step: Step, plan: RunPlan, settings: Settings, record: Record | None, mode: Mode) -> Published:
    from carbon_lint.hub.client.http import Deadline  # noqa: PLC0415  huggingface_hub takes half a second; most runs need none
    from carbon_lint.hub.client.session import open_model  # noqa: PLC0415
    from carbon_lint.hub.publish.card import publish_card  # noqa: PLC0415
    from carbon_lint.hub.publish.pulls import publish_by_pull_request  # noqa: PLC0415
    from carbon_lint.pipeline.publish import publish  # noqa: PLC0415

    deadline = Deadline(
        DRY_RUN_TIMEOUT_S if mode is Mode.DRY_RUN else TIMEOUT_S,
        lambda wait_s, why: step.console.line(f"carbon-lint: {why}; trying again in {wait_s:.1f} s"),
    )
    with open_model(
        step.inputs.hub_repo or "",
        step.environ,
        deadline=deadline,
        token=step.inputs.hf_token,
        needs_token=mode is not Mode.DRY_RUN,
        is_anonymous=step.context.is_fork,
    ) as repo:
        by = publish_by_pull_request if mode is Mode.PULL_REQUEST else publish_card
        what = _publishing(step, plan, record, mode)
        return publish(what, settings, repo, by, on_loss=lambda lost: _show_loss(step, lost))


def not_published(step: Step) -> str:
    """Say why this run only shows what it would publish."""
    if step.context.is_fork:
        return "a pull request from a fork is given no secrets"
    usual = "`publish: auto` commits on a push to the default branch or on a schedule only"
    if step.context.event_name == "workflow_dispatch":
        return f"this is a manual run, and {usual}; `publish: always` publishes from a manual run too"
    return usual


def _show_loss(step: Step, lost: Loss) -> None:
    step.console.warning(f"`replace-card: true`: {lost}; the log shows them")
    with step.console.group("carbon-lint: what is lost on the Hub"):
        step.console.line("\n".join(lost.shown()))


def _has_token(step: Step) -> bool:
    if step.inputs.hf_token is not None:
        return True
    is_keyless = bool(step.environ.get("HF_OIDC_RESOURCE"))  # which comes before HF_TOKEN
    return not is_keyless and any(step.environ.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))


def _publishing(step: Step, plan: RunPlan, record: Record | None, mode: Mode) -> Publishing:
    from carbon_lint.hub.publish.figures import Publishing  # noqa: PLC0415  huggingface_hub, as above

    return Publishing(
        is_dry=mode is Mode.DRY_RUN,
        card=None if plan.card is None else Path(plan.card).read_bytes(),
        card_name=step.inputs.card or "",
        whole_card=step.inputs.replace_card,
        record=record,
        record_path=plan.record_path,
        only_own_group=plan.only_own_group,
        with_evidence=step.inputs.with_evidence,
        card_body=plan.card_body,
        training_type=plan.training_type,
        whole_switch="`replace-card: true`",
        first_hint="add `card: README.md`: a model without a card gets all of it",
    )
