"""`carbon-lint run` with a meter that begins to count when the job has made a file `ready`.

python -m tests.hub.run_patient SETTLE FLAGS -- COMMAND: SETTLE is what Watch waits after the job, in seconds.
"""

from __future__ import annotations

import sys

from carbon_lint.cli import main
from carbon_lint.hub.pushes import watch
from carbon_lint.pipeline import plan
from tests.measurement.fake_meter import PatientMeter

if __name__ == "__main__":
    settle_s = float(sys.argv[1])

    class QuickWatch(watch.Watch):
        def __init__(self, target, environ):
            super().__init__(target, environ, settle_s=settle_s)

    watch.Watch = QuickWatch
    plan.meter_of = lambda plan, environ: PatientMeter()
    sys.exit(main(["run", "--location", "FRA", *sys.argv[2:]]))
