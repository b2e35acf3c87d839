"""What `carbon-lint run --forecast` costs a job that prints much. Side by side, medians.

    python benchmarks/run_output.py [--rounds 5] [--megabytes 400]

A job writes log lines, and now and then a bar, to a pipe that is read here: bare, under `carbon-lint run` (which does
not touch its output), and with `--forecast` (which passes on each byte and listens). MB/s from the first byte to the
last one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

WRITER = r"""
import os, sys
line = b"2026-01-01 12:00:00 INFO loss 0.1234 of /data/train, lr 1e-5 and so on for eighty characters\n"
bar = "\r 42%|####2     | 420/1000 [00:10<00:14, 41.20it/s]".encode()
block = (line * 700)[:65000] + bar
for _ in range(int(sys.argv[1]) * 1_000_000 // len(block)):
    view = memoryview(block)
    while view:
        view = view[os.write(1, view):]
"""
RUN = [os.path.join(os.path.dirname(sys.executable), "carbon-lint"), "run", "--max-energy", "1 MWh"]
WAYS = {"bare": [], "run": [*RUN, "--"], "run --forecast": [*RUN, "--forecast", "--"]}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=400)
    arguments = parser.parse_args()
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for _ in range(arguments.rounds):  # alternating, so that a slow moment of the machine hits all three
            for way, prefix in WAYS.items():
                speeds[way].append(
                    megabytes_a_second([*prefix, sys.executable, "-c", WRITER, str(arguments.megabytes)])
                )
    for way, measured in speeds.items():
        median = statistics.median(measured)
        print(f"{way:16} {median:7.0f} MB/s, {median / statistics.median(speeds['bare']):.2f} of the bare job's")
    return 0


def megabytes_a_second(command: list[str]) -> float:
    """From the first byte of its stdout to the last."""
    seen, began, last = 0, 0.0, 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), 1 << 20):
            last = time.perf_counter()
            began = began or last
            seen += len(data)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seen / 1e6 / (last - began)


if __name__ == "__main__":
    sys.exit(main())
