"""`carbon-lint run --pushes-to`: a job that pushes like a Trainer, stopped over its budget or failed by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from carbon_lint.hub.pushes import watch
from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record
from tests import spawn
from tests.conftest import ROOT
from tests.standin.faults import Fault
from tests.waiting import wait_until

JOB = Path(__file__).parent / "trainings" / "stopped.py"
FLAGS = ("--record", "r.json", "--tick", "0.1s", "--pass-env", "HF_TOKEN")
BUDGET = ("--max-energy", "0.1 kWh")
"""Over 0.1 s after the job has made the file `ready`."""
SETTLE_S = 0.1


@pytest.fixture
def start(model):
    """`start(more, *flags)`: carbon-lint with that job, under a meter of known power."""
    started = []

    def begin(more, *flags, settle_s=SETTLE_S, **environ):
        program = [sys.executable, "-m", "tests.hub.run_patient", str(settle_s), *FLAGS, *flags, "--"]
        process = spawn.Popen(
            [*program, sys.executable, JOB, "acme/m", "main", more],
            env={**os.environ, **model.environ(), "PYTHONPATH": str(ROOT), **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def ended(process):
    _, err = process.communicate(timeout=60)
    return process.returncode, err


def commits(hub):
    return {commit.title: commit.oid for commit in hub.state.repos["acme/m"].git.log("main")}


def test_the_pushes_of_a_stopped_job_are_listed_commit_by_commit(model, start):
    before = model.state.repos["acme/m"].git.tip("main")
    code, err = ended(start("stop", *BUDGET, "--pushes-to", "acme/m"))

    pushed = commits(model)
    message = (
        "the job was stopped over its budget, and acme/m got 2 commits by acme meanwhile: "
        f"{pushed['Training in progress, epoch 1'][:8]} 'Training in progress, epoch 1', "
        f"{pushed['End of training'][:8]} 'End of training' (main): they may hold half-trained weights"
    )
    back = f"to go back (docs/publishing.md): main was at {before}"
    assert code == 1
    assert f"warning: {message}\ncarbon-lint: warning: {back}\n" in err
    record = load_record("r.json")
    assert (record.outcome, record.exit_status) == (Outcome.OVER_BUDGET, 0)
    assert record.warnings[-2:] == (message, back)
    assert record.energy_kwh.total > 0.1


def test_a_job_that_failed_is_reported_too_and_keeps_its_exit_status(model, start):
    code, err = ended(start("fail", "--pushes-to", "acme/m"))
    assert code == 1
    message = load_record("r.json").warnings[-2]
    assert message.startswith("the job failed, and acme/m got 1 commit by acme meanwhile: ")
    assert message in err


def test_a_run_that_completed_asks_once_and_prints_nothing_about_it(model, start):
    code, err = ended(start("finish", "--pushes-to", "acme/m"))
    assert code == 0
    assert "asking the Hub" not in err
    assert model.asked("/refs?") == 1
    assert model.asked("GET ") == 1
    assert load_record("r.json").warnings == ()


def test_nothing_is_asked_unless_a_model_is_named_and_a_note_has_the_option(model, start):
    code, err = ended(start("nothing", *BUDGET))
    assert code == 1
    assert model.requests == []
    assert "carbon-lint: name the model as `--pushes-to` to list what such a job has pushed\n" in err


def test_a_stop_without_a_push_is_reported(model, start):
    code, err = ended(start("nothing", *BUDGET, "--pushes-to", f"{model.endpoint}/acme/m", settle_s=watch.SETTLE_S))
    assert code == 1
    message = (
        "the job was stopped over its budget; nothing was pushed to acme/m while it ran, nor in the 2.5 s after it"
    )
    assert load_record("r.json").warnings[-1] == message
    assert message in err


def test_without_a_hub_the_job_runs_and_the_record_marks_it_as_not_known(start):
    code, err = ended(start("nothing", *BUDGET, "--pushes-to", "acme/m", HF_ENDPOINT="http://127.0.0.1:9"))
    assert code == 1
    assert "warning: before the job the Hub could not be asked: " in err
    assert "no connection" in err
    assert "Traceback" not in err
    record = load_record("r.json")
    assert record.outcome is Outcome.OVER_BUDGET
    assert record.warnings[-1].startswith(
        "the job was stopped over its budget, and what was pushed to acme/m is not known: before the job the Hub"
    )


def test_what_names_no_model_stops_before_the_job(model, start):
    code, err = ended(start("stop", "--pushes-to", "acme"))
    assert code == 2
    assert "names a user or organisation, not a model" in err
    assert not Path("ready").exists()
    assert model.requests == []


def test_a_missing_extra_is_reported_before_the_job(cli, lose_the_extra):
    lose_the_extra()
    code, _, err = cli("run", "--energy-only", "--pushes-to", "acme/m", "--", "touch", "ran")
    assert code == 2
    assert "huggingface_hub is not installed" in err
    assert "pip install 'carbon-lint[hub] @ " in err
    assert not Path("ran").exists()


def test_a_training_that_was_let_finish_over_its_budget_is_not_called_half(model, start):
    code, err = ended(start("linger", *BUDGET, "--on-exceed", "finish", "--pushes-to", "acme/m"))
    assert code == 1
    message = load_record("r.json").warnings[-2]
    assert message.startswith("the run went over its budget, and acme/m got 2 commits by acme meanwhile: ")
    assert "half-trained" not in err


def test_a_run_that_was_cancelled_does_not_wait_for_the_hub(model, start):
    process = start("stop", "--pushes-to", "acme/m")
    wait_until(Path("ready").exists)
    process.terminate()
    code, err = ended(process)
    assert code == 130
    assert model.asked("/refs?") == 1
    assert "asking the Hub" not in err
    assert "End of training" in commits(model)


@pytest.fixture
def asking(model, start):
    """A run that waits for the Hub, which does not answer: the job is gone, the record is written."""
    model.faults.add(Fault(matches="/refs", skip=1, times=9, stall_s=60))
    process = start("stop", *BUDGET, "--pushes-to", "acme/m")
    for line in process.stderr:
        if "asking the Hub" in line:
            break
    wait_until(lambda: model.asked("/refs?") == 2)
    return process


def test_ctrl_c_while_the_hub_is_asked_skips_it(asking):
    asking.send_signal(signal.SIGINT)
    code, err = ended(asking)
    assert code == 1
    assert "Traceback" not in err
    assert load_record("r.json").warnings[-1].endswith("is not known: asking the Hub was interrupted")


def test_a_kill_while_the_hub_is_asked_loses_nothing(asking):
    asking.kill()
    asking.wait()
    record = load_record("r.json")
    assert record.outcome is Outcome.OVER_BUDGET
    assert record.energy_kwh.total > 0.1
    assert not any("acme/m" in warning for warning in record.warnings)


def test_a_record_that_is_another_runs_by_now_is_left_alone(asking):
    document = json.loads(Path("r.json").read_text())
    other = json.dumps({**document, "run_id": "another"})
    Path("r.json").write_text(other)
    asking.send_signal(signal.SIGINT)
    code, err = ended(asking)
    assert code == 1
    assert "warning: the record does not say what was pushed: r.json holds another run by now" in err
    assert Path("r.json").read_text() == other


def test_a_record_that_is_gone_is_reported(asking):
    Path("r.json").unlink()
    asking.send_signal(signal.SIGINT)
    code, err = ended(asking)
    assert code == 1
    assert "warning: the record does not say what was pushed: cannot read r.json" in err
    assert not Path("r.json").exists()
