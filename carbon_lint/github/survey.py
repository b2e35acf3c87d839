"""What a repository holds that a workflow must know of: cards, the training script, how its packages are installed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.lint.discover import SKIPPED_FOLDERS, find_cards

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SCRIPTS = 2000
MAX_SCRIPT_BYTES = 400_000
_NAMES = re.compile(r"^(train|finetune|fine_tune|fine-tune|pretrain|run_train|fit|main|run)", re.IGNORECASE)
_TRAINS = re.compile(r"\b\w*Trainer\(|\btrainer\.(?:train|fit)\(|\.fit\(|optimizer\.step\(|\bloss\.backward\(")
_TRAINER = re.compile(r"\b(?:from|import)\s+(?:transformers|trl|setfit|sentence_transformers)\b[\s\S]*\b\w*Trainer\b")
_PUSHES = re.compile(r"push_to_hub\s*=\s*True|\.push_to_hub\(")
_MODEL = re.compile(r"hub_model_id\s*=\s*[\"']([\w.-]+/[\w.-]+)[\"']|push_to_hub\(\s*[\"']([\w.-]+/[\w.-]+)[\"']")
_NO_SCRIPTS = SKIPPED_FOLDERS | {"tests", "test", "docs", "build", "dist", ".github"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found. Paths are relative to the repository, POSIX.

    Attributes:
        cards: model cards, the likeliest first.
        script: the likeliest training script.
        install: shell command that installs what the script needs.
        launcher: what `script` is given to: `python`, or `uv run python`.
        uses_trainer: the script uses a Trainer of transformers or of a library on top of it.
        pushes: it pushes to the Hub by itself, and so needs a token while it trains.
        hub_repo: the model that it names.
    """

    cards: tuple[str, ...] = ()
    script: str | None = None
    install: str | None = None
    launcher: str = "python"
    uses_trainer: bool = False
    pushes: bool = False
    hub_repo: str | None = None


def survey(root: Path) -> Survey:
    """Look at the repository below `root`. What cannot be read is passed over."""
    script = _best_script(root)
    text = "" if script is None else _text(root / script)
    model = _MODEL.search(text)
    install, launcher = _installation(root)
    return Survey(
        cards=tuple(_cards(root)),
        script=script,
        install=install,
        launcher=launcher,
        uses_trainer=_TRAINER.search(text) is not None,
        pushes=_PUSHES.search(text) is not None,
        hub_repo=None if model is None else model[1] or model[2],
    )


def _cards(root: Path) -> list[str]:
    """README.md files with front matter, nearest to the root first."""
    found = []
    for one in find_cards((str(root),)):
        path = Path(one.path)
        if path.suffix == ".md" and _text(path).lstrip("\ufeff").startswith("---"):
            found.append(path.relative_to(root).as_posix())
    return sorted(found, key=lambda name: (name.count("/"), name))


def _best_script(root: Path) -> str | None:
    best: tuple[int, int, str] | None = None
    for name in _scripts(root):
        text = _text(root / name)
        score = 2 * bool(_TRAINS.search(text)) + bool(_NAMES.match(Path(name).name))
        # The best score, then the nearest to the root, then the alphabet.
        candidate = (-score, name.count("/"), name)
        if score >= 2 and (best is None or candidate < best):  # noqa: PLR2004  a name alone makes no training
            best = candidate
    return None if best is None else best[2]


def _scripts(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NO_SCRIPTS and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith("test_"):
                yield (Path(folder) / name).relative_to(root).as_posix()
                count += 1
                if count >= MAX_SCRIPTS:
                    return


def _installation(root: Path) -> tuple[str | None, str]:
    if (root / "uv.lock").is_file():
        return "pip install uv && uv sync", "uv run python"
    for name in ("requirements.txt", "requirements/train.txt", "requirements-train.txt"):
        if (root / name).is_file():
            return f"pip install -r {name}", "python"
    if "[project]" in _text(root / "pyproject.toml") or (root / "setup.py").is_file():
        return "pip install .", "python"
    return None, "python"


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_SCRIPT_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
