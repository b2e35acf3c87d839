"""Runs of which a folder holds the journal and no record: killed, or still going on. Their energy is in no sum."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbon_lint.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

_BEGINNING = b'{"format": "carbon-lint/journal@'


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A journal without its record. `has_figures`: something can be recovered."""

    path: Path
    has_figures: bool


def unfinished_in(folder: Path, run_ids: Container[str]) -> list[Unfinished]:
    """The journals in the folder of runs that are not among `run_ids`, by name. Raises InputError."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(".jsonl") and path.is_file())
        return [Unfinished(path=path, has_figures=True) for path in paths if _is_missing(path, None, run_ids)]
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {error.strerror}") from error


def check_no_run_is_missing(folder: Path, run_group: str, run_ids: Container[str]) -> None:
    """Raises InputError where a journal in the folder holds figures of a run of the group that is not in `run_ids`."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(".jsonl") and path.is_file())
        missing = next((path for path in paths if _is_missing(path, run_group, run_ids)), None)
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {error.strerror}") from error
    if missing is not None:
        names = shlex.join([str(missing), "--record", str(missing.with_suffix(".json"))])
        raise InputError(
            f"{missing} holds a run of group {run_group!r} that no record beside it does: the sum would be too small",
            hint=f"when it has ended: carbon-lint recover {names}",
        )


def _is_missing(path: Path, run_group: str | None, run_ids: Container[str]) -> bool:
    """Whether the journal holds figures of a run that is not in `run_ids`; with a `run_group`, only of that group."""
    with path.open("rb") as lines:
        if lines.read(len(_BEGINNING)) != _BEGINNING:
            return False
        lines.seek(0)
        header = _parse(lines.readline()).get("record")
        if not isinstance(header, dict) or header.get("run_id") in run_ids:
            return False
        if run_group is not None and header.get("run_group") != run_group:
            return False
        return _holds_figures(lines)


def _holds_figures(lines: Iterable[bytes]) -> bool:
    return any("elapsed_s" in document or "ended" in document for document in map(_parse, lines))


def _parse(line: bytes) -> dict[str, Any]:
    """What a line holds; nothing where it is torn."""
    try:
        document = json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
