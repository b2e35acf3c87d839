"""Each fault x {commit, pull request}: never lost unseen, never twice, never past the time limit."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.hub.conftest import CARD
from tests.hub.publish_faults import (
    COMMIT,
    LASTING,
    OLD,
    ONCE,
    READS,
    SOME,
    begun,
    commit_outlives,
    ends_in_time,
    ours,
    publish,
    pull_outlives,
)
from tests.hub.records import write_record
from tests.standin.faults import Fault
from tests.standin.hub import StandInHub
from tests.waiting import wait_until

SHORT_S = 1.5  # for a call, if an answer is waited for in vain; all other tests give a slow machine its time


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One server for all tests of this file: its socket takes its time."""
    with StandInHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture
def short_calls(monkeypatch):
    monkeypatch.setattr("carbon_lint.hub.client.http.CALL_TIMEOUT_S", SHORT_S)


@pytest.fixture
def server(request, standing, at):
    callspec = getattr(request.node, "callspec", None)
    if callspec and "stall" in callspec.params.get("fault", ""):
        request.getfixturevalue("short_calls")
    return at(begun(standing))


@pytest.mark.parametrize("fault", ONCE)
def test_a_commit_outlives_one_fault_and_lands_once(server, cli, fault):
    commit_outlives(server, cli, ONCE[fault](COMMIT))


@pytest.mark.slow
@pytest.mark.parametrize("where", READS)
@pytest.mark.parametrize("fault", SOME)
def test_each_question_before_a_commit_outlives_one_fault(server, cli, fault, where):
    commit_outlives(server, cli, ONCE[fault](where))


@pytest.mark.slow
@pytest.mark.parametrize("fault", ONCE)
def test_a_pull_request_outlives_one_fault_and_is_made_once(server, cli, fault):
    pull_outlives(server, cli, ONCE[fault]("POST .*/discussions$"))


@pytest.mark.slow
@pytest.mark.parametrize("where", [COMMIT, "POST .*/status$"])
@pytest.mark.parametrize("fault", SOME)
def test_each_further_step_of_a_pull_request_outlives_one_fault(server, cli, fault, where):
    pull_outlives(server, cli, ONCE[fault](where))


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--create-pr",)], ids=["commit", "pull request"])
@pytest.mark.parametrize("where", ["POST .*/commit/", "GET /api/models/acme/m$"])
@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_ends_in_time_and_the_error_names_the_old_card(server, cli, fault, where, how):
    ends_in_time(server, cli, LASTING[fault](where), *how)


def test_a_commit_whose_answers_are_all_lost_is_found_again(server, cli):
    server.faults.add(Fault(matches="POST .*/commit/", times=99, reset_after=True))
    code, _, err = publish(cli)
    assert code == 0, err
    assert server.card("acme/m") == CARD.encode()
    assert ours(server) == 1


def test_a_commit_that_landed_and_was_then_edited_by_somebody_is_not_made_again(server, cli):
    def edit():
        server.commit("acme/m", {"README.md": CARD.encode() + b"their line\n"})

    server.faults.add(Fault(matches="POST .*/commit/", reset_after=True))
    server.faults.add(Fault(matches="GET .*/commits/", first=edit))
    code, _, err = publish(cli)
    assert code == 0, err
    assert ours(server) == 1
    assert server.card("acme/m") == CARD.encode() + b"their line\n"


def test_the_other_files_change_meanwhile_and_the_card_still_lands(server, cli):
    server.faults.add(Fault(matches="POST .*/commit/", first=lambda: server.commit("acme/m", {"model.bin": b"w"})))
    code, _, err = publish(cli)
    assert code == 0, err
    assert server.card("acme/m") == CARD.encode()
    assert ours(server) == 1


def test_an_edit_of_the_card_meanwhile_stops_with_their_change(server, cli):
    theirs = OLD.encode() + b"their \x1b[31mline\n"
    server.faults.add(Fault(matches="POST .*/commit/", first=lambda: server.commit("acme/m", {"README.md": theirs})))
    code, out, err = publish(cli)
    assert code == 4
    assert "somebody else changed the card of acme/m meanwhile" in err
    assert "+their \\x1b[31mline\n" in out
    assert server.card("acme/m") == theirs


