"""What a model got while a job ran, asked of the stand-in Hub whose repositories are real git."""

from __future__ import annotations

import json
import subprocess

import pytest

from carbon_lint.hub.pushes import pushed
from carbon_lint.hub.pushes.watch import Watch
from carbon_lint.records.record import Outcome
from carbon_lint.report.run.sections import warnings as in_markdown
from carbon_lint.text import terminal
from tests.hub.records import record
from tests.hub.watched import after_stop, weights
from tests.standin.faults import Fault

HALF = "they may hold half-trained weights"


@pytest.fixture
def git(model):
    return model.state.repos["acme/m"].git


def dated(git, parents, message, date):
    """A commit of main's files, made by git itself with a date of its own. No ref points to it."""
    environ = {"GIT_AUTHOR_NAME": "acme", "GIT_AUTHOR_EMAIL": "a@localhost", "GIT_COMMITTER_NAME": "acme",
               "GIT_COMMITTER_EMAIL": "a@localhost", "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}  # fmt: skip
    command = ["git", "--git-dir", ".", "commit-tree", f"{git.tip('main')}^{{tree}}", "-m", message]
    command += [word for parent in parents for word in ("-p", parent)]
    return subprocess.check_output(command, cwd=git.folder, env=environ, text=True).strip()


def test_the_commits_since_the_start_are_named_and_the_one_to_go_back_to(model, watched):
    before = weights(model, "Yesterday's")
    seen = watched()
    first = weights(model, "Training in progress, epoch 1")
    last = weights(model, "End of training")
    found = after_stop(seen)
    weights(model, "Afterwards")

    assert found.has_pushed is True
    shown, back = found.notes
    assert shown == (
        "the job was stopped over its budget, and acme/m got 2 commits by stand-in meanwhile: "
        f"{first[:8]} 'Training in progress, epoch 1', {last[:8]} 'End of training' (main): {HALF}"
    )
    assert back == f"to go back (docs/publishing.md): main was at {before}"


def test_nothing_pushed_is_reported_too(model, watched):
    weights(model, "Before")
    seen = watched()
    found = after_stop(seen)
    assert found.has_pushed is False
    (shown,) = found.notes
    assert shown.startswith("the job was stopped over its budget; nothing was pushed to acme/m while it ran")
    assert model.asked("GET /api/models/acme/m/commits") == 0


@pytest.mark.parametrize(
    ("outcome", "was_stopped", "cause"),
    [
        (Outcome.OVER_BUDGET, True, "the job was stopped over its budget, and"),
        (Outcome.OVER_BUDGET, False, "the run went over its budget, and"),
        (Outcome.UNMEASURED, True, "the job was stopped because it could not be measured, and"),
        (Outcome.UNMEASURED, False, "the run was not measured, and"),
        (Outcome.FAILED, False, "the job failed, and"),
    ],
)
def test_only_weights_of_a_training_cut_short_are_called_half_trained(model, watched, outcome, was_stopped, cause):
    seen = watched()
    weights(model, "Training in progress")
    shown = after_stop(seen, record(outcome=outcome), was_stopped).notes[0]
    assert shown.startswith(cause)
    is_cut_short = was_stopped or outcome is Outcome.FAILED
    assert is_cut_short == shown.endswith(HALF)


def test_a_pull_request_is_closed_and_main_left_alone(model, watched, git):
    model.state.open_discussion(model.state.repos["acme/m"], "acme", "Staged", "", pull_request=True, status="draft")
    seen = watched()
    sha = weights(model, "End of training", "refs/pr/1")
    shown, back = after_stop(seen).notes
    assert f"got 1 commit by stand-in meanwhile: {sha[:8]} 'End of training' (refs/pr/1)" in shown
    assert back == f"to go back (docs/publishing.md): close {model.endpoint}/acme/m/discussions/1 without a merge"


def test_a_pull_request_that_the_job_opens_counts_from_where_it_left_main(model, watched):
    weights(model, "Before")
    seen = watched()
    repo = model.state.repos["acme/m"]
    for _ in range(2):  # the second stays empty: nothing was pushed to it
        model.state.open_discussion(repo, "acme", "Weights", "", pull_request=True, status="draft")
    sha = weights(model, "Upload", "refs/pr/1")
    shown = after_stop(seen).notes[0]
    assert f"got 1 commit by stand-in meanwhile: {sha[:8]} 'Upload' (refs/pr/1): " in shown


def test_empty_pull_requests_take_no_place_from_one_that_was_pushed_to(model, watched, monkeypatch):
    monkeypatch.setattr(pushed, "MOST_REFS", 1)
    seen = watched()
    repo = model.state.repos["acme/m"]
    for _ in range(3):
        model.state.open_discussion(repo, "bot", "Nothing yet", "", pull_request=True, status="draft")
    sha = weights(model, "Upload", "refs/pr/1")
    assert f"got 1 commit by stand-in meanwhile: {sha[:8]} 'Upload' (refs/pr/1): " in after_stop(seen).notes[0]


def test_a_new_branch_holds_only_what_main_never_held(model, watched, git):
    old = weights(model, "Long ago")
    weights(model, "Since then")
    seen = watched()
    git.set_ref("refs/heads/side", old)
    sha = weights(model, "On the side", "side")
    shown, back = after_stop(seen).notes
    assert f"got 1 commit by stand-in meanwhile: {sha[:8]} 'On the side' (side): " in shown
    assert back.endswith(": delete the branch 'side'")


def test_main_comes_first_and_a_commit_is_counted_once(model, watched, git):
    git.set_ref("refs/heads/a-branch", git.tip("main"))
    seen = watched()
    both = weights(model, "Both")
    git.set_ref("refs/heads/a-branch", both)
    alone = weights(model, "Alone", "a-branch")
    shown = after_stop(seen).notes[0]
    assert f"2 commits by stand-in meanwhile: {both[:8]} 'Both' (main), {alone[:8]} 'Alone' (a-branch): " in shown


def test_a_merge_brings_what_is_older_than_mains_head(model, watched, git):
    """By date the branch's commits lie below the head that main had before."""
    root = git.tip("main")
    side = dated(git, [root], "On the branch", "2030-01-01T00:00:00Z")
    head = dated(git, [root], "On main", "2031-01-01T00:00:00Z")
    git.set_ref("refs/heads/main", head)
    git.set_ref("refs/heads/side", side)
    seen = watched()
    merge = dated(git, [head, side], "Merge the branch", "2032-01-01T00:00:00Z")
    git.set_ref("refs/heads/main", merge)
    assert [commit.title for commit in git.log("main")][:3] == ["Merge the branch", "On main", "On the branch"]
    shown, back = after_stop(seen).notes
    assert f"2 commits by acme meanwhile: {side[:8]} 'On the branch', {merge[:8]} 'Merge the branch' (main): " in shown
    assert back.endswith(f"main was at {head}")


def test_a_commit_with_a_wrong_date_is_seen(model, watched, git):
    seen = watched()
    old = dated(git, [git.tip("main")], "Made long ago", "2001-01-01T00:00:00Z")
    git.set_ref("refs/heads/main", old)
    assert f"{old[:8]} 'Made long ago' (main)" in after_stop(seen).notes[0]


@pytest.mark.parametrize("is_thrown_away", [False, True])
def test_a_rewritten_history_is_reported(model, watched, git, is_thrown_away):
    before = weights(model, "Lost")
    seen = watched()
    new = dated(git, [], "Squashed", "2026-01-01T00:00:00Z")
    git.set_ref("refs/heads/main", new)
    if is_thrown_away:
        subprocess.run(["git", "--git-dir", ".", "gc", "--quiet", "--prune=now"], cwd=git.folder, check=True)
    assert (git.tip(before) is None) == is_thrown_away
    shown, back = after_stop(seen).notes
    assert f"{new[:8]} 'Squashed' (main, which does not hold {before[:8]} any more): " in shown
    assert back.endswith(f"main was at {before}")


def test_a_branch_that_was_set_back_is_reported(model, watched, git):
    root = git.tip("main")
    before = weights(model, "Taken away")
    seen = watched()
    git.set_ref("refs/heads/main", root)
    found = after_stop(seen)
    assert found.has_pushed is True
    assert (
        f"acme/m was changed meanwhile: now at {root[:8]} (main, which does not hold {before[:8]} any more)"
        in found.notes[0]
    )


def test_a_model_that_the_job_made_is_listed_whole(hub, at):
    at(hub)
    seen = Watch("acme/m", hub.environ(), settle_s=0)
    warning = seen.begin()
    assert warning.startswith("there is no model acme/m on the Hub, or HF_TOKEN may not see it; if the job creates")
    hub.create("acme/m", "# New\n")
    sha = weights(hub, "End of training")
    (shown,) = after_stop(seen).notes
    assert "acme/m, which could not be seen before the job, has 3 commits by stand-in now: " in shown
    assert f"{sha[:8]} 'End of training' (main): {HALF}" in shown


def test_a_long_list_is_read_page_by_page_and_its_end_is_named(model, watched, monkeypatch):
    monkeypatch.setattr(pushed, "PAGE", 3)
    weights(model, "Before")
    seen = watched()
    shas = [weights(model, f"Step {number}") for number in range(11)]
    shown = after_stop(seen).notes[0]
    assert "got 11 commits" in shown
    assert f": 6 earlier, {shas[6][:8]} 'Step 6', " in shown
    assert f"{shas[10][:8]} 'Step 10' (main): " in shown
    assert model.asked(f"/commits/{shas[10]}?limit=3&p=3") == 1


def test_a_list_without_an_end_is_not_read_to_it(model, watched, monkeypatch):
    monkeypatch.setattr(pushed, "MOST_COMMITS", 4)
    seen = watched()
    for number in range(6):
        weights(model, f"Step {number}")
    shown = after_stop(seen).notes[0]
    assert "got at least 4 commits" in shown
    assert "(main; there may be more: only the newest 4 were looked at)" in shown


def test_of_a_hundred_branches_the_first_few_are_looked_into(model, watched, git, monkeypatch):
    monkeypatch.setattr(pushed, "MOST_REFS", 2)
    seen = watched()
    sha = weights(model, "Everywhere")
    for name in ("b", "c", "d"):
        git.set_ref(f"refs/heads/{name}", sha)
        weights(model, f"On {name}", name)
    shown = after_stop(seen).notes[0]
    assert "got at least 2 commits" in shown
    assert "'Everywhere' (main), " in shown
    assert "'On b' (b), and 2 more branches or pull requests moved" in shown


def test_several_pushers_are_listed_with_what_each_pushed(model, watched, git):
    seen = watched()
    mine = git.commit("refs/heads/main", {"a": b"1"}, "Mine", author="acme")
    theirs = git.commit("refs/heads/main", {"b": b"1"}, "Theirs", author="bob")
    shown = after_stop(seen).notes[0]
    assert f"got 2 commits meanwhile: {mine[:8]} 'Mine' by acme, {theirs[:8]} 'Theirs' by bob (main)" in shown


def test_a_commit_that_lands_just_after_the_job_is_seen(model, hub, monkeypatch):
    seen = Watch("acme/m", hub.environ(None), settle_s=2.5)
    seen.begin()
    monkeypatch.setattr("time.sleep", lambda seconds: weights(model, f"Landed {seconds} s after"))
    shown = after_stop(seen).notes[0]
    assert "'Landed 2.5 s after' (main)" in shown


HOSTILE = [
    "::error file=a::pwned",
    "##[error]pwned",
    "\x1b[31mred\x1b[0m and \x07",
    "\u202egnp.exe",
    "'); drop table",
    "<script>alert(1)</script> @octocat #12 [x](http://evil.example)",
    "token hf_abcdefghijklmnopqrstuvwxyz012345",
    "long " * 200,
]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_printed_as_harmless_text(model, watched, title):
    seen = watched()
    weights(model, title)
    shown = after_stop(seen).notes[0]
    assert terminal(shown) == shown
    assert len(shown) < 400
    assert "hf_abcdef" not in shown
    markdown = in_markdown(record(warnings=(shown,)))
    assert markdown.count("\n") == 3
    assert "<script>" not in markdown
    assert "@octocat" not in markdown
    assert "[x](" not in markdown


def test_an_author_and_a_branch_are_printed_as_harmless_text(model, watched, git):
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": git.tip("main")}
    seen = watched()
    sha = git.commit("refs/heads/side", {"a": b"1"}, "One", author="::error::name")
    side = {"name": "?", "ref": "refs/heads/::error::\x1b[31m\n", "targetCommit": sha}
    body = {"branches": [main, side], "converts": [], "tags": [], "pullRequests": []}
    model.faults.add(Fault(matches="/refs", status=200, body=json.dumps(body).encode()))
    shown, back = after_stop(seen).notes
    assert terminal(shown) == shown
    assert terminal(back) == back
    assert f"{sha[:8]} 'One'" in shown
