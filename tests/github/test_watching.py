"""What the step says of a command that pushed to `hub-repo` and did not complete."""

from __future__ import annotations

import shlex
import sys

import pytest

from carbon_lint.records.record import Outcome
from carbon_lint.records.store import load_record
from tests.conftest import ROOT
from tests.effort import busy
from tests.github.api import GitHubApi
from tests.github.runner import Runner
from tests.standin.faults import Fault
from tests.standin.hub import WRITE_TOKEN

PUSH = f"{sys.executable} {shlex.quote(str(ROOT / 'tests' / 'hub' / 'trainings' / 'stopped.py'))} acme/m main"
FAILS = f"{PUSH} fail"
SAVES_WHEN_STOPPED = f"trap '{PUSH} finish; exit 0' TERM; sleep 60 & wait"
MODEL = {"hub_repo": "acme/m", "publish": "never", "pass_env": "HF_TOKEN", "lint": "false", "location": "FRA"}


@pytest.fixture
def runner(tmp_path, hub):
    hub.create("acme/m", "---\nlicense: mit\n---\n# A model\n")
    return Runner(tmp_path)


def commits(hub):
    return {commit.title: commit.oid for commit in hub.state.repos["acme/m"].git.log("main")}


def record_of(runner, step):
    return load_record(runner.workspace / step.outputs["record"])


def test_a_push_of_a_stopped_command_is_reported_everywhere(runner, hub):
    before = commits(hub)["Add the card"]
    step = runner.step(command=SAVES_WHEN_STOPPED, max_emissions="1 ug", env=hub.environ(), **MODEL)

    assert step.exit_status == 1
    assert step.outputs["outcome"] == "over-budget"
    sha = commits(hub)["End of training"][:8]
    (reported,) = (text for text in step.annotations("warning") if "acme/m got 2 commits by acme meanwhile" in text)
    assert reported.startswith("the job was stopped over its budget, and ")
    assert f"{sha} 'End of training' (main): they may hold half-trained weights\n" in reported
    assert reported.endswith(f"main was at {before}")
    record = record_of(runner, step)
    assert record.outcome is Outcome.OVER_BUDGET
    assert "\n".join(record.warnings[-2:]) == reported
    assert f"{sha} 'End of training'" in step.summary
    assert before in step.summary


@pytest.mark.slow
def test_the_comment_has_it_too_and_a_failure_stays_one(runner, hub):
    with GitHubApi() as api:
        runner.github |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_API_URL": api.url}
        runner.event["pull_request"] = {
            "number": 7, "labels": [], "base": {"sha": "beef", "repo": {"full_name": "octo/model"}},
            "head": {"sha": "c0ffee", "repo": {"full_name": "octo/model"}},
        }  # fmt: skip
        step = runner.step(command=FAILS, pr_comment="true", env=hub.environ(), **MODEL)
    assert step.exit_status == 1
    assert step.outputs["outcome"] == "failed"
    sha = commits(hub)["Training in progress, epoch 1"][:8]
    (comment,) = api.comments
    assert f"the job failed, and acme/m got 1 commit by acme meanwhile: {sha}" in comment["body"]


def test_the_input_hf_token_asks_for_a_private_model(runner, hub):
    hub.state.repos["acme/m"].private = True
    step = runner.step(command="exit 3", hf_token=WRITE_TOKEN, env=hub.environ(None), **MODEL)
    assert step.exit_status == 3
    message = "the job failed; nothing was pushed to acme/m while it ran, nor in the 2.5 s after it"
    assert message in step.log
    assert record_of(runner, step).warnings[-1] == message
    assert not any("acme/m" in text for text in step.annotations("warning"))


@pytest.mark.slow
def test_a_hub_that_does_not_answer_changes_only_the_warning(runner, hub):
    hub.faults.add(Fault(matches="/refs", skip=1, times=99, status=500))
    step = runner.step(command=FAILS, env=hub.environ(), **MODEL)
    assert step.exit_status == 1
    (reported,) = (text for text in step.annotations("warning") if "acme/m" in text)
    assert "what was pushed to acme/m is not known: GET " in reported
    assert record_of(runner, step).warnings[-1] == reported


def test_a_run_that_completed_is_not_asked_about_again(runner, hub):
    step = runner.step(command="true", env=hub.environ(), **MODEL)
    assert step.exit_status == 0, step.log
    assert hub.asked("/refs?") == 1
    assert "asking the Hub" not in step.log


def test_without_a_model_nothing_is_asked_and_a_note_has_the_option(runner, hub):
    quiet = {**MODEL, "hub_repo": ""}
    step = runner.step(command="trap 'exit 0' TERM; sleep 60 & wait", max_emissions="1 ug", env=hub.environ(), **quiet)
    assert step.exit_status == 1
    assert hub.requests == []
    assert "name the model as `hub-repo` to list what such a job has pushed" in step.annotations("notice")


def test_a_record_of_another_job_asks_nothing(runner, hub):
    first = runner.step(command="exit 3", location="FRA", lint="false")
    asked = {**MODEL, "record": first.outputs["record"]}
    step = runner.step(env=hub.environ(), **{name: asked[name] for name in ("hub_repo", "publish", "lint", "record")})
    assert step.exit_status == 0, step.log
    assert hub.requests == []


def test_what_names_no_model_stops_before_the_command(runner, hub):
    step = runner.step(command="touch ran", env=hub.environ(), **{**MODEL, "hub_repo": "acme"})
    assert step.exit_status == 2
    assert "input 'hub-repo': 'acme' names a user or organisation" in step.annotations("error")[0]
    assert not (runner.workspace / "ran").exists()


def test_a_cancel_while_the_hub_is_asked_is_one_and_loses_nothing(runner, hub):
    hub.faults.add(Fault(matches="/refs", skip=1, times=99, stall_s=60))
    step = runner.step(command=FAILS, env=hub.environ(), cancel_when=b"asking the Hub", **MODEL)
    assert step.seconds < 7 * busy()
    assert step.outputs["outcome"] == "failed"
    assert float(step.outputs["energy-kwh"]) > 0
    assert "the step was cancelled" in step.summary
    assert record_of(runner, step).outcome is Outcome.FAILED
