"""Markdown that somebody else wrote, with an end for everything that it leaves open.

A summary is one page: a comment, a code fence or a fold that was never closed would hide what comes after it. What is
added is invisible, and harmless if nothing was open.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"(?P<indent> {0,3})(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<rest>.*)")
_LIST = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_RAW = re.compile(r"\s{0,3}<(script|pre|style|textarea)(?=[\s>]|$)", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?=[\s/>])")
_NESTED_COMMENT = re.compile(r"^(?:[ \t]+|[ \t]*(?:[-*+>]|\d{1,9}[.)]).*)<!--", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NEVER_OPEN = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_TEXT_ALONE = {"script", "style", "textarea"}
"""Elements in which HTML sees no tag but their own end."""
_MOST_TAGS = 200


def closed(markdown: str) -> str:
    """Return `markdown` and what closes it: a fence, an HTML comment, tags. What follows is at the page's own level."""
    if not markdown.strip():
        return ""
    end, shown = _open_block(markdown.splitlines())
    # A comment that is left open in a list or a quotation swallows its end.
    nested = min(len(_NESTED_COMMENT.findall(markdown)), _MOST_TAGS)
    swallowed = ["li", "ul", "ol", "blockquote"] * 2 * nested
    tags = [*_open_tags("\n".join(shown)), *swallowed]
    ends = ["", *([end] if end else []), "", "<!-- -->", *(f"</{tag}>" for tag in tags)]
    return markdown.rstrip("\n") + "\n".join(ends) + "\n"


def _open_block(lines: list[str]) -> tuple[str, list[str]]:
    """Return what ends the fence or the raw HTML that is open at the end, "" if nothing is; and lines outside fences.

    In Markdown `<pre>` lasts until a line holds `</pre>`, also if `</details>` around it has ended it for HTML.
    """
    fence, raw_end, is_list, shown = "", "", False, []
    for line in lines:
        if fence:
            is_end = re.fullmatch(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*", line)
            fence = "" if is_end else fence
            continue
        shown.append(line)
        if raw_end:
            raw_end = "" if raw_end in line.lower() else raw_end
            continue
        is_list = _LIST.match(line) is not None or (is_list and (not line.strip() or line.startswith(" ")))
        if (raw := _RAW.match(line)) is not None:
            raw_end = "" if f"</{raw[1].lower()}>" in line.lower() else f"</{raw[1].lower()}>"
        elif re.match(r"\s{0,3}<!--", line):
            raw_end = "" if "-->" in line else "-->"
        # Within an item of a list a fence ends with the item.
        elif (found := _FENCE.fullmatch(line)) is not None and not (is_list and found["indent"]):
            fence = found["fence"]
            shown.pop()
    return fence or raw_end, shown


def _open_tags(markdown: str) -> list[str]:
    """Return the tags that are open at the end, the innermost first. A comment closes none."""
    stack: list[str] = []
    for match in _TAG.finditer(_COMMENT.sub(lambda comment: comment[0].replace("</", ""), markdown)):
        name = match[2].lower()
        texts = _TEXT_ALONE.intersection(stack)
        if match[1] and name in (texts or stack):
            del stack[len(stack) - 1 - stack[::-1].index(name) :]
        elif not match[1] and name not in _NEVER_OPEN and len(stack) < _MOST_TAGS:
            stack.append(name)
    return stack[::-1]
