"""Publishing over https: the certificate, and what TLS makes of a token that is refused and of a broken connection."""

from __future__ import annotations

import time

import pytest

from tests.effort import busy
from tests.hub.publish_faults import (
    COMMIT,
    LASTING,
    OF_A_CONNECTION,
    ONCE,
    SOME,
    begun,
    commit_outlives,
    ends_in_time,
    publish,
    pull_outlives,
)
from tests.hub.refused_tokens import REFUSED_TOKENS, refused_token


@pytest.fixture
def server(tls_hub, at):
    return at(begun(tls_hub))


@pytest.mark.slow
def test_a_commit_outlives_each_fault_of_a_connection(server, cli, monkeypatch):
    for name in OF_A_CONNECTION:
        with monkeypatch.context() as patch:
            if name.startswith("stall"):
                patch.setattr("carbon_lint.hub.client.http.CALL_TIMEOUT_S", 0.8)
            commit_outlives(begun(server), cli, ONCE[name](COMMIT))


@pytest.mark.slow
def test_a_pull_request_outlives_each_fault(server, cli):
    for name in SOME:
        pull_outlives(begun(server), cli, ONCE[name]("POST .*/discussions$"))


def test_a_lasting_fault_ends_in_time(server, cli):
    ends_in_time(server, cli, LASTING["reset before"](COMMIT))


def test_each_token_that_will_not_do_has_its_own_message(server, cli, at):
    """The client takes each 401 over https but one for a missing model."""
    for token, messages in REFUSED_TOKENS:
        at(server, token)
        code, _, err = publish(cli)
        refused_token(token, messages, code, err)
        assert len(server.titles("acme/m")) == 2, "nothing was committed"


def test_a_certificate_that_is_not_trusted_is_named_at_once(server, cli, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    start = time.monotonic()
    code, _, err = publish(cli)
    assert code == 4
    assert "its certificate is not trusted" in err
    assert "SSL_CERT_FILE" in err
    assert time.monotonic() - start < 5 * busy()


def test_certificates_that_cannot_be_read_are_named(server, cli, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/none.pem")
    code, _, err = publish(cli)
    assert code == 2
    assert "SSL_CERT_FILE" in err
    assert len(server.titles("acme/m")) == 2, "nothing was committed"
