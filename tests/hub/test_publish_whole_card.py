"""`publish README.md --whole-card --to owner/model` against the stand-in Hub, over HTTP, by the real client."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from carbon_lint.hub.client.endpoint import notes_on
from tests.hub.conftest import CARD
from tests.hub.refused_tokens import REFUSED_TOKENS, refused_token
from tests.standin.faults import Fault
from tests.standin.hub import FOREIGN_TOKEN, READ_TOKEN, WRITE_TOKEN


def commits(hub):
    return len(hub.titles("acme/m")) - 2  # the repository's own, and its first card


def test_the_card_is_committed_and_its_page_is_named(model, cli):
    code, out, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 0, err
    assert f"carbon-lint: HF_ENDPOINT: the Hub is {model.endpoint}, not https://huggingface.co\n" in err
    assert CARD.encode() == model.card("acme/m")
    assert out.splitlines() == ["published to acme/m", f"{model.endpoint}/acme/m/commit/{tip(model)}"]
    assert model.titles("acme/m")[0] == "State the carbon emissions: 12.5 g CO2eq"


def tip(hub):
    return hub.state.repos["acme/m"].git.tip("main")


def test_what_the_whole_card_replaces_is_shown_before_it_is_sent(model, cli):
    model.commit("acme/m", {"README.md": b"---\nlicense: mit\ntags: [keep]\n---\n# Old\n\x1b[2Jtheir text\n"})
    shown = "the whole card replaces 3 lines of the card on the Hub, and the front matter key tags:"
    for more in ("--dry-run",), ("--create-pr",), ():
        code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", *more)
        assert code == 0
        assert shown in err
        assert "  - tags: [keep]\n  - # Old\n  - \\x1b[2Jtheir text\n" in err
    assert "replaces" not in cli("publish", "README.md", "--whole-card", "--to", "acme/m")[2]


def test_a_retry_shows_what_is_lost_once(model, cli):
    model.faults.add(Fault(matches="POST .*/commit/", status=500, body=b""))
    _, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert err.count("the whole card replaces") == 1


def test_an_unchanged_card_makes_no_commit_and_gets_a_message(model, cli):
    cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    code, out, _ = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 0
    assert out.startswith("unchanged: acme/m has this card already, nothing was committed\n")
    assert commits(model) == 1


def test_bytes_that_are_not_plain_text_arrive_as_they_are(model, cli):
    card = b"\xef\xbb\xbf" + CARD.replace("\n", "\r\n").encode() + "é\u2028 end without newline".encode()
    Path("README.md").write_bytes(card)
    assert cli("publish", "README.md", "--whole-card", "--to", "acme/m")[0] == 0
    assert card == model.card("acme/m")


def test_json_names_commit_and_url(model, cli):
    _, out, _ = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--format", "json")
    document = json.loads(out)
    assert (1, "acme/m", True, tip(model)) == tuple(document[key] for key in ("format", "model", "changed", "commit"))


def test_a_dry_run_shows_the_change_and_commits_nothing(model, cli, at):
    at(model, None)  # no token is needed to look
    code, out, _ = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--dry-run")
    assert code == 0
    assert "+  emissions: 12.5\n" in out
    assert "-# Old\n" in out
    assert commits(model) == 0
    assert model.asked("POST") == 0


def test_the_message_is_the_users_own_if_there_is_one(model, cli):
    cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--message", "Release 1.2")
    assert model.titles("acme/m")[0] == "Release 1.2"


def test_a_branch_is_published_to_by_its_name(model, cli):
    model.commit("acme/m", {"x": b"1"}, ref="dev")
    model.commit("acme/m", {"README.md": b"---\nlicense: mit\n---\ndev\n"}, ref="dev")
    assert cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--revision", "dev")[0] == 0
    assert CARD.encode() == model.card("acme/m", "dev")
    assert commits(model) == 0


def test_a_card_with_errors_is_not_published(model, cli):
    Path("README.md").write_text(CARD.replace("12.5", "12.5 kg"))
    code, out, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 1
    assert "README.md:4:" in out
    assert "error CL201" in out
    assert "not published: the card that would be committed has 1 error" in err
    assert commits(model) == 0


@pytest.mark.parametrize(
    "page",
    [
        "acme/m",
        "{endpoint}/acme/m",
        "{endpoint}/acme/m/",
        "{endpoint}/acme/m/tree/main",
        "{endpoint}/acme/m/discussions",
    ],
)
def test_a_page_of_the_model_names_it_too(model, cli, page):
    assert cli("publish", "README.md", "--whole-card", "--to", page.format(endpoint=model.endpoint))[0] == 0
    assert commits(model) == 1


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("datasets/acme/d", "is a dataset, not a model"),
        ("{endpoint}/datasets/acme/d", "is a dataset, not a model"),
        ("{endpoint}/spaces/acme/s", "is a Space, not a model"),
        ("acme", "names a user or organisation"),
        ("{endpoint}/acme", "names a user or organisation"),
        ("acme/../m", "is not the name of a model"),
        ("../m", "is not the name of a model"),
        ("acme/m/extra", "is not the name of a model"),
        ("acme/m?x=1", "is not the name of a model"),
        ("", "is not the name of a model"),
        ("https://example.com/acme/m", "is not a page of"),
        ("{endpoint}/acme/m/tree/dev", "is a page of the revision 'tree/dev'"),
    ],
)
def test_an_invalid_model_is_refused_before_anything_is_sent(model, cli, target, message):
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", target.format(endpoint=model.endpoint))
    assert code == 2
    assert message in err.replace("'dev'", "'tree/dev'")
    assert model.requests == []


def test_each_token_that_will_not_do_has_its_own_message(model, cli, at):
    for token, messages in REFUSED_TOKENS:
        at(model, token)
        code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
        refused_token(token, messages, code, err)
        assert commits(model) == 0


def test_a_token_in_a_file_is_used_before_the_environments(model, cli, at, tmp_path):
    at(model, READ_TOKEN)
    (tmp_path / "token").write_text(f"  {WRITE_TOKEN}\n")
    assert cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--token-file", tmp_path / "token")[0] == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hf_one\nhf_two\n", "holds blanks, line breaks"),
        (b"hf_\xff\xfe", "it is not text"),
        (None, "it is not there"),
    ],
)
def test_a_token_file_that_holds_no_token_is_refused_and_not_shown(model, cli, tmp_path, content, message):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--token-file", path)
    assert code == 4
    assert message in err
    assert "hf_one" not in err
    assert model.requests == []


def test_a_missing_model_is_named_and_how_to_make_it(model, cli):
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/none")
    assert code == 4
    assert "there is no model acme/none on the Hub" in err
    assert "hf repo create acme/none" in err


def test_a_gated_model_gets_its_own_message(model, cli, at):
    model.state.repos["acme/m"].gated = True
    at(model, FOREIGN_TOKEN)
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 4
    assert "acme/m is gated" in err


def test_a_renamed_model_names_the_new_one(model, cli):
    model.state.move_repo("acme/m", "acme/renamed")
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 4
    assert "acme/m has been renamed to acme/renamed" in err


def test_an_unknown_revision_is_named(model, cli):
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--revision", "nope")
    assert code == 4
    assert "acme/m has no revision 'nope'" in err


def test_a_card_that_the_hub_drops_is_an_error(model, cli):
    model.commit("acme/m", {".gitignore": b"README.md\n"})
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 4
    assert "dropped the card from it: the old card is there" in err
    assert ".gitignore" in err


def test_a_model_without_a_card_gets_the_whole_one(model, cli):
    model.create("acme/bare")
    assert cli("publish", "README.md", "--whole-card", "--to", "acme/bare")[0] == 0
    assert CARD.encode() == model.card("acme/bare")


@pytest.mark.parametrize("endpoint", ["ftp://hub", "hub.local", "http://user:pw@hub", "http://hub?x=1"])
def test_an_endpoint_that_is_not_an_address_is_a_usage_error(model, cli, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 2
    assert "HF_ENDPOINT" in err
    assert "pw" not in err


def test_an_endpoint_that_is_down_ends_in_a_message(model, cli, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--timeout", "20s")
    assert code == 4
    assert "no connection" in err
    assert "the old card is there: nothing was sent" in err


def test_offline_mode_is_respected(model, cli, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m")
    assert code == 4
    assert "HF_HUB_OFFLINE is set" in err


def test_nothing_to_publish_is_a_usage_error(model, cli):
    assert cli("publish", "--to", "acme/m")[0] == 2
    assert cli("publish", "absent.md", "--to", "acme/m")[0] == 2


def test_a_missing_extra_gives_an_error_with_what_to_install(model, cli, lose_the_extra):
    lose_the_extra()
    for verb, status in (
        (("publish", "README.md", "--whole-card", "--to", "acme/m"), 4),
        (("find",), 2),
        (("audit", "--author", "acme"), 2),
    ):
        code, _, err = cli(*verb)
        assert code == status
        assert "pip install 'carbon-lint[hub] @ " in err


def test_a_token_over_plain_http_to_another_machine_is_warned_of():
    assert "the token travels in clear text" in notes_on("http://mirror.example")[1]
    assert "clear text" not in str([*notes_on("https://mirror.example"), *notes_on("http://127.0.0.1:80")])


def test_another_hub_than_the_public_one_is_shown(model, cli):
    _, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/m", "--dry-run")
    assert f"HF_ENDPOINT: the Hub is {model.endpoint}, not https://huggingface.co" in err
    assert notes_on("https://huggingface.co") == []