def test_overwrite_goes_over_an_edit_meanwhile(server, cli):
    theirs = {"README.md": OLD.encode() + b"their line\n"}
    server.faults.add(Fault(matches="POST .*/commit/", first=lambda: server.commit("acme/m", theirs)))
    assert publish(cli, "--force")[0] == 0
    assert server.card("acme/m") == CARD.encode()


def test_others_who_never_stop_committing_end_it_with_a_message(server, cli):
    server.faults.add(
        Fault(
            matches="POST .*/commit/", times=99, first=lambda: server.commit("acme/m", {"x": str(time.time()).encode()})
        )
    )
    code, _, err = publish(cli, timeout="60s")
    assert code == 4
    assert "the old card is there: others kept committing in between" in err


def test_a_wait_that_the_hub_asks_for_is_kept_and_announced(server, cli):
    server.faults.add(Fault(matches="POST .*/commit/", status=429, headers={"ratelimit": '"api";r=0;t=1'}))
    start = time.monotonic()
    code, _, err = publish(cli)
    assert code == 0
    assert "the Hub answered 429 Too Many Requests; trying again in 1.0 s" in err
    assert time.monotonic() - start >= 1


def test_a_proxys_page_with_status_200_is_never_taken_for_the_card(server, cli):
    """Committed with a figure put into it, it would replace the card."""
    write_record()
    page = Fault(matches="GET .*/README.md", times=99, status=200, body=b"<html>Please log in</html>")
    server.faults.add(page)
    code, _, err = cli("publish", "--record", "r.json", "--to", "acme/m", "--timeout", "5s")
    assert code == 4
    assert "did not come from the Hub" in err
    assert len(server.titles("acme/m")) == 2


def test_a_card_that_was_damaged_on_the_way_is_asked_for_again(server, cli):
    write_record()
    tip = server.state.repos["acme/m"].git.tip("main")
    damaged = {"X-Repo-Commit": tip, "ETag": '"1f7391f92b6a3792204e07e99f71f643cc35e7e1"'}
    server.faults.add(Fault(matches="GET .*/README.md", status=200, headers=damaged, body=OLD.encode()[:-3]))
    code, _, err = cli("publish", "--record", "r.json", "--to", "acme/m")
    assert code == 0, err
    assert server.card("acme/m").decode().endswith("---\n# Old\n")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_whatever_goes_wrong_together_the_message_is_true_and_nothing_is_doubled(server, cli, seed):
    """Several faults at once, drawn at random: others commit, answers are lost, and it goes on or gives up."""
    dice = random.Random(seed)
    edit = {"README.md": OLD.encode() + b"theirs\n"}
    for _ in range(dice.randint(2, 6)):
        fault = ONCE[dice.choice([*SOME, "answer cut in its body", "status 500", "status 429"])]
        struck = fault(dice.choice([COMMIT, COMMIT, *READS, "GET .*/commits/", "GET /acme/m/resolve/"]))
        struck.skip, struck.times = dice.randint(0, 2), dice.choice([1, 1, 2, 9])
        if dice.random() < 0.2:
            struck.first = lambda: server.commit("acme/m", dice.choice([edit, {"x.bin": b"x"}]))
        server.faults.add(struck)
    code, _, err = publish(cli)
    server.faults.clear()
    assert ours(server) <= 1
    contents = {git_card(server, commit.oid) for commit in server.state.repos["acme/m"].git.log("main")}
    if code == 0:
        assert CARD.encode() in contents, err
    elif "the old card is there" in err:
        assert CARD.encode() not in contents, err
    elif "the new card is there" in err:
        assert CARD.encode() in contents, err
    else:
        assert "could not be found out" in err or "somebody else changed the card" in err, err


def git_card(server, commit):
    return server.state.repos["acme/m"].git.read(commit, "README.md")


@pytest.mark.slow
def test_an_answer_that_is_cut_off_gives_an_error_with_what_is_known(server, cli):
    for size in (0, 1, 20, 100, 200, 300):
        git = server.state.repos["acme/m"].git
        git.set_ref("refs/heads/main", git.log("main")[-2].oid)
        server.faults.clear()
        server.faults.add(Fault(matches=COMMIT, answer_bytes=size))
        server.faults.add(Fault(matches=".*", skip=5, times=99, reset_before=True))
        code, _, err = publish(cli)
        assert code == 4
        assert server.card("acme/m") == CARD.encode()
        assert "could not be found out" in err or "the new card is there, as commit" in err


