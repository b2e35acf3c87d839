"""What PyYAML cannot read although the Hub can. huggingface_hub reads cards with its `safe_load`, in pure Python."""

from __future__ import annotations

import re

import yaml

from carbon_lint.card.document import Card, Node, Problem, is_merge
from carbon_lint.card.yaml.parser import is_well_formed
from carbon_lint.card.yaml.scalars import pyyaml_value

MAX_SIZE = 100_000
"""Characters of YAML beyond which PyYAML's scanner, at about 0.3 MB a second, is not asked."""

MAX_LISTED = 10_000

# What libyaml and PyYAML's own scanner can disagree on: TABs, odd line breaks, flow style, a comment glued to `|`.
# Without any of these libyaml's word is enough, at a hundredth of the time; a test holds it to that.
_MAY_DIFFER = re.compile(
    r"[^\x20-\x7e\n\r\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\[{%]|[|>][-+0-9]*#"
)


def error_of(card: Card) -> Problem | None:
    """Return why PyYAML refuses a front matter that js-yaml reads, or None. What the Hub refuses too is left out."""
    fences = card.front_matter
    if fences is None or any(problem.kind == "yaml-error" for problem in card.problems):
        return None
    source = card.yaml
    if len(source) <= MAX_SIZE and (_MAY_DIFFER.search(source) or not is_well_formed(source)):
        try:
            for _ in yaml.parse(source, Loader=yaml.SafeLoader):
                pass
        except yaml.MarkedYAMLError as error:
            at = error.problem_mark.index if error.problem_mark else 0
            return _problem(error.problem or "it cannot be parsed", fences.start + at, fences.end)
        except yaml.reader.ReaderError as error:
            return _problem(error.reason, fences.start + error.position, fences.end)
    root = card.root
    return _construct_error(root) if root is not None else None


def _problem(what: str, at: int, end: int) -> Problem:
    at = min(at, end)
    if "'\\t' that cannot start any token" in what:
        what = "a TAB: write a space"
    return Problem("pyyaml-error", what.replace("\t", "TAB"), at, min(at + 1, end))


def _construct_error(root: Node) -> Problem | None:
    todo = [root]
    for _ in range(MAX_LISTED):
        if not todo:
            return None
        node = todo.pop()
        if node.kind == "scalar" and node.tag is None and pyyaml_value(node.text, node.style)[0] == "error":
            return Problem("pyyaml-error", f"the value {node.text[:40]!r} has no meaning", node.start, node.end)
        for key, value in node.own_items():
            if key.kind != "scalar":
                return Problem("pyyaml-error", "a list or map cannot be a key", key.start, key.end)
            todo.extend((value,) if is_merge(key) else (value, key))
        if not node.is_alias:
            todo.extend(node.items_list())
    return None
