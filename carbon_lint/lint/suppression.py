"""`# carbon-lint: ignore[CL203] why`: comments in the front matter that silence a finding.

On the line of a finding, on a line of its own above it, or on (or above) the line of `co2_eq_emissions:` for the whole
block. A rule is given by its code or its name. Each is mandatory: what is silenced should be seen, and counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from carbon_lint.lint.rules import CODES, NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from carbon_lint.card.document import Card, Node

_COMMENT = re.compile(r"(?:^|(?<=[ \t\r]))#[ \t]*carbon-lint:[ \t]*([^\r\n]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore\[([^\]]*)\]")
_RULE = re.compile(r"[^\s,]+")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")


class Suppression:
    """One comment: its span, the rules that it names, and the codes of those that silenced something.

    `rules` holds (code, text, start, end) of each; the code is None if there is no such rule. Comments with one target
    share `used`.
    """

    def __init__(self, start: int, end: int, target: tuple[int, int], *, is_alone: bool) -> None:
        self.start = start
        self.end = end
        self.is_alone = is_alone
        self.target = target
        self.rules: list[tuple[str | None, str, int, int]] = []
        self.used: set[str] = set()


class Suppressions:
    """The comments of a card, found by what they apply to: a line each, or the whole block."""

    def __init__(self, comments: list[Suppression], block: tuple[int, int] | None) -> None:
        self.comments = comments
        targets: dict[tuple[int, int], _Target] = {}
        for comment in comments:
            targets.setdefault(comment.target, _Target(comment.target)).add(comment)
        self._block = targets.pop(block, None) if block is not None else None
        self._lines = sorted(targets.values(), key=lambda target: target.span)
        self._starts = [target.span[0] for target in self._lines]

    def silence(self, code: str, start: int) -> bool:
        """Return whether a comment silences a finding with this code at this offset. Marks the comment as used."""
        at = bisect_right(self._starts, start) - 1
        near = [self._block, self._lines[at] if at >= 0 else None]
        speaking = [target for target in near if target is not None and target.is_about(code, start)]
        for target in speaking:
            target.used.add(code)
        return bool(speaking)


class _Target:
    """What one or more comments apply to."""

    def __init__(self, span: tuple[int, int]) -> None:
        self.span = span
        self.codes: set[str | None] = set()
        self.used: set[str] = set()

    def add(self, comment: Suppression) -> None:
        comment.used = self.used
        self.codes.update(code for code, _, _, _ in comment.rules)

    def is_about(self, code: str, start: int) -> bool:
        return code in self.codes and self.span[0] <= start < self.span[1]


def find(card: Card) -> Suppressions:
    """Find our comments in the front matter. Text that looks like one inside a YAML value is not a comment."""
    matter = card.front_matter
    if matter is None:
        return Suppressions([], None)
    matches = _outside(_COMMENT.finditer(card.text, matter.start, matter.end), card.root)
    lines = _Lines(card)
    return Suppressions([_suppression(card.text, match, lines) for match in matches], lines.block)


def _suppression(text: str, match: re.Match[str], lines: _Lines) -> Suppression:
    start, end = match.start(), match.start() + len(match[0].rstrip())
    target, is_alone = lines.target(text, start)
    one = Suppression(start, end, target, is_alone=is_alone)
    ignore = _IGNORE.match(match[1])
    if ignore:
        offset = match.start(1) + ignore.start(1)
        one.rules = [
            (_code(rule[0]), rule[0], offset + rule.start(), offset + rule.end()) for rule in _RULE.finditer(ignore[1])
        ]
    return one


def _code(text: str) -> str | None:
    """Return the code of a rule that is given by code or name, as the configuration has it."""
    return text if text in CODES else NAMES.get(text)


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

    def __init__(self, card: Card) -> None:
        text, matter = card.text, card.front_matter
        first = _line_start(text, matter.start) if matter else 0
        self._spans = [match.span() for match in _LINE.finditer(text, first, matter.close_end if matter else 0)]
        self._starts = [start for start, _ in self._spans]
        self._next: list[tuple[int, int]] = []  # for each line: the next that is neither empty nor a comment
        following = (len(text), len(text) + 1)
        for start, end in reversed(self._spans):
            self._next.append(following)
            if text[start:end].strip()[:1] not in {"", "#"}:
                following = (start, end)
        self._next.reverse()
        key, block = card.block_key, card.block
        self.block: tuple[int, int] | None = None
        if key is not None and block is not None:
            start, end = self._spans[self._at(key.start)]
            self.block = (start, max(end, block.end + 1))

    def _at(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def target(self, text: str, comment: int) -> tuple[tuple[int, int], bool]:
        """Return the span that a comment is about, a line or the whole block, and whether it has a line of its own."""
        line = self._at(comment)
        span = self._spans[line]
        is_alone = not text[span[0] : comment].strip()
        target = self._next[line] if is_alone else span
        return self.block if self.block is not None and target[0] == self.block[0] else target, is_alone


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
