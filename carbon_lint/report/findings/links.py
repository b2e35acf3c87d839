"""The address of a rule's page."""

from __future__ import annotations

from carbon_lint.project import DOCS_URL


def rule_url(code: str) -> str:
    """The page of one rule."""
    return f"{DOCS_URL}/rules/{code}.md"
