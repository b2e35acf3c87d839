"""Tokens that a model cannot be published with, and the message for each."""

from __future__ import annotations

from tests.standin.hub import FOREIGN_TOKEN, PR_TOKEN, READ_TOKEN

REFUSED_TOKENS = (
    (None, ("there is no token for the Hub", "as token-file")),
    ("", ("HF_TOKEN is set but empty", "a secret that does not exist")),
    ("hf_unknownToken123", ("the Hub does not accept HF_TOKEN", "settings/tokens")),
    (READ_TOKEN, ("HF_TOKEN (acme's) may only read", "write access")),
    (FOREIGN_TOKEN, ("HF_TOKEN (stranger's) may not write to acme/m", "--create-pr")),
    (PR_TOKEN, ("HF_TOKEN (visitor's) may not write to acme/m", "--create-pr")),
)


def refused_token(token, messages, code, err):
    """A publication with this token has failed, with an error without the token."""
    assert code == 4, token
    assert all(message in err for message in messages), err
    assert "Traceback" not in err
    assert not token or token not in err
