"""Propose a workflow, a pre-commit hook and carbon-lint.toml for a repository.

  carbon-lint init --location USA/virginia --to owner/model
  carbon-lint init --location USA/virginia | git apply
  carbon-lint init --record carbon-lint-record.json
  carbon-lint init --location USA/virginia --to owner/model --attest

It shows a diff and asks before it writes; --yes writes without a question.
It may add lines to your files, but changes none of your lines. With the
record of a first run it proposes a budget: the measured figure x 1.25.
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import read_flag, say
from carbon_lint.errors import InputError, UsageError
from carbon_lint.hub.client.target import PUBLIC_HUB, parse_target
from carbon_lint.places import find_place
from carbon_lint.project import MAJOR_TAG
from carbon_lint.records.store import load_record
from carbon_lint.starter.changes import as_diff, changes_to, has_workflow, placeholder_error, write
from carbon_lint.starter.trainings import progress_advice
from carbon_lint.text import quoted, terminal

if TYPE_CHECKING:
    from carbon_lint.starter.files import Choices
    from carbon_lint.starter.survey import Survey


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint init`."""
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="the repository (default: here)")
    parser.add_argument("--location", metavar="PLACE", help="the place of the runner: FRA, USA/virginia, ..., auto")
    parser.add_argument("--to", metavar="MODEL", help="the model on the Hub, owner/model")
    parser.add_argument("--record", metavar="FILE", help="the record of a first run, to propose a budget")
    parser.add_argument(
        "--runner", metavar="LABEL", help="the runner that trains: hf-jobs-a10g-small, ... (default ubuntu-24.04)"
    )
    parser.add_argument("--owner", metavar="NAME", help="the owner of the action: NAME in NAME/carbon-lint@v0")
    parser.add_argument("--action", metavar="REPOSITORY@REF", help="the action to use, instead of --owner")
    parser.add_argument(
        "--attest", action="store_true", help="sign the record in the workflow, by GitHub's attestation, for `verify`"
    )
    parser.add_argument("--yes", action="store_true", help="write without a question")


def run(arguments: Namespace) -> int:
    """Propose, ask, write, and return 0."""
    from carbon_lint.starter.survey import survey, without_docker

    root = Path(arguments.folder)
    if not root.is_dir():
        raise InputError(f"{arguments.folder} is not a folder", hint="name the repository's root")
    found = survey(root)
    choices = _choices(arguments, found)
    _check_attests(choices, found, root)
    _say_found(found, choices, root)
    say(*(f"warning: {warning}" for warning in without_docker(root)))
    changes = changes_to(root, found, choices)
    if not changes:
        say("nothing to do: workflow, hook and configuration are there")
        return 0
    placeholder = placeholder_error(changes)
    if placeholder is not None and arguments.yes:
        raise placeholder
    sys.stdout.write("".join(map(as_diff, changes)))
    sys.stdout.flush()
    if placeholder is not None:
        sys.stderr.write(f"carbon-lint: {placeholder.message}\n  {placeholder.hint}\n")
    elif arguments.yes or _is_accepted(len(changes)):
        for path in write(root, changes):
            say(f"wrote {path}")
    else:
        say("nothing was written; --yes writes it")
    return 0


def _choices(arguments: Namespace, found: Survey) -> Choices:
    from carbon_lint.starter.files import DEFAULT_ACTION, DEFAULT_RUNNER, Choices, check_runner

    record = None if arguments.record is None else load_record(arguments.record)
    if record is not None and record.energy_kwh.total is None:
        raise InputError(f"{arguments.record} holds no figures", hint="take the record of a run that was measured")
    if arguments.owner and arguments.action:
        raise UsageError("--owner and --action both name the action", hint="keep one")
    action = arguments.action or (f"{arguments.owner}/carbon-lint@{MAJOR_TAG}" if arguments.owner else DEFAULT_ACTION)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(?:/[\w./-]+)?@[\w./-]+", action):
        raise UsageError(f"{quoted(action)} names no action", hint="write --action NAME/carbon-lint@v0, or @ and a SHA")
    location = read_flag(arguments, "location", _location) or (found.codecarbon.location if found.codecarbon else None)
    model = read_flag(arguments, "to", lambda text: parse_target(text, PUBLIC_HUB))
    return Choices(
        location=location,
        hub_repo=model,
        action=action,
        emissions_g=None if record is None else record.emissions_g,
        energy_kwh=None if record is None else record.energy_kwh.total,
        runner=check_runner(arguments.runner or DEFAULT_RUNNER),
        attests=arguments.attest,
    )


