"""Join records: the nodes of one job, or the attempts of a run group, with nothing counted twice.

  carbon-lint merge records/ -o run.json
  carbon-lint merge records/ --run-group bert-large -o run.json
  carbon-lint merge s3://bucket/records -o run.json             wherever fsspec reaches: gs://, hf://, ...

Name the folder and not `records/*.json`: a node that was killed leaves a journal and no record, and a sum without it is
refused. What is left out, and why, is printed on stderr and kept in the record's warnings.
"""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from carbon_lint.errors import InputError, UsageError
from carbon_lint.records.folder import put_record, record_at, records_in
from carbon_lint.records.journal import check_no_run_is_missing
from carbon_lint.records.merge.merge import NamedRecord, Overlap, merge, of_group, run_ids_of
from carbon_lint.records.storage import LocalStorage, is_url
from carbon_lint.records.store import MARK, parse_record
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.text import render
from carbon_lint.text import terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint merge`."""
    parser.add_argument(
        "records",
        metavar="RECORD",
        nargs="+",
        help="records (*.json), or folders of them, here or by URL: s3://, gs://",
    )
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the record to write, a file or a URL")
    parser.add_argument("--run-group", metavar="NAME", help="take only the records of this run group")
    parser.add_argument(
        "--overlap",
        choices=("refuse", "separate"),
        default="refuse",
        help="runs of different jobs at the same time on one machine: refuse (default), or take them as separate "
        "machines of the same name",
    )


def run(arguments: Namespace) -> int:
    """Merge, write, and print what was left out and the result."""
    records = _load(arguments.records, arguments.output)
    every = records
    if arguments.run_group is not None:
        records = of_group(records, arguments.run_group)
    _check_complete(arguments, every, records)
    merged = merge(records, overlap=Overlap(arguments.overlap))
    put_record(merged.record, arguments.output)
    for note in merged.notes:
        sys.stderr.write(f"carbon-lint: {terminal(note)}\n")
    sys.stdout.write(render(RunReport(record=merged.record)))
    count = len(merged.record.merged_from)  # not of the files: one may be left out, another be a sum itself
    what = f"the sum of {count} run{'s' * (count > 1)}" if count else "1 run, copied"
    sys.stdout.write(f"carbon-lint: {what}, written to {terminal(arguments.output)}\n")
    return 0


def _check_complete(arguments: Namespace, every: list[NamedRecord], records: list[NamedRecord]) -> None:
    """Raise InputError if a run of the sum was killed and left a journal alone.

    In a folder every run belongs to the sum, or to another run group. Beside files that are named, those do that share
    their run group or their command with one of them.
    """
    local = [name.removeprefix("file://") for name in arguments.records]
    names = [name for name in local if not is_url(name)]  # a journal is never written behind a URL
    folders = {os.path.realpath(name): name for name in names if os.path.isdir(name)}
    for folder in folders.values():
        check_no_run_is_missing(Path(folder), run_ids_of(every), of_group=arguments.run_group)
    beside = {os.path.realpath(os.path.dirname(name)): os.path.dirname(name) for name in names if os.path.isfile(name)}
    commands = {item.record.command for item in records}
    groups = {item.record.run_group for item in records} - {None}
    for folder in (path for real, path in beside.items() if real not in folders):
        check_no_run_is_missing(
            Path(folder),
            run_ids_of(every) | _recorded_in(folder),
            of_group=arguments.run_group,
            belongs=lambda journal: journal.run_group in groups or journal.command in commands,
        )


def _recorded_in(folder: str) -> frozenset[str]:
    """Return the ids of the runs whose records lie in the folder. A file that cannot be read holds none."""
    storage = LocalStorage(Path(folder))
    found = []
    for name in storage.files():
        data = storage.read_marked(name, MARK)
        if data is not None:
            with contextlib.suppress(InputError):
                found.append(NamedRecord(name=name, record=parse_record(data, name)))
    return run_ids_of(found)


def _load(names: list[str], output: str) -> list[NamedRecord]:
    """Return the records of the named files and folders. An earlier output in one of the folders is not an input.

    Raises UsageError if what is written over holds what no other of them does, or is itself one of the records. A sum
    may be named to be added to.
    """
    found = {_identity(item.name): item for name in names for item in _items(name)}
    named = found.get(_identity(output)) if output in names else None
    if named is not None and named.record.merged_from:
        return list(found.values())
    if named is not None:
        raise UsageError(
            f"{terminal(output)} is one of the records: its own figures would be lost", hint="give another -o"
        )
    written_over = found.pop(_identity(output), None)
    records = list(found.values())
    if written_over is not None and not _is_held(written_over, records):
        raise UsageError(
            f"{terminal(output)} is there and holds runs that the other records do not: they would be lost",
            hint="give another -o, or name each record, this one too",
        )
    return records


def _is_held(item: NamedRecord, records: list[NamedRecord]) -> bool:
    """Return whether an earlier output is the sum of these records, or the one that it was made of."""
    if not item.record.merged_from:
        return any(other.record == item.record for other in records)
    return run_ids_of([item]) <= run_ids_of(records)


def _items(name: str) -> list[NamedRecord]:
    is_folder = not name.endswith(".json") if is_url(name) else os.path.isdir(name)
    return records_in(name) if is_folder else [NamedRecord(name=name, record=record_at(name))]


def _identity(name: str) -> str:
    local = name.removeprefix("file://")
    return name if is_url(local) else os.path.realpath(local)
