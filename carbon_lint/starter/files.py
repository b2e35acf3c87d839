"""The hook and the configuration that a repository starts with, and what the user decided about them. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import yaml

from carbon_lint import __version__
from carbon_lint.errors import UsageError
from carbon_lint.estimate.machine import HF_JOBS
from carbon_lint.project import MAJOR_TAG, REPOSITORY
from carbon_lint.text import quoted
from carbon_lint.units import format_emissions, format_energy

HOOKS = ".pre-commit-config.yaml"
CONFIG = "carbon-lint.toml"
DEFAULT_ACTION = f"{REPOSITORY}@{MAJOR_TAG}"
HEADROOM = 1.25
"""A proposed budget over the first measurement: runs of the same code differ by less, a regression by more."""
DEFAULT_RUNNER = "ubuntu-24.04"
_LABEL = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)


def check_runner(label: str) -> str:
    """Return the label of a runner. Raises UsageError if it cannot be one."""
    if not _LABEL.fullmatch(label):
        raise UsageError(
            f"{quoted(label)} is not a label of a runner", hint="name the one of `runs-on:`, such as hf-jobs-a10g-small"
        )
    return label


def is_hf_jobs(label: str) -> bool:
    """Return whether such a runner is a Hugging Face Job: a container without Docker, whose region is not stated."""
    return label.startswith(HF_JOBS)


def has_docker(label: str) -> bool:
    """Return whether the container action can be relied on: of another runner than GitHub's own nothing is known."""
    return label.startswith(("ubuntu-", "windows-", "macos-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user decided, or `None`. `action` is `OWNER/carbon-lint@REF`.

    A budget is proposed from `emissions_g`, else from `energy_kwh`, of a first record. `runner` is the label of the one
    that trains. `attests`: the workflow signs the record, and publishes it beside the card.
    """

    location: str | None = None
    hub_repo: str | None = None
    action: str = DEFAULT_ACTION
    emissions_g: float | None = None
    energy_kwh: float | None = None
    runner: str = DEFAULT_RUNNER
    attests: bool = False

    @property
    def training_action(self) -> str:
        """The action that measures: in the job itself if the runner may have no Docker, or hides its GPUs from it."""
        if has_docker(self.runner) or self.action.partition("@")[0].endswith("/in-job"):
            return self.action
        return f"{repository_of(self.action)}/in-job@{self.action.partition('@')[2]}"


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
        f"- repo: https://github.com/{repository_of(action)}",
        f"  rev: v{__version__}",
        "  hooks:",
        "    - id: carbon-lint",
    ]
    names = sorted({"README.md", *(card.rpartition("/")[2] for card in cards)})
    if len(names) > 1:
        pattern = f"(^|/)({'|'.join(map(re.escape, names))})$"
        lines.append(f"      files: {yaml_scalar(pattern)}")
    return "".join(f"{indent}{line}\n" for line in lines)


def _repositories(text: str) -> int:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return -1
    repositories = document.get("repos") if isinstance(document, dict) else None
    return len(repositories) if isinstance(repositories, list) else -1


def repository_of(action: str) -> str:
    """Return `acme/carbon-lint` for `acme/carbon-lint/in-job@v0`."""
    return "/".join(action.partition("@")[0].split("/")[:2])


def yaml_scalar(text: str) -> str:
    """Return `text` as a plain YAML scalar if it may be one, else quoted."""
    dumped = yaml.safe_dump(text, default_style=None, width=10_000, allow_unicode=True).split("\n")[0]
    return dumped.strip()


def proposed_line(emissions_g: float | None, energy_kwh: float | None) -> str | None:
    """Return what the first run took x 1.25, rounded up to two digits, as a line of the configuration.

    In grams, else in energy if the record states no grams; `None` without a record.
    """
    key, measured = ("max-energy", energy_kwh) if emissions_g is None else ("max-emissions", emissions_g)
    if measured is None:
        return None
    words = format_energy if emissions_g is None else format_emissions
    line = (
        f'{key} = "{words(_two_digits_up(measured * HEADROOM))}" # {HEADROOM} x the {words(measured)} of the first run'
    )
    return line.replace("µ", "u")  # a file of ASCII


def _two_digits_up(value: float) -> float:
    """Return `160` for `154.25`."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(round(value / step, 9)) * step
