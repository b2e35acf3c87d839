"""Runs of which a folder holds the journal and no record: killed, or still going on. Their energy is in no sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError
from carbon_lint.records.journal import (
    BEGINNING,
    SUFFIX,
    is_being_written,
    parse_line,
    parsed_lines,
    recover_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from pathlib import Path
    from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A journal, and the record of its run as it was known at the start. `has_figures`: something can be recovered."""

    path: Path
    header: dict[str, Any]
    has_figures: bool

    @property
    def run_group(self) -> object:
        """The run group of the killed run."""
        return self.header.get("run_group")

    @property
    def command(self) -> tuple[object, ...]:
        """The command of the killed run."""
        command = self.header.get("command")
        return tuple(command) if isinstance(command, list) else ()


def unfinished_in(folder: Path, run_ids: Container[object]) -> list[Unfinished]:
    """The journals in the folder of runs that are not among `run_ids`, by name. Raises InputError."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and path.is_file())
        found = [_read(path, run_ids) for path in paths]
    except OSError as error:
        raise InputError(f"cannot read {error.filename or folder}: {error.strerror}") from error
    return [journal for journal in found if journal is not None]


def check_no_run_is_missing(
    folder: Path,
    run_ids: Container[object],
    *,
    of_group: str | None = None,
    belongs: Callable[[Unfinished], bool] | None = None,
    skip_running: bool = False,
) -> None:
    """Raise InputError if a journal in the folder holds figures of a run that is not in `run_ids`.

    With `of_group` only journals of that run group count, with `belongs` only those for which it is true, and with
    `skip_running` not those of runs that still go on.
    """
    missing = [
        journal
        for journal in unfinished_in(folder, run_ids)
        if journal.has_figures
        and (of_group is None or journal.run_group == of_group)
        and (belongs is None or belongs(journal))
        and not (skip_running and is_being_written(journal.path))
    ]
    if missing:
        raise _incomplete(missing, of_group)


def _incomplete(missing: list[Unfinished], of_group: str | None) -> InputError:
    first = missing[0].path
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    run = "a run" if of_group is None else f"a run of group {of_group!r}"
    is_running = any(is_being_written(journal.path) for journal in missing)
    command = recover_command(first if len(missing) == 1 else first.parent)
    return InputError(
        f"{first} is the journal of {run} that has no record here{more}: the figure would be too small",
        hint=f"{'when the run has ended' if is_running else 'it was killed'}: {command}; "
        "if it does not belong here, move the journal to another folder",
    )


def _read(path: Path, run_ids: Container[object]) -> Unfinished | None:
    """The journal at `path`; `None` if it is none, or that of a run in `run_ids`."""
    with path.open("rb") as lines:
        if lines.read(len(BEGINNING)) != BEGINNING:
            return None
        lines.seek(0)
        header = (parse_line(lines.readline()) or {}).get("record")
        if not isinstance(header, dict) or header.get("run_id") in run_ids:
            return None
        has_figures = any("elapsed_s" in document or "ended" in document for document in parsed_lines(lines))
    return Unfinished(path=path, header=header, has_figures=has_figures)
