"""CPU time of measuring, as a share of one core, with made GPUs at the boundary of their vendor's library.

Each GPU has a process of the job on it. The driver's own time is not in it.

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
CASES = ((0, "counter"), (1, "counter"), (8, "counter"), (8, "sampled power"), (8, "AMD counter"), (8, "AMD sampled"))
# Each in a process of its own: CodeCarbon looks for GPUs once.
SCRIPT = """
import subprocess, sys, time
from tests.measurement.stub_amdsmi import StubAmd, StubAmdsmi
from tests.measurement.stub_nvml import StubGpu, StubNvml
count, kind, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
has_counter = "counter" in kind
gpus = [StubGpu(uuid=f"GPU-{n}", has_counter=has_counter) for n in range(count)]
if kind.startswith("AMD"):
    gpus = [StubAmd(serial=f"0x{n + 1}", bdf=f"0000:c{n}:00.0", has_counter=has_counter) for n in range(count)]
is_amd = kind.startswith("AMD")
sys.modules["pynvml"] = StubNvml([] if is_amd else gpus)
sys.modules["amdsmi"] = StubAmdsmi(gpus if is_amd else [])
from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.places import find_place
meter = CodeCarbonMeter(find_place("FRA"))
meter.start()
job = subprocess.Popen(["sleep", str(seconds + 60)])
for gpu in gpus:
    gpu.pids = [job.pid]
cpu_s, wall_s = time.process_time(), time.monotonic()
for _ in range(seconds):
    time.sleep(1)
    assert meter.read() is not None, meter.last_failure
print(100 * (time.process_time() - cpu_s) / (time.monotonic() - wall_s))
job.kill()
job.wait()
assert not any("is used by" in warning for warning in meter.warnings)
meter.stop()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    is_over = False
    for count, kind in CASES:
        argv = [sys.executable, "-c", SCRIPT, str(count), kind, str(seconds)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        percent = float(done.stdout)
        is_over = is_over or percent > LIMIT_PERCENT
        print(f"{count} GPUs, {kind:14}{percent:6.2f} % of a core  (limit {LIMIT_PERCENT} %)")
    return int(is_over)


if __name__ == "__main__":
    sys.exit(main())
