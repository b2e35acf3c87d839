"""Where the documentation is. One place, so that a fork changes one line."""

from __future__ import annotations

DOCS_URL = "https://github.com/carbon-lint/carbon-lint/blob/main/docs"


def rule_url(code: str) -> str:
    """The page of one rule."""
    return f"{DOCS_URL}/rules/{code}.md"
