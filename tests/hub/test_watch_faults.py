"""What is printed about a watched model if the Hub cannot be asked, or only in part, and who may ask."""

from __future__ import annotations

import json

import pytest

from carbon_lint.errors import UsageError
from carbon_lint.hub.pushes import pushed, watch
from carbon_lint.hub.pushes.watch import Watch
from carbon_lint.report.run.pushes import pushes_in_words
from tests.hub.watched import STOPPED, after_stop, weights
from tests.standin.faults import Fault, html_502
from tests.standin.hub import FOREIGN_TOKEN, READ_TOKEN, WRITE_TOKEN

BROKEN = {
    "500": Fault(matches="/refs", times=99, status=500),
    "502 with a page": html_502("/refs", times=99),
    "429 for an hour": Fault(matches="/refs", times=99, status=429, headers={"Retry-After": "3600"}),
    "reset": Fault(matches="/refs", times=99, reset_before=True),
    "stall": Fault(matches="/refs", times=99, stall_s=30),
    "no JSON": Fault(matches="/refs", times=99, status=200, body=b"<html>login</html>"),
    "a list": Fault(matches="/refs", times=99, status=200, body=b"[]"),
    "no commits": Fault(matches="/refs", times=99, status=200, body=json.dumps(
        {"branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": "../x"}],
         "converts": [], "tags": [], "pullRequests": []}).encode()),
    "numbers": Fault(matches="/refs", times=99, status=200, body=json.dumps(
        {"branches": [{"name": 1, "ref": 2, "targetCommit": 3}], "converts": [], "tags": [], "pullRequests": []}
    ).encode()),
    "403": Fault(matches="/refs", times=99, status=403),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", BROKEN)
def test_a_hub_that_cannot_be_asked_after_the_job_leaves_it_unknown(model, watched, monkeypatch, fault):
    monkeypatch.setattr(watch, "AFTER_S", 0.5)
    seen = watched()
    weights(model, "Pushed")
    model.faults.add(BROKEN[fault])
    found = after_stop(seen)
    model.faults.clear()
    assert found.has_pushed is None
    (message,) = found.notes
    start = "the job was stopped over its budget, and what was pushed to acme/m is not known: "
    assert message.startswith(start)
    assert len(message) > len(start) + 10, "it says why"
    assert WRITE_TOKEN not in message


@pytest.mark.slow
@pytest.mark.parametrize("fault", BROKEN)
def test_a_hub_that_cannot_be_asked_before_the_job_is_not_asked_after_it(model, hub, monkeypatch, fault):
    monkeypatch.setattr(watch, "BEFORE_S", 0.5)
    model.faults.add(BROKEN[fault])
    seen = Watch("acme/m", hub.environ(WRITE_TOKEN), settle_s=0)
    why = seen.begin()
    assert why.startswith("before the job the Hub could not be asked: ")
    model.faults.clear()
    asked = len(model.requests)
    weights(model, "Pushed")
    (message,) = after_stop(seen).notes
    assert message == f"the job was stopped over its budget, and what was pushed to acme/m is not known: {why}"
    assert len(model.requests) == asked


def test_a_watch_without_a_network_gives_a_note(hub):
    seen = Watch("acme/m", {"HF_ENDPOINT": "http://127.0.0.1:9"}, settle_s=0)
    assert "no connection" in seen.begin()
    assert "no connection" in after_stop(seen).notes[0]


@pytest.mark.parametrize(
    ("commits", "shown"),
    [
        (Fault(matches="/commits/", times=99, status=500), "answered 500"),
        (Fault(matches="/commits/", times=99, status=200, body=b"{}"), "is not what it should be"),
        (Fault(matches="/commits/", times=99, status=200, body=b'[{"id": 7}]'), "is not what it should be"),
        (Fault(matches="/commits/", times=99, status=200, body=b'[{"id":"x","title":1,"authors":[]}]'), "not what it"),
    ],
)
def test_the_new_head_is_named_if_its_commits_cannot_be_listed(model, watched, commits, shown):
    before = weights(model, "Before")
    seen = watched()
    sha = weights(model, "Pushed")
    model.faults.add(commits)
    found = after_stop(seen)
    model.faults.clear()
    assert found.has_pushed is True
    assert f"acme/m was changed meanwhile: now at {sha[:8]} (main; its commits are not known: " in found.notes[0]
    assert shown in found.notes[0]
    assert f"main was at {before}" in found.notes[1]


def test_a_list_that_breaks_off_gives_what_came(model, watched, monkeypatch):
    monkeypatch.setattr(pushed, "PAGE", 2)
    seen = watched()
    shas = [weights(model, f"Step {number}") for number in range(5)]
    model.faults.add(Fault(matches="&p=1", times=99, status=500))
    message = after_stop(seen).notes[0]
    model.faults.clear()
    assert "got at least 2 commits" in message
    assert f"{shas[4][:8]} 'Step 4' (main; there may be more: " in message


@pytest.mark.parametrize(("token", "private", "is_known"), [
    (None, False, True), (READ_TOKEN, True, True), (READ_TOKEN, False, True), (FOREIGN_TOKEN, True, False),
    (None, True, False), ("hf_revoked", False, False),
])  # fmt: skip
def test_a_public_model_needs_no_token_and_a_private_one_its_owners(hub, at, token, private, is_known):
    at(hub, None)
    hub.create("acme/m", "# A model\n", private=private)
    seen = Watch("acme/m", hub.environ(None), token=token, settle_s=0)
    seen.begin()
    sha = hub.commit("acme/m", {"a": b"1"}, "Pushed")
    found = after_stop(seen)
    assert is_known == (found.has_pushed is True) == (sha[:8] in found.notes[0])
    if not is_known:
        assert "is not known: " in found.notes[0]
        assert "hf_" not in found.notes[0]


def test_the_token_is_found_as_publish_finds_it(model, hub, watched):
    hub.state.repos["acme/m"].private = True
    seen = Watch("acme/m", hub.environ(None), settle_s=0)  # HF_TOKEN of this process
    assert seen.begin() is None
    sha = weights(model, "Pushed")
    assert sha[:8] in after_stop(seen).notes[0]


def test_a_model_that_was_renamed_meanwhile_is_followed(model, watched):
    seen = watched()
    sha = weights(model, "Pushed")
    model.state.move_repo("acme/m", "acme/new")
    assert sha[:8] in after_stop(seen).notes[0]


@pytest.mark.parametrize("target", ["m", "datasets/acme/m", "acme/m/tree/x", "a b/c", ""])
def test_what_names_no_model_is_refused_before_anything_is_asked(hub, target):
    with pytest.raises(UsageError):
        Watch(target, hub.environ())
    assert hub.requests == []


def test_offline_means_offline(model, hub, monkeypatch):
    seen = Watch("acme/m", {**hub.environ(), "HF_HUB_OFFLINE": "1"}, settle_s=0)
    assert "HF_HUB_OFFLINE is set" in seen.begin()
    assert "HF_HUB_OFFLINE is set" in after_stop(seen).notes[0]
    assert model.requests == []


def test_an_interrupted_question_is_reported(hub):
    seen = Watch("acme/m", hub.environ())
    (message,) = pushes_in_words(seen.interrupted(), STOPPED, was_stopped=True)
    assert message.endswith("what was pushed to acme/m is not known: asking the Hub was interrupted")
