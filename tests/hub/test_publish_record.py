"""`publish --record r.json --to owner/model`: the figures go into the card that is on the Hub."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.records.record import Outcome, Provenance
from tests import spawn
from tests.cases import cases
from tests.conftest import ROOT
from tests.hub.records import write_record
from tests.standin.faults import Fault

THEIRS = """---
# written by hand
license: mit
co2_eq_emissions:
  emissions: 1   # last year's
  training_type: pre-training
  geographical_location: France
  hardware_used: 1 x Tesla T4
tags: [a, 'b']
---
# Their prose
"""


@pytest.fixture
def theirs(hub, at):
    hub.create("acme/m", THEIRS)
    write_record()
    return at(hub)


def publish(cli, *more):
    return cli("publish", "--record", "r.json", "--to", "acme/m", *more)


def test_only_the_block_of_their_card_changes(theirs, cli):
    code, _, err = publish(cli)
    assert code == 0, err
    before, after = THEIRS.splitlines(), theirs.card("acme/m").decode().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=False) if old != new]
    assert changed[0] == ("  emissions: 1   # last year's", "  emissions: 42.5   # last year's")
    assert after[-3:] == before[-3:]
    assert after[:3] == before[:3]


def test_the_sum_over_the_run_group_is_published_and_fits_the_evidence(theirs, cli):
    write_record(run_group="g")
    write_record(
        "r0.json",
        run_id="run-0",
        run_group="g",
        emissions_g=85.0,
        outcome=Outcome.FAILED,
        started_at="2025-12-31T00:00:00Z",
        ended_at="2025-12-31T01:00:00Z",
    )
    code, _, err = publish(cli)
    assert code == 0, err
    assert "  emissions: 127.5   # last year's" in theirs.card("acme/m").decode()
    assert theirs.titles("acme/m")[0] == "State the carbon emissions: 128 g CO2eq", "what the card states"
    assert "the sum of 2 runs of group 'g'" in err


def test_the_commit_names_grams_energy_intensity_and_the_run(theirs, cli):
    publish(cli)
    commit = theirs.state.repos["acme/m"].git.log("main")[0]
    assert commit.title == "State the carbon emissions: 42.5 g CO2eq"
    for line in (
        "Emissions: 42.5 g CO2eq (42.5 g)",
        "Energy: 758 Wh (630 to 1300)",
        "Carbon intensity: 56 g/kWh: CodeCarbon 3.3.2, France (2023, 3 years old)",
        "Run: https://github.com/acme/training/actions/runs/7",
        "Source: acme/training@c0ffee",
    ):
        assert line in commit.message.splitlines()


def test_publishing_twice_commits_once(theirs, cli):
    publish(cli)
    _, out, _ = publish(cli)
    assert out.startswith("unchanged")
    assert len(theirs.titles("acme/m")) == 3


def test_their_edit_meanwhile_is_kept_and_the_block_goes_into_it(theirs, cli):
    edited = THEIRS.replace("# Their prose", "# Their better prose").replace("tags: [a, 'b']", "tags: [c]")
    theirs.faults.add(
        Fault(matches="POST .*/commit/", first=lambda: theirs.commit("acme/m", {"README.md": edited.encode()}))
    )
    code, _, err = publish(cli)
    assert code == 0, err
    card = theirs.card("acme/m").decode()
    assert "# Their better prose" in card
    assert "tags: [c]" in card
    assert "  emissions: 42.5 " in card


def test_a_push_that_lands_after_the_job_has_died_does_not_win(theirs, cli):
    """The Trainer's last push may land after the tip was read; it writes the whole README again, without the block."""
    late = "---\nlibrary_name: transformers\nlicense: mit\n---\n# End of training\n"
    theirs.faults.add(
        Fault(matches="POST .*/commit/", first=lambda: theirs.commit("acme/m", {"README.md": late.encode()}))
    )
    assert publish(cli)[0] == 0
    card = theirs.card("acme/m").decode()
    assert "# End of training" in card
    assert "emissions: 42.5" in card


def test_a_model_without_a_card_gets_an_error(theirs, cli):
    theirs.create("acme/bare")
    code, _, err = cli("publish", "--record", "r.json", "--to", "acme/bare")
    assert code == 4
    assert "acme/bare has no README.md yet" in err
    assert "carbon-lint publish README.md --record r.json --to acme/bare" in err


def test_a_record_without_a_figure_is_refused(theirs, cli):
    write_record(outcome=Outcome.UNMEASURED, emissions_g=None)
    code, _, err = publish(cli)
    assert code == 1
    assert "not published: the run's outcome is unmeasured" in err
    write_record(emissions_g=None, intensity=None)
    code, _, err = publish(cli)
    assert code == 2
    assert "holds energy and no grams" in err
    assert len(theirs.titles("acme/m")) == 2