@pytest.mark.slow
def test_the_server_cut_off_at_any_byte_leaves_the_old_card_or_the_new_one(server, cli):
    """The answer to the commit, cut everywhere; then nothing answers any more."""
    for size in range(0, 400, 40):
        git = server.state.repos["acme/m"].git
        git.set_ref("refs/heads/main", git.log("main")[-2].oid)
        server.faults.clear()
        server.faults.add(Fault(matches="POST .*/commit/", read_only=size))
        server.faults.add(Fault(matches=".*", skip=5, times=99, reset_before=True))
        code, _, err = publish(cli)
        assert code == 4
        assert server.card("acme/m") in {OLD.encode(), CARD.encode()}
        assert "could not be found out" in err or "the old card is there" in err or "the new card is there" in err


class Late:
    """A request that the Hub carries out when the test wants it, after the client has given up."""

    def __init__(self, server, matches):
        self._is_time, self._thread = threading.Event(), None
        server.faults.add(Fault(matches=matches, first=self._wait))

    def _wait(self):
        self._thread = threading.current_thread()
        self._is_time.wait(60)

    def carry_out(self):
        self._is_time.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.mark.usefixtures("short_calls")
def test_a_commit_that_is_carried_out_late_is_refused_by_the_hub_itself(server, cli):
    late = Late(server, COMMIT)
    code, _, err = publish(cli)
    assert code == 0, err
    late.carry_out()
    method, path, status = server.requests[-1]
    assert (f"{method} {path}", status) == ("POST /api/models/acme/m/commit/main", 412)
    assert ours(server) == 1


@pytest.mark.usefixtures("short_calls")
def test_a_pull_request_that_is_made_late_is_closed_the_next_time(server, cli):
    late = Late(server, "POST .*/discussions$")
    assert publish(cli, "--create-pr")[0] == 0
    late.carry_out()
    pulls = server.state.repos["acme/m"].discussions
    assert len([pull for pull in pulls.values() if pull.status != "closed"]) == 2
    assert publish(cli, "--create-pr")[0] == 0
    assert [pull.status for pull in pulls.values() if pull.status != "closed"] == ["open"]


def interrupt():
    """Ctrl-C while the client waits. A signal just before the wait is handled when it ends."""
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


INTERRUPTED = {
    "before anything was sent": ("GET /api/models/acme/m$", 0, "the old card is there: nothing was sent", OLD),
    "while the commit is on its way": (COMMIT, 0, "whether the new card is there could not be found out", CARD),
    "while the card is read back": ("GET /acme/m/resolve/", 1, "the new card is there, as commit", CARD),
}


@pytest.mark.parametrize("when", INTERRUPTED)
def test_an_interrupted_publication_names_the_card_that_is_there(server, cli, when):
    matches, skip, message, there = INTERRUPTED[when]

    # The commit is carried out, its answer comes too late for the client.
    server.faults.add(Fault(matches=matches, skip=skip, first=interrupt, stall_s=2))
    code, out, err = publish(cli)
    assert code == 130
    assert out == ""
    assert f"carbon-lint: stopped: {message}" in err
    assert "publishing again is safe" in err
    wait_until(lambda: server.card("acme/m").decode() == there, timeout_s=30)


def test_an_interrupted_pull_request_gives_a_warning_that_one_may_be_open(server, cli):
    server.faults.add(Fault(matches="POST .*/discussions|POST .*pull", first=interrupt, stall_s=2))
    code, _, err = publish(cli, "--create-pr")
    assert code == 130
    assert "main is as it was; a pull request may be open: look at" in err


def test_an_answer_that_dribbles_is_broken_off_at_the_time_limit(at, cli, monkeypatch):
    """No socket's time limit ever ends: a byte of the head comes every 0.1 s."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def dribble():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 400:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.1)

        threading.Thread(target=dribble, daemon=True).start()
        Path("README.md").write_text(CARD)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("HF_TOKEN", "hf_someToken")
        start = time.monotonic()
        code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--timeout", "1s")
    assert code == 4
    assert "the old card is there: nothing was sent" in err
    assert time.monotonic() - start < 20, "half of what the head takes"
