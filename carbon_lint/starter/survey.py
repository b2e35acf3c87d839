"""Find what a workflow needs of a repository: cards, trainings, how their packages are installed.

Workflows whose runner cannot start the action that they use are found, too.
"""

from __future__ import annotations

import configparser
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from carbon_lint.card.read import read_card
from carbon_lint.errors import PlaceError
from carbon_lint.lint.discover import CARD_NAME, find_cards
from carbon_lint.places import find_place
from carbon_lint.records.provenance import ask_git
from carbon_lint.starter.files import is_hf_jobs
from carbon_lint.starter.trainings import Training, find_trainings, read_text

CODECARBON = ".codecarbon.config"
_OTHER_CARDS = ("[Mm][Oo][Dd][Ee][Ll]*[Cc][Aa][Rr][Dd]*.md",)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCarbonConfig:
    """What a `.codecarbon.config` says: the place, as `--location` takes it, and the file that it writes."""

    location: str | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found, the likeliest first. Paths are relative to the repository, POSIX.

    `left_out`: scripts that train beyond `trainings`. `branch`: the repository's own default branch.
    """

    cards: tuple[str, ...] = ()
    trainings: tuple[Training, ...] = ()
    left_out: tuple[str, ...] = ()
    branch: str = "main"
    codecarbon: CodeCarbonConfig | None = None


def survey(root: Path) -> Survey:
    """Look at the repository below `root`. What cannot be read is skipped."""
    cards = tuple(_cards(root))
    trainings, left_out = find_trainings(root, cards)
    return Survey(
        cards=cards,
        trainings=trainings,
        left_out=left_out,
        branch=_default_branch(root),
        codecarbon=_codecarbon(root),
    )


def _cards(root: Path) -> list[str]:
    """Return model cards, nearest to the root first: each README.md with front matter, and files of such a name."""
    found = []
    for one in find_cards((str(root),), _OTHER_CARDS):
        path = Path(one.path)
        text = read_text(path)
        has_metadata = text.lstrip("\ufeff").startswith("---")
        if path.suffix != ".md" or not (has_metadata or path.name != CARD_NAME):
            continue
        card = read_card(text.encode(), CARD_NAME)
        if card.block_key is not None or card.is_of_a_model:  # not of a Space or a data set
            found.append(path.relative_to(root).as_posix())
    return sorted(found, key=lambda name: (name.count("/"), not name.endswith(CARD_NAME), name))


def _default_branch(root: Path) -> str:
    """Return the branch that the remote names, else `main` or `master` if there is one, else the current one."""
    remote = ask_git(root, os.environ, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if remote:
        return remote.removeprefix("origin/")
    branches = ("refs/heads/main", "refs/heads/master")
    names = (ask_git(root, os.environ, "for-each-ref", "--format=%(refname:short)", *branches) or "").split()
    if names:
        return names[0]
    return ask_git(root, os.environ, "symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def _codecarbon(root: Path) -> CodeCarbonConfig | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(root / CODECARBON))
    except configparser.Error:
        return None
    if not parser.has_section("codecarbon"):
        return None
    stated = {name: value.strip().strip("\"'") for name, value in parser.items("codecarbon")}
    output = Path(stated.get("output_dir") or ".") / (stated.get("output_file") or "emissions.csv")
    return CodeCarbonConfig(location=_location(stated), output=output.as_posix())


def _location(stated: dict[str, str]) -> str | None:
    """Return the most exact place that the configuration names and that is known."""
    named = (("cloud_provider", "cloud_region"), ("country_iso_code", "region"), ("country_iso_code",))
    for keys in named:
        parts = [stated.get(key) for key in keys]
        if all(parts):
            with contextlib.suppress(PlaceError):
                return find_place("/".join(part for part in parts if part)).code
    return None


def without_docker(root: Path) -> tuple[str, ...]:
    """Return a warning for each job that runs on a Hugging Face Job and uses the container action."""
    found = []
    for path in sorted((root / ".github/workflows").glob("*.y*ml")):
        for name, job in _jobs(path):
            label = next((one for one in _texts(job.get("runs-on")) if is_hf_jobs(one)), None)
            if label is None:
                continue
            for step in job.get("steps") or ():
                uses = step.get("uses") if isinstance(step, dict) else None
                action, _, ref = uses.partition("@") if isinstance(uses, str) else ("", "", "")
                if action.endswith("/carbon-lint"):
                    found.append(
                        f"{path.relative_to(root).as_posix()}: job {name} runs on {label}, which has no Docker, so the "
                        f"container action cannot start there; write `uses: {action}/in-job@{ref}`"
                    )
    return tuple(found)


def _jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        document = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        return
    jobs = document.get("jobs") if isinstance(document, dict) else None
    for name, job in (jobs if isinstance(jobs, dict) else {}).items():
        if isinstance(job, dict):
            yield str(name), job


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]
