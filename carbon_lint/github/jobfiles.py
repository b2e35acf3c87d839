"""The job's own GITHUB_OUTPUT, ENV, PATH, STATE and STEP_SUMMARY.

A step has one file of each kind, and the job could write our outputs into it, or break it and so fail the step. It is
given private files; what it wrote there for other steps is copied afterwards, without what is ours.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.github.commands import append, file_command, read_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carbon_lint.github.context import Context

VARIABLES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
OUTPUTS = (
    "outcome",
    "verdict",
    "emissions-g",
    "energy-kwh",
    "budget-used",
    "over-budget",
    "undecided",
    "card-changed",
    "card-url",
    "record",
    "errors",
    "warnings",
)
"""Every output of the step, in the order of action.yml. A job cannot set one of these."""

# The runner fails the step over the first; the others would change how later steps are read or run by it.
_REFUSED_ENV = ("NODE_OPTIONS", "GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "LD_PRELOAD")
_MAX_FILE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class JobFiles:
    """A folder with one private file for each of `VARIABLES`."""

    folder: Path

    def environ(self) -> dict[str, str]:
        """The variables as the job gets them."""
        return {name: str(self.folder / name.lower()) for name in VARIABLES}

    def changes(self, environ: Mapping[str, str]) -> dict[str, str]:
        """What `setup` left in its ENV and PATH files, as the environment of the command that comes after it."""
        changed = dict(read_entries(self._text("GITHUB_ENV")))
        paths = [line for line in self._text("GITHUB_PATH").splitlines() if line.strip()]
        if paths:
            changed["PATH"] = ":".join([*reversed(paths), changed.get("PATH") or environ.get("PATH", "")])
        return changed

    def copy_to(self, context: Context) -> tuple[str, ...]:
        """Hand on what the job wrote for other steps. Returns what was not, and why. Raises OutputError."""
        refused: list[str] = []
        for name, target, is_ours in (
            ("GITHUB_OUTPUT", context.output_file, lambda key: key.lower() in OUTPUTS),
            ("GITHUB_ENV", context.env_file, lambda key: key.upper().startswith(_REFUSED_ENV)),
        ):
            text = self._text(name)
            entries = list(read_entries(text))
            for key, value in entries:
                if is_ours(key):
                    refused.append(f"{name}: {key} is not the job's to set")
                elif target is not None:
                    append(target, file_command(key, value))
            if text.strip() and not entries:
                refused.append(f"{name}: no entry of it can be read")
        paths = self._text("GITHUB_PATH")
        if paths and context.path_file is not None:
            append(context.path_file, paths if paths.endswith("\n") else f"{paths}\n")
        return tuple(refused)

    def summary(self) -> str:
        """What the job wrote for the step's summary. Ours comes first, so it is written when ours is."""
        return self._text("GITHUB_STEP_SUMMARY")

    def _text(self, name: str) -> str:
        path = self.folder / name.lower()
        # The job may have put anything in the file's place, a FIFO or a link to our own files too.
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as stream:
            return stream.read(_MAX_FILE_BYTES).decode("utf-8", "replace")


@contextmanager
def private_files(parent: Path | None) -> Iterator[JobFiles]:
    """Private files for as long as the block lasts."""
    # A runner before 2.329 names a folder of the host that the container does not have.
    usable = parent if parent is not None and parent.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="carbon-lint-job-", dir=usable))
    try:
        files = JobFiles(folder)
        for path in files.environ().values():
            Path(path).touch()
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)
