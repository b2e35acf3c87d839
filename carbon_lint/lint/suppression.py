"""`# carbon-lint: ignore[CL203] why`: comments in the front matter that silence a finding.

On the line of a finding, on a line of its own above it, or on (or above) the line of `co2_eq_emissions:` for the whole
block. Codes are mandatory: what is silenced should be seen, and counted.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.card.document import Card, Node
    from carbon_lint.lint.context import Context

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*carbon-lint:[ \t]*([^\r\n]*)", re.MULTILINE)
_IGNORE = re.compile(r"ignore\[([^\]]*)\]")
_CODE = re.compile(r"[^\s,]+")


class Suppression:
    """One comment: its span, the lines it speaks for, its codes with their spans, and those that silenced something."""

    __slots__ = ("codes", "end", "is_alone", "start", "target", "used")

    def __init__(self, start: int, end: int, *, is_alone: bool, target: tuple[int, int]) -> None:
        self.start = start
        self.end = end
        self.is_alone = is_alone
        self.target = target
        self.codes: list[tuple[str, int, int]] = []
        self.used: set[str] = set()


def find(card: Card) -> list[Suppression]:
    """Our comments in the front matter. Text that looks like one inside a YAML value is none."""
    matter = card.front_matter
    if matter is None:
        return []
    found = []
    for match in _COMMENT.finditer(card.text, matter.start, matter.end):
        start, end = match.start(), match.start() + len(match[0].rstrip())
        if card.root is not None and _is_in_a_scalar(card.root, start):
            continue
        line_start = _line_start(card.text, start)
        is_alone = not card.text[line_start:start].strip()
        one = Suppression(start, end, is_alone=is_alone, target=_target(card, line_start, end, is_alone=is_alone))
        ignore = _IGNORE.match(match[1])
        if ignore:
            offset = match.start(1) + ignore.start(1)
            one.codes = [(code[0], offset + code.start(), offset + code.end()) for code in _CODE.finditer(ignore[1])]
        found.append(one)
    return found


def silences(context: Context, code: str, start: int) -> bool:
    """Whether a comment silences a finding with this code that starts at this offset. Marks the comment as used."""
    is_silenced = False
    for one in context.suppressions:
        if any(known == code for known, _, _ in one.codes) and one.target[0] <= start < one.target[1]:
            one.used.add(code)
            is_silenced = True
    return is_silenced


def _target(card: Card, line_start: int, end: int, *, is_alone: bool) -> tuple[int, int]:
    """The characters that a comment speaks for: a line, or the block whose key stands on that line."""
    text = card.text
    if is_alone:
        line_start = _next_line(text, end)
        while line_start < len(text) and text[line_start : _line_end(text, line_start)].strip()[:1] in {"", "#"}:
            line_start = _next_line(text, line_start)
    line_end = _line_end(text, line_start)
    key, block = card.block_key, card.block
    if key is not None and block is not None and line_start <= key.start <= line_end:
        line_end = max(line_end, block.end)
    return line_start, line_end + 1


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _line_end(text: str, offset: int) -> int:
    ends = [at for at in (text.find("\n", offset), text.find("\r", offset)) if at >= 0]
    return min(ends, default=len(text))


def _next_line(text: str, offset: int) -> int:
    end = _line_end(text, offset)
    return end + (2 if text.startswith("\r\n", end) else 1)


def _is_in_a_scalar(node: Node, offset: int) -> bool:
    return any(scalar.start <= offset < scalar.end for scalar in _scalars_at(node, offset))


def _scalars_at(node: Node, offset: int) -> Iterator[Node]:
    if not node.start <= offset < node.end:
        return
    if node.kind == "scalar":
        yield node
    elif node.kind == "map":
        for key, value in node.items():
            yield from _scalars_at(key, offset)
            yield from _scalars_at(value, offset)
    else:
        for item in node.items_list():
            yield from _scalars_at(item, offset)
