"""`carbon-lint audit --from cards.parquet`, one process, two, Ray, and where only cards that mention emissions count.

    python benchmarks/hub_audit.py FOLDER [--cards 1000000] [--keep FILE.parquet] [--only WAY ...]

FOLDER holds cards as `*.md` at any depth; they are repeated to `--cards` and put into one Parquet file, with the name
as id. Every figure is a whole program: seconds from start to report, CPU seconds (without those of Ray's own servers),
and the peak of the proportional memory (PSS) of all its processes. Ways whose library is not installed are left out.
All ways must give the same sums.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

AUDIT = [sys.executable, "-m", "carbon_lint", "audit", "--format", "json", "--exit-zero", "--from"]
DUCKDB = """
import json, sys
import duckdb
duckdb.execute("set enable_progress_bar = false")
from carbon_lint.config import Settings
from carbon_lint.hub.audit.cards import CardText, Tally, audit_card
sums = Tally()
query = "select id, card from read_parquet(?) where contains(lower(card), 'co2') or contains(lower(card), 'emission')"
rows = duckdb.execute(query, [sys.argv[1]])
settings = Settings()
while batch := rows.fetchmany(1000):
    for name, text in batch:
        sums.add(audit_card(CardText(id=name, data=text.encode()), settings))
print(json.dumps({"stating": sums.stating, "emissions_g": sums.emissions_g}))
"""


def ways(path: Path) -> dict[str, list[str]]:
    found = {
        "one process": [*AUDIT, str(path), "--workers", "1"],
        "two processes": [*AUDIT, str(path), "--workers", "2"],
        "one process, --stating-only": [*AUDIT, str(path), "--workers", "1", "--stating-only"],
        "two processes, --stating-only": [*AUDIT, str(path), "--workers", "2", "--stating-only"],
    }
    if importlib.util.find_spec("duckdb"):
        found["DuckDB's filter, one process"] = [sys.executable, "-c", DUCKDB, str(path)]
    if importlib.util.find_spec("ray"):
        found["Ray"] = [*AUDIT, str(path), "--engine", "ray"]
    return found


def write_cards(folder: Path, count: int, path: Path) -> None:
    texts = [(file.stem, file.read_text(encoding="utf-8", errors="replace")) for file in sorted(folder.rglob("*.md"))]
    assert texts, f"no cards in {folder}"
    schema = pa.schema([("id", pa.string()), ("card", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, count, len(texts)):
            part = texts[: count - start]
            ids = [f"bench/{start + index}-{name}" for index, (name, _) in enumerate(part)]
            writer.write_table(pa.table({"id": ids, "card": [text for _, text in part]}, schema=schema), 1000)


def measure(command: list[str]) -> tuple[float, float, float, dict]:
    """Seconds, CPU seconds, peak PSS in MB over all processes, and the sums."""
    with tempfile.TemporaryFile("w+") as out:
        start, before = time.perf_counter(), _cpu_s()
        program = psutil.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        peak = 0.0
        while program.poll() is None:
            peak = max(peak, _pss(program))
            time.sleep(0.5)
        took = time.perf_counter() - start
        out.seek(0)
        assert program.returncode == 0, f"{command} ended with {program.returncode}"
        return took, _cpu_s() - before, peak, json.load(out)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pss(program: psutil.Process) -> float:
    total = 0.0
    for process in [program, *program.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="write the Parquet file there, or use the one that is there")
    parser.add_argument("--only", action="append", help="this way alone; may be repeated")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.keep or Path(folder) / "cards.parquet"
        if not path.exists():
            write_cards(arguments.folder, arguments.cards, path)
        rows = pq.read_metadata(path).num_rows
        print(f"{rows} cards, {path.stat().st_size / 1e6:.0f} MB of Parquet\n")
        print("| way | seconds | CPU s | peak MB | stating | g |")
        print("|---|---|---|---|---|---|")
        answers = set()
        for name, command in ways(path).items():
            if arguments.only and name not in arguments.only:
                continue
            took, cpu, peak, sums = measure(command)
            answers.add((sums["stating"], round(sums["emissions_g"] or 0.0)))
            figures = f"{took:.1f} | {cpu:.1f} | {peak:.0f}"
            print(f"| {name} | {figures} | {sums['stating']} | {sums['emissions_g']:.6g} |", flush=True)
    return 0 if len(answers) == 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
