"""Make the record of a run that was killed, from its journal.

  carbon-lint recover r.jsonl                  writes r.json
  carbon-lint recover records/                 every killed run in the folder
  carbon-lint recover r.jsonl -o saved.json

`carbon-lint run --record r.json` writes the journal r.jsonl while it runs.
The new record has the outcome `interrupted` and the figures of the last
reading. A run that was killed before its first reading has no figures.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from carbon_lint.cli.flags import add_output_arguments, check_blank, say
from carbon_lint.errors import InputError, UsageError
from carbon_lint.measurement.recover import free_path, recover
from carbon_lint.records.folder import records_in
from carbon_lint.records.journal import unfinished_in
from carbon_lint.records.merge.merge import run_ids_of
from carbon_lint.records.store import write_record
from carbon_lint.report.run.phrases import emissions, energy
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.text import render
from carbon_lint.text import terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint recover`."""
    parser.add_argument("journal", metavar="JOURNAL", help="the .jsonl file beside the record, or a folder of them")
    add_output_arguments(parser, "the record to write (default: r.json for r.jsonl)")


def run(arguments: Namespace) -> int:
    """Write the record or records and say what they hold."""
    if not os.path.isdir(arguments.journal):
        return _one(arguments)
    if arguments.output is not None or arguments.force:
        flag = "--force" if arguments.output is None else "--output"
        raise UsageError(f"{flag} is for one journal, and {arguments.journal} is a folder", hint=f"leave {flag} out")
    return _folder(arguments.journal)


def _one(arguments: Namespace) -> int:
    record = recover(arguments.journal)
    path = arguments.output or str(free_path(arguments.journal, record))
    if not arguments.force:
        check_blank(path)
    write_record(record, path, force=True)
    sys.stdout.write(render(RunReport(record=record)))
    sys.stdout.write(f"carbon-lint: written to {terminal(path)}\n")
    return 0


def _folder(folder: str) -> int:
    """Recover what can be recovered; return 2 if a journal could not be read."""
    failed = False
    journals = unfinished_in(Path(folder), run_ids_of(records_in(folder)))
    for journal in journals:
        shown = terminal(str(journal.path))
        if not journal.has_figures:
            sys.stdout.write(f"{shown}: killed before its first reading, so nothing is known of its energy\n")
            continue
        try:
            record = recover(journal.path)
            path = free_path(journal.path, record)
            write_record(record, path)
        except InputError as error:
            say(error.message)
            failed = True
            continue
        figures = f"{emissions(record.emissions_g)}, {energy(record.energy_kwh.total)}"
        sys.stdout.write(f"{shown}: {record.outcome}, {figures}, written to {terminal(str(path))}\n")
    if not journals:
        sys.stdout.write(f"carbon-lint: every journal in {terminal(folder)} has its record\n")
    return 2 if failed else 0
