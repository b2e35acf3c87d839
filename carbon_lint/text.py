"""The only escaping functions. Card text and job output are untrusted wherever they are printed.

* `terminal`: for a terminal or a log that a CI runner reads.
* `command_data`, `command_property`: for GitHub workflow commands (actions/toolkit `command.ts` has the same two).
"""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
# A runner acts on `::name::` at the start of a line and on the old `##[name]` anywhere in it.
_COMMAND = re.compile(r"::|##(?=\[)")


def terminal(text: str) -> str:
    r"""`text` on one line, unable to steer a terminal or to act as a workflow command.

    Control and bidirectional characters become escapes (`\x1b`, `\n`); a zero-width space parts `::` and `##[`.
    """
    shown = _CONTROL.sub(_escaped, text)
    return _COMMAND.sub(lambda match: "\u200b".join(match[0]) if match[0] == "::" else "##\u200b", shown)


def quoted(text: str, limit: int = 80) -> str:
    """User text in quotes for a message, cut at `limit` characters, control characters visible."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return terminal(repr(shown))


def command_data(text: str) -> str:
    """`text` as the data of a workflow command. `%` first, or the others would be escaped twice."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """`text` as a property value of a workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
