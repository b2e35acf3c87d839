"""Keeps tokens out of every text that leaves this room."""

from __future__ import annotations

import logging
import re

# User tokens (`hf_...`), minted ones (`hf_jwt_...`, which carry dots and dashes) and whatever follows `Bearer`.
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9][\w.\-]{3,}|(?<=Bearer )[^\s'\"]+|\beyJ[\w\-]+\.[\w\-]+\.[\w\-]+")
HIDDEN = "hf_***"


def redact(text: str, *secrets: str | None) -> str:
    """`text` without the secrets given and without anything that looks like a token."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return _TOKEN.sub(HIDDEN, text)


class RedactingFormatter(logging.Formatter):
    """A log format that no token survives, not even one in a traceback."""

    def __init__(self, pattern: str, secret: str | None) -> None:
        super().__init__(pattern)
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, redacted after everything has been put into it."""
        return redact(super().format(record), self._secret)
