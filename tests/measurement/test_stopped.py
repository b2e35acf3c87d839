"""Whether a record is of a job that we stopped: the outcome, the exit status and a warning say it together."""

from __future__ import annotations

import pytest

from carbon_lint.gate.verdict import Budget
from carbon_lint.measurement.request import OnLoss
from carbon_lint.records.record import Outcome, was_stopped
from tests.measurement.fake_meter import FakeMeter, PatientMeter

SMALL = Budget(max_energy_kwh=0.1)
TRAPS = "trap 'exit 0' TERM; touch ready; sleep 60 & wait"
UNTIL_OVER = "touch ready; until [ -e ~/enough ]; do sleep .02; done"
UNTIL_LOST = "trap 'exit 0' TERM; until [ -e ~/enough ]; do sleep .02; done"


@pytest.mark.parametrize(
    ("command", "options", "outcome", "is_stopped"),
    [
        ("touch ready; sleep 60", {"budget": SMALL}, Outcome.OVER_BUDGET, True),
        (TRAPS, {"budget": SMALL}, Outcome.OVER_BUDGET, True),
        (UNTIL_OVER, {"budget": SMALL, "on_exceed": OnLoss.FINISH}, Outcome.OVER_BUDGET, False),
        (f"{UNTIL_OVER}; exit 3", {"budget": SMALL, "on_exceed": OnLoss.FINISH}, Outcome.FAILED, False),
        ("true", {}, Outcome.COMPLETED, False),
        ("exit 3", {}, Outcome.FAILED, False),
    ],
)
def test_a_job_that_we_stopped_is_known_from_its_record(run, command, options, outcome, is_stopped):
    record = run("bash", "-c", command, meter=PatientMeter(), until=run.is_over, **options)
    assert (record.outcome, was_stopped(record)) == (outcome, is_stopped)


@pytest.mark.parametrize(("on_unmeasured", "is_stopped"), [(OnLoss.STOP, True), (OnLoss.FINISH, False)])
def test_a_job_that_could_not_be_measured_was_stopped_unless_it_was_let_finish(run, on_unmeasured, is_stopped):
    meter = FakeMeter(failing=range(1, 10_000))
    record = run("bash", "-c", UNTIL_LOST, meter=meter, until=8, on_unmeasured=on_unmeasured)
    assert (record.outcome, was_stopped(record)) == (Outcome.UNMEASURED, is_stopped)
