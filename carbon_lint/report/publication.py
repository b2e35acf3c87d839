"""Write what became of a card on the Hub, as text and as JSON: what `carbon-lint publish` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.report.layout import json_text
from carbon_lint.text import terminal

if TYPE_CHECKING:
    from carbon_lint.hub.publish.card import Published


def as_text(published: Published) -> str:
    """Return what was done, and the address to see it at; of a dry run the change."""
    where = published.repo_id if published.revision == "main" else f"{published.repo_id} ({published.revision})"
    if published.diff is not None:
        change = "".join(f"{terminal(line)}\n" for line in published.diff.split("\n")[:-1])
        return change or f"unchanged: {where} has this card already\n"
    if published.pull_request is not None and published.revision == "main":
        done = "merged" if published.changed else "unchanged: merged already"
        return f"{done}, weights and card are on main of {published.repo_id}\n{published.url}\n"
    if published.changed and published.pull_request is not None:
        return f"proposed to {published.repo_id} in pull request {published.pull_request}\n{published.url}\n"
    if published.changed:
        return f"published to {where}\n{published.url}\n"
    return f"unchanged: {where} has this card already, nothing was committed\n{published.url}\n"


def as_json(published: Published) -> str:
    """Return the same as JSON."""
    document = {
        "format": 1,
        "model": published.repo_id,
        "revision": published.revision,
        "changed": published.changed,
        "commit": published.oid,
        "url": published.url,
        "pull_request": published.pull_request,
        "diff": published.diff,
        "notes": list(published.notes),
    }
    return json_text(document)
