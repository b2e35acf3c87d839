"""`# carbon-lint: ignore[CL203] why`: comments in the front matter that silence a finding.

On the line of a finding, on a line of its own above it, or on (or above) the line of `co2_eq_emissions:` for the whole
block. A rule is given by its code or its name. Each is mandatory: what is silenced should be seen, and counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from carbon_lint.lint.rules import CODES, NAMES
from carbon_lint.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbon_lint.card.document import Card, Node
    from carbon_lint.card.fence import FrontMatter

    Span = tuple[int, int]

_COMMENT = re.compile(r"(?:^|(?<=[ \t\r]))#[ \t]*carbon-lint:[ \t]*([^\r\n]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore\[([^\]]*)\]")
_RULE = re.compile(r"[^\s,]+")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")


class Suppression(Value):
    """One comment: its span, the line or block that it is about, and whether it has a line of its own.

    `rules` holds (code, text, start, end) of each rule that it names; the code is None if there is no such rule.
    """

    start: int
    end: int
    target: Span
    is_alone: bool
    rules: tuple[tuple[str | None, str, int, int], ...]


class Suppressions:
    """The comments of a card, and which of them silence something. `block` is the span of the whole block."""

    def __init__(self, comments: list[Suppression], block: Span | None) -> None:
        self.comments = comments
        self._codes: dict[Span | None, set[str | None]] = {}  # by what the comments are about
        for comment in comments:
            self._codes.setdefault(comment.target, set()).update(rule[0] for rule in comment.rules)
        self._block = block
        self._lines = sorted(comment.target for comment in comments if comment.target != block)
        self._used: set[tuple[Span, str]] = set()

    def silence(self, code: str, start: int) -> bool:
        """Return whether a comment silences a finding with this code at this offset. Marks the comment as used."""
        at = bisect_right(self._lines, start, key=lambda span: span[0])
        near = (self._block, *self._lines[max(0, at - 1) : at])
        found = {span for span in near if span and code in self._codes.get(span, ()) and span[0] <= start < span[1]}
        self._used.update((span, code) for span in found)
        return bool(found)

    def is_used(self, comment: Suppression, code: str | None) -> bool:
        """Return whether a comment has silenced a finding with this code, or one with the same target has."""
        return (comment.target, code) in self._used


def find(card: Card) -> Suppressions:
    """Find our comments in the front matter. Text that looks like one inside a YAML value is not a comment."""
    matter = card.front_matter
    if matter is None:
        return Suppressions([], None)
    matches = _outside(_COMMENT.finditer(card.text, matter.start, matter.end), card.root)
    lines = _Lines(card, matter)
    return Suppressions([_suppression(match, lines) for match in matches], lines.block)


def _suppression(match: re.Match[str], lines: _Lines) -> Suppression:
    ignore = _IGNORE.match(match[1])
    offset = match.start(1) + (ignore.start(1) if ignore else 0)
    rules = tuple(
        # As the configuration has it: by code or name.
        (rule[0] if rule[0] in CODES else NAMES.get(rule[0]), rule[0], offset + rule.start(), offset + rule.end())
        for rule in _RULE.finditer(ignore[1] if ignore else "")
    )
    return Suppression(
        match.start(), match.start() + len(match[0].rstrip()), *lines.target(match.string, match.start()), rules
    )


def _outside(matches: Iterable[re.Match[str]], root: Node | None) -> Iterator[re.Match[str]]:
    """Return the matches that are not in a scalar. Both are in order."""
    spans = _scalars(root) if root is not None else iter(())
    start, end = next(spans, (0, 0))
    for match in matches:
        while start <= end <= match.start() and end:
            start, end = next(spans, (0, 0))
        if not start <= match.start() < end:
            yield match


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    """Return the spans of the scalars that are written below a node, in order."""
    if node.kind == "scalar" or node.is_alias:
        yield node.start, node.end
    for item in () if node.is_alias else node.items_list():
        yield from _scalars(item)
    for pair in () if node.is_alias else node.own_items():
        for part in pair:
            yield from _scalars(part)


class _Lines:
    """The lines of a front matter, and the place of the block."""

    def __init__(self, card: Card, matter: FrontMatter) -> None:
        text = card.text
        self._spans = [match.span() for match in _LINE.finditer(text, matter.start, matter.close_end)]
        self._starts = [start for start, _ in self._spans]
        self._next: list[Span] = []  # for each line: the next that is neither empty nor a comment
        following = (len(text), len(text) + 1)
        for start, end in reversed(self._spans):
            self._next.append(following)
            if text[start:end].strip()[:1] not in {"", "#"}:
                following = (start, end)
        self._next.reverse()
        self.block: Span | None = None
        if card.block_key is not None and card.block is not None:
            start, end = self._spans[self._at(card.block_key.start)]
            self.block = (start, max(end, card.block.end + 1))

    def _at(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def target(self, text: str, comment: int) -> tuple[Span, bool]:
        """Return the span that a comment is about, a line or the whole block, and whether it has a line of its own."""
        line = self._at(comment)
        span = self._spans[line]
        is_alone = not text[span[0] : comment].strip()
        target = self._next[line] if is_alone else span
        return self.block if self.block is not None and target[0] == self.block[0] else target, is_alone
