"""Cold start of `carbon-lint check README.md` as a multiple of `python -c 'import yaml'`, side by side, medians.

    python benchmarks/check_startup.py [--rounds 30]

Limits: 1.35 for a card without findings, with or without the block; 2.5 for a card with findings.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCK = """co2_eq_emissions:
  emissions: 12.5
  source: codecarbon
  training_type: fine-tuning
  geographical_location: Paris, France
  hardware_used: 1 x NVIDIA H100
"""
CARDS = {
    "without a block": "license: mit\ntags:\n- text-classification\nlanguage: en\n",
    "with a valid block": f"license: mit\n{BLOCK}",
    "with findings": "license: mit\nco2_eq_emissions:\n  emissions: 17g\n  geographic_location: France\n",
    "with a schema finding": f"license: mit\n{BLOCK}  energy_consumed: -1\n",
}
LIMITS = {"without a block": 1.35, "with a valid block": 1.35, "with findings": 2.5, "with a schema finding": 2.5}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        commands = {"import yaml": [sys.executable, "-c", "import yaml"]}
        for name, matter in CARDS.items():
            path = Path(folder) / name.replace(" ", "-") / "README.md"
            path.parent.mkdir()
            path.write_text(f"---\n{matter}---\n# A model\n\nIt classifies sentences.\n", encoding="utf-8")
            commands[name] = [str(Path(sys.executable).parent / "carbon-lint"), "check", str(path)]
        times = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times["import yaml"])
    is_over = False
    for name, seconds in times.items():
        ratio = statistics.median(seconds) / base
        limit = LIMITS.get(name)
        is_over = is_over or (limit is not None and ratio > limit)
        print(
            f"{name:24}{statistics.median(seconds) * 1000:7.1f} ms  x {ratio:.2f}"
            + (f"  (limit {limit})" if limit else "")
        )
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
