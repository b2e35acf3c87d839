"""`publish --stage`, then `publish --merge`: weights and card reach main together, or not at all."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from carbon_lint.records.record import Outcome
from tests.hub.records import write_record
from tests.standin.faults import Fault
from tests.standin.hub import PR_TOKEN, READ_TOKEN, WRITE_TOKEN

MAIN = "---\nlicense: mit\n---\n# Written by hand\n"
TRAINERS = "---\nlibrary_name: transformers\n---\n# Generated from the Trainer's template\n"


@pytest.fixture
def staged(hub, at, cli):
    """A model with a draft, into which a training has pushed its weights and its own README."""
    hub.create("acme/m", MAIN)
    write_record()
    at(hub)
    code, out, err = cli("publish", "--stage", "--to", "acme/m")
    assert (code, out) == (0, "refs/pr/1\n"), err
    push(hub, "w1")
    return hub


def push(hub, weights, token=WRITE_TOKEN, readme=TRAINERS):
    HfApi(endpoint=hub.endpoint, token=token).create_commit(
        "acme/m",
        [CommitOperationAdd("model.bin", weights.encode()), CommitOperationAdd("README.md", readme.encode())],
        commit_message="Training in progress",
        revision="refs/pr/1",
    )


def merge(cli, *more, ref="refs/pr/1"):
    return cli("publish", "--merge", ref, "--record", "r.json", "--to", "acme/m", *more)


def files(hub):
    git = hub.state.repos["acme/m"].git
    return set(git.tree(git.tip("main")))


def test_the_ref_alone_goes_to_standard_output_and_main_stays(staged, cli):
    assert staged.card("acme/m") == MAIN.encode()
    assert staged.state.repos["acme/m"].discussions[1].status == "draft"
    assert "model.bin" not in files(staged)


def test_after_the_gate_mains_own_text_the_block_and_the_weights_are_on_main(staged, cli):
    code, out, err = merge(cli)
    assert code == 0, err
    assert out.startswith("merged, weights and card are on main of acme/m\n")
    card = staged.card("acme/m").decode()
    assert "# Written by hand" in card
    assert "emissions: 42.5" in card
    assert "template" not in card
    assert "model.bin" in files(staged)
    assert staged.state.repos["acme/m"].discussions[1].status == "merged"


@pytest.mark.parametrize(
    "changes",
    [
        {"over_budget": True, "outcome": Outcome.OVER_BUDGET},
        {"over_budget": True},
        {"outcome": Outcome.FAILED, "exit_status": 1},
        {"outcome": Outcome.INTERRUPTED, "exit_status": 143},
        {"outcome": Outcome.UNMEASURED, "emissions_g": None},
    ],
)
def test_a_run_that_did_not_pass_leaves_both_unmerged(staged, cli, changes):
    write_record(**changes)
    code, _, err = merge(cli)
    assert code == 1
    assert "not published: the run" in err
    assert staged.card("acme/m") == MAIN.encode()
    assert "model.bin" not in files(staged)
    assert staged.state.repos["acme/m"].discussions[1].status == "draft"


def test_merging_twice_is_merging_once(staged, cli):
    merge(cli)
    before = staged.titles("acme/m")
    code, out, _ = merge(cli)
    assert (code, staged.titles("acme/m")) == (0, before)
    assert out.startswith("unchanged: merged already")


def test_an_edit_of_mains_card_during_the_training_is_kept(staged, cli):
    staged.commit("acme/m", {"README.md": MAIN.replace("by hand", "by another hand").encode()})
    code, _, err = merge(cli)
    assert code == 0, err
    card = staged.card("acme/m").decode()
    assert "# Written by another hand" in card
    assert "emissions: 42.5" in card


def test_an_edit_of_mains_card_just_before_the_merge_is_kept(staged, cli):
    edited = MAIN.replace("by hand", "at the last moment").encode()
    staged.faults.add(
        Fault(matches="POST .*/commit/refs", first=lambda: staged.commit("acme/m", {"README.md": edited}))
    )
    code, _, err = merge(cli)
    assert code == 0, err
    card = staged.card("acme/m").decode()
    assert "# Written at the last moment" in card
    assert "emissions: 42.5" in card


def test_a_conflict_names_the_files_and_merges_nothing(staged, cli):
    staged.commit("acme/m", {"model.bin": b"other weights"})
    code, _, err = merge(cli)
    assert code == 4
    assert "conflicts with main in model.bin; nothing was merged" in err
    assert staged.card("acme/m") == MAIN.encode()


def test_a_last_push_of_the_training_does_not_bring_its_readme_back(staged, cli):
    staged.faults.add(Fault(matches="POST .*/commit/refs", first=lambda: push(staged, "w2")))
    code, _, err = merge(cli)
    assert code == 0, err
    assert "# Written by hand" in staged.card("acme/m").decode()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
@pytest.mark.parametrize("where", ["POST .*/merge$", "POST .*/status$", "POST .*/commit/refs"])
def test_a_lost_answer_on_the_way_merges_once(staged, cli, where, fault):
    staged.faults.add(Fault(matches=where, **{fault: True}))
    code, _, err = merge(cli)
    assert code == 0, err
    assert staged.titles("acme/m").count("Staged release: weights and card (#1)") == 1


def test_a_lost_answer_when_staging_opens_one_draft(hub, at, cli):
    at(hub).create("acme/m", MAIN)
    hub.faults.add(Fault(matches="POST .*/discussions$", reset_after=True))
    assert cli("publish", "--stage", "--to", "acme/m")[:2] == (0, "refs/pr/1\n")
    assert len(hub.state.repos["acme/m"].discussions) == 1


def test_a_job_that_is_run_again_finds_its_draft_and_another_run_opens_its_own(staged, cli, monkeypatch):
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    first = json.loads(cli("publish", "--stage", "--to", "acme/m", "--format", "json")[1])
    again = json.loads(cli("publish", "--stage", "--to", "acme/m", "--format", "json")[1])
    assert (first["revision"], first["is_new"]) == ("refs/pr/2", True)
    assert (again["revision"], again["is_new"]) == ("refs/pr/2", False)
    monkeypatch.setenv("GITHUB_RUN_ID", "78")
    assert cli("publish", "--stage", "--to", "acme/m")[1] == "refs/pr/3\n"


def test_a_token_that_may_only_open_pull_requests_stages_and_trains(hub, at, cli):
    at(hub, PR_TOKEN).create("acme/m", MAIN)
    assert cli("publish", "--stage", "--to", "acme/m")[1] == "refs/pr/1\n"
    push(hub, "w", token=PR_TOKEN)
    write_record()
    code, _, err = merge(cli)
    assert code == 4
    assert "may not change pull requests of acme/m" in err
    assert hub.card("acme/m") == MAIN.encode()
    at(hub)
    assert merge(cli)[0] == 0


def test_a_read_token_cannot_stage(hub, at, cli):
    at(hub, READ_TOKEN).create("acme/m", MAIN)
    code, _, err = cli("publish", "--stage", "--to", "acme/m")
    assert code == 4
    assert "may only read" in err


def test_a_first_release_of_an_empty_model_takes_the_trainings_card(hub, at, cli):
    at(hub).create("acme/m")
    write_record()
    cli("publish", "--stage", "--to", "acme/m")
    push(hub, "w")
    assert merge(cli)[0] == 0
    card = hub.card("acme/m").decode()
    assert "Trainer's template" in card
    assert "emissions: 42.5" in card


@pytest.mark.parametrize("ref", ["1", "#1", "{endpoint}/acme/m/discussions/1"])
def test_a_pull_request_may_be_named_in_other_ways(staged, cli, ref):
    assert merge(cli, ref=ref.format(endpoint=staged.endpoint))[0] == 0


@pytest.mark.parametrize(("ref", "code"), [("main", 2), ("refs/heads/x", 2), ("0", 2), ("9", 4)])
def test_only_a_pull_request_is_accepted(staged, cli, ref, code):
    assert merge(cli, ref=ref)[0] == code


def test_a_closed_draft_is_not_merged(staged, cli):
    staged.state.repos["acme/m"].discussions[1].status = "closed"
    code, _, err = merge(cli)
    assert code == 4
    assert "was closed without a merge" in err


@pytest.mark.parametrize(
    "flags",
    [
        ("README.md", "--stage"),
        ("--stage", "--record", "r.json"),
        ("--merge", "refs/pr/1"),
        ("--merge", "refs/pr/1", "--record", "r.json", "--create-pr"),
        ("--stage", "--revision", "dev"),
    ],
)
def test_flags_that_contradict_each_other_are_a_usage_error(staged, cli, flags):
    assert cli("publish", "--to", "acme/m", *flags)[0] == 2