@cases(
    ("changes", "config", "shown"),
    [
        ({"outcome": Outcome.OVER_BUDGET, "over_budget": True}, "", "the run's outcome is over-budget"),
        ({"over_budget": True}, "", "the run is over its budget"),
        ({"outcome": Outcome.FAILED, "exit_status": 1}, "", "the run's outcome is failed"),
        ({"outcome": Outcome.INTERRUPTED}, "", "the run's outcome is interrupted"),
        ({}, 'max-emissions = "9 g"', "the run is over its budget"),
    ],
)
def test_nothing_is_published_of_a_run_that_did_not_pass(theirs, cli, changes, config, shown):
    Path("carbon-lint.toml").write_text(config)
    write_record(**changes)
    for more in ((), ("--dry-run",), ("--create-pr",)):
        code, out, err = publish(cli, *more)
        assert (code, out) == (1, "")
        assert f"not published: {shown}; the Hub is as it was\n" in err
    assert len(theirs.titles("acme/m")) == 2


def test_a_card_with_other_errors_is_not_published(theirs, cli):
    theirs.commit("acme/m", {"README.md": THEIRS.replace("tags:", "license: apache-2.0\ntags:").encode()})
    code, _, err = publish(cli)
    assert code == 2
    assert "acme/m/README.md:9:1: the card was not changed: the key 'license' is already there" in err
    assert len(theirs.titles("acme/m")) == 3


def test_the_training_type_is_given_or_kept(theirs, cli):
    publish(cli)
    assert "training_type: pre-training" in theirs.card("acme/m").decode()
    publish(cli, "--training-type", "fine-tuning")
    assert "training_type: fine-tuning" in theirs.card("acme/m").decode()


@pytest.mark.parametrize("more", [(), ("--whole-card",)])
def test_a_card_that_contradicts_its_record_is_stopped(theirs, cli, more):
    Path("README.md").write_text(THEIRS.replace("emissions: 1 ", "emissions: 0.0425 "))
    code, out, err = cli("publish", "README.md", "--record", "r.json", "--to", "acme/m", *more)
    assert code == 1
    assert ("README.md, compared with r.json, has 1 error" in err) == (not more)
    assert theirs.card("acme/m") == THEIRS.encode()
    assert "CL3" in out


def test_a_pull_request_holds_mains_text_and_the_block(theirs, cli):
    code, out, err = publish(cli, "--create-pr")
    assert code == 0, err
    assert "proposed to acme/m in pull request 1" in out
    assert theirs.card("acme/m") == THEIRS.encode()
    assert "emissions: 42.5" in theirs.card("acme/m", "refs/pr/1").decode()
    assert theirs.state.repos["acme/m"].discussions[1].status == "open"


def test_an_open_pull_request_of_ours_is_updated(theirs, cli):
    publish(cli, "--create-pr")
    theirs.commit("acme/m", {"README.md": THEIRS.replace("# Their prose", "# New prose").encode()})
    write_record(emissions_g=50.0)
    code, out, _ = publish(cli, "--create-pr")
    assert code == 0
    assert "pull request 1" in out
    assert list(theirs.state.repos["acme/m"].discussions) == [1]
    card = theirs.card("acme/m", "refs/pr/1").decode()
    assert "emissions: 50" in card
    assert "# New prose" in card


def test_what_a_maintainer_has_written_into_our_pull_request_stays(theirs, cli):
    publish(cli, "--create-pr")
    edited = theirs.card("acme/m", "refs/pr/1").replace(b"# Their prose", b"# Prose of a review")
    theirs.commit("acme/m", {"README.md": edited}, ref="refs/pr/1")
    write_record(emissions_g=50.0)
    assert publish(cli, "--create-pr")[0] == 0
    card = theirs.card("acme/m", "refs/pr/1").decode()
    assert "emissions: 50" in card
    assert "# Prose of a review" in card


def test_an_open_pull_request_with_the_same_figures_is_left_alone(theirs, cli):
    publish(cli, "--create-pr")
    _, out, _ = publish(cli, "--create-pr")
    assert "unchanged" in out
    assert len(theirs.titles("acme/m", "refs/pr/1")) == 3


def test_a_closed_pull_request_is_not_reopened_and_a_merged_one_is_done(theirs, cli):
    publish(cli, "--create-pr")
    theirs.state.repos["acme/m"].discussions[1].status = "closed"
    publish(cli, "--create-pr")
    assert [it.status for it in theirs.state.repos["acme/m"].discussions.values()] == ["closed", "open"]


def test_a_strangers_pull_request_with_our_mark_is_never_pushed_to(theirs, cli):
    publish(cli, "--create-pr")
    pull = theirs.state.repos["acme/m"].discussions[1]
    pull.author = "stranger"
    tip = theirs.state.repos["acme/m"].git.tip("refs/pr/1")
    publish(cli, "--create-pr")
    assert theirs.state.repos["acme/m"].git.tip("refs/pr/1") == tip
    assert len(theirs.state.repos["acme/m"].discussions) == 2


