"""Measure what the page of a run costs, of an hour and of a day with one tick a second.

    python benchmarks/page.py [--most-s 2]

Prints the CPU seconds of `report r.json --format html` with the journal as `run` keeps it, compressed, and the size of
the page. Exits with 1 if the page of the day takes more than `--most-s`, or 1 MB. Run from the root. On two cores that
others used too (load 15 to 19):

   ticks  seconds  page
    3600      0.6   94 kB
   86400      0.8   94 kB
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from carbon_lint.records.document import record_to_json
from carbon_lint.records.record import Energy
from carbon_lint.records.store import write_record
from tests.records.builders import RECORD, changed

_MOST_BYTES = 1_000_000
_JOULES_PER_KWH = 3.6e6


def write_run(folder: Path, ticks: int) -> Path:
    """Write the record and the compressed journal of a run with one tick a second; return the record's path."""
    lines, gpu_kwh = [], 0.0
    for second in range(1, ticks + 1):
        gpu_kwh += (200 + 50 * math.sin(second / 5)) / _JOULES_PER_KWH
        energy = {"cpu": second * 30 / _JOULES_PER_KWH, "gpu": gpu_kwh, "ram": second * 10 / _JOULES_PER_KWH}
        total_kwh = sum(energy.values())
        grams = total_kwh * 56.04
        lines.append({"elapsed_s": float(second), "energy_kwh": {"total": total_kwh, **energy}, "emissions_g": grams})
    record = replace(
        changed(RECORD, {"duration_s": float(ticks)}), energy_kwh=Energy(total=total_kwh, **energy), emissions_g=grams
    )
    document = record_to_json(record)
    whole = [{"format": "carbon-lint/journal@1", "record": document}, *lines, {"ended": document}]
    with gzip.open(folder / "r.jsonl.gz", "wt") as stream:
        stream.writelines(f"{json.dumps(line)}\n" for line in whole)
    write_record(record, folder / "r.json")
    return folder / "r.json"


def measured(ticks: int) -> tuple[float, int]:
    """Return CPU seconds of the verb, its start included, and the bytes of the page."""
    with tempfile.TemporaryDirectory() as name:
        record, page = write_run(Path(name), ticks), Path(name, "run.html")
        began_s = _children_s()
        command = [sys.executable, "-m", "carbon_lint", "report", str(record), "--format", "html", "-o", str(page)]
        subprocess.run(command, check=True)
        assert "Emissions so far" in page.read_text(), "the page has no chart of the journal"
        return _children_s() - began_s, page.stat().st_size


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print one line for each number of ticks; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-s", type=float, default=2.0, help="CPU seconds that the page of a day may take")
    arguments = parser.parse_args()
    print("  ticks  seconds  page")
    for ticks in (3600, 86_400):
        seconds, size = min(measured(ticks) for _ in range(2))
        print(f"{ticks:>7}  {seconds:7.1f}  {size / 1000:3.0f} kB")
    return int(seconds > arguments.most_s or size > _MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
