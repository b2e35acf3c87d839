"""`carbon-lint` as a process of its own, with a grid that is near and whose hours pass quickly.

python -m tests.measurement.run_hourly URL STARTED_S SPEED ARGUMENTS: each second since STARTED_S is SPEED of them.
"""

from __future__ import annotations

import sys
import time

from carbon_lint.cli import main
from carbon_lint.measurement.grid import electricity_maps, hourly

if __name__ == "__main__":
    url, started_s, speed, *arguments = sys.argv[1:]
    electricity_maps.URL = url
    hourly.SPREAD_S = 0.0
    hourly.SLICE_S = 0.05
    hourly.steady_clock = lambda: lambda: float(started_s) + (time.time() - float(started_s)) * float(speed)
    sys.exit(main(arguments))
