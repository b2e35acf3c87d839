"""What `carbon-lint run` costs, beside `codecarbon monitor` and the bare command. Side by side, medians.

    python benchmarks/run_overhead.py [--rounds 7] [--json FILE]

* Added wall time: `carbon-lint run -- sleep S` and `codecarbon monitor --offline ... -- sleep S`, each less `sleep S`.
* CPU while running: what the kernel's scheduler gave carbon-lint and its guardian between two moments of one run, to
  the nanosecond. Two whole runs, subtracted, would say more of what starting cost each on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BIN = os.path.dirname(sys.executable)
OURS = [
    os.path.join(BIN, "carbon-lint"),
    "run",
    "--location",
    "FRA",
    "--max-emissions",
    "1 kg",
    "--record",
    "r.json",
    "--",
]
THEIRS = [os.path.join(BIN, "codecarbon"), "monitor", "--offline", "--country-iso-code", "FRA", "--"]
WALL_GOAL = 0.5  # of what codecarbon monitor adds
CPU_GOAL = 0.003  # of a core
SETTLE_S = 5.0  # starting is over, and ending has not begun


def main() -> int:
    """Measure, print, and exit 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sleep", type=float, default=3.0, help="seconds of the job whose overhead is timed")
    parser.add_argument("--long", type=float, default=60.0, help="seconds for which CPU time is counted")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        result = {"wall": wall(arguments.rounds, arguments.sleep), "cpu": cpu(arguments.long)}
    result["machine"] = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    report(result)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as stream:
            json.dump(result, stream, indent=2)
    ratio, share = result["wall"]["ratio"], result["cpu"]["share_of_a_core"]
    return 0 if ratio is not None and ratio <= WALL_GOAL and 0 < share <= CPU_GOAL else 1


def wall(rounds: int, seconds: float) -> dict:
    """Alternating, so that a slow moment of the machine hits all three."""
    commands = {"bare": [], "ours": OURS}
    if shutil.which(THEIRS[0]):
        commands["theirs"] = THEIRS
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, prefix in commands.items():
            times[name].append(timed([*prefix, "sleep", str(seconds)]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    added = {name: medians[name] - medians["bare"] for name in commands if name != "bare"}
    return {
        "times_s": times,
        "added_s": added,
        "ratio": added["ours"] / added["theirs"] if "theirs" in added else None,
    }


def cpu(seconds: float) -> dict:
    """CPU seconds of carbon-lint and its guardian in the middle `seconds` of a run. Linux only."""
    with subprocess.Popen(
        [*OURS, "sleep", str(seconds + 2 * SETTLE_S)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        time.sleep(SETTLE_S)
        watched = [run.pid, *children(run.pid)]
        before, began = sum(map(on_cpu_s, watched)), time.perf_counter()
        time.sleep(seconds)
        used, took = sum(map(on_cpu_s, watched)) - before, time.perf_counter() - began
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, OURS)
    return {"cpu_s": used, "seconds": took, "share_of_a_core": used / took}


def children(pid: int) -> list[int]:
    """The processes that `pid` started: the guardian, whose own child is the job."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listing:
        return [int(word) for word in listing.read().split()]


def on_cpu_s(pid: int) -> float:
    """Seconds on a CPU so far, all threads together, also those that have ended: CodeCarbon starts one a second."""
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's CPU clock of another process, clock_getcpuclockid(3)


def timed(command: list[str]) -> float:
    """Wall seconds of a command that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def report(result: dict) -> None:
    """For a person."""
    added, ratio = result["wall"]["added_s"], result["wall"]["ratio"]
    print(f"added wall time   carbon-lint run {added['ours']:.3f} s", end="")
    if ratio is not None:
        print(f", codecarbon monitor {added['theirs']:.3f} s: {ratio:.2f} x (goal {WALL_GOAL})", end="")
    print(f"\nCPU while running {result['cpu']['share_of_a_core']:.3%} of a core (goal {CPU_GOAL:.1%})")


if __name__ == "__main__":
    sys.exit(main())
