"""Find placeholders of a template that were not filled in: `{{ card_data }}`, `{arg_1}`, `{% if x %}`."""

from __future__ import annotations

import re

MARK = (
    r"\{\{[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,200}%\}|\$?\{[A-Za-z_][\w.]{0,60}\}|%\([A-Za-z_]\w{0,60}\)s"
    r"|<%[^<>\n]{0,200}%>"
)


def named(text: str, start: int, end: int, message: str) -> str:
    """Return `message` on `text[start:end]`, and what it comes from if a placeholder stands on its lines."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", max(start, end - 1))
    match = re.compile(MARK).search(text, line_start, len(text) if line_end < 0 else line_end)
    return f"the placeholder {match[0]} of a template was left in ({message})" if match else message


def is_mark(text: str) -> bool:
    """Return whether `text` is one placeholder and nothing else."""
    return re.fullmatch(rf"{MARK}|<[^<>\n]{{1,200}}>", text.strip()) is not None
