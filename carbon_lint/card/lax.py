"""Front matter that the Hub does not see, and why: a block that is nearly one."""

from __future__ import annotations

import re

from carbon_lint.card.document import Problem
from carbon_lint.card.fence import FrontMatter, find

_LOOKS_LIKE_YAML = re.compile(
    r"(?:[ \t]*+(?:#[^\r\n]*+)?[\r\n])*+[ \t]*+(?:- )?[\"']?[A-Za-z][\w .-]{0,60}[\"']?[ \t]*+:(?:\s|\Z)"
)
# Keys of model card metadata; prose below a rule may well start with `Note:`.
_KNOWN_KEY = re.compile(
    r"^[ \t]*[\"']?(?:co2_eq_emissions|license|language|tags|datasets|metrics|pipeline_tag|library_name|model-index"
    r"|base_model|thumbnail|widget|inference)[\"']?[ \t]*:",
    re.MULTILINE,
)
_LAX_OPEN = re.compile(
    r"^(?P<indent>[^\S\r\n]*+|[\u200b\u200c\u200d\u2060\ufeff]+|(?:\\n)+)"
    r"(?P<fence>(?P<dashes>-{3,}+)(?P<rest>(?:\\n|[^\S\r\n]++[^\r\n]*+|))|(?P<code>`{3,}|~{3,})(?:ya?ml|YAML)?[ \t]*+)"
    r"(?P<eol>\r\n|\r|\n)",
    re.MULTILINE,
)
_LAX_CLOSE = re.compile(
    r"(?:\r\n|\r|\n)(?P<line>[^\S\r\n]*(?:-{3,}|\.{3})(?P<rest>[^\r\n]*))(?=\r\n|\r|\n|\Z)",
)
_CODE_CLOSE = re.compile(r"(?:\r\n|\r|\n)(?P<line>[ \t]*(?:`{3,}|~{3,})(?P<rest>[ \t]*))(?=\r\n|\r|\n|\Z)")
_CODE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[a-zA-Z]*[ \t]*(?:\r\n|\r|\n)\s*\Z", re.MULTILINE)
_COMMENT = re.compile(r"\s*<!--")

_SEARCHED = 20_000
"""Characters in which an opening fence is looked for: real ones stand at the top, a rule far below is a rule."""


def find_lax(text: str) -> tuple[FrontMatter, Problem] | None:
    """Return a block of metadata that the Hub misses although a person, or another reader, would see it, and why."""
    if find(text) is not None:
        return None
    unclosed: set[re.Pattern[str]] = set()  # what was not found below one opening is not found below the next
    for opening in _LAX_OPEN.finditer(text, 0, _SEARCHED):
        if _LOOKS_LIKE_YAML.match(text, _content_start(opening)):
            found = _explained(text, opening, unclosed)
            if found is not None:
                return found
    return None


def _content_start(opening: re.Match[str]) -> int:
    # `--- language: en` holds the first key on the fence line itself.
    rest = opening["rest"] or ""
    if ":" in rest and not rest.lstrip().startswith("#"):
        return opening.start("rest")
    return opening.end()


def _explained(text: str, opening: re.Match[str], unclosed: set[re.Pattern[str]]) -> tuple[FrontMatter, Problem] | None:
    start = _content_start(opening)
    is_code = opening["code"] is not None
    fence = _CODE_CLOSE if is_code else _LAX_CLOSE
    closing = None if fence in unclosed else fence.search(text, opening.end() - len(opening["eol"]))
    if closing is None:
        unclosed.add(fence)
    open_start = opening.start("fence")
    end, close_end = (closing.start(), closing.end()) if closing else (len(text), len(text))
    if is_code and (closing is None or "co2_eq_emissions" not in text[start:end]):
        return None
    if text[:open_start].strip() and not _KNOWN_KEY.search(text, start, min(end, start + 2000)):
        return None
    detail, message, at = _why(text, opening, closing)
    block = FrontMatter(open_start, start, max(start, end), close_end)
    return block, Problem("laxer-reader", message, *at, detail)


def _why(text: str, opening: re.Match[str], closing: re.Match[str] | None) -> tuple[str, str, tuple[int, int]]:
    fence = opening.span("fence")
    before = text[: opening.start("fence")]
    if opening["code"] or _CODE_LINE.search(before):
        return "code-fence", "the metadata stands in a fenced code block, not between two `---` lines", fence
    if opening["indent"].startswith("\\n") or opening["rest"].startswith("\\n"):
        return "literal-backslash-n", "a backslash and an n stand on the fence line instead of a line break", fence
    if before.strip():
        if not before.strip("\u200b\u200c\u200d\u2060\ufeff \t\r\n"):
            return "invisible-character-before", "an invisible character stands before the opening `---`", (0, fence[1])
        first = len(before) - len(before.lstrip())
        at = (first, first + len(before.strip().splitlines()[0]))
        if _COMMENT.match(before):
            return "comment-before", "an HTML comment stands before the opening `---`", at
        return "text-before", "text stands before the opening `---`", at
    if len(opening["dashes"]) > 3:  # noqa: PLR2004  a fence has three
        return "opening-dashes", f"the opening fence has {len(opening['dashes'])} dashes, not three", fence
    if opening["rest"]:
        return "opening-not-alone", "something follows `---` on the opening line, if only a space", fence
    return _why_not_closed(closing, fence)


def _why_not_closed(closing: re.Match[str] | None, fence: tuple[int, int]) -> tuple[str, str, tuple[int, int]]:
    if closing is None:
        return "unclosed", "the front matter has no closing `---` line", fence
    line = closing["line"]
    if line[0].isspace():
        return "closing-indented", "the closing `---` is indented", closing.span("line")
    if line.startswith("."):
        return "closing-dots", "the front matter ends with `...`, not with `---`", closing.span("line")
    if line.startswith("----"):
        return "closing-dashes", "the closing fence has more than three dashes", closing.span("line")
    if closing["rest"]:
        return "closing-not-alone", "something follows `---` on the closing line", closing.span("line")
    return "closing-line-break", "the closing `---` ends with a lone carriage return", closing.span("line")
