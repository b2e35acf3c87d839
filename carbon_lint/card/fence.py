r"""Find a model card's front matter as the Hub finds it; `card.lax` finds what a laxer reader would see.

The Hub and huggingface_hub (1.25 and later, `repocard.py`) use one regular expression, with `re.search`:
`^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))`. `find` gives its answer by two scans,
because the lazy group costs more than looking for the closing fence.
"""

from __future__ import annotations

import re

from carbon_lint.value import Value

_OPEN = re.compile(r"\s*---(\r\n|\r|\n)")
_CLOSE = re.compile(r"[\r\n]---[ \t]*(?:\r\n|\n|\Z)")


class FrontMatter(Value, frozen=False):
    """Offsets into the text: the YAML is `text[start:end]`, the fences included `text[open_start:close_end]`."""

    open_start: int
    start: int
    end: int
    close_end: int

    # every card has one: this takes a fifth of the time that the base takes
    def __init__(self, open_start: int, start: int, end: int, close_end: int) -> None:
        self.open_start = open_start
        self.start = start
        self.end = end
        self.close_end = close_end


def find(text: str) -> FrontMatter | None:
    """Return the front matter as the Hub finds it, or None. The byte order mark must have been taken off `text`."""
    opening = _OPEN.match(text)
    if opening is None:
        return None
    start = opening.end()
    open_start = opening.start(1) - 3
    closing = _CLOSE.search(text, start)
    if closing is None:
        return _empty_after_crlf(text, opening, open_start)
    end = closing.start()
    if end > start and text[end] == "\n" and text[end - 1] == "\r":
        end -= 1
    return FrontMatter(open_start, start, end, closing.end())


def _empty_after_crlf(text: str, opening: re.Match[str], open_start: int) -> FrontMatter | None:
    # The expression may also take the CR alone for the opening line's end, and the LF for the closing line's start.
    if opening[1] != "\r\n":
        return None
    start = opening.end() - 1
    closing = _CLOSE.match(text, start)
    return None if closing is None else FrontMatter(open_start, start, start, closing.end())
