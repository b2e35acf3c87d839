"""Join records: the nodes of one job, or the attempts of a run group, with nothing counted twice.

  carbon-lint merge records/*.json -o run.json
  carbon-lint merge records --run-group bert-large -o run.json

What is left out, and why, is said on stderr and kept in the record's warnings.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from carbon_lint.text import terminal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.records.merge import Named


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint merge`."""
    parser.add_argument("records", metavar="RECORD", nargs="+", help="records, or folders of records (*.json)")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="the record to write")
    parser.add_argument("--run-group", metavar="NAME", help="take only the records of this run group")
    parser.add_argument(
        "--overlap",
        choices=("refuse", "apportion", "separate"),
        default="refuse",
        help="runs of different jobs at the same time on one machine: refuse (default), count the shared time once, "
        "or take them as separate machines of the same name",
    )


def run(arguments: Namespace) -> int:
    """Merge, write, and say what was left out and what came of it."""
    from carbon_lint.records.merge import Overlap, merge, of_group
    from carbon_lint.records.store import write_record
    from carbon_lint.report.run_text import render

    records = _load(arguments.records, Path(arguments.output))
    if arguments.run_group is not None:
        records = of_group(records, arguments.run_group)
    merged = merge(records, overlap=Overlap(arguments.overlap))
    write_record(merged.record, arguments.output)
    for note in merged.notes:
        sys.stderr.write(f"carbon-lint: {terminal(note)}\n")
    sys.stdout.write(render(merged.record, None))
    count = len(merged.record.merged_from)  # not of the files: one may be left out, another be a sum itself
    what = f"the sum of {count} runs" if count else "one run alone"
    sys.stdout.write(f"carbon-lint: {what}, written to {terminal(arguments.output)}\n")
    return 0


def _load(names: list[str], output: Path) -> list[Named]:
    """The records of the named files and folders. An earlier output in one of the folders is not an input."""
    from carbon_lint.records.folder import records_in
    from carbon_lint.records.merge import Named
    from carbon_lint.records.store import load_record

    found: dict[Path, Named] = {}
    for name in names:
        path = Path(name)
        items = records_in(path) if path.is_dir() else [Named(name=name, record=load_record(path))]
        found.update((Path(item.name).resolve(), item) for item in items)
    return [item for path, item in found.items() if path != output.resolve() or str(output) in names]
