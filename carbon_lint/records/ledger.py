"""The team's ledger: every run's record, one file each, in month folders, in a folder or at any fsspec URL.

Nothing is ever appended to a file, so writers on many machines do not meet: a record's name is made from its key, and
the same record added twice is one file. Energy spent counts, whatever came of the run: failed, stopped and interrupted
runs are records like others.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.records.comparable import identity_of, why_passed_over
from carbon_lint.records.storage import is_missing, open_storage
from carbon_lint.records.store import parse_record, render_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbon_lint.records.comparable import Identity
    from carbon_lint.records.record import Record
    from carbon_lint.records.storage import Storage

_MOST_BRANCHES = 5
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of one record: `added`, `known` (the same key with the same or a later end), or `replaced`."""

    path: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record in the ledger and the path of its file."""

    path: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sum of some entries. With `unmeasured` runs among them, the true sum is larger than stated.

    Attributes:
        emissions_g: of the runs that have grams; `None` where none has.
        energy_kwh: of the runs that have energy; `None` where none has.
        runs: how many were counted.
        without_emissions: run_ids that have no grams, and count as nothing here.
        without_energy: run_ids that have no energy, likewise.
        merged: how many records were left out because a merged record holds their sum.
    """

    emissions_g: float | None
    energy_kwh: float | None
    runs: int
    without_emissions: tuple[str, ...]
    without_energy: tuple[str, ...]
    merged: int


def key(record: Record) -> tuple[str, ...]:
    """What tells one run from another: repository, CI run, attempt, job, index, node, and the measuring itself.

    `run_id` is new with every measuring, so that two steps of one job count twice, and one record that is uploaded
    twice counts once.
    """
    where = record.provenance
    parts = (where.repository, where.run_id, where.run_attempt, where.job, where.job_index, record.hardware.node)
    return (*("" if part is None else str(part) for part in parts), record.run_id)


def parse_month(text: str) -> str:
    """`'2026-11'`, as it is. Raises UsageError."""
    if not _MONTH.fullmatch(text):
        raise UsageError(f"{text!r} is not a month", hint="write it as 2026-11")
    return text


def month_of(record: Record) -> str:
    """The month in which the run ended (UTC), and in which it counts."""
    return parse_month(record.ended_at[:7])


def add(record: Record, url: str) -> Added:
    """Put the record into the ledger at `url`.

    Of two records with one key, such as one recovered from a journal and the one written at the end, the one that ends
    later stays.

    Raises:
        OutputError: the ledger cannot be written.
        InputError: what stands there under this key is no record.
    """
    storage = open_storage(url)
    name = _name(record)
    path = posixpath.join(month_of(record), name)
    # Two records of one run end at nearly the same time, so in the same month or in the one beside it.
    months = (month_of(record), *_neighbours(month_of(record)))
    known = [path for month in months for path in storage.names(month) if posixpath.basename(path) == name]
    for earlier in known:
        if _read(storage, earlier).ended_at >= record.ended_at:
            return Added(path=storage.shown(earlier), status="known")
    try:
        data = render_record(record).encode()
    except ValueError as error:
        raise OutputError(f"the record of run {record.run_id} holds a number that is not finite") from error
    storage.write(path, data)
    for earlier in known:
        if earlier != path:
            storage.remove(earlier)
    return Added(path=storage.shown(path), status="replaced" if known else "added")


def entries(url: str, month: str | None = None) -> Iterator[Entry]:
    """Every record of the ledger, or of one month, in the order of their names.

    Raises InputError at the first file that is no record: a sum that leaves one out would be too small.
    """
    storage = open_storage(url)
    for path in sorted(storage.names(month)):
        if _MONTH.fullmatch(posixpath.dirname(path)):
            yield Entry(path=storage.shown(path), record=_read(storage, path))


def total(found: Iterable[Entry]) -> Total:
    """The sum, each key once; a record that a merged one is the sum of does not count beside it."""
    by_key: dict[tuple[str, ...], Record] = {}
    for entry in found:
        known = by_key.get(key(entry.record))
        if known is None or known.ended_at < entry.record.ended_at:
            by_key[key(entry.record)] = entry.record
    joined = {run_id for record in by_key.values() for run_id in record.merged_from}
    counted = sorted(
        (record for record in by_key.values() if record.run_id not in joined),
        key=lambda one: (one.ended_at, one.run_id),
    )
    return Total(
        emissions_g=_sum(record.emissions_g for record in counted),
        energy_kwh=_sum(record.energy_kwh.total for record in counted),
        runs=len(counted),
        without_emissions=tuple(record.run_id for record in counted if record.emissions_g is None),
        without_energy=tuple(record.run_id for record in counted if record.energy_kwh.total is None),
        merged=len(by_key) - len(counted),
    )


def latest(url: str, *, branch: str, run: Identity) -> tuple[Entry | None, str]:
    """The last completed run on a branch that may be the baseline of `run`, else `None` and why there is none.

    Raises InputError, also for a folder that is not there: most likely it is a wrong path.
    """
    if is_missing(url):
        raise InputError(
            f"there is no ledger at {url}",
            hint=f"`mkdir -p {url}` begins an empty one, or name the right one by --ledger",
        )
    refs = {branch, f"refs/heads/{branch}"}
    best: Entry | None = None
    reasons: Counter[str] = Counter()
    branches: set[str] = set()
    for entry in entries(url):
        ref = entry.record.provenance.ref
        if ref not in refs or entry.record.outcome != "completed":
            branches.add((ref or "").removeprefix("refs/heads/"))
            continue
        reason = why_passed_over(run, identity_of(entry.record))
        if reason is not None:
            reasons[reason] += 1
        elif best is None or entry.record.ended_at > best.record.ended_at:
            best = entry
    return best, _why_none(url, branch, reasons, branches - {"", branch})


def _why_none(url: str, branch: str, reasons: Counter[str], branches: set[str]) -> str:
    if reasons:
        seen = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        return f"no completed run on {branch} in {url} is comparable ({seen})"
    others = f" (it has runs on {', '.join(sorted(branches)[:_MOST_BRANCHES])})" if branches else ""
    return f"no completed run on {branch} in {url}{others}"


def _neighbours(month: str) -> tuple[str, str]:
    count = int(month[:4]) * 12 + int(month[5:]) - 1
    return _month(count - 1), _month(count + 1)


def _month(count: int) -> str:
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _name(record: Record) -> str:
    """Readable at its start, and the key's alone: `me-models_77_1_train_3f0c...json`."""
    parts = key(record)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]
    words = [re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.")[:40] for part in parts[:4]]
    return "_".join([*filter(None, words), digest]) + ".json"


def _read(storage: Storage, path: str) -> Record:
    data = storage.read(path)
    try:
        return parse_record(data, storage.shown(path))
    except InputError as error:
        error.hint = "take it out of the ledger, or put the right one in its place"
        raise