def _check_attests(choices: Choices, found: Survey, root: Path) -> None:
    """Raise UsageError if a signature was asked for and no workflow that trains will be written."""
    steps = "docs/verifying.md has the steps to add by hand"
    if choices.attests and has_workflow(root):
        raise UsageError("--attest: a workflow of this repository names carbon-lint already, and it stays", hint=steps)
    if choices.attests and found.cards and not found.trainings:
        raise UsageError("--attest signs the record of a training, and no training script was found", hint=steps)


def _location(text: str) -> str | None:
    """Return it as the configuration holds it. `auto` stays: it asks the runner, when the job runs there."""
    from carbon_lint.measurement.grid.location import is_auto

    return "auto" if is_auto(text) else find_place(text).code


def _say_found(found: Survey, choices: Choices, root: Path) -> None:
    from carbon_lint.estimate.machine import unknown_flavor

    none = "none; figures that are published go into the card on the Hub"
    lines = [*_found_trainings(found, choices), f"model cards: {', '.join(found.cards) or none}"]
    config = found.codecarbon
    if config is not None:
        if config.location is not None and config.location == choices.location:
            lines.append(f"location: {config.location}, taken over from .codecarbon.config, which a run does not read")
        lines.append(
            f".codecarbon.config writes {config.output}; to use it: carbon-lint card CARD --from {config.output}"
        )
    unknown = unknown_flavor(choices.runner)
    if unknown is not None:
        lines.append(f"runner: no list of flavors names {choices.runner}, and a job for it may wait forever; {unknown}")
    lines += _about_place(choices, root)
    say(*lines)
    silent = next((one.script for one in found.trainings if one.uses_trainer and not one.tells_progress), None)
    if silent is not None:
        sys.stderr.write(f"carbon-lint: {progress_advice(terminal(silent))}\n")


def _about_place(choices: Choices, root: Path) -> list[str]:
    """Return what to know about the place: another one is configured, there is none, or the runner is asked."""
    from carbon_lint import config
    from carbon_lint.starter.files import is_hf_jobs

    settings = config.load(str(root))
    key = settings.place_key
    if key is not None:
        configured = None if settings.location is None else _location(settings.location)
        is_same = choices.location in {None, configured}
        stated = f"{settings.source(key)} says {key} = {settings.stated(key)}"
        return [] if is_same else [f"location: {choices.location} was left out: {stated}; change it there"]
    if choices.location == "auto":
        line = "asked of the runner's cloud when the job runs; a [[machine]] in carbon-lint.toml comes first"
    elif choices.location is not None:
        return []
    elif is_hf_jobs(choices.runner):
        line = (
            "not given, and a Hugging Face Job states none; without one the run has energy and no grams, "
            "so no card can state them"
        )
    else:
        line = "not given; set it in carbon-lint.toml, or use --location"
    return [f"location: {line}"]


def _found_trainings(found: Survey, choices: Choices) -> list[str]:
    from carbon_lint.starter.workflow import WORKFLOW

    if not found.trainings and found.cards:
        return ["training script: none found, so the workflow lints the cards"]
    if not found.trainings:
        return [f"training script: none found; set `command` in {WORKFLOW}, which says `python train.py`"]
    is_only = len(found.trainings) == 1
    lines = []
    for one in found.trainings:
        model = (choices.hub_repo if is_only else None) or one.hub_repo
        lines.append(f"training script: {one.script}")
        unknown = "not known, so nothing is published; --to owner/model names it"
        lines.append(f"model on the Hub: {model or (unknown if is_only else 'not known, so nothing is published')}")
        if model is not None and one.uses_trainer and one.pushes:
            lines.append(
                f"{one.script} pushes to the Hub by itself: it must take hub_revision=os.environ['HUB_REVISION'], and "
                "HF_TRAIN_TOKEN be a secret of the repository"
            )
    if found.left_out:
        lines.append(f"left out, add their jobs by hand: {', '.join(found.left_out)}")
    if choices.hub_repo is not None and not is_only:
        lines.append(
            f"--to {choices.hub_repo} was left out: there are {len(found.trainings)} trainings, name one for each job"
        )
    return lines


def _is_accepted(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    sys.stderr.write(f"Write {'this file' if count == 1 else f'these {count} files'}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
