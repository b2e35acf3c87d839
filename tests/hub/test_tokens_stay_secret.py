"""Keyless login, and that no token is ever shown: not in messages, logs, tracebacks, records of exceptions."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon_lint import debug, redact
from carbon_lint.hub.client.auth import Credentials
from carbon_lint.redact import HIDDEN
from tests.hub.conftest import CARD
from tests.standin.faults import Fault
from tests.standin.hub import ID_REQUEST_TOKEN, WRITE_TOKEN


@pytest.fixture
def keyless(model, monkeypatch):
    """A GitHub job with `id-token: write` and no secret, in a repository that the model trusts."""
    model.trust("acme/m", "acme/training", workflow="release.yml", branch="main")
    monkeypatch.delenv("HF_TOKEN")
    claims = model.oidc_environ("acme/m", "acme/training", workflow="release.yml", branch="main")
    for name, value in claims.items():
        monkeypatch.setenv(name, value)
    return model


def publish(cli, *more):
    return cli("publish", "README.md", "--whole-card", "--to", "acme/m", *more)


def test_a_job_without_a_secret_publishes_by_trusted_publishing(keyless, cli):
    code, _, err = publish(cli)
    assert code == 0, err
    assert keyless.card("acme/m") == CARD.encode()
    assert keyless.state.repos["acme/m"].git.log("main")[0].author == "[OIDC]"
    assert keyless.asked("POST /oauth/token") == 1


def test_keyless_login_goes_before_hf_token_and_a_token_file_before_both(keyless, cli, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_wouldBeRefused")
    assert publish(cli)[0] == 0
    (tmp_path / "t").write_text(WRITE_TOKEN)
    monkeypatch.setenv("HF_OIDC_RESOURCE", "acme/other")
    assert publish(cli, "--token-file", tmp_path / "t")[0] == 0


def test_a_pre_minted_id_token_of_another_ci_is_exchanged(keyless, cli, monkeypatch):
    keyless.state.id_tokens["eyJh.other.ci"] = {
        "repository": "acme/training",
        "workflow": "release.yml",
        "branch": "main",
    }
    for name in ("GITHUB_ACTIONS", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_OIDC_ID_TOKEN", "eyJh.other.ci")
    assert publish(cli)[0] == 0


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (("ACTIONS_ID_TOKEN_REQUEST_URL", None), "id-token: write"),
        (("GITHUB_ACTIONS", None), "no OIDC id token is available"),
        (("HF_OIDC_RESOURCE", "acme/other"), "No trusted publisher matches"),
        (("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "expired"), "keyless login failed"),
    ],
)
def test_a_keyless_login_that_fails_names_what_must_match(keyless, cli, monkeypatch, variable, message):
    name, value = variable
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    code, _, err = publish(cli)
    assert code == 4
    assert message in err
    assert "trusted publisher, exactly" in err
    assert ID_REQUEST_TOKEN not in err
    assert len(keyless.titles("acme/m")) == 2


def test_the_exchange_outlives_an_outage(keyless, cli):
    keyless.faults.add(Fault(matches="POST /oauth/token", status=503))
    keyless.faults.add(Fault(matches="GET /oidc/id-token", reset_before=True))
    assert publish(cli)[0] == 0


def test_a_minted_token_is_good_for_its_own_model_alone(keyless, cli):
    keyless.create("acme/n", "---\nlicense: mit\n---\n")
    code, _, err = cli("publish", "README.md", "--whole-card", "--to", "acme/n")
    assert code == 4
    assert "keyless login for acme/m" in err
    assert "may not write to acme/n" in err


def test_the_log_shows_the_requests_and_never_the_token(keyless, cli):
    _, out, err = publish(cli, "--verbose")
    assert "carbon-lint: debug" in err
    assert "POST" in err
    minted = [token for token in keyless.state.tokens if token.startswith("hf_jwt")]
    for secret in (*minted, ID_REQUEST_TOKEN, "jwt-"):
        assert secret not in out + err


def test_a_token_that_a_server_repeats_in_its_answers_is_not_shown(model, cli):
    model.faults.add(
        Fault(
            matches="POST .*/commit/",
            status=422,
            headers={"X-Error-Message": f"bad token {WRITE_TOKEN}", "Content-Type": "application/json"},
            body=b'{"error": "you sent Bearer %s"}' % WRITE_TOKEN.encode(),
        )
    )
    code, out, err = publish(cli, "--verbose")
    assert code == 4
    assert HIDDEN in err
    assert WRITE_TOKEN not in out + err


def test_a_token_in_a_traceback_is_not_shown(carbon_lint, model, tmp_path):
    """A defect inside the client whose message holds the token: the traceback passes through `cli.main`."""
    (tmp_path / "sitecustomize.py").write_text(
        "import huggingface_hub.hf_api as api\n"
        "def broken(self, *a, **k):\n    raise RuntimeError('headers: Bearer ' + self.token)\n"
        "api.HfApi.model_info = broken\n"
    )
    environ = {**model.environ(), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = carbon_lint("publish", str(Path("README.md").resolve()), "--to", "acme/m", "--verbose", env=environ)
    assert done.returncode == 2
    assert "RuntimeError" in done.stderr
    assert WRITE_TOKEN not in done.stderr + done.stdout


def test_a_redirect_to_another_host_does_not_take_the_token_along(model, cli):
    """Nor does what that host answers pass for the card."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:

        def listen():
            while True:
                try:
                    connection, _ = elsewhere.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

        threading.Thread(target=listen, daemon=True).start()
        there = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        model.faults.add(Fault(matches="(GET|POST) .*", times=99, status=307, headers={"Location": there}))
        code, _, err = publish(cli, "--timeout", "3s")
    assert code == 4
    assert "the old card is there" in err
    assert heard
    assert not any(WRITE_TOKEN.encode() in request for request in heard)


def test_credentials_do_not_show_their_token():
    assert "secret" not in repr(Credentials("hf_secret1", "HF_TOKEN"))


@given(st.text(), st.from_regex(r"hf_[A-Za-z0-9]{8,40}", fullmatch=True), st.text())
def test_whatever_stands_around_a_token_it_is_hidden(before, token, after):
    assert token not in redact.text(f"{before}{token}{after}", [token])
    assert token not in redact.text(f"{before} Bearer {token} {after}")


def test_a_log_line_with_an_exception_is_redacted_whole(monkeypatch):
    monkeypatch.setattr(debug, "_ON", [])
    debug.switch_on({"HF_TOKEN": "plainsecret"})
    formatter = logging.getLogger("carbon_lint").handlers[0].formatter
    error = ValueError("plainsecret and hf_abcdefgh")
    record = logging.LogRecord("n", logging.ERROR, "p", 1, "x %s", ("hf_abcdefgh",), (ValueError, error, None))
    line = formatter.format(record)
    assert "plainsecret" not in line
    assert "hf_abcdefgh" not in line
