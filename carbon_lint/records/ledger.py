"""Keep the team's ledger: every run's record, one file each, in month folders, in a folder or at any fsspec URL.

Nothing is ever appended to a file, so writers on many machines do not collide: a record's name comes from its key, and
the same record added twice is one file. Energy spent counts, however the run ended: failed, stopped and interrupted
runs are records like others.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import inf

from carbon_lint.errors import InputError, OutputError, UsageError
from carbon_lint.records.comparable import Identity, identity_of, why_passed_over
from carbon_lint.records.merge.shared import window_of
from carbon_lint.records.record import Outcome, Record
from carbon_lint.records.storage import Storage, is_missing, open_storage
from carbon_lint.records.store import OtherFormatError, parse_record, render_line
from carbon_lint.units import format_duration, format_emissions, format_energy

_MOST_BRANCHES = 5
_TAKE_IT_OUT = "take it out of the ledger, or put the right one in its place"
_ENDED = re.compile(rb'"ended_at": *"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*Z"')
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of one record.

    Attributes:
        path: the file in the ledger.
        status: `added`; `known`: it is there, whole or further on; `replaced` the state of a killed run by its end;
            `conflict`: the same run is there with other figures, and nothing was written; `unreadable`: what is there
            under its name is not a record, and nothing was written.
        conflict: both figures, for `conflict`; what is wrong with the file, for `unreadable`.
    """

    path: str
    status: str
    conflict: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A record in the ledger, without its command, and the path of its file."""

    path: str
    record: Record

    @cached_property
    def end_s(self) -> float:
        """When the run ended, in seconds since 1970."""
        return window_of(self.record).end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file in the ledger that cannot be read as a record: its month folder, and why."""

    path: str
    month: str
    error: InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the ledger holds, or one month of it. `months`: those read, or all that there are if the one is empty."""

    entries: tuple[Entry, ...]  # in the order of time
    broken: tuple[Broken, ...]
    months: tuple[str, ...]


def key(record: Record) -> tuple[str, ...]:
    """Return what distinguishes one run from another: repository, CI run, attempt, job, index, node, and its own id.

    `run_id` is new with every measuring, so that two steps of one job count twice, and one record that is uploaded
    twice counts once.
    """
    where = record.provenance
    parts = (where.repository, where.run_id, where.run_attempt, where.job, where.job_index, record.hardware.node)
    return (*("" if part is None else str(part) for part in parts), record.run_id)


def parse_month(text: str) -> str:
    """Return `'2026-11'` as it is. Raises UsageError."""
    if not _MONTH.fullmatch(text):
        raise UsageError(f"{text!r} is not a month", hint="write it as 2026-11")
    return text


def month_of(record: Record) -> str:
    """Return the month in which the run ended (UTC), and in which it counts."""
    return parse_month(record.ended_at[:7])


def add(record: Record, url: str) -> Added:
    """Put one record into the ledger at `url`. Raises what `add_all` raises."""
    return next(add_all([record], url))


def add_all(records: Iterable[Record], url: str) -> Iterator[Added]:
    """Put the records into the ledger at `url`, with one listing of each month that can matter for all of them.

    Two records with one key and other figures are a conflict, unless one of them is an earlier state of the other:
    recovered from the journal of a run that was killed, or that still went on.

    Raises OutputError if the ledger cannot be written.
    """
    storage = open_storage(url)
    months: dict[str, dict[str, str]] = {}
    for record in records:
        name = _name(record)
        for month in _months_of(record):
            if month not in months:
                months[month] = {posixpath.basename(path): path for path in storage.names(month)}
        try:
            yield _add(record, name, months, storage)
        except InputError as error:
            yield Added(path=name, status="unreadable", conflict=error.message)


def _add(record: Record, name: str, months: dict[str, dict[str, str]], storage: Storage) -> Added:
    """Write one record unless it is there. `months` holds the paths that are known, by month and name."""
    month = month_of(record)
    path = posixpath.join(month, name)
    try:
        data = render_line(record)
    except ValueError as error:
        raise OutputError(f"the record of run {record.run_id} holds a number that is not finite") from error
    while True:
        known = [months[each][name] for each in _months_of(record) if name in months[each]]
        there = [_entry(storage.read(each), each, storage) for each in known]
        added = _compared(record, there)
        if added is not None:
            return added
        if path in known:
            storage.write(path, data)
        elif not storage.create(path, data):  # another writer was here after the listing
            months[month][name] = path
            continue
        for earlier in known:
            if earlier != path:
                storage.remove(earlier)
                del months[posixpath.dirname(earlier)][name]
        months[month][name] = path
        return Added(path=storage.shown(path), status="replaced" if known else "added")


def _compared(record: Record, known: list[Entry]) -> Added | None:
    """Return why the record is not written; `None` if it is new, or the end of each run that is there."""
    for entry in known:
        if _figures(record) == _figures(entry.record) or _is_earlier(record, entry.record):
            return Added(path=entry.path, status="known")
        if not _is_earlier(entry.record, record):
            return Added(path=entry.path, status="conflict", conflict=_both(record, entry.record))
    return None


def _is_earlier(record: Record, other: Record) -> bool:
    """Return whether the record is an earlier state of the other. Durations do not depend on a clock's time."""
    return (
        record.outcome is Outcome.INTERRUPTED
        and record.duration_s < other.duration_s
        and (record.energy_kwh.total or 0.0) <= (other.energy_kwh.total or 0.0)
        and (record.emissions_g or 0.0) <= (other.emissions_g or 0.0)
    )


