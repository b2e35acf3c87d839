"""A log format that keeps tokens out."""

from __future__ import annotations

import logging

from carbon_lint.redact import redacted


class RedactingFormatter(logging.Formatter):
    """A log format that no token survives, not even one in a traceback."""

    def __init__(self, pattern: str, secret: str | None) -> None:
        super().__init__(pattern)
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, redacted after everything has been put into it."""
        return redacted(super().format(record), self._secret)
