"""Cards a second: `carbon-lint check FOLDER`, the bare floor, and huggingface_hub's ModelCard, side by side, medians.

    python benchmarks/check_throughput.py FOLDER [--rounds 5]

FOLDER holds cards as `*.md` at any depth. The floor is what any reader must do, on one core: read the file, find the
front matter by the Hub's regular expression, compose its YAML with PyYAML's C loader. Every figure is a whole process.
Limits: no slower than the floor, and ten times as fast as ModelCard (on two cores).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

FLOOR = r"""
import re, sys, yaml
from pathlib import Path
matter = re.compile(r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))")
for path in sorted(Path(sys.argv[1]).rglob("*.md")):
    match = matter.search(path.read_bytes().decode("utf-8-sig", "replace"))
    if match:
        try:
            yaml.compose(match[2], Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            pass
"""
MODEL_CARD = r"""
import logging, sys
from pathlib import Path
from huggingface_hub import ModelCard
logging.disable(logging.CRITICAL)
for path in sorted(Path(sys.argv[1]).rglob("*.md")):
    try:
        ModelCard(path.read_bytes().decode("utf-8-sig", "replace"), ignore_metadata_errors=True)
    except Exception:
        pass
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    program = str(Path(sys.executable).parent / "carbon-lint")
    commands = {
        "floor, one core": [sys.executable, "-c", FLOOR, arguments.folder],
        "carbon-lint check": [program, "check", "--no-config", "--include", "*.md", arguments.folder],
        "huggingface_hub ModelCard": [sys.executable, "-c", MODEL_CARD, arguments.folder],
    }
    times = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode not in {0, 1}:  # 1: there are findings
                sys.exit(f"{name}: exit status {done.returncode}\n{done.stderr.decode()}")
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    cards = sum(1 for _ in Path(arguments.folder).rglob("*.md"))
    ours = medians["carbon-lint check"]
    for name, seconds in medians.items():
        print(f"{name:28}{seconds:7.2f} s  {cards / seconds:8.0f} cards/s  x {seconds / ours:.2f} of carbon-lint")
    is_fast = ours <= medians["floor, one core"] and 10 * ours <= medians["huggingface_hub ModelCard"]
    return 0 if is_fast else 1


if __name__ == "__main__":
    sys.exit(main())
