"""The workflow that a repository starts with. Pure: a `Survey` and the user's choices in, text out.

The actions are pinned by the commits of the releases that the comments name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from carbon_lint.project import requirement
from carbon_lint.records.document import BUNDLE
from carbon_lint.starter.files import Choices, has_docker, repository_of, yaml_scalar
from carbon_lint.starter.survey import Survey
from carbon_lint.starter.trainings import Training

WORKFLOW = ".github/workflows/carbon-lint.yml"
LINT_WORKFLOW = ".github/workflows/lint.yml"
RECORD = "carbon-lint-record.json"
ARTIFACT = "carbon-lint-record"
"""The artifact of the record, and the folder that it is downloaded into."""

SIGNATURE = "carbon-lint-signature"
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
ATTEST = "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
_SHA = re.compile(r"\S+@[0-9a-f]{40}")
_UNPINNED = "# zizmor: ignore[unpinned-uses] pin it by the SHA of its release"


def workflow_path(found: Survey, is_taken: Callable[[str], bool]) -> str:
    """Return where the workflow goes. No existing file is overwritten."""
    return LINT_WORKFLOW if _is_lint_only(found) and not is_taken(LINT_WORKFLOW) else WORKFLOW


def workflow(found: Survey, choices: Choices) -> str:
    """Return two jobs for each training: the first runs its code without a secret that writes, the second the reverse.

    A repository of cards alone gets one job that lints them.
    """
    action = _used(choices.action)
    if _is_lint_only(found):
        head = _head("Lints the model cards. It needs no secret.", found, has_pull_requests=True)
        return _text(head, [_lint_job(found, choices.action)])
    trainings = found.trainings or (Training(script="train.py", command="python train.py"),)
    jobs = [_Job.of(one, found, choices, is_only=len(trainings) == 1) for one in trainings]
    # A pull request of a fork has no secret, and a training that pushes cannot even start without one. A runner of
    # one's own, or one that is rented, is not lent to strangers.
    has_pull_requests = has_docker(choices.runner) and not any(job.is_staged for job in jobs)
    is_one_job = all(job.model is None for job in jobs) and not choices.attests
    written = []
    for job in jobs:
        written.append(_train_job(job, _used(choices.training_action), choices))
        if job.is_staged:
            written.append(_merge_job(job, action, choices))
        elif job.model is not None:
            written.append(_publish_job(job, action, choices))
        elif choices.attests:
            written.append(_sign_job(job, action))
    if found.cards and all(job.model is None for job in jobs):
        written.append(_lint_job(found, choices.action))
    return _text(_head(_ONE_JOB if is_one_job else _TWO_JOBS, found, has_pull_requests=has_pull_requests), written)


def _text(head: list[str], jobs: list[list[str]]) -> str:
    return "\n".join([*head, "\n\n".join("\n".join(job) for job in jobs), ""])


def _is_lint_only(found: Survey) -> bool:
    return bool(found.cards) and not found.trainings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A training and the names that its two jobs go by. `model` is None if its card is not published."""

    training: Training
    suffix: str
    model: str | None

    @classmethod
    def of(cls, training: Training, found: Survey, choices: Choices, *, is_only: bool) -> Self:
        """Name the jobs; a model that the user names is that of the only training."""
        slugs = [_slug(one.script) for one in found.trainings]
        slug = _slug(training.script)
        if slugs.count(slug) > 1:
            slug += f"-{[one.script for one in found.trainings].index(training.script)}"
        model = (choices.hub_repo if is_only else None) or training.hub_repo
        return cls(training=training, suffix="" if is_only else f"-{slug}", model=model)

    @property
    def is_staged(self) -> bool:
        """Whether the training pushes by itself, and so is given a draft to push to."""
        return self.model is not None and self.training.uses_trainer and self.training.pushes


