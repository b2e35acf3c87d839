"""Attempts of one run group that are given one name for their record: none takes the place of another."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, OutputError
from carbon_lint.records.store import load_record

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


def aside_path(path: Path, run_id: object) -> Path:
    """`r.json` of run X -> `r.X.json`, in the same folder whatever the run is called."""
    return path.with_name(f"{path.stem}.{re.sub(r'[^A-Za-z0-9-]+', '-', str(run_id))[:64]}{path.suffix}")


def keep_attempt(record: Record, path: str | os.PathLike[str]) -> Path | None:
    """Put what stands at `path` aside where it is another run of the record's group, and return its new name.

    Its energy was spent for the same weights: the sum over the group needs it. Raises OutputError where it cannot be.
    """
    if record.run_group is None or not os.path.exists(path):
        return None
    try:
        there = load_record(path)
    except InputError:  # no record, or none that could be summed
        return None
    if there.run_group != record.run_group or there.run_id == record.run_id:
        return None
    target = Path(os.path.realpath(path))
    aside = aside_path(target, there.run_id)
    try:
        os.replace(target, aside)
    except OSError as error:
        raise OutputError(f"cannot keep {os.fspath(path)} as {aside.name}: {error.strerror}") from error
    return aside
