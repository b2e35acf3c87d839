"""Measure how the time of `ledger add`, `sum`, `report` and a baseline from a ledger grows with the number of records.

    python benchmarks/ledger.py [--records 5000 10000] [--year 100000]

`--year` makes the records of a year instead, and prints what one month of them takes, with the most memory. Else it
makes the records of two months on 40 machines, adds all in one call, sums all of them and one month, reports that
month, and looks for the last run on main. Twice the records should take twice the time, not four times. CPU seconds
(wall seconds depend on what else the machine does). Run from the root. On two cores that others used too (load 3 to 5):

  records    add    sum  month  report  baseline
     1000    0.9    0.2    0.2     0.2       0.2
     2000    1.8    0.3    0.3     0.3       0.2
    17104   10.1    1.3    0.7     0.9       0.3

`--year 100000`: 6.4 to 8.4 s for each 10,000, then 0.8 s for the sum and 0.9 s for the report of one month, 63 MB.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from carbon_lint.records.store import render_record
from tests.records.builders import RECORD

MACHINES = 40
START = datetime(2026, 1, 1, tzinfo=UTC)


def write_records(folder: Path, count: int, *, days: int = 58) -> list[str]:
    """Write records of ten repositories, spread over so many days; return their paths."""
    paths = []
    for number in range(count):
        end = START + timedelta(days=days * number / count)
        where = dataclasses.replace(
            RECORD.provenance, repository=f"team/model-{number % 10}", ref="refs/heads/main", run_id=str(number)
        )
        one = dataclasses.replace(
            RECORD,
            run_id=f"run-{number}",
            provenance=where,
            hardware=dataclasses.replace(RECORD.hardware, node=f"node-{number % MACHINES}", gpus=()),
            started_at=f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            ended_at=f"{end:%Y-%m-%dT%H:%M:%SZ}",
        )
        paths.append(str(folder / f"r{number}.json"))
        Path(paths[-1]).write_text(render_record(one))
    return paths


def timed(*argv: str) -> float:
    """CPU seconds that the verb took, its start included."""
    began = _children_s()
    done = subprocess.run([sys.executable, "-m", "carbon_lint", *argv], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stderr)
    return _children_s() - began


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def print_year(count: int) -> None:
    """Print CPU seconds and memory of adding 10,000 records of a year at a time, and of reading one month."""
    with tempfile.TemporaryDirectory() as name:
        paths, ledger = write_records(Path(name), count, days=364), f"{name}/ledger"
        added = [
            timed("ledger", "add", *paths[first : first + 10_000], "--ledger", ledger)
            for first in range(0, count, 10_000)
        ]
        print(f"{count} records in 12 months: add, 10,000 at a time: {min(added):.1f} to {max(added):.1f} s")
        for verb in ("sum", "report"):
            seconds = timed("ledger", verb, "--month", "2026-07", "--ledger", ledger)
            print(f"{verb:>6} of one month: {seconds:.1f} s, at most {_children_mb():.0f} MB so far")


def _children_mb() -> float:
    """Return the most memory that a child that ended has held."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Print one line for each number of records, and the ratio of the last two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", nargs="+", type=int, default=[5000, 10000])
    parser.add_argument("--year", type=int, help="how many records of a year")
    arguments = parser.parse_args()
    if arguments.year is not None:
        print_year(arguments.year)
        return
    rows = []
    for count in arguments.records:
        with tempfile.TemporaryDirectory() as name:
            paths = write_records(Path(name), count)
            ledger = f"{name}/ledger"
            gate = ("gate", paths[-1], "--baseline", "ledger:main", "--max-increase", "5%", "--ledger", ledger)
            rows.append(
                (
                    timed("ledger", "add", *paths, "--ledger", ledger),
                    timed("ledger", "sum", "--ledger", ledger),
                    timed("ledger", "sum", "--month", "2026-01", "--ledger", ledger),
                    timed("ledger", "report", "--month", "2026-01", "--ledger", ledger),
                    timed(*gate),
                )
            )
        print(f"{count:>6}  add {rows[-1][0]:6.1f}  sum {rows[-1][1]:5.1f}", end="")
        print(f"  month {rows[-1][2]:5.1f}  report {rows[-1][3]:5.1f}  baseline {rows[-1][4]:5.1f}")
    if len(rows) > 1:
        ratios = [after / before for before, after in zip(*rows[-2:], strict=True)]
        names = ("add", "sum", "month", "report", "baseline")
        print(" ratio ", "  ".join(f"{name} {ratio:.2f}" for name, ratio in zip(names, ratios, strict=True)))


if __name__ == "__main__":
    main()
