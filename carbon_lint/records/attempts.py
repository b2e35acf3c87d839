"""The record of an earlier run under the name that a new one is given: not mistaken for it, and never lost."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.records.store import is_record, read_record
from carbon_lint.text import quoted

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier run's record, and where it is kept. `is_attempt`: a run group counts it."""

    path: Path
    run_id: str | None
    aside: Path
    is_attempt: bool

    def make_way(self) -> None:
        """Leave the name free: a run that is killed must not leave older figures under it. Raises OSError."""
        os.replace(self.path, self.aside)


def aside_path(path: Path, run_id: object) -> Path:
    """`r.json` of run X -> `r.X.json`, in the same folder whatever the run is called."""
    return path.with_name(f"{path.stem}.{re.sub(r'[^A-Za-z0-9-]+', '-', str(run_id))[:64]}{path.suffix}")


def check_name(path: str | os.PathLike[str]) -> None:
    """Raises UsageError for a record of a run group under a name with which no sum over the group finds it."""
    target = os.path.realpath(path)
    if Path(target).suffix != ".json":
        raise UsageError(
            f"the record {quoted(os.fspath(path))} of a run group must end in .json, or the sum lacks it",
            hint=f"name it {os.path.basename(target)}.json",
        )


def find_earlier(path: str | os.PathLike[str]) -> Earlier | None:
    """The earlier run's record at `path`; `None` if there is no file, or one that is no record.

    One of a group is kept where sums over the group find it. One without a group is kept as `r.json.old`, or as
    `r.json.old.2` if there is one already, which no sum takes: the new run may be killed, or be cancelled at once.
    """
    if not os.path.isfile(path):
        return None
    target = Path(os.path.realpath(path))
    try:
        there = read_record(path)
    except InputError:
        if not is_record(target.read_bytes()):
            return None
        return Earlier(path=target, run_id=None, aside=_free_old(target), is_attempt=False)  # of another version, say
    is_attempt = there.run_group is not None
    aside = aside_path(target, there.run_id) if is_attempt else _free_old(target)
    return Earlier(path=target, run_id=there.run_id, aside=aside, is_attempt=is_attempt)


def _free_old(target: Path) -> Path:
    """`r.json.old`, or the first of `r.json.old.2`, `r.json.old.3` that is free: no record is dropped."""
    numbered = (target.with_name(f"{target.name}.old.{number}") for number in count(2))
    return next(path for path in chain([target.with_name(f"{target.name}.old")], numbered) if not os.path.lexists(path))


def keep_earlier(record: Record, path: str | os.PathLike[str]) -> Earlier | None:
    """Put what stands at `path` aside where it is another run than the record's, and return it.

    Raises OutputError where it cannot be.
    """
    earlier = find_earlier(path)
    if earlier is None or earlier.run_id == record.run_id:
        return None
    try:
        earlier.make_way()
    except OSError as error:
        raise OutputError(f"cannot keep {os.fspath(path)} as {earlier.aside.name}: {error.strerror}") from error
    return earlier


def make_way(earlier: Earlier | None) -> None:
    """As the method, where there is one. What cannot be moved now is met again when the record is written."""
    if earlier is not None:
        with contextlib.suppress(OSError):
            earlier.make_way()
