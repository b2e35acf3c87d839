"""Find the trainings of a repository: scripts, what each needs installed, how it is started, which card is its own."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from carbon_lint.lint.discover import SKIPPED_FOLDERS

MAX_SCRIPTS = 2000
MAX_SCRIPT_BYTES = 400_000
MAX_TRAININGS = 8
_STARTS = re.compile(r"^(train|finetune|fine_tune|fine-tune|pretrain|run_train|fit)", re.IGNORECASE)
_MAY_START = re.compile(r"^(main|run)", re.IGNORECASE)
_TRAINS = re.compile(
    r"\b\w*Trainer\(|\btrainer\.(?:train|fit)\(|\.(?:partial_)?fit\(|\boptim\w*\.step\(|\.backward\("
    r"|\b(?:xgb|xgboost|lgb|lightgbm)\.train\(|\bapply_(?:gradients|updates)\("
)
_IS_NAMED = re.compile(r"(?:train|finetune|fine_tune|pretrain)\.py")
_IS_PROGRAM = re.compile(r"^if __name__ ==|\bsys\.argv\b", re.MULTILINE)
_TRAINER = re.compile(r"\b(?:from|import)\s+(?:transformers|trl|setfit|sentence_transformers)\b[\s\S]*\b\w*Trainer\b")
_PUSHES = re.compile(r"push_to_hub\s*=\s*True|\.push_to_hub\(")
_MODEL = re.compile(r"hub_model_id\s*=\s*[\"']([\w.-]+/[\w.-]+)[\"']|push_to_hub\(\s*[\"']([\w.-]+/[\w.-]+)[\"']")
_IMPORTED = re.compile(r"^\s*(?:from|import)\s+([A-Za-z_]\w*)", re.MULTILINE)
_PACKAGE = re.compile(r"^\[(?:project|build-system|tool\.poetry)\]", re.MULTILINE)
_NO_SCRIPTS = SKIPPED_FOLDERS | {"tests", "test", "docs", "build", "dist", ".github"}
_REQUIREMENTS = ("requirements.txt", "requirements/train.txt", "requirements-train.txt")
_NAMED, _NAMED_LOOSELY, _UNNAMED = 2, 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training. `script` is its file, relative to the repository, POSIX.

    Attributes:
        setup: shell command that installs what it needs; None if nothing says what that is.
        command: shell command that starts it, from the repository's root.
        card: the card that lies beside it or above it.
        uses_trainer: the script uses a Trainer of transformers or of a library on top of it.
        tells_progress: it writes the file that CARBON_LINT_PROGRESS names.
        pushes: it pushes to the Hub by itself, and so needs a token while it trains.
        hub_repo: the model that it names.
    """

    script: str
    setup: str | None = None
    command: str
    card: str | None = None
    uses_trainer: bool = False
    tells_progress: bool = False
    pushes: bool = False
    hub_repo: str | None = None


def find_trainings(root: Path, cards: tuple[str, ...]) -> tuple[tuple[Training, ...], tuple[str, ...]]:
    """Find the scripts that train, the likeliest first: eight trainings, and the names of the scripts beyond them."""
    names = _chosen(root)
    found, left_out = names[:MAX_TRAININGS], tuple(names[MAX_TRAININGS:])
    owned = [_nearest_card(name, cards) for name in found]
    if len(found) == 1:
        owned = owned if owned[0] else [next(iter(cards), None)]
    # a card that several trainings would write belongs to none of them alone
    shared = {card for card in owned if owned.count(card) > 1}
    trainings = [
        _training(root, name, None if card in shared else card) for name, card in zip(found, owned, strict=True)
    ]
    return tuple(trainings), left_out


def _chosen(root: Path) -> list[str]:
    scored = sorted((-_score(root, name), name.count("/"), name) for name in _scripts(root))
    training = [(-score, name) for score, _, name in scored if score < 1]
    named = [name for how, name in training if how == _NAMED]
    if not named:
        return [name for _, name in training[:1]]
    return [name for name in named if not _is_part_of_another(root, name, named)]


def _score(root: Path, name: str) -> int:
    """Return how surely a script is a training of its own; -1 if it trains nothing.

    A name alone makes no training, unless it is `train.py` or the like of a program: it may train without a library.
    """
    base, text = PurePosixPath(name).name, read_text(root / name)
    if not (_TRAINS.search(text) or (_IS_NAMED.fullmatch(base) and _IS_PROGRAM.search(text))):
        return -1
    return _NAMED if _STARTS.match(base) else _NAMED_LOOSELY if _MAY_START.match(base) else _UNNAMED


def _is_part_of_another(root: Path, name: str, others: list[str]) -> bool:
    """Return whether a script is below another one's folder without a project of its own: a module of the other."""
    folder = PurePosixPath(name).parent
    for other in map(PurePosixPath, others):
        between = [root / part for part in (folder, *folder.parents) if other.parent in part.parents]
        if between and not any(map(_is_project, between)):
            return True
    return False


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (*_REQUIREMENTS, "uv.lock", "README.md")) or _is_package(folder)


