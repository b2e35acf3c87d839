"""Decide if what a laxer reader reads as front matter is a model's metadata, in a file that was not named as a card.

A README of another kind may well have two rules with `license: MIT` between them, or show front matter in a code block.
"""

from __future__ import annotations

import re

from carbon_lint.card.lax import find_lax

# Nothing but a model card has these.
_OF_A_MODEL = frozenset(
    (
        *("co2_eq_emissions", "pipeline_tag", "library_name", "model-index", "base_model", "widget", "inference"),
        *("model_name", "base_model_relation"),
    )
)
_COMMON = frozenset(("license", "language", "tags", "datasets", "metrics", "thumbnail"))
_KEY = re.compile(r"^[ \t]*[\"']?([A-Za-z][\w-]*)[\"']?[ \t]*:", re.MULTILINE)
_SEARCHED = 20_000


def is_metadata(text: str) -> bool:
    """Return whether the hidden block of a text holds the keys of a model card, and is not an example in prose."""
    found = find_lax(text)
    if found is None:
        return False
    lax, problem = found
    before = text[: lax.open_start]
    if problem.detail == "code-fence" and before.strip().strip("`~").strip() not in {"", "yaml", "yml", "YAML"}:
        return False
    keys = set(_KEY.findall(text, lax.start, min(lax.end, lax.start + _SEARCHED)))
    needed = 2 if before.strip() else 1
    return bool(keys & _OF_A_MODEL) or len(keys & _COMMON) >= needed
