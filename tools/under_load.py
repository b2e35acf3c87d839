"""Run a command while other processes keep the machine busy, and end with its exit status.

    python tools/under_load.py PROCESSES COMMAND...
    python tools/under_load.py PROCESSES --times N COMMAND...

With `--times` the command runs N times. Each run is one line here: its number, status, seconds and the last line that
it printed; what it printed before is in `.ci-cache/under-load/run-NUMBER.txt`. The exit status is 1 if a run failed.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A process that computes and touches memory, and ends by itself when the one that started it is gone.
BUSY = """
import os
parent, numbers = os.getppid(), list(range(100_000))
while os.getppid() == parent:
    numbers = [number * 3 % 1_000_003 for number in numbers]
"""
OUTPUT = Path(__file__).resolve().parent.parent / ".ci-cache" / "under-load"


@contextlib.contextmanager
def load(count: int) -> Iterator[None]:
    """Keep the machine busy with `count` processes, and end them."""
    busy = [subprocess.Popen([sys.executable, "-S", "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.send_signal(signal.SIGKILL)
            process.wait()


def run_times(times: int, command: list[str]) -> int:
    """Run the command `times` times, print a line for each run and its failed tests; return 1 if a run failed."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    failed = 0
    for number in range(1, times + 1):
        path, began = OUTPUT / f"run-{number}.txt", time.monotonic()
        with path.open("wb") as output:
            status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        lines = path.read_text(errors="replace").splitlines() or ["no output"]
        failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
        closing = next((line for line in reversed(lines) if " in " in line and "passed" in line), lines[-1])
        print(f"run {number} of {times}: status {status}, {time.monotonic() - began:.0f} s: {closing}", flush=True)
        print("".join(f"  {line}\n" for line in failures), end="", flush=True)
        failed += status != 0
    print(f"{failed} of {times} runs failed" if failed else f"all {times} runs passed")
    return int(failed > 0)


def main(arguments: list[str]) -> int:
    """Start the busy processes, run the command, end them."""
    count, command = int(arguments[0]), arguments[1:]
    with load(count):
        if command[0] == "--times":
            return run_times(int(command[1]), command[2:])
        status = subprocess.run(command, check=False).returncode
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