def _is_package(folder: Path) -> bool:
    return bool(_PACKAGE.search(read_text(folder / "pyproject.toml"))) or (folder / "setup.py").is_file()


def _scripts(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NO_SCRIPTS and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith("test_") and name != "setup.py":
                yield (Path(folder) / name).relative_to(root).as_posix()
                count += 1
                if count >= MAX_SCRIPTS:
                    return


def _training(root: Path, script: str, card: str | None) -> Training:
    text = read_text(root / script)
    model = _MODEL.search(text)
    above = list(reversed(PurePosixPath(script).parents))  # from the repository's root down to the script's folder
    setup, launcher = _installation(root, above)
    module = _module(root, PurePosixPath(script), text) or _module_from_root(root, PurePosixPath(script), text)
    return Training(
        script=script,
        card=card,
        setup=setup,
        command=f"{launcher} -m {module}" if module else f"{launcher} {shlex.quote(script)}",
        uses_trainer=_TRAINER.search(text) is not None,
        tells_progress="CARBON_LINT_PROGRESS" in text,
        pushes=_PUSHES.search(text) is not None,
        hub_repo=None if model is None else model[1] or model[2],
    )


def _installation(root: Path, above: list[PurePosixPath]) -> tuple[str | None, str]:
    """Return the command that installs what the folders above a script ask for, and what runs the script."""
    locked = [folder for folder in above if (root / folder / "uv.lock").is_file()]
    if locked:
        project = "" if locked[-1] == PurePosixPath() else f" --project {shlex.quote(str(locked[-1]))}"
        return f"pip install uv && uv sync{project}", f"uv run{project} python"
    files = [
        next(((folder / name).as_posix() for name in _REQUIREMENTS if (root / folder / name).is_file()), None)
        for folder in above
    ]
    commands = []
    if any(files):
        commands.append("pip install " + " ".join(f"-r {shlex.quote(name)}" for name in files if name))
    packages = ["." if folder == PurePosixPath() else f"./{folder}" for folder in above if _is_package(root / folder)]
    commands += [f"pip install {shlex.quote(package)}" for package in packages]
    return " && ".join(commands) or None, "python"


def _module(root: Path, script: PurePosixPath, text: str) -> str | None:
    """Return the dotted name of a script that imports its own package, which it would not find if started as a file.

    Only if the package can be found: it lies in the root, or a folder above it is installed.
    """
    top = script.parent
    if top == PurePosixPath() or not (root / top / "__init__.py").is_file():
        return None
    while top.parent != PurePosixPath() and (root / top.parent / "__init__.py").is_file():
        top = top.parent
    parts = script.with_suffix("").relative_to(top.parent).parts
    imports_own = re.search(rf"^\s*(?:from\s+\.|(?:from|import)\s+{re.escape(parts[0])}\b)", text, re.MULTILINE)
    is_found = top.parent == PurePosixPath() or any(_is_package(root / folder) for folder in top.parents)
    return ".".join(parts) if imports_own and is_found and all(part.isidentifier() for part in parts) else None


def _module_from_root(root: Path, script: PurePosixPath, text: str) -> str | None:
    """Return the dotted name of a script below the root that imports code that lies in the root and is not installed.

    None if it imports code beside itself, too: then it finds that only if it is started as a file.
    """
    parts = script.with_suffix("").parts
    if len(parts) == 1 or not all(part.isidentifier() for part in parts) or _is_package(root):
        return None
    names = set(_IMPORTED.findall(text))
    if any(_is_code(root / script.parent / name) for name in names):
        return None
    return ".".join(parts) if any(_is_code(root / name) for name in names) else None


def _is_code(path: Path) -> bool:
    """Return whether an import could find `path` as a module or a package, with or without an `__init__.py`."""
    return path.with_suffix(".py").is_file() or any(path.glob("*.py"))


def _nearest_card(script: str, cards: tuple[str, ...]) -> str | None:
    """Return the card in the script's folder or in the nearest folder above it."""
    folders = list(PurePosixPath(script).parents)
    near = [card for card in cards if PurePosixPath(card).parent in folders]
    return min(near, key=lambda card: folders.index(PurePosixPath(card).parent), default=None)


def read_text(path: Path) -> str:
    """Return a file's text, as far as it can be read; empty if it cannot."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_SCRIPT_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


CALLBACK = '''\
class TellProgress(TrainerCallback):
    """Tell carbon-lint how far the training is."""

    def on_step_begin(self, args, state, control, **kwargs):
        path = os.environ.get("CARBON_LINT_PROGRESS")
        if path and state.is_world_process_zero:
            with open(path, "w") as file:
                file.write(f"{state.global_step}/{state.max_steps}\\n")
'''
"""docs/running.md holds the same lines, and a test runs them."""


def progress_advice(script: str) -> str:
    """Return what to add to a script that uses the Trainer, with the code to paste."""
    lines = "".join(f"    {line}".rstrip() + "\n" for line in CALLBACK.splitlines())
    return (
        f"{script} uses a Trainer. Add this callback (callbacks=[TellProgress()]) so that a forecast of the run needs "
        f"no guess:\n\n    import os\n    from transformers import TrainerCallback\n\n{lines}"
    )