def test_a_token_that_may_only_open_pull_requests_is_enough(theirs, cli, at):
    from tests.standin.hub import PR_TOKEN, READ_TOKEN

    at(theirs, PR_TOKEN)
    assert publish(cli, "--create-pr")[0] == 0
    assert "emissions: 42.5" in theirs.card("acme/m", "refs/pr/1").decode()
    at(theirs, READ_TOKEN)
    code, _, err = publish(cli, "--create-pr")
    assert code == 4
    assert "may only read" in err


def test_a_dry_run_of_a_pull_request_shows_the_change_and_makes_none(theirs, cli):
    code, out, _ = publish(cli, "--create-pr", "--dry-run")
    assert code == 0
    assert "+  emissions: 42.5" in out
    assert theirs.state.repos["acme/m"].discussions == {}


def test_four_jobs_at_once_each_commit_once(theirs):
    """Four programs with one figure each, at the same moment: all succeed, and each figure is there once."""
    programs = []
    for grams in (101.0, 102.0, 103.0, 104.0):
        path = write_record(f"r{grams}.json", emissions_g=grams, run_id=f"run-{grams}")
        command = [sys.executable, "-m", "carbon_lint", "publish", "--record", path, "--to", "acme/m"]
        environ = {**os.environ, **theirs.environ(), "PYTHONPATH": str(ROOT)}
        programs.append(spawn.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for program in programs:
        _, err = program.communicate(timeout=60)
        assert program.returncode == 0, err
    titles = theirs.titles("acme/m")[:4]
    assert sorted(titles) == [f"State the carbon emissions: {grams} g CO2eq" for grams in (101, 102, 103, 104)]
    assert titles[0].split(": ")[1].split(" g")[0] in theirs.card("acme/m").decode()


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/training", "GITHUB_SHA": "c0ffee", "GITHUB_RUN_ID": "7"}
GITLAB = {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/training", "CI_COMMIT_SHA": "c0ffee", "CI_PIPELINE_ID": "7",
          "CI_JOB_URL": "https://gitlab.example/jobs/8"}  # fmt: skip


@pytest.mark.parametrize("environ", [GITHUB, GITLAB])
@pytest.mark.parametrize("verb", [(), ("--merge", "refs/pr/1")])
def test_in_ci_only_a_record_of_this_run_is_published(theirs, cli, monkeypatch, environ, verb):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, _, err = publish(cli, *verb)
    assert code == 2
    assert "the record r.json does not say which run made it; this is run 7" in err
    assert "--allow-foreign" in err
    assert theirs.card("acme/m") == THEIRS.encode()
    assert publish(cli, "--allow-foreign")[0] == 0


@pytest.mark.parametrize("environ", [GITHUB, GITLAB])
def test_in_ci_the_record_of_another_job_of_this_run_is_published(theirs, cli, monkeypatch, environ):
    where = Provenance(
        repository="acme/training", commit="c0ffee", run_id="7", job="train",
        run_url="https://github.com/acme/training/actions/runs/7/attempts/1",
    )  # fmt: skip
    write_record(provenance=where)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert publish(cli)[0] == 0


@cases("environ", [GITHUB, GITLAB, {}])
def test_in_ci_a_stranger_in_the_run_group_of_the_record_is_refused(theirs, cli, monkeypatch, environ):
    ours = Provenance(repository="acme/training", commit="c0ffee", run_id="7")
    write_record(run_group="g", provenance=ours)
    earlier = {"started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T01:00:00Z"}
    write_record("r0.json", run_id="run-0", run_group="g", provenance=replace(ours, repository="evil/other"), **earlier)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, _, err = publish(cli, "--dry-run")
    assert code == (2 if environ else 0)
    what = "beside the record r.json lie records of its run group that acme/training has not made"
    assert (what in err) == bool(environ)
    assert ("or add up all of them: --allow-foreign" in err) == bool(environ)
    code, out, err = publish(cli, "--dry-run", "--allow-foreign")
    assert code == 0, err
    assert "+  emissions: 85" in out


def test_the_commit_gives_no_digits_of_an_estimate_that_the_card_does_not_state(theirs, cli):
    write_record(emissions_g=12.345678901234567)
    assert publish(cli)[0] == 0
    message = theirs.state.repos["acme/m"].git.log("main")[0].message
    assert "Emissions: 12.3 g CO2eq (12.35 g)" in message.splitlines()
    assert "  emissions: 12.35 " in theirs.card("acme/m").decode()
    assert "Energy: 220 Wh (180 to 380)" in message.splitlines()


def test_the_commit_of_a_group_gives_the_sum_that_the_card_states(theirs, cli):
    write_record(run_group="g")
    earlier = {"started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T01:00:00Z"}
    write_record("r0.json", run_id="run-0", run_group="g", emissions_g=85.0, **earlier)
    assert publish(cli)[0] == 0
    message = theirs.state.repos["acme/m"].git.log("main")[0].message
    assert "Emissions: 128 g CO2eq (127.5 g)" in message.splitlines()
    assert "Energy of this run: 758 Wh (630 to 1300)" in message.splitlines()
