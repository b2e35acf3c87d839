"""A card's text as a reader sees it: Markdown, HTML and TeX marks are gone, and each character has its place in it.

Fenced code and comments are not text of the card: `hidden` says where they are.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class Plain(NamedTuple):
    """Text without marks: `text[i]` is at `where[i]` in the card."""

    text: str
    where: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the card of `text[start:end]`, which must not be empty."""
        return self.where[start], self.where[end - 1] + 1


# Every repetition is bounded: a line of two thousand characters must not cost a million steps.
_MARKS = r"""
  (?P<gone>
      <!--.{0,400}?-->  |  ~~.{1,80}?~~  |  <(?:del|s|strike)>.{0,80}?</(?:del|s|strike)>
    | !\[[^\]\n]{0,120}\]\([^()\n]{0,300}\)  |  \[\^?\d{1,3}\](?!\()
    | </?(?:strong|b|em|i|u|span|font|code|mark|small|big|a|sub|kbd|tt)\b[^<>]{0,200}>
    | \]\([^()\n]{0,300}\)  |  \[(?=[^\[\]\n]{1,120}\]\()
    | \\(?:text|mathrm|mathbf|mathit|textbf|textit|mathsf|rm|bf|operatorname)\b
    | \\[!()\[\]]  |  \*{1,3}(?!\d)  |  (?<!\d)\*{1,3}  |  (?<![^\W_])_+  |  _+(?![^\W_])  |  [`$]
    | \\(?=[*_~.$/\#%-])
    | [{}]
  )
  | (?P<power>[ ]?(?:[x\u00d7\u00b7*]|\\times|\\cdot|&times;)[ ]?10
       (?:(?:\^|\*\*|<sup>)\{?(?P<raised>[-+\u2212]?\d{1,3})\}?(?:</sup>)?(?!\d)
         |(?P<small>[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,4})))
  | <sup>(?P<note>[^<>]{0,40})</sup>
  | (?P<blank>&(?:nbsp|thinsp|ensp|emsp|\#160);|[\u00a0\u2000-\u200a\u202f\t\r]|\\[,;:~ ]
       |</?[A-Za-z][^<>]{0,200}>|<?https?://[^\s<>()|]{1,300}>?)
  | (?P<about>\\(?:approx|sim|simeq)\b|&(?:asymp|sim);|[\u2248\u223c\u2243])
  | (?P<less>\\(?:leq?|leqslant|lt)\b|&(?:lt|le);)  |  (?P<more>\\(?:geq?|geqslant|gt)\b|&(?:gt|ge);)
  | (?P<minus>(?<=\d[eE])[\u2010-\u2012\u2212](?=\d))  |  (?P<wide>[\uff01-\uff5e])
  | (?P<gas>CO(?:_\{?|\{)(?:\\(?:text|mathrm)\{)?2\}{0,2}|CO(?:&\#8322;|[\u2082\u00b2]|~2~))
"""
_OPENING = r"<!--|^[ \t>*+-]{0,40}(?P<fence>`{3,20}(?=[^`\n]*$)|~{3,20})"
_SIGNS = {"about": "~", "less": "<", "more": ">", "minus": "-"}
_WIDE = 0xFEE0  # from the full-width forms of East Asian text to ASCII
_SUPERSCRIPTS = str.maketrans(
    "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u2212", "-0123456789-"
)


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that takes no notice of case, with `^` and `$` at lines; a blank in it must be written `[ ]`.

    It is compiled when it is first used, so that a start of `check` pays for none.
    """
    return re.compile(text, re.IGNORECASE | re.VERBOSE | re.MULTILINE)


def plain(text: str, start: int, end: int) -> Plain:
    """Return `text[start:end]` without its marks, in one line."""
    characters: list[str] = []
    where: list[int] = []
    position = start
    for match in pattern(_MARKS).finditer(text, start, end):
        characters += text[position : match.start()]
        where += range(position, match.start())
        new = _instead(match)
        characters += new
        where += [min(match.start() + number, match.end() - 1) for number in range(len(new))]
        position = match.end()
    characters += text[position:end]
    where += range(position, end)
    return Plain("".join(characters).replace("\n", " "), where)


def _instead(match: re.Match[str]) -> str:
    if match["power"]:
        return "e" + (match["raised"] or match["small"]).translate(_SUPERSCRIPTS)
    if match["gas"]:
        return "CO2"
    if match["wide"]:
        return chr(ord(match["wide"]) - _WIDE)
    for name, sign in _SIGNS.items():
        if match[name]:
            return sign
    return " " if match["blank"] else ""


def hidden(text: str, start: int) -> list[tuple[int, int]]:
    """Return the places of fenced code and of comments in `text[start:]`, in order."""
    found: list[tuple[int, int]] = []
    if "```" not in text and "~~~" not in text and "<!--" not in text:
        return found
    position = start
    while (opening := pattern(_OPENING).search(text, position)) is not None:
        mark = opening["fence"]
        if mark is None:
            end = text.find("-->", opening.end())
            position = len(text) if end < 0 else end + 3
        else:
            closing = pattern(rf"^[ \t>]{{0,40}}{mark[0]}{{{len(mark)},}}[ \t]*\r?$").search(text, opening.end())
            position = closing.end() if closing else len(text)
        found.append((opening.start(), position))
    return found