def _figures(record: Record) -> tuple[float | None, float | None, float]:
    return record.emissions_g, record.energy_kwh.total, record.duration_s


def _both(given: Record, there: Record) -> str:
    """Return both runs' figures; every digit of them if the usual ones look alike."""
    shown = [_shown(record) for record in (given, there)]
    if shown[0] == shown[1]:
        every = (_figures(record) for record in (given, there))
        shown = [f"{grams} g, {energy_kwh} kWh in {duration_s} s" for grams, energy_kwh, duration_s in every]
    return f"the record given: {shown[0]}; the ledger: {shown[1]}"


def _shown(record: Record) -> str:
    grams, energy_kwh, duration_s = _figures(record)
    emissions = "no grams" if grams is None else format_emissions(grams)
    energy = "no energy" if energy_kwh is None else format_energy(energy_kwh)
    return f"{emissions}, {energy} in {format_duration(duration_s)}"


def contents(url: str, months: Collection[str] | None = None, *, since: str = "") -> Contents:
    """Return every record of the ledger, or of some months, in the order of time, and what there cannot be read.

    Runs that ended before the second `since` (UTC) may be left out.
    """
    storage = open_storage(url)
    there = _months(storage) if months is None else sorted(months)
    paths = [path for month in there for path in sorted(storage.names(month))]
    if months is not None:
        there = sorted({posixpath.dirname(path) for path in paths}) or _months(storage)
    found, broken = [], []
    for path, data in storage.read_all(paths):
        if since and _ended_before(since, data, posixpath.dirname(path)):
            continue
        try:
            found.append(_entry(data, path, storage))
        except InputError as error:
            broken.append(Broken(path=storage.shown(path), month=posixpath.dirname(path), error=error))
    found.sort(key=lambda entry: (entry.end_s, entry.path))
    return Contents(entries=tuple(found), broken=tuple(broken), months=tuple(there))


def contents_between(url: str, since: datetime, until: datetime | None = None) -> Contents:
    """Return the records of the runs that ended from `since` up to `until`, which may be open.

    What cannot be read is that of the months that can hold one of them.
    """
    found = contents(url, _months_between(since, until), since=f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
    start_s, end_s = since.timestamp(), inf if until is None else until.timestamp()
    entries = tuple(entry for entry in found.entries if start_s <= entry.end_s < end_s)
    return replace(found, entries=entries)


def _ended_before(since: str, data: bytes | InputError, month: str) -> bool:
    """Return whether a file can only be the record of a run that ended before: it is not parsed for that."""
    ends = [] if isinstance(data, InputError) or since <= f"{month}-01T00:00:00" else _ENDED.findall(data)
    return bool(ends) and max(ends) < since.encode() and max(ends).startswith(month.encode())


def _months_between(since: datetime, until: datetime | None) -> list[str]:
    """Return the months of a time up to its end. An open one lasts to the month after this: a clock may be ahead."""
    first = since.astimezone(UTC)
    last = datetime.now(UTC) if until is None else until.astimezone(UTC) - timedelta(microseconds=1)
    counts = (first.year * 12 + first.month - 1, last.year * 12 + last.month + (0 if until else 1))
    return [_month(count) for count in range(*counts)]


def _months(storage: Storage) -> list[str]:
    return sorted(name for name in storage.folders() if _MONTH.fullmatch(name))


def _entry(data: bytes | InputError, name: str, storage: Storage) -> Entry:
    """Return the record in `MONTH/NAME`. Raise InputError, also if a sum of its month would miss or misplace it."""
    if isinstance(data, InputError):
        raise data
    path, month = storage.shown(name), posixpath.dirname(name)
    try:
        record = parse_record(data, path, is_of_ledger=True)
    except OtherFormatError:
        raise
    except InputError as error:
        raise InputError(error.message, hint=_TAKE_IT_OUT) from error
    entry = Entry(path=path, record=record)
    try:
        entry.end_s  # noqa: B018  a time that cannot be fails here, not in a sum
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path} cannot be right: it ran from {record.started_at} to {record.ended_at}", hint=_TAKE_IT_OUT
        ) from error
    if month_of(record) != month:
        raise InputError(f"{path} ended in {month_of(record)}, and lies in the folder of {month}", hint=_TAKE_IT_OUT)
    return entry


