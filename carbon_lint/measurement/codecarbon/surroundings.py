"""An empty folder, HOME and environment for a library that reads its configuration from all three.

Folder and environment belong to the whole process: the window is short, and nothing else may run in it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# SLURM_*: with a job id CodeCarbon asks `scontrol`, and fails as a whole if there is none.
# *_VISIBLE_DEVICES: CodeCarbon reads them wrongly; `gpu` resolves them.
_SCRUBBED = ("codecarbon_", "slurm_", "cuda_visible_devices", "rocr_visible_devices", "hip_visible_devices")


@contextmanager
def private_surroundings() -> Iterator[None]:
    """Within: cwd and HOME are an empty folder, and the scrubbed variables are gone. Restored whatever happens."""
    before = dict(os.environ)
    # A descriptor and not a path: the folder may have been removed or be unreadable by name.
    here = os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY)  # O_PATH: one that may only be entered
    try:
        with _empty_folder() as empty:
            os.chdir(empty)
            for name in before:
                if name.lower().startswith(_SCRUBBED):
                    del os.environ[name]
            os.environ["HOME"] = empty
            try:
                yield
            finally:
                os.fchdir(here)
    finally:
        os.close(here)
        _restore(before)


@contextmanager
def _empty_folder() -> Iterator[str]:
    """Yield a new folder; /proc if none can be made (read-only root): no file can be put there either."""
    try:
        folder = tempfile.mkdtemp(prefix="carbon-lint-")
    except OSError:
        yield "/proc"
        return
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _restore(before: dict[str, str]) -> None:
    """Name by name: `os.environ` is never empty in between, as a signal handler might see it."""
    for name in set(os.environ) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
