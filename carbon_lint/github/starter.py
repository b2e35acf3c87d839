"""The files that a repository starts with: workflow, hook, configuration. Pure: a `Survey` in, texts out.

The actions are pinned by the commits of the releases that the comments name.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from carbon_lint import __version__
from carbon_lint.project import MAJOR_TAG, REPOSITORY

if TYPE_CHECKING:
    from carbon_lint.github.survey import Survey

WORKFLOW = ".github/workflows/carbon-lint.yml"
HOOKS = ".pre-commit-config.yaml"
CONFIG = "carbon-lint.toml"
RECORD = "carbon-lint-record.json"
HEADROOM = 1.25
"""A proposed budget over the first measurement: runs of the same code differ by less, a regression by more."""

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
    """

    location: str | None = None
    hub_repo: str | None = None
    action: str = DEFAULT_ACTION
    emissions_g: float | None = None


def workflow(found: Survey, choices: Choices) -> str:
    """Two jobs: the first runs training code and has no secret that writes, the second has it and runs none."""
    model = choices.hub_repo or found.hub_repo
    action = choices.action if _SHA.fullmatch(choices.action) else f"{choices.action} {_UNPINNED}"
    if model is None:
        return _HEAD.format(pull_request=_PULL_REQUEST) + _train_job(found, action, None)
    if found.uses_trainer and found.pushes:
        # A pull request of a fork has no secret, and such a training cannot even start without one.
        return _HEAD.format(pull_request="") + _train_job(found, action, model) + _merge_job(action, model)
    return (
        _HEAD.format(pull_request=_PULL_REQUEST) + _train_job(found, action, None) + _publish_job(found, action, model)
    )


_PULL_REQUEST = "  pull_request:\n"
_HEAD = """\
# Two jobs: the first runs training code and has no secret that writes, the second has it and runs none.
name: carbon-lint
on:
  push:
    branches: [main]
{pull_request}
permissions: {{}}

jobs:
"""


def _train_job(found: Survey, action: str, staged_model: str | None) -> str:
    setup = [found.install] if found.install else []
    staged = staged_model is not None
    return _text(
        [
            "  train:",
            "    runs-on: ubuntu-24.04",
            "    permissions:",
            "      contents: read",
            *(_STAGED_OUTPUTS if staged else ()),
            "    steps:",
            f"      - uses: {CHECKOUT}",
            "        with:",
            "          persist-credentials: false",
            "          fetch-depth: 0 # limits of a pull request are read from its merge base",
            "      - id: carbon",
            f"        uses: {action}",
            *(_STAGED_ENV if staged else ()),
            "        with:",
            *_block("setup", [*setup, *(_staging(staged_model) if staged_model else ())]),
            f"          command: {found.launcher} {_yaml(found.script or 'train.py')}",
            *(["          pass-env: HF_TOKEN"] if staged else []),
            f"          record: {RECORD}",
            '          lint: "false"',
            f"      - uses: {UPLOAD}",
            "        if: always() # a run that failed or was cancelled has a record too",
            "        with:",
            "          name: carbon-lint-record",
            "          path: ${{ steps.carbon.outputs.record }}",
        ]
    )


_STAGED_OUTPUTS = ("    outputs:", "      hub-revision: ${{ steps.carbon.outputs.hub-revision }}")
_STAGED_ENV = (
    "        env:",
    "          HF_TOKEN: ${{ secrets.HF_TRAIN_TOKEN }} # one that may only open pull requests is enough",
)


def _staging(model: str) -> tuple[str, ...]:
    """Shell that opens a draft for the Trainer to push to."""
    return (
        f'revision="$(carbon-lint publish --stage --to {model})"',
        'echo "HUB_REVISION=$revision" >> "$GITHUB_ENV"',
        'echo "hub-revision=$revision" >> "$GITHUB_OUTPUT"',
    )


def _publish_job(found: Survey, action: str, model: str) -> str:
    card = [f"          card: {_yaml(found.cards[0])}"] if found.cards else []
    return _text(
        [
            "",
            *_after_training("id-token: write # keyless: the model's settings on the Hub name this repository"),
            f"      - uses: {action}",
            "        env:",
            f"          HF_OIDC_RESOURCE: {model} # or, below: `hf-token: ${{{{ secrets.HF_TOKEN }}}}`",
            "        with:",
            f"          record: {RECORD}",
            *card,
            f"          hub-repo: {model}",
        ]
    )


