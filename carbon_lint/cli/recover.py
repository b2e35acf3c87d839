"""Make the record of a run that was killed from its journal.

  carbon-lint recover r.jsonl --record r.json

The journal lies beside the record of `carbon-lint run --record`. The record's outcome is `interrupted`, its figures are
those of the last reading.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from carbon_lint.errors import UsageError
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint recover`."""
    parser.add_argument("journal", metavar="JOURNAL", help="the .jsonl file beside the record")
    parser.add_argument("--record", metavar="FILE", required=True, help="the record to write")
    parser.add_argument("--force", action="store_true", help="replace a record that is there")


def run(arguments: Namespace) -> int:
    """Write the record and say what it holds."""
    from carbon_lint.measure.recover import recover
    from carbon_lint.records.store import write_record
    from carbon_lint.report.run_text import render

    record = recover(arguments.journal)
    if os.path.exists(arguments.record) and not arguments.force:
        raise UsageError(f"{arguments.record} is there already", hint="name another file, or --force to replace it")
    write_record(record, arguments.record)
    sys.stdout.write(render(record, None))
    sys.stdout.write(f"carbon-lint: written to {terminal(arguments.record)}\n")
    return 0
