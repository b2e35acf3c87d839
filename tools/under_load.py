"""Run a command while other processes keep the machine busy, and end with its exit status.

Usage: python tools/under_load.py PROCESSES COMMAND...
"""

from __future__ import annotations

import signal
import subprocess
import sys

# A process that computes and touches memory, and ends by itself when the one that started it is gone.
BUSY = """
import os
parent, numbers = os.getppid(), list(range(100_000))
while os.getppid() == parent:
    numbers = [number * 3 % 1_000_003 for number in numbers]
"""


def main(arguments: list[str]) -> int:
    """Start the busy processes, run the command, end them."""
    count, command = int(arguments[0]), arguments[1:]
    busy = [subprocess.Popen([sys.executable, "-S", "-c", BUSY]) for _ in range(count)]
    try:
        status = subprocess.run(command, check=False).returncode
    finally:
        for process in busy:
            process.send_signal(signal.SIGKILL)
            process.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
