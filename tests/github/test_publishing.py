"""Cards and the Hub: what is written, compared and committed, and when it is not."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace

import psutil
import pytest

from carbon_lint.records import ledger
from carbon_lint.records.record import Energy, Provenance
from carbon_lint.records.store import load_record, write_record
from tests.effort import busy
from tests.github.runner import Runner, commit
from tests.hub.records import record
from tests.standin.faults import Fault
from tests.standin.hub import FOREIGN_TOKEN, PR_TOKEN, READ_TOKEN, WRITE_TOKEN

CARD = "---\nlicense: mit\n# a comment\ntags: [a,  b]\n---\n# A model\n"


@pytest.fixture
def runner(tmp_path, hub):
    hub.create("acme/m", CARD)
    started = Runner(tmp_path)
    started.write("README.md", CARD)
    return started


def train(runner, hub, command=None, env=None, **inputs):
    """A step that trains and publishes, or, being quicker, one that takes the record of 42.5 g of another job."""
    inputs = {"hub_repo": "acme/m", "hf_token": WRITE_TOKEN, **inputs}
    env = {**hub.environ(None), **(env or {})}
    if command is None:
        runner.hand_over()
        return runner.step(record="r.json", env=env, **inputs)
    return runner.step(command=command, location="FRA", env=env, **inputs)


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


def test_replace_card_publishes_the_whole_card_and_shows_what_is_lost(runner, hub):
    runner.write("README.md", CARD.replace("A model", "A new text"))
    inputs = {"card": "README.md", "hub_repo": "acme/m", "hf_token": WRITE_TOKEN, "replace_card": "true"}
    step = runner.step(env=hub.environ(None), **inputs)
    assert step.succeeded, step.log
    assert b"A new text" in hub.card("acme/m")
    assert any("replaces 1 line of the card on the Hub" in text for text in step.annotations("warning")), step.log
    assert "\n- # A model\n" in step.log
    again = runner.step(env=hub.environ(None), **inputs)
    assert again.succeeded
    assert "nothing committed" in again.log


def test_without_replace_card_the_text_on_the_hub_stays_with_a_note(runner, hub):
    runner.write("README.md", "# How to install this code\n")
    step = train(runner, hub, command="true", card="README.md")
    assert step.succeeded, step.log
    card = hub.card("acme/m").decode()
    assert card.startswith("---\nlicense: mit\n# a comment\ntags: [a,  b]\nco2_eq_emissions:\n")
    assert card.endswith("---\n# A model\n")
    assert "install" not in card
    assert any("replace-card: true" in text for text in step.annotations("notice")), step.log


def test_card_body_writes_the_section_here_and_on_the_hub(runner, hub):
    for number, given in enumerate(({"card_body": "true"}, {})):
        if not given:
            runner.write("README.md", CARD)
            runner.write("carbon-lint.toml", "card-body = true\n")
        hub.create(f"acme/body-{number}", CARD.replace("A model", "Their text"))
        step = train(runner, hub, card="README.md", hub_repo=f"acme/body-{number}", **given)
        assert step.succeeded, step.log
        for card in ((runner.workspace / "README.md").read_text(), hub.card(f"acme/body-{number}").decode()):
            assert "## Environmental Impact" in card
            assert "**Carbon Emitted:** 42.5 g" in card
        assert "# Their text" in card


def test_with_evidence_a_stranger_can_verify_what_the_step_published(runner, hub, cli, monkeypatch):
    runner.write("carbon-lint.sigstore.json", '{"a": "bundle"}')
    step = train(runner, hub, command="true", card="README.md", with_evidence="true")
    assert step.succeeded, step.log
    for name, value in hub.environ(None).items():
        monkeypatch.setenv(name, value)
    code, out, err = cli("verify", "acme/m", "--format", "json")
    found = json.loads(out)
    assert set(found["files"]) == {"record", "journal", "attestation"}, err
    wrong = [each["subject"] for each in found["contradictions"]]
    assert (code, wrong) == (1, ["attestation"]), "the figure holds; the bundle is none"
    for given in ({"command": "true"}, {"hub_repo": "acme/m", "card": "README.md"}):
        refused = runner.step(with_evidence="true", env=hub.environ(None), location="FRA", **given)
        assert (refused.succeeded, "input 'with-evidence' needs `hub-repo`, and" in refused.log) == (False, True)


def test_a_model_without_a_card_gets_the_whole_card(runner, hub):
    hub.create("acme/new")
    assert train(runner, hub, card="README.md", hub_repo="acme/new").succeeded
    assert hub.card("acme/new").decode() == (runner.workspace / "README.md").read_text()


def test_a_card_without_figures_is_not_published_without_replace_card(runner, hub):
    step = runner.step(card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.succeeded, "the Hub has this very card"
    runner.write("README.md", CARD.replace("A model", "A new text"))
    step = runner.step(card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.exit_status == 4
    assert "replace-card: true" in step.annotations("error")[0]
    assert hub.card("acme/m") == CARD.encode()


@pytest.mark.parametrize(
    ("name", "hint"),
    [("READM.md", "did you mean `card: README.md`?"), ("models/X.md", "the figures then go into the card that is on")],
)
@pytest.mark.parametrize("publish", ["auto", "always", "pr"])
def test_a_card_that_is_not_there_stops_the_step_before_the_job(runner, hub, name, hint, publish):
    step = train(runner, hub, command="touch trained", card=name, publish=publish)
    assert step.exit_status == 2
    assert hint in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()
    assert not (runner.workspace / name).exists()


def test_replace_card_without_a_card_is_refused(runner, hub):
    step = train(runner, hub, command="touch trained", replace_card="true")
    assert step.exit_status == 2
    assert "replace-card" in step.annotations("error")[0]


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


def test_a_missing_token_gets_an_error_with_the_line_that_gives_one(runner, hub):
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
def test_an_obstacle_to_publishing_is_reported_before_the_job(runner, hub, inputs, status):
    step = train(runner, hub, command="touch trained", card="README.md", **inputs)
    assert step.exit_status == status
    assert not (runner.workspace / "trained").exists()
    assert "hf_a" not in step.log


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"hf_token": READ_TOKEN}, "may only read"),
        ({"hf_token": "hf_nobodysToken"}, "does not accept"),
        ({"hf_token": FOREIGN_TOKEN}, "may not write to acme/m"),
        ({"hf_token": PR_TOKEN}, "may not write to acme/m"),
        ({"hf_token": READ_TOKEN, "publish": "pr"}, "may only read"),
        ({"hub_repo": "acme/none"}, "there is no model acme/none"),
    ],
)
def test_a_token_that_will_not_do_is_known_before_the_job(runner, hub, inputs, message):
    step = train(runner, hub, command="touch trained", card="README.md", **inputs)
    assert step.exit_status == 4, step.log
    assert message in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()


@pytest.mark.parametrize(
    ("token", "publish"), [(WRITE_TOKEN, "auto"), (PR_TOKEN, "pr"), (FOREIGN_TOKEN, "pr"), (READ_TOKEN, "never")]
)
def test_a_token_that_will_do_lets_the_job_run_and_nothing_is_changed_before_it(runner, hub, token, publish):
    step = train(runner, hub, command="cat README.md", card="README.md", hf_token=token, publish=publish)
    assert step.succeeded, step.log
    first_change = next((at for at, asked in enumerate(hub.requests) if asked[0] == "POST"), len(hub.requests))
    assert any("auth-check/write" in path for _, path, _ in hub.requests[:first_change]) == (publish == "auto")


def test_a_hub_that_does_not_answer_before_the_job_does_not_stop_it(runner, hub):
    hub.faults.add(Fault(matches="GET /api/whoami-v2", status=503, body=b"", times=99))
    step = train(runner, hub, command="true", card="README.md")
    assert step.succeeded, step.log
    assert any("after the job is not known" in text for text in step.annotations("notice"))
    assert step.outputs["card-url"]


def test_a_server_that_does_not_know_the_question_does_not_refuse(runner, hub):
    hub.faults.add(Fault(matches="GET .*/auth-check/write", status=404, body=b"", times=99))
    assert train(runner, hub, command="true", card="README.md").outputs["card-url"]


def test_where_nothing_is_committed_a_token_that_will_not_do_is_a_warning(runner, hub):
    runner.github["GITHUB_REF"] = "refs/heads/topic"
    step = train(runner, hub, command="true", card="README.md", hf_token=READ_TOKEN)
    assert step.succeeded, step.log
    assert any("may only read" in text for text in step.annotations("warning"))
    assert train(runner, hub, command="true", card="README.md", hf_token="").succeeded


@pytest.mark.parametrize("publisher", [("acme/m", "octo/other"), ("acme/other", "octo/model")])
def test_a_trusted_publisher_that_does_not_match_is_known_before_the_job(runner, hub, publisher):
    hub.trust(*publisher)
    environ = hub.oidc_environ(publisher[0], "octo/model")
    runner.actions |= {name: value for name, value in environ.items() if name.startswith("ACTIONS_")}
    env = {name: value for name, value in environ.items() if name.startswith("HF_")}
    step = runner.step(command="touch trained", location="FRA", card="README.md", hub_repo="acme/m", env=env)
    assert step.exit_status == 4, step.log
    assert "keyless login" in step.annotations("error")[0]
    assert not (runner.workspace / "trained").exists()


def test_a_forks_dry_run_reads_the_public_card_without_any_token(runner, hub):
    fork(runner)
    step = train(runner, hub, hf_token="", card="README.md", env={"HF_OIDC_RESOURCE": "acme/m", "HF_TOKEN": "hf_bad"})
    assert step.succeeded, step.log
    assert "+co2_eq_emissions:" in step.log
    assert any("a pull request from a fork is given no secrets" in text for text in step.annotations("notice"))
    assert hub.card("acme/m") == CARD.encode()


def test_keyless_login_that_only_holds_on_main_does_not_hide_the_dry_run_elsewhere(runner, hub):
    runner.github["GITHUB_REF"] = "refs/heads/topic"
    step = train(runner, hub, command="true", hf_token="", card="README.md", env={"HF_OIDC_RESOURCE": "acme/m"})
    assert step.succeeded, step.log
    assert "+co2_eq_emissions:" in step.log


def test_a_manual_run_is_marked_as_one_with_how_it_publishes(runner, hub):
    runner.github["GITHUB_EVENT_NAME"] = "workflow_dispatch"
    step = train(runner, hub, card="README.md")
    assert any("manual run" in text and "`publish: always`" in text for text in step.annotations("notice")), step.log


def fork(runner):
    runner.github |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
    head = {"repo": {"full_name": "mallory/model"}}
    runner.event = {
        **runner.event,
        "pull_request": {"number": 7, "head": head, "base": {"sha": commit(runner.workspace)}},
    }


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


@pytest.mark.slow
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


def test_no_baseline_yet_passes_with_a_note(runner):
    step = runner.step(command="true", location="FRA", baseline="record:none.json", max_increase="10%", lint="false")
    assert step.succeeded, step.log
    assert step.annotations("notice")[0] == "nothing to compare with: there is no none.json"


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
    assert "there is no ledger yet in the folder ledger" in by_ledger.log
    misspelt = runner.step(
        command="touch ran",
        location="FRA",
        baseline="ledger:main",
        max_increase="10%",
        lint="false",
        env={"CARBON_LINT_LEDGER": str(runner.workspace / "legder")},
    )
    assert misspelt.exit_status == 2
    assert "there is no ledger at" in misspelt.annotations("error")[0]
    assert not (runner.workspace / "ran").exists()


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
    assert "nothing to compare with: no completed run on next in ledger (it has runs on main)" in other.log


def test_a_baseline_that_cannot_be_read_is_reported_before_the_job(runner):
    step = runner.step(command="echo never", location="FRA", baseline="yesterday")
    assert step.exit_status == 2
    assert "yesterday" in step.annotations("error")[0]


def test_a_step_that_is_cancelled_while_its_commit_is_on_its_way_reports_it(runner, hub):
    def cancel():
        for child in psutil.Process().children(recursive=True):
            child.send_signal(signal.SIGINT)

    hub.faults.add(Fault(matches="POST .*/commit/", first=cancel, stall_s=0.5))
    step = train(runner, hub, card="README.md")
    assert step.exit_status == 130
    assert "cancelled" in step.annotations("error")[0]
    assert f"whether the new card is there could not be found out: look at {hub.endpoint}/acme/m" in step.log
    assert "could not be found out" in step.summary


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repository": "mallory/model"}, "was made by repository 'mallory/model'; this is repository octo/model"),
        ({"run_id": "7"}, "was made by run '7'; this is run 4242"),
        ({"commit": "bad"}, "was made by commit 'bad'"),
        ({"repository": None}, "does not say which repository made it"),
        ({"run_id": None}, "does not say which run made it"),
        ({"run_url": "https://evil.example"}, "names another page as its run's"),
    ],
)
def test_a_record_of_elsewhere_is_neither_judged_nor_published_unless_it_is_asked_for(runner, hub, change, message):
    there = Provenance(**{**runner.provenance, **change})
    write_record(record(provenance=there), runner.workspace / "artifact.json")
    inputs = {"record": "artifact.json", "card": "README.md", "hub_repo": "acme/m", "hf_token": WRITE_TOKEN}
    step = runner.step(env=hub.environ(None), **inputs)
    assert step.exit_status == 2
    assert message in step.annotations("error")[0]
    assert "allow-foreign: true" in step.annotations("error")[0]
    assert hub.card("acme/m") == CARD.encode()
    assert (runner.workspace / "README.md").read_text() == CARD
    assert runner.step(env=hub.environ(None), allow_foreign="true", **inputs).succeeded


def test_another_attempt_of_the_same_run_is_not_a_record_of_elsewhere(runner, hub):
    runner.github["GITHUB_RUN_ATTEMPT"] = "3"
    assert train(runner, hub, card="README.md").succeeded


def test_a_stranger_in_the_run_group_of_an_artifact_is_refused(runner, hub):
    ours = record(provenance=Provenance(**runner.provenance), run_group="g")
    theirs = record(run_id="run-0", run_group="g", started_at="2025-12-31T00:00:00Z", ended_at="2025-12-31T01:00:00Z")
    (runner.workspace / "a").mkdir()
    write_record(ours, runner.workspace / "a/r.json")
    write_record(theirs, runner.workspace / "a/r0.json")
    step = runner.step(
        record="a/r.json", card="README.md", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None)
    )
    assert step.exit_status == 2
    assert "records of its run group that octo/model has not made" in step.annotations("error")[0]
    assert hub.card("acme/m") == CARD.encode()


def test_allow_foreign_is_for_a_record_that_is_read(runner, hub):
    step = train(runner, hub, command="touch trained", allow_foreign="true")
    assert step.exit_status == 2
    assert not (runner.workspace / "trained").exists()


def test_cancelled_while_it_publishes(runner, hub):
    hub.faults.add(Fault(matches="POST .*/commit/main", stall_s=60))
    step = train(runner, hub, card="README.md", cancel_when=b"checked: ")
    assert step.seconds < 6 * busy()
    assert step.outputs["outcome"] == "completed"
    assert step.outputs["card-changed"] == "true"
    assert step.exit_status == 130


def test_findings_that_stop_a_publication_are_shown_though_lint_is_off(runner, hub):
    runner.write("README.md", "---\nlicense: mit\nco2_eq_emissions:\n  emissions: 17g\n---\n")
    step = runner.step(card="README.md", lint="false", hub_repo="acme/m", hf_token=WRITE_TOKEN, env=hub.environ(None))
    assert step.exit_status == 1
    assert "CL2" in step.log
    assert hub.card("acme/m") == CARD.encode()
