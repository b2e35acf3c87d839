"""The files that a repository starts with: workflow, hook, configuration. Pure: a `Survey` in, texts out.

The actions are pinned by the commits of the releases that the comments name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import yaml

from carbon_lint import __version__
from carbon_lint.project import MAJOR_TAG, REPOSITORY, requirement
from carbon_lint.starter.budget import proposed_line
from carbon_lint.starter.runners import DEFAULT_RUNNER, has_docker, is_hf_jobs
from carbon_lint.starter.survey import Survey
from carbon_lint.starter.trainings import Training

WORKFLOW = ".github/workflows/carbon-lint.yml"
LINT_WORKFLOW = ".github/workflows/lint.yml"
HOOKS = ".pre-commit-config.yaml"
CONFIG = "carbon-lint.toml"
RECORD = "carbon-lint-record.json"
ARTIFACT = "carbon-lint-record"
"""The artifact of the record, and the folder that it is downloaded into."""

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
DEFAULT_ACTION = f"{REPOSITORY}@{MAJOR_TAG}"
_SHA = re.compile(r"\S+@[0-9a-f]{40}")
_UNPINNED = "# zizmor: ignore[unpinned-uses] pin it by the SHA of its release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user decided, or `None`.

    Attributes:
        location: as `--location` takes it.
        hub_repo: `owner/model`.
        action: `OWNER/carbon-lint@REF`.
        emissions_g: of a first record, from which a budget is proposed.
        energy_kwh: the same of a record that states no grams.
        runner: label of the runner that trains.
    """

    location: str | None = None
    hub_repo: str | None = None
    action: str = DEFAULT_ACTION
    emissions_g: float | None = None
    energy_kwh: float | None = None
    runner: str = DEFAULT_RUNNER

    @property
    def training_action(self) -> str:
        """The action that measures: in the job itself if the runner may have no Docker, or hides its GPUs from it."""
        if has_docker(self.runner) or self.action.partition("@")[0].endswith("/in-job"):
            return self.action
        return f"{_repository(self.action)}/in-job@{self.action.partition('@')[2]}"


def workflow_path(found: Survey, is_taken: Callable[[str], bool]) -> str:
    """Return where the workflow goes. No existing file is overwritten."""
    return LINT_WORKFLOW if _is_lint_only(found) and not is_taken(LINT_WORKFLOW) else WORKFLOW


def workflow(found: Survey, choices: Choices) -> str:
    """Return two jobs for each training: the first runs its code without a secret that writes, the second the reverse.

    A repository of cards alone gets one job that lints them.
    """
    action = _used(choices.action)
    if _is_lint_only(found):
        return _head("Lints the model cards. It needs no secret.", found, has_pull_requests=True) + _lint_job(
            found, choices.action, is_first=True
        )
    trainings = found.trainings or (Training(script="train.py", command="python train.py"),)
    jobs = [_Job.of(one, found, choices, is_only=len(trainings) == 1) for one in trainings]
    # A pull request of a fork has no secret, and a training that pushes cannot even start without one. A runner of
    # one's own, or one that is rented, is not lent to strangers.
    has_pull_requests = has_docker(choices.runner) and not any(job.is_staged for job in jobs)
    comment = _ONE_JOB if all(job.model is None for job in jobs) else _TWO_JOBS
    text = _head(comment, found, has_pull_requests=has_pull_requests)
    for number, job in enumerate(jobs):
        text += ("\n" if number else "") + _train_job(job, _used(choices.training_action), choices.runner)
        if job.is_staged:
            text += _merge_job(job, action, choices.action)
        elif job.model is not None:
            text += _publish_job(job, action)
    if found.cards and all(job.model is None for job in jobs):
        text += _lint_job(found, choices.action, is_first=False)
    return text


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