def _slug(script: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", script.removesuffix(".py")).strip("-")


_ONE_JOB = "Measures the training and keeps its record. It needs no secret."
_TWO_JOBS = "Two jobs: the first runs training code and has no secret that writes, the second has it and runs none."


def _head(comment: str, found: Survey, *, has_pull_requests: bool) -> list[str]:
    return [
        f"# {comment}",
        "name: carbon-lint",
        "on:",
        "  push:",
        f"    branches: [{_in_list(found.branch)}]",
        *(["  pull_request:"] if has_pull_requests else []),
        "",
        "permissions: {}",
        "",
        "jobs:",
    ]


def _in_list(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w./-]*", name) and yaml_scalar(name) == name else json.dumps(name)


_CHECKOUT = (
    f"      - uses: {CHECKOUT}",
    "        with:",
    "          persist-credentials: false",
    "          fetch-depth: 0 # limits of a pull request are read from its merge base",
)


def _used(action: str) -> str:
    return action if _SHA.fullmatch(action) else f"{action} {_UNPINNED}"


def _lint_job(found: Survey, action: str) -> list[str]:
    """Lint all cards with the action that installs the core alone."""
    lint = f"{repository_of(action)}/lint@{action.partition('@')[2]}"
    others = any(not card.endswith("README.md") for card in found.cards)
    named = ["        with:", "          cards: |", *(f"            {card}" for card in found.cards)] if others else []
    return [
        "  lint:",
        "    runs-on: ubuntu-24.04",
        "    permissions:",
        "      contents: read",
        "    steps:",
        *_CHECKOUT,
        f"      - uses: {_used(lint)}",
        *named,
    ]


def _train_job(job: _Job, action: str, choices: Choices) -> list[str]:
    training, staged = job.training, job.is_staged
    setup = [training.setup] if training.setup else []
    return [
        f"  train{job.suffix}:",
        f"    runs-on: {yaml_scalar(choices.runner)}",
        "    permissions:",
        "      contents: read",
        *(_STAGED_OUTPUTS if staged else ()),
        "    steps:",
        *_CHECKOUT,
        *(("      - id: carbon", f"        uses: {action}") if staged else (f"      - uses: {action}",)),
        *(_STAGED_ENV if staged else ()),
        "        with:",
        *_block("setup", [*setup, *(_staging(job.model) if staged and job.model else ())]),
        *_block("command", [training.command]),
        *(["          pass-env: HF_TOKEN"] if staged else []),
        f"          record: {RECORD}",
        '          lint: "false"',
        f"      - uses: {UPLOAD}",
        "        if: always() # a run that failed or was cancelled has a record too",
        "        with:",
        f"          name: {ARTIFACT}{job.suffix}",
        *_block("path", [RECORD, *([_JOURNAL] if choices.attests else [])]),
        "          if-no-files-found: ignore # nothing was measured, and the step before says why",
    ]


_JOURNAL = f"{RECORD.removesuffix('.json')}.jsonl*"


_STAGED_OUTPUTS = ("    outputs:", "      hub-revision: ${{ steps.carbon.outputs.hub-revision }}")
_STAGED_ENV = (
    "        env:",
    "          HF_TOKEN: ${{ secrets.HF_TRAIN_TOKEN }} # one that may only open pull requests is enough",
)


def _staging(model: str) -> tuple[str, ...]:
    """Return the shell that opens a draft for the Trainer to push to."""
    return (
        f'revision="$(carbon-lint publish --stage --to {model})"',
        'echo "HUB_REVISION=$revision" >> "$GITHUB_ENV"',
        'echo "hub-revision=$revision" >> "$GITHUB_OUTPUT"',
    )


def _publish_job(job: _Job, action: str, choices: Choices) -> list[str]:
    card = [f"          card: {yaml_scalar(job.training.card)}"] if job.training.card else []
    keyless = "id-token: write # keyless: the model's settings on the Hub name this repository"
    keyless += "; and the certificate of the signature" if choices.attests else ""
    return [
        *_after_training(job, "publish", keyless, *([_KEPT] if choices.attests else [])),
        *(_sign(action) if choices.attests else []),
        f"      - uses: {action}",
        "        env:",
        f"          HF_OIDC_RESOURCE: {job.model} # or, below: `hf-token: ${{{{ secrets.HF_TOKEN }}}}`",
        "        with:",
        f"          record: {ARTIFACT}/{RECORD}",
        *card,
        f"          hub-repo: {job.model}",
        *(['          with-evidence: "true" # record, journal and signature too'] if choices.attests else []),
    ]


def _merge_job(job: _Job, action: str, choices: Choices) -> list[str]:
    """Return the job that brings weights and card to `main` together, or neither."""
    spec = requirement("hub", repository=repository_of(choices.action), ref=choices.action.partition("@")[2])
    evidence = " --with-evidence" if choices.attests else ""
    judged = [f"      - uses: {action}", "        with:", f"          record: {ARTIFACT}/{RECORD}"]
    return [
        *_after_training(job, "publish", *([_CERTIFICATE, _KEPT] if choices.attests else [])),
        *(_sign(action) if choices.attests else [*judged, "          publish: never"]),
        "      - if: github.ref == format('refs/heads/{0}', github.event.repository.default_branch)",
        "        env:",
        "          HF_TOKEN: ${{ secrets.HF_TOKEN }} # one that may write to the model",
        f"          REVISION: ${{{{ needs.train{job.suffix}.outputs.hub-revision }}}}",
        "        # from the action's own repository: the bare name on a package index is not ours",
        "        run: >-",
        f"          pipx run --spec '{spec}' carbon-lint publish",
        f'          --record {ARTIFACT}/{RECORD}{evidence} --merge "$REVISION" --to {job.model}',
    ]


def _sign_job(job: _Job, action: str) -> list[str]:
    """Return the job that signs the record of a training whose card is not published."""
    return [
        *_after_training(job, "sign", _CERTIFICATE, _KEPT),
        *_sign(action),
        f"      - uses: {UPLOAD}",
        f"        if: {_MAY_SIGN}",
        "        with:",
        f"          name: {SIGNATURE}{job.suffix}",
        f"          path: {ARTIFACT}/{BUNDLE}",
    ]


_CERTIFICATE = "id-token: write # for the certificate that names this workflow"
_KEPT = "attestations: write # GitHub keeps the signature too"
_MAY_SIGN = "github.event_name == 'push'"


def _sign(action: str) -> list[str]:
    """Return the steps that sign the record. The job that trains has no right to: its command could sign anything."""
    return [
        "      - id: carbon",
        f"        uses: {action}",
        "        with:",
        f"          record: {ARTIFACT}/{RECORD}",
        '          attestations: "true" # writes what the next step signs',
        '          lint: "false"',
        "      - id: attest",
        f"        if: {_MAY_SIGN} # a pull request of a fork may not sign",
        f"        uses: {ATTEST}",
        "        with:",
        "          subject-path: ${{ steps.carbon.outputs.record }}",
        "          predicate-type: ${{ steps.carbon.outputs.attestation-type }}",
        "          predicate-path: ${{ steps.carbon.outputs.attestation-predicate }}",
        f"      - if: {_MAY_SIGN}",
        f'        run: cp "$BUNDLE" {ARTIFACT}/{BUNDLE}',
        "        env:",
        "          BUNDLE: ${{ steps.attest.outputs.bundle-path }}",
    ]


def _after_training(job: _Job, name: str, *permissions: str) -> list[str]:
    return [
        f"  {name}{job.suffix}:",
        f"    needs: train{job.suffix}",
        "    runs-on: ubuntu-24.04",
        "    permissions:",
        "      contents: read",
        *(f"      {permission}" for permission in permissions),
        "    steps:",
        *_CHECKOUT,
        f"      - uses: {DOWNLOAD}",
        "        with:",
        f"          name: {ARTIFACT}{job.suffix}",
        f"          path: {ARTIFACT} # of its own: what the training has left replaces no file of the checkout",
    ]


def _block(name: str, commands: list[str]) -> list[str]:
    if len(commands) <= 1:
        return [f"          {name}: {yaml_scalar(command)}" for command in commands]
    return [f"          {name}: |", *(f"            {command}" for command in commands)]
