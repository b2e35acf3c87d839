"""Add up records: the nodes of one job, or the attempts of a run group.

  carbon-lint merge records/ -o run.json
  carbon-lint merge records/ --run-group bert-large -o run.json
  carbon-lint merge s3://bucket/records -o run.json

Nothing is counted twice. Records may be behind any URL that fsspec reaches:
s3://, gs://, hf://. Name the folder and not `records/*.json`: a node that was
killed leaves a journal and no record, and a sum without it is refused. What
is left out, and why, is printed and kept in the record's warnings.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from carbon_lint.cli.flags import add_output_arguments, say
from carbon_lint.records.folder import check_complete, load_named, put_record
from carbon_lint.records.merge.merge import Overlap, merge, of_group
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.report.run.text import render
from carbon_lint.text import plural, terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint merge`."""
    parser.add_argument(
        "records",
        metavar="RECORD",
        nargs="+",
        help="records (*.json), or folders of them, here or by URL: s3://, gs://",
    )
    add_output_arguments(parser, "the record to write, a file or a URL", required=True)
    parser.add_argument("--run-group", metavar="NAME", help="take only the records of this run group")
    parser.add_argument(
        "--overlap",
        choices=("refuse", "separate"),
        default="refuse",
        help="runs at the same time on one machine: refuse those of different jobs and count one job once (default), "
        "or take all as separate machines of the same name",
    )


def run(arguments: Namespace) -> int:
    """Merge, write, and print what was left out and the result."""
    records = load_named(arguments.records, arguments.output)
    every = records
    if arguments.run_group is not None:
        records = of_group(records, arguments.run_group)
    check_complete(arguments.records, every, records, arguments.run_group)
    merged = merge(records, overlap=Overlap(arguments.overlap))
    put_record(merged.record, arguments.output, force=arguments.force)
    say(*merged.notes)
    sys.stdout.write(render(RunReport(record=merged.record)))
    count = len(merged.record.merged_from)  # not of the files: one may be left out, another be a sum itself
    what = f"the sum of {plural(count, 'run')}" if count else "1 run, copied"
    sys.stdout.write(f"carbon-lint: {what}, written to {terminal(arguments.output)}\n")
    return 0
