"""CPU time of measuring, as a share of one core, with made GPUs at the NVML boundary.

The driver's own time is not in it.

    python benchmarks/replay_cost.py [--seconds 30]

Limit: 0.3 % of a core at a tick of 1 s with eight GPUs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_PERCENT = 0.3
# Each in a process of its own: CodeCarbon looks for GPUs once.
SCRIPT = """
import sys, time
from tests.measure.stub_nvml import StubGpu, StubNvml
count, has_counter, seconds = int(sys.argv[1]), sys.argv[2] == "counter", int(sys.argv[3])
sys.modules["pynvml"] = StubNvml([StubGpu(uuid=f"GPU-{n}", has_counter=has_counter) for n in range(count)])
from carbon_lint.measure.codecarbon_meter import CodeCarbonMeter
from carbon_lint.places import find_place
meter = CodeCarbonMeter(find_place("FRA"))
meter.start()
cpu_s, wall_s = time.process_time(), time.monotonic()
for _ in range(seconds):
    time.sleep(1)
    assert meter.read() is not None, meter.last_failure
print(100 * (time.process_time() - cpu_s) / (time.monotonic() - wall_s))
meter.stop()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    is_over = False
    for count, kind in ((0, "counter"), (1, "counter"), (8, "counter"), (8, "sampled power")):
        argv = [sys.executable, "-c", SCRIPT, str(count), kind, str(seconds)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        percent = float(done.stdout)
        is_over = is_over or percent > LIMIT_PERCENT
        print(f"{count} GPUs, {kind:14}{percent:6.2f} % of a core  (limit {LIMIT_PERCENT} %)")
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
