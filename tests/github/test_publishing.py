"""Cards and the Hub: what is written, compared and committed, and when it is not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from carbon_lint.records import ledger
from carbon_lint.records.record import Energy
from carbon_lint.records.store import load_record, write_record
from tests.github.runner import Runner
from tests.hub.records import record
from tests.standin.faults import Fault
from tests.standin.hub import READ_TOKEN, WRITE_TOKEN

CARD = "---\nlicense: mit\n# a comment\ntags: [a,  b]\n---\n# A model\n"


@pytest.fixture
def runner(tmp_path, hub):
    hub.create("acme/m", CARD)
    started = Runner(tmp_path)
    started.write("README.md", CARD)
    return started


def train(runner, hub, command=None, **inputs):
    """A step that trains and publishes, or, being quicker, one that takes the record of 42.5 g of another job."""
    inputs = {"hub_repo": "acme/m", "hf_token": WRITE_TOKEN, **inputs}
    if command is None:
        write_record(record(), runner.workspace / "r.json")
        return runner.step(record="r.json", env=hub.environ(None), **inputs)
    return runner.step(command=command, location="FRA", env=hub.environ(None), **inputs)


def test_a_push_to_the_default_branch_publishes_the_card(runner, hub):
    step = train(runner, hub, command="true", card="README.md", max_emissions="5 g")
    assert step.succeeded, step.log
    assert step.outputs["card-changed"] == "true"
    assert step.outputs["card-url"].startswith(f"{hub.endpoint}/acme/m/commit/")
    card = (runner.workspace / "README.md").read_text()
    assert hub.card("acme/m").decode() == card
    assert card.startswith("---\nlicense: mit\n# a comment\ntags: [a,  b]\n")
    assert WRITE_TOKEN in step.masks
    assert step.log.count(WRITE_TOKEN) == 1


def test_without_a_card_the_figures_go_into_the_card_on_the_hub(runner, hub):
    hub.commit("acme/m", {"README.md": CARD.replace("A model", "Their text").encode()})
    step = train(runner, hub)
    assert step.succeeded, step.log
    assert b"# Their text" in hub.card("acme/m")
    assert b"co2_eq_emissions" in hub.card("acme/m")


def test_the_second_job_publishes_the_record_of_the_first(runner, hub):
    first = runner.step(command="true", location="FRA", lint="false")
    second = runner.step(
        record=first.outputs["record"], card="README.md", max_emissions="5 g",
        hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None),
    )  # fmt: skip
    assert second.succeeded, second.log
    assert second.outputs["card-url"]
    assert b"co2_eq_emissions" in hub.card("acme/m")


def test_publish_only(runner, hub):
    runner.write("README.md", CARD.replace("A model", "A new text"))
    step = runner.step(card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.succeeded, step.log
    assert b"A new text" in hub.card("acme/m")
    again = runner.step(card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert again.succeeded
    assert "nothing committed" in again.log


@pytest.mark.parametrize(
    ("event", "ref", "is_published"),
    [
        ("push", "refs/heads/main", True), ("schedule", "refs/heads/main", True), ("push", "refs/heads/topic", False),
        ("push", "refs/tags/main", False), ("workflow_dispatch", "refs/heads/topic", False),
    ],
)  # fmt: skip
def test_auto_publishes_from_the_default_branch_only(runner, hub, event, ref, is_published):
    runner.github |= {"GITHUB_EVENT_NAME": event, "GITHUB_REF": ref}
    step = train(runner, hub, card="README.md")
    assert step.succeeded, step.log
    assert bool(step.outputs["card-url"]) == is_published
    assert (b"co2_eq" in hub.card("acme/m")) == is_published


def test_a_schedule_whose_event_names_no_repository_publishes(runner, hub):
    runner.github["GITHUB_EVENT_NAME"] = "schedule"
    runner.event = {"schedule": "0 0 * * *"}
    assert train(runner, hub, card="README.md").outputs["card-url"]


def test_publish_always_never_and_by_pull_request(runner, hub):
    runner.github["GITHUB_REF"] = "refs/heads/topic"
    assert train(runner, hub, card="README.md", publish="never").outputs["card-url"] == ""
    proposed = train(runner, hub, card="README.md", publish="pr")
    assert "/discussions/1" in proposed.outputs["card-url"], proposed.log
    assert b"co2_eq" not in hub.card("acme/m")
    assert train(runner, hub, card="README.md", publish="always").outputs["card-url"]
    assert b"co2_eq" in hub.card("acme/m")


def test_no_token_is_told_with_the_line_that_gives_one(runner, hub):
    step = train(runner, hub, card="README.md", hf_token="")
    assert step.exit_status == 4
    assert "hf-token: ${{ secrets.HF_TOKEN }}" in step.annotations("error")[0]


@pytest.mark.parametrize(
    ("inputs", "status"),
    [
        ({"hf_token": ""}, 4),
        ({"hf_token": "hf_a hf_b"}, 2),
        ({"hub_repo": "datasets/a/b"}, 2),
        ({"hub_repo": "nobody"}, 2),
    ],
)
def test_what_would_keep_the_card_from_the_hub_is_told_before_the_job(runner, hub, inputs, status):
    step = train(runner, hub, command="touch trained", card="README.md", **inputs)
    assert step.exit_status == status
    assert not (runner.workspace / "trained").exists()
    assert "hf_a" not in step.log


def test_a_token_that_may_not_write_fails_with_4_and_is_not_shown(runner, hub):
    step = train(runner, hub, card="README.md", hf_token=READ_TOKEN)
    assert step.exit_status == 4
    assert step.log.count(READ_TOKEN) == 1


def test_keyless_publishing_needs_no_secret(runner, hub):
    hub.trust("acme/m", "octo/model")
    environ = hub.oidc_environ("acme/m", "octo/model")
    runner.actions |= {name: value for name, value in environ.items() if name.startswith("ACTIONS_")}
    env = {name: value for name, value in environ.items() if name.startswith("HF_")}
    step = runner.step(command="env", location="FRA", card="README.md", hub_repo="acme/m", env=env)
    assert step.succeeded, step.log
    assert step.outputs["card-url"]
    assert "ACTIONS_ID_TOKEN_REQUEST" not in step.log


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"command": "exit 3"}, "outcome is failed"),
        ({"max_emissions": "1 g"}, "over its budget"),
        ({"command": "sleep 9", "max_emissions": "0.0001 ug", "grace": "1s"}, "outcome is over-budget"),
    ],
)
def test_nothing_is_published_that_nobody_vouches_for(runner, hub, inputs, why):
    step = train(runner, hub, card="README.md", **inputs)
    assert step.exit_status != 0
    assert any(why in notice for notice in step.annotations("notice")), step.log
    assert hub.card("acme/m") == CARD.encode()


def test_a_card_with_errors_is_not_published(runner, hub):
    runner.write("README.md", "---\nlicense: [unclosed\n---\n")
    step = runner.step(card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.exit_status == 1
    assert hub.card("acme/m") == CARD.encode()


def test_a_hub_that_is_down_fails_with_4_and_everything_else_stands(runner, hub):
    step = train(runner, hub, card="README.md", hub_repo="acme/none")
    assert step.exit_status == 4
    assert step.outputs["card-changed"] == "true"
    assert step.summary


def test_a_baseline_is_compared_and_an_increase_fails(runner, hub):
    first = runner.step(command="true", location="FRA", record="base.json", lint="false")
    assert first.succeeded
    step = runner.step(
        command="sleep 1.5", location="FRA", baseline="record:base.json", max_increase="10% and 0.0001 ug", lint="false"
    )
    assert step.exit_status == 1, step.log
    assert re.match(r"Over budget: .* more than the baseline, .* vs base.json", step.annotations("error")[0])
    assert step.outputs["verdict"] == "fail"
    assert "energy" in step.summary


def test_no_baseline_yet_passes_and_is_said(runner):
    step = runner.step(command="true", location="FRA", baseline="record:none.json", max_increase="10%", lint="false")
    assert step.succeeded, step.log
    assert "no baseline yet" in step.annotations("notice")[0]


def test_the_card_and_the_hub_and_the_ledger_are_baselines(runner, hub):
    runner.write("README.md", "---\nco2_eq_emissions:\n  emissions: 100\n  geographical_location: France\n---\n")
    by_card = runner.step(
        command="true", location="FRA", baseline="card", card="README.md", max_increase="10%", lint="false"
    )
    assert by_card.outputs["verdict"] == "pass", by_card.log
    hub.commit(
        "acme/m",
        {"README.md": b"---\nco2_eq_emissions:\n  emissions: 0.0000000001\n  geographical_location: France\n---\n"},
    )
    by_hub = runner.step(
        command="true", location="FRA", baseline="hub:acme/m", max_increase="10%", lint="false", env=hub.environ(None)
    )
    assert by_hub.outputs["verdict"] == "fail", by_hub.log
    by_ledger = runner.step(command="true", location="FRA", baseline="ledger:main", max_increase="10%", lint="false")
    assert by_ledger.succeeded, by_ledger.log


def test_the_ledgers_last_run_on_the_branch_is_a_baseline(runner):
    first = runner.step(command="sleep 0.2", location="FRA", lint="false")
    before = load_record(runner.workspace / first.outputs["record"])
    less = {name: getattr(before.energy_kwh, name) / 1e6 for name in ("total", "cpu", "ram")}
    thrifty = replace(before, emissions_g=before.emissions_g / 1e6, energy_kwh=Energy(**less))
    ledger.add(thrifty, str(runner.workspace / "ledger"))
    again = runner.step(command="sleep 0.2", location="FRA", baseline="ledger:main", max_increase="10%", lint="false")
    assert again.outputs["verdict"] == "fail", again.log
    assert again.exit_status == 1
    other = runner.step(command="sleep 0.2", location="FRA", baseline="ledger:next", max_increase="10%", lint="false")
    assert other.succeeded, other.log
    assert "there is no baseline yet (ledger:next)" in other.log


def test_a_baseline_that_cannot_be_read_is_told_before_the_job(runner):
    step = runner.step(command="echo never", location="FRA", baseline="yesterday")
    assert step.exit_status == 2
    assert "yesterday" in step.annotations("error")[0]


def test_cancelled_while_it_publishes(runner, hub):
    hub.faults.add(Fault(matches="POST .*/commit/main", stall_s=60))
    step = train(runner, hub, card="README.md", cancel_when=b"checked: ")
    assert step.seconds < 6
    assert step.outputs["outcome"] == "completed"
    assert step.outputs["card-changed"] == "true"
    assert step.exit_status == 130


def test_findings_that_stop_a_publication_are_shown_though_lint_is_off(runner, hub):
    runner.write("README.md", "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    step = runner.step(card="README.md", lint="false", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.exit_status == 1
    assert "CL2" in step.log
    assert hub.card("acme/m") == CARD.encode()