def check_whole(found: Contents) -> None:
    """Raise InputError that names every file that cannot be read: a sum that leaves one out would be too small."""
    if len(found.broken) == 1:
        raise found.broken[0].error
    if found.broken:
        raise InputError(
            f"{len(found.broken)} files of the ledger are not readable records",
            hint="take them out of the ledger, put the right ones in their place, or use the version that wrote them:",
            details=tuple(broken.error.message for broken in found.broken),
        )


def newest_first(url: str, repository: str, until: str | None) -> Iterator[Entry]:
    """Return the records of a repository from the latest to the earliest, and read a month only when it is reached.

    Months after `until` (UTC, ISO 8601) and files without the repository's name are not parsed. Raises InputError at a
    file that could be meant and cannot be read.
    """
    storage = open_storage(url)
    mark = json.dumps(repository, ensure_ascii=False).encode(errors="replace")
    for month in reversed(_months(storage)):
        if until is not None and month > until[:7]:
            continue
        found = [
            _entry(data, path, storage)
            for path, data in storage.read_all(sorted(storage.names(month)))
            if isinstance(data, InputError) or mark in data
        ]
        found.sort(key=lambda entry: (entry.end_s, entry.path), reverse=True)
        yield from (entry for entry in found if until is None or entry.record.ended_at <= until)


def latest(url: str, *, branch: str, run: Identity, name: str | None = None) -> tuple[Entry | None, str]:
    """Return the last completed run on a branch that may be the baseline of `run`, else `None` and why.

    `name` is what the user calls the ledger.

    Raises InputError, also for a folder that is not there: most likely it is a wrong path.
    """
    if is_missing(url):
        raise InputError(
            f"there is no ledger at {url}",
            hint=f"`mkdir -p {url}` begins an empty one, or name the right one",
            suggest=(("ledger", "URL"),),
        )
    refs = {branch, f"refs/heads/{branch}"}
    if run.repository is not None:
        for entry in newest_first(url, run.repository, run.ended_at):
            if _is_completed_on(entry, refs) and why_passed_over(run, identity_of(entry.record)) is None:
                return entry, ""
    return None, _why_none(url, branch, refs, run, name or url)


def _is_completed_on(entry: Entry, refs: set[str]) -> bool:
    return entry.record.provenance.ref in refs and entry.record.outcome is Outcome.COMPLETED


def _why_none(url: str, branch: str, refs: set[str], run: Identity, name: str) -> str:
    """Return why no run of the ledger is comparable. It reads them all: only the search that finds one is short."""
    reasons, branches, found = Counter[str](), set[str](), contents(url)
    check_whole(found)
    for entry in found.entries:
        if _is_completed_on(entry, refs):
            reasons[why_passed_over(run, identity_of(entry.record)) or "later than this run"] += 1
        else:
            branches.add((entry.record.provenance.ref or "").removeprefix("refs/heads/"))
    if reasons:
        seen = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        return f"no completed run on {branch} in {name} is comparable ({seen})"
    named = sorted(branches - {"", branch})[:_MOST_BRANCHES]
    return f"no completed run on {branch} in {name}" + (f" (it has runs on {', '.join(named)})" if named else "")


def _months_of(record: Record) -> tuple[str, ...]:
    """Return the months in which a record with this key can lie, the record's own first.

    Two records of one run began at the same time and ended at nearly the same one, unless a clock was set meanwhile.
    """
    months = (month_of(record), parse_month(record.started_at[:7]))
    counts = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in months)
    return tuple(dict.fromkeys(_month(count + beside) for count in counts for beside in (0, -1, 1)))


def _month(count: int) -> str:
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _name(record: Record) -> str:
    """Return a name that is readable at its start, and the key's alone: `me-models_77_1_train_3f0c...json`."""
    parts = key(record)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]
    words = [re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.")[:40] for part in parts[:4]]
    return "_".join([*filter(None, words), digest]) + ".json"