def _head(comment: str, found: Survey, *, has_pull_requests: bool) -> str:
    return _text(
        [
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
    )


def _in_list(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w./-]*", name) and _yaml(name) == name else json.dumps(name)


_CHECKOUT = (
    f"      - uses: {CHECKOUT}",
    "        with:",
    "          persist-credentials: false",
    "          fetch-depth: 0 # limits of a pull request are read from its merge base",
)


def _used(action: str) -> str:
    return action if _SHA.fullmatch(action) else f"{action} {_UNPINNED}"


def _repository(action: str) -> str:
    """Return `acme/carbon-lint` for `acme/carbon-lint/in-job@v0`."""
    return "/".join(action.partition("@")[0].split("/")[:2])


def _lint_job(found: Survey, action: str, *, is_first: bool) -> str:
    """Lint all cards with the action that installs the core alone."""
    lint = f"{_repository(action)}/lint@{action.partition('@')[2]}"
    others = any(not card.endswith("README.md") for card in found.cards)
    named = ["        with:", "          cards: |", *(f"            {card}" for card in found.cards)] if others else []
    return _text(
        [
            *([] if is_first else [""]),
            "  lint:",
            "    runs-on: ubuntu-24.04",
            "    permissions:",
            "      contents: read",
            "    steps:",
            *_CHECKOUT,
            f"      - uses: {_used(lint)}",
            *named,
        ]
    )


def _train_job(job: _Job, action: str, runner: str) -> str:
    training, staged = job.training, job.is_staged
    setup = [training.setup] if training.setup else []
    return _text(
        [
            f"  train{job.suffix}:",
            f"    runs-on: {_yaml(runner)}",
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
            f"          path: {RECORD}",
            "          if-no-files-found: ignore # nothing was measured, and the step before says why",
        ]
    )


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


def _publish_job(job: _Job, action: str) -> str:
    card = [f"          card: {_yaml(job.training.card)}"] if job.training.card else []
    return _text(
        [
            "",
            *_after_training(job, "id-token: write # keyless: the model's settings on the Hub name this repository"),
            f"      - uses: {action}",
            "        env:",
            f"          HF_OIDC_RESOURCE: {job.model} # or, below: `hf-token: ${{{{ secrets.HF_TOKEN }}}}`",
            "        with:",
            f"          record: {ARTIFACT}/{RECORD}",
            *card,
            f"          hub-repo: {job.model}",
        ]
    )


def _merge_job(job: _Job, action: str, unpinned: str) -> str:
    """Return the job that brings weights and card to `main` together, or neither."""
    spec = requirement("hub", repository=_repository(unpinned), ref=unpinned.partition("@")[2])
    return _text(
        [
            "",
            *_after_training(job, None),
            f"      - uses: {action}",
            "        with:",
            f"          record: {ARTIFACT}/{RECORD}",
            "          publish: never",
            "      - if: github.ref == format('refs/heads/{0}', github.event.repository.default_branch)",
            "        env:",
            "          HF_TOKEN: ${{ secrets.HF_TOKEN }} # one that may write to the model",
            f"          REVISION: ${{{{ needs.train{job.suffix}.outputs.hub-revision }}}}",
            "        # from the action's own repository: the bare name on a package index is not ours",
            "        run: >-",
            f"          pipx run --spec '{spec}' carbon-lint publish",
            f'          --record {ARTIFACT}/{RECORD} --merge "$REVISION" --to {job.model}',
        ]
    )


def _after_training(job: _Job, permission: str | None) -> list[str]:
    return [
        f"  publish{job.suffix}:",
        f"    needs: train{job.suffix}",
        "    runs-on: ubuntu-24.04",
        "    permissions:",
        "      contents: read",
        *([f"      {permission}"] if permission else []),
        "    steps:",
        *_CHECKOUT,
        f"      - uses: {DOWNLOAD}",
        "        with:",
        f"          name: {ARTIFACT}{job.suffix}",
        f"          path: {ARTIFACT} # of its own: what the training has left replaces no file of the checkout",
    ]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def configuration(choices: Choices) -> str:
    """Return carbon-lint.toml. What is not known is a comment that says what to write."""
    location = f"location = {json.dumps(choices.location)}" if choices.location else '# location = "FRA"'
    budget = proposed_line(choices.emissions_g, choices.energy_kwh)
    if choices.location is None and is_hf_jobs(choices.runner):
        return f"{_NO_REGION}{location}\n\n{budget or _FIRST_ENERGY_LIMIT}\n"
    budget = budget or _NO_BUDGET
    return (
        "# Where the power comes from: FRA, USA/virginia, gcp/us-central1. Grams cannot be had without it.\n"
        f"{location}\n\n{budget}\n"
    )


_NO_REGION = (
    "# A Hugging Face Job states no region, so grams need a place, or a carbon-intensity, that you know of.\n"
    "# A limit in kWh needs neither.\n"
)
_FIRST_ENERGY_LIMIT = (
    "# A guess: after the first run `carbon-lint init --record carbon-lint-record.json` proposes one.\n"
    'max-energy = "1 kWh"'
)
_NO_BUDGET = (
    "# After the first run `carbon-lint init --record carbon-lint-record.json` proposes a budget.\n"
    '# max-emissions = "500 g"'
)


def with_hook(text: str | None, action: str, cards: Iterable[str] = ()) -> str | None:
    """Return .pre-commit-config.yaml with our hook; `None` if it is there already, or the file cannot be added to."""
    if text is None:
        return f"repos:\n{_hook(action, cards, '  ')}"
    if "carbon-lint" in text:
        return None
    first = re.search(r"^( *)-\s+repo:", text, re.MULTILINE)
    if first is None:
        return None
    added = (text if text.endswith("\n") else f"{text}\n") + _hook(action, cards, first[1])
    return added if _repositories(added) == _repositories(text) + 1 else None


def _hook(action: str, cards: Iterable[str], indent: str) -> str:
    lines = [
        f"- repo: https://github.com/{_repository(action)}",
        f"  rev: v{__version__}",
        "  hooks:",
        "    - id: carbon-lint",
    ]
    names = sorted({"README.md", *(card.rpartition("/")[2] for card in cards)})
    if len(names) > 1:
        pattern = f"(^|/)({'|'.join(map(re.escape, names))})$"
        lines.append(f"      files: {_yaml(pattern)}")
    return "".join(f"{indent}{line}\n" for line in lines)


def _repositories(text: str) -> int:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return -1
    repositories = document.get("repos") if isinstance(document, dict) else None
    return len(repositories) if isinstance(repositories, list) else -1


def _block(name: str, commands: list[str]) -> list[str]:
    if len(commands) <= 1:
        return [f"          {name}: {_yaml(command)}" for command in commands]
    return [f"          {name}: |", *(f"            {command}" for command in commands)]


def _yaml(text: str) -> str:
    """Return `text` as a plain YAML scalar if it may be one, else quoted."""
    dumped = yaml.safe_dump(text, default_style=None, width=10_000, allow_unicode=True).split("\n")[0]
    return dumped.strip()