def _merge_job(action: str, model: str) -> str:
    """Weights and card reach `main` together, or neither does."""
    return _text(
        [
            "",
            *_after_training(None),
            f"      - uses: {action}",
            "        with:",
            f"          record: {RECORD}",
            "          publish: never",
            "      - if: github.ref == format('refs/heads/{0}', github.event.repository.default_branch)",
            "        env:",
            "          HF_TOKEN: ${{ secrets.HF_TOKEN }} # one that may write to the model",
            "          REVISION: ${{ needs.train.outputs.hub-revision }}",
            f"        run: pipx run --spec 'carbon-lint[hub]=={__version__}' carbon-lint publish --record {RECORD}",
            f'          --merge "$REVISION" --to {model}',
        ]
    )


def _after_training(permission: str | None) -> list[str]:
    return [
        "  publish:",
        "    needs: train",
        "    runs-on: ubuntu-24.04",
        "    permissions:",
        "      contents: read",
        *([f"      {permission}"] if permission else []),
        "    steps:",
        f"      - uses: {CHECKOUT}",
        "        with:",
        "          persist-credentials: false",
        "          fetch-depth: 0",
        f"      - uses: {DOWNLOAD}",
        "        with:",
        "          name: carbon-lint-record",
    ]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def configuration(choices: Choices) -> str:
    """carbon-lint.toml. What is not known is a comment that says what to write."""
    location = f"location = {json.dumps(choices.location)}" if choices.location else '# location = "FRA"'
    budget = budget_line(choices.emissions_g) if choices.emissions_g is not None else _NO_BUDGET
    return (
        "# Where the power comes from: FRA, USA/virginia, gcp/us-central1. Grams cannot be had without it.\n"
        f"{location}\n\n{budget}\n"
    )


_NO_BUDGET = (
    "# After the first run `carbon-lint init --record carbon-lint-record.json` proposes a budget.\n"
    '# max-emissions = "500 g"'
)


def budget_line(emissions_g: float) -> str:
    """The measured emissions x 1.25, rounded up to two digits, as a line of the configuration."""
    return f'max-emissions = "{proposed_budget(emissions_g)}" # {HEADROOM} x the {emissions_g:.3g} g of the first run'


def proposed_budget(emissions_g: float) -> str:
    """`123.4` -> `160 g`."""
    wanted = emissions_g * HEADROOM
    if wanted <= 0:
        return "0 g"
    unit, factor = next(
        ((name, size) for name, size in (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3)) if wanted >= size),
        ("ug", 1e-6),
    )
    step = 10 ** (math.floor(math.log10(wanted / factor)) - 1)
    rounded = math.ceil(round(wanted / factor / step, 9)) * step
    return f"{rounded:.6g} {unit}"


def with_hook(text: str | None, action: str) -> str | None:
    """.pre-commit-config.yaml with our hook in it; `None` where it is there already, or the file cannot be added to."""
    repository = f"https://github.com/{action.partition('@')[0]}"
    if text is None:
        return f"repos:\n{_hook(repository, '  ')}"
    if "carbon-lint" in text:
        return None
    first = re.search(r"^( *)-\s+repo:", text, re.MULTILINE)
    if first is None:
        return None
    added = (text if text.endswith("\n") else f"{text}\n") + _hook(repository, first[1])
    return added if _repositories(added) == _repositories(text) + 1 else None


def _hook(repository: str, indent: str) -> str:
    lines = (f"- repo: {repository}", f"  rev: v{__version__}", "  hooks:", "    - id: carbon-lint")
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
        return [f"          {name}: {command}" for command in commands]
    return [f"          {name}: |", *(f"            {command}" for command in commands)]


def _yaml(text: str) -> str:
    """`text` as a plain YAML scalar where it may be one, else quoted."""
    dumped = yaml.safe_dump(text, default_style=None, width=10_000, allow_unicode=True).split("\n")[0]
    return dumped.strip()
