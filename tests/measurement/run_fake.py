"""`carbon-lint run` with the fake meter, as a process: python -m tests.measurement.run_fake FLAGS -- COMMAND."""

from __future__ import annotations

import sys

from carbon_lint.cli import console
from carbon_lint.pipeline import plan
from tests.measurement.fake_meter import FakeMeter

if __name__ == "__main__":
    plan.meter_of = lambda plan, environ: FakeMeter(power_w=1000.0)
    sys.argv[1:1] = ["run", "--location", "FRA"]
    console()
