"""Look at a repository, and propose the workflow, the pre-commit hook and carbon-lint.toml as a diff to accept.

  carbon-lint init --location USA/virginia --to owner/model
  carbon-lint init | git apply                                    the same by hand
  carbon-lint init --record carbon-lint-record.json               after the first run: a budget, measured x 1.25

Nothing is written but on a yes at the terminal, or with --yes. What is there already is left as it is.
"""

from __future__ import annotations

import re
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint import config
from carbon_lint.errors import InputError, UsageError
from carbon_lint.files import write_atomically
from carbon_lint.hub.client.target import parse_target
from carbon_lint.places import find_place
from carbon_lint.project import MAJOR_TAG, PLACEHOLDER, REPOSITORY
from carbon_lint.records.store import load_record
from carbon_lint.starter.budget import proposed_line
from carbon_lint.starter.progress import advice
from carbon_lint.text import quoted, terminal

if TYPE_CHECKING:
    from carbon_lint.starter.files import Choices
    from carbon_lint.starter.survey import Survey

Change = tuple[str, str | None, str]  # path, text before, text after


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint init`."""
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="the repository (default: here)")
    parser.add_argument("--location", metavar="PLACE", help="where the runners stand: FRA, USA/virginia, ..., auto")
    parser.add_argument("--to", metavar="MODEL", help="the model on the Hub, owner/model")
    parser.add_argument("--record", metavar="FILE", help="of a first run, to propose a budget")
    parser.add_argument(
        "--runner", metavar="LABEL", help="the runner that trains: hf-jobs-a10g-small, ... (default ubuntu-24.04)"
    )
    parser.add_argument("--owner", metavar="NAME", help="whose carbon-lint to use, as in NAME/carbon-lint@v0")
    parser.add_argument("--action", metavar="REPOSITORY@REF", help="the action to use, instead of --owner")
    parser.add_argument("--yes", action="store_true", help="write without asking")


def run(arguments: Namespace) -> int:
    """Propose, ask, write, and return 0."""
    from carbon_lint.starter.runners import without_docker
    from carbon_lint.starter.survey import survey

    root = Path(arguments.folder)
    if not root.is_dir():
        raise InputError(f"{arguments.folder} is not a folder", hint="name the repository's root")
    found = survey(root)
    choices = _choices(arguments, found)
    _say_found(found, choices)
    for warning in without_docker(root):
        sys.stderr.write(f"carbon-lint: warning: {terminal(warning)}\n")
    changes = _changes(root, found, choices)
    if not changes:
        sys.stderr.write("carbon-lint: nothing to do: workflow, hook and configuration are there\n")
        return 0
    placeholder = _placeholder(changes)
    if placeholder is not None and arguments.yes:
        raise placeholder
    sys.stdout.write("".join(_diff(change) for change in changes))
    sys.stdout.flush()
    if placeholder is not None:
        sys.stderr.write(f"carbon-lint: {placeholder.message}\n  {placeholder.hint}\n")
    elif arguments.yes or _is_accepted(len(changes)):
        _write(root, changes)
    else:
        sys.stderr.write("carbon-lint: nothing was written; --yes writes it\n")
    return 0


def _choices(arguments: Namespace, found: Survey) -> Choices:
    from carbon_lint.starter.files import DEFAULT_ACTION, Choices
    from carbon_lint.starter.runners import DEFAULT_RUNNER, check_runner

    record = None if arguments.record is None else load_record(arguments.record)
    if record is not None and record.energy_kwh.total is None:
        raise InputError(f"{arguments.record} holds no figures", hint="take the record of a run that was measured")
    if arguments.owner and arguments.action:
        raise UsageError("--owner and --action both name the action", hint="keep one")
    action = arguments.action or (f"{arguments.owner}/carbon-lint@{MAJOR_TAG}" if arguments.owner else DEFAULT_ACTION)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(?:/[\w./-]+)?@[\w./-]+", action):
        raise UsageError(f"{quoted(action)} names no action", hint="write --action NAME/carbon-lint@v0, or @ and a SHA")
    location = _location(arguments.location) or (found.codecarbon.location if found.codecarbon else None)
    model = None if arguments.to is None else parse_target(arguments.to, "https://huggingface.co")
    return Choices(
        location=location,
        hub_repo=model,
        action=action,
        emissions_g=None if record is None else record.emissions_g,
        energy_kwh=None if record is None else record.energy_kwh.total,
        runner=check_runner(arguments.runner or DEFAULT_RUNNER),
    )


def _location(text: str | None) -> str | None:
    """Return it as the configuration holds it. `auto` stays: it asks the runner, when the job runs there."""
    from carbon_lint.measurement.grid.location import is_auto

    if text is None or is_auto(text):
        return text and "auto"
    return find_place(text).code


def _changes(root: Path, found: Survey, choices: Choices) -> list[Change]:
    from carbon_lint.starter import files as starter

    changes: list[Change] = []
    if not _has_workflow(root):
        path = starter.workflow_path(found, lambda name: (root / name).exists())
        changes.append((path, None, starter.workflow(found, choices)))
    hooks = _read(root / starter.HOOKS)
    hooked = starter.with_hook(hooks, choices.action, found.cards)
    if hooked is not None:
        changes.append((starter.HOOKS, hooks, hooked))
    before = _read(root / starter.CONFIG)
    after = _configuration(root, before, choices)
    if after is not None:
        changes.append((starter.CONFIG, before, after))
    return changes


def _configuration(root: Path, before: str | None, choices: Choices) -> str | None:
    """Return the configuration, new or with a first budget; `None` if there is nothing to add."""
    from carbon_lint.starter import files as starter

    if before is None:
        is_elsewhere = config.find(str(root)) is not None
        return None if is_elsewhere else starter.configuration(choices)
    line = proposed_line(choices.emissions_g, choices.energy_kwh)
    if line is None or line.partition(" ")[0] in _keys(before):
        return None
    # At the top: below a table's head the key would belong to the table.
    return f"{line}\n{before}"


def _keys(text: str) -> set[str]:
    try:
        return set(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"carbon-lint.toml is not TOML: {error}", hint="mend it first") from error


def _has_workflow(root: Path) -> bool:
    folder = root / ".github/workflows"
    return any("carbon-lint" in (_read(path) or "") for path in sorted(folder.glob("*.y*ml")))


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", hint="mend it, or move it away") from error


def _diff(change: Change) -> str:
    path, before, after = change
    old = "/dev/null" if before is None else f"a/{path}"
    # `git apply` and `patch -p1` both take it.
    head = f"diff --git a/{path} b/{path}\n" + ("new file mode 100644\n" if before is None else "")
    lines = unified_diff((before or "").splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{path}")
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _placeholder(changes: list[Change]) -> UsageError | None:
    """Return an error if a workflow's action has no owner: it would run what the next owner of that name publishes."""
    if not any(f"{PLACEHOLDER}/" in after and f"{PLACEHOLDER}/" not in (before or "") for _, before, after in changes):
        return None
    return UsageError(
        f"nothing was written: {REPOSITORY} stands for a repository that is not known here",
        hint="name the owner of the carbon-lint that you use: carbon-lint init --owner NAME",
    )


def _say_found(found: Survey, choices: Choices) -> None:
    from carbon_lint.starter.runners import is_hf_jobs

    none = "none; figures that are published go into the card on the Hub"
    say = [*_found_trainings(found, choices), f"model cards: {', '.join(found.cards) or none}"]
    config = found.codecarbon
    if config is not None:
        if config.location is not None and config.location == choices.location:
            say.append(f"location: {config.location}, taken over from .codecarbon.config, which a run does not read")
        say.append(
            f".codecarbon.config writes {config.output}; to use it: carbon-lint card CARD --from {config.output}"
        )
    if choices.location is None and is_hf_jobs(choices.runner):
        say.append(
            "location: not given, and a Hugging Face Job states none; without one the run has energy and no grams, "
            "so no card can state them"
        )
    elif choices.location is None:
        say.append("location: not given; set it in carbon-lint.toml, or use --location")
    elif choices.location == "auto":
        say.append(
            "location: asked of the runner's cloud when the job runs; a [[machine]] in carbon-lint.toml comes first"
        )
    sys.stderr.write("".join(f"carbon-lint: {terminal(line)}\n" for line in say))
    told = next((one.script for one in found.trainings if one.uses_trainer and not one.tells_progress), None)
    if told is not None:
        sys.stderr.write(f"carbon-lint: {advice(terminal(told))}\n")


def _found_trainings(found: Survey, choices: Choices) -> list[str]:
    from carbon_lint.starter.files import WORKFLOW

    if not found.trainings and found.cards:
        return ["training script: none found, so the workflow lints the cards"]
    if not found.trainings:
        return [f"training script: none found; set `command` in {WORKFLOW}, which says `python train.py`"]
    is_only = len(found.trainings) == 1
    say = []
    for one in found.trainings:
        model = (choices.hub_repo if is_only else None) or one.hub_repo
        say.append(f"training script: {one.script}")
        unknown = "not known, so nothing is published; --to owner/model names it"
        say.append(f"model on the Hub: {model or (unknown if is_only else 'not known, so nothing is published')}")
        if model is not None and one.uses_trainer and one.pushes:
            say.append(
                f"{one.script} pushes to the Hub by itself: it must take hub_revision=os.environ['HUB_REVISION'], and "
                "HF_TRAIN_TOKEN be a secret of the repository"
            )
    if found.left_out:
        say.append(f"left out, add their jobs by hand: {', '.join(found.left_out)}")
    if choices.hub_repo is not None and not is_only:
        say.append(f"--to {choices.hub_repo} was left out: there are {len(found.trainings)} trainings, name one a job")
    return say


def _is_accepted(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    sys.stderr.write(f"Write {'this file' if count == 1 else f'these {count} files'}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _write(root: Path, changes: list[Change]) -> None:
    for path, _, after in changes:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / path, after.encode())
        sys.stderr.write(f"carbon-lint: wrote {path}\n")
