"""The stand-in Hub, asked by the real client: what the other tests rest on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

from tests.effort import busy
from tests.standin.faults import Fault
from tests.standin.hub import FOREIGN_TOKEN, PR_TOKEN, READ_TOKEN, WRITE_TOKEN

CARD = "---\nlicense: mit\nco2_eq_emissions: 1e-5\n---\nHello\n"


def readme(text):
    return [CommitOperationAdd("README.md", text.encode())]


@pytest.fixture
def api(hub):
    hub.create("acme/m", CARD)
    return HfApi(endpoint=hub.endpoint, token=WRITE_TOKEN)


def test_a_commit_with_a_stale_parent_is_refused_and_changes_nothing(hub, api):
    first = api.model_info("acme/m").sha
    api.create_commit("acme/m", readme("---\nlicense: mit\n---\nTwo\n"), commit_message="two", parent_commit=first)
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as refused:
        api.create_commit(
            "acme/m", readme("---\nlicense: mit\n---\nThree\n"), commit_message="three", parent_commit=first
        )
    assert refused.value.response.status_code == 412
    assert hub.card("acme/m") == b"---\nlicense: mit\n---\nTwo\n"
    assert hub.titles("acme/m") == ["two", "Add the card", "initial commit"]


def test_the_card_is_read_at_its_revision_as_the_client_reads_it(hub, api, tmp_path):
    sha = api.model_info("acme/m").sha
    hub.commit("acme/m", {"README.md": b"later"})
    path = hf_hub_download("acme/m", "README.md", revision=sha, endpoint=hub.endpoint, cache_dir=tmp_path / "c")
    assert Path(path).read_text() == CARD


def test_the_listing_follows_pages_filters_and_reads_yaml_1_2(hub, api):
    for index in range(5):
        hub.create(f"acme/n{index}", f"---\nco2_eq_emissions:\n  emissions: {index}e-3\n---\n")
    hub.create("acme/plain", "# nothing\n")
    hub.state.page_size = 2
    found = list(api.list_models(filter="co2_eq_emissions", cardData=True))
    assert {"acme/m", *(f"acme/n{index}" for index in range(5))} == {model.id for model in found}
    assert {0, 0.001, 0.002, 0.003, 0.004} == {
        model.card_data.to_dict()["co2_eq_emissions"]["emissions"] for model in found if model.id != "acme/m"
    }
    assert hub.asked("GET /api/models?") == 3


def test_a_pull_request_is_a_ref_that_can_be_committed_to_and_merged(hub, api):
    pull = api.create_pull_request("acme/m", title="Better")
    assert (pull.status, pull.git_reference) == ("draft", "refs/pr/1")
    api.create_commit("acme/m", readme("---\nlicense: mit\n---\nPR\n"), commit_message="pr", revision="refs/pr/1")
    assert hub.card("acme/m") == CARD.encode()
    api.change_discussion_status("acme/m", 1, new_status="open")
    api.merge_pull_request("acme/m", 1)
    assert hub.card("acme/m") == b"---\nlicense: mit\n---\nPR\n"
    assert api.get_discussion_details("acme/m", 1).status == "merged"


def test_a_merge_with_conflicts_names_the_files(hub, api):
    api.create_pull_request("acme/m", title="Better")
    hub.commit("acme/m", {"README.md": b"one\n"}, ref="refs/pr/1")
    hub.commit("acme/m", {"README.md": b"two\n"})
    api.change_discussion_status("acme/m", 1, new_status="open")
    assert api.get_discussion_details("acme/m", 1).conflicting_files == ["README.md"]
    with pytest.raises(HfHubHTTPError, match=r"merge conflicts: README\.md"):
        api.merge_pull_request("acme/m", 1)


@pytest.mark.parametrize(
    ("token", "main", "pull"),
    [
        (WRITE_TOKEN, 200, 200),
        (READ_TOKEN, 403, 403),
        (FOREIGN_TOKEN, 403, 200),
        (PR_TOKEN, 403, 200),
        ("hf_unknown", 401, 401),
    ],
)
def test_what_a_token_may_do_depends_on_its_role(hub, api, token, main, pull):
    def status(**where):
        try:
            api.create_commit("acme/m", readme("---\na: 1\n---\nX\n"), commit_message="x", token=token, **where)
        except HfHubHTTPError as refused:
            return refused.response.status_code
        return 200

    assert (main, pull) == (status(), status(create_pr=True))


def test_an_ignored_file_is_dropped_without_a_word(hub, api):
    hub.commit("acme/m", {".gitignore": b"README.md\n"})
    api.create_commit("acme/m", readme("---\na: 1\n---\nnew\n"), commit_message="dropped")
    assert hub.card("acme/m") == CARD.encode()
    assert hub.titles("acme/m")[0] == "dropped"


@pytest.mark.filterwarnings("ignore:Use 'content=")  # the client's own upload, with its own library
def test_weights_travel_by_lfs_and_come_back(hub, api, monkeypatch, tmp_path):
    hub.state.speaks_lfs = True
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    api.upload_file(path_or_fileobj=b"w" * 5000, path_in_repo="model.safetensors", repo_id="acme/m")
    path = hf_hub_download("acme/m", "model.safetensors", endpoint=hub.endpoint, cache_dir=tmp_path / "c")
    assert Path(path).read_bytes() == b"w" * 5000
    pointer = hub.state.repos["acme/m"].git.read(hub.state.repos["acme/m"].git.tip("main"), "model.safetensors")
    assert pointer.startswith(b"version https://git-lfs")


def test_a_renamed_repository_is_redirected(hub, api):
    api.move_repo("acme/m", "acme/new")
    assert api.model_info("acme/m").id == "acme/new"


def test_an_unknown_revision_is_named(api):
    with pytest.raises(RevisionNotFoundError):
        api.model_info("acme/m", revision="nope")


@pytest.mark.parametrize(
    ("fault", "landed"),
    [
        (Fault(matches="/commit/", reset_before=True), 0),
        (Fault(matches="/commit/", reset_after=True), 1),
        (Fault(matches="/commit/", answer_bytes=40), 1),
        (Fault(matches="/commit/", read_only=20), 0),
        (Fault(matches="/commit/", status=500), 0),
    ],
)
def test_a_fault_strikes_once_and_has_its_stated_effect(hub, api, fault, landed):
    hub.faults.add(fault)
    with pytest.raises(Exception):  # noqa: B017  each fault breaks the client in its own way
        api.create_commit("acme/m", readme("---\na: 1\n---\nX\n"), commit_message="x")
    assert landed == hub.titles("acme/m").count("x")
    api.create_commit("acme/m", readme("---\na: 2\n---\nX\n"), commit_message="y")
    assert hub.titles("acme/m").count("y") == 1


def test_an_id_token_is_exchanged_only_for_the_claims_of_its_publisher(hub):
    hub.trust("acme/m", "acme/training", branch="main")
    for branch, status in (("main", 200), ("other", 400)):
        environ = hub.oidc_environ("acme/m", "acme/training", branch=branch)
        url = f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}?audience={hub.endpoint}"
        bearer = {"Authorization": f"Bearer {environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=bearer)) as reply:
            id_token = json.load(reply)["value"]
        asked = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": id_token,
            "resource": "acme/m",
        }
        request = urllib.request.Request(f"{hub.endpoint}/oauth/token", data=json.dumps(asked).encode(), method="POST")
        if status == 200:
            with urllib.request.urlopen(request) as reply:
                assert json.load(reply)["access_token"].startswith("hf_jwt_")
        else:
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert (status, "invalid_grant") == (refused.value.code, json.load(refused.value)["error"])


def test_the_server_runs_as_a_program_of_its_own_and_ends_on_a_signal(tmp_path):
    (tmp_path / "card.md").write_text(CARD)
    root = Path(__file__).parents[2]
    program = [
        sys.executable,
        "-m",
        "tests.standin.hub",
        "--root",
        tmp_path / "hub",
        "--repo",
        f"acme/m={tmp_path}/card.md",
    ]
    with subprocess.Popen(program, cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as server:
        lines = [server.stdout.readline().strip() for _ in range(5)]
        given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        api = HfApi(endpoint=given["HF_ENDPOINT"], token=given["HF_TOKEN"])
        assert api.whoami()["name"] == "acme"
        assert api.model_info("acme/m").sha
        start = time.monotonic()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
        assert time.monotonic() - start < 5 * busy()
