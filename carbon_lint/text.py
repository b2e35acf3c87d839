"""Escape text: the only functions that do. Card text and job output are untrusted wherever they are printed.

`plural`, `shortened` and `unified_diff` escape nothing: what they return goes through one of the others.
"""

from __future__ import annotations

import re
from functools import reduce

# C0, C1, line and paragraph separators, everything that turns the direction of writing, BOM, and lone surrogates (an
# undecodable byte of a path), which no UTF-8 stream takes.
_CONTROL = "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
# A runner acts on `::name::` at the start of a line and on the old `##[name]` anywhere in it.
_COMMAND = r":(?=:)|##(?=\[)"
# What makes markup anywhere in a line of Markdown, and what does only at its start (headings, lists, rules). Left to
# `re`'s own cache: compiling is more than a check that prints no Markdown should pay.
_MARKDOWN = r"[\\`*_\[\]|~$]|^\s*[#+=-]|(?<=\d)[.)](?=\s)"
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"))
_LINKED = r"(?i)@|#(?=\w)|GH(?=-\d)|www(?=\.)|(?<=\w):(?=/)"


def terminal(text: str) -> str:
    r"""Return `text` on one line, unable to steer a terminal or to act as a workflow command.

    Control and bidirectional characters become escapes (`\x1b`, `\n`); a zero-width space parts `::` and `##[`.
    """
    return re.sub(_COMMAND, "\\g<0>\u200b", visible(text))


def visible(text: str) -> str:
    """Return `text` on one line with control and bidirectional characters as escapes, and nothing else changed."""
    return re.sub(_CONTROL, lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def quoted(text: str, limit: int = 80) -> str:
    """Return user text in quotes for a message, cut at `limit` characters, control characters visible."""
    return terminal(repr(shortened(text, limit)))


def plural(count: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shortened(text: str, most: int) -> str:
    """Return `text` in at most `most` characters, the last of which says that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def unified_diff(before: str, after: str, old: str, new: str) -> str:
    """Return what changed as `diff -u` shows it, not escaped; `old` and `new` name the two texts."""
    import difflib  # noqa: PLC0415  a check that shows no change need not pay for it

    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def command_data(text: str) -> str:
    """Return `text` as the data of a workflow command. `%` first, or the others would be escaped twice."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return `text` as a property value of a workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def json_literals(encoded: str) -> str:
    r"""Return ASCII JSON with the same value, without a raw `::`, `##[` or DEL. Those can only be in its strings."""
    return re.sub(_COMMAND, lambda match: "\\u003a" if match[0] == ":" else "#\\u0023", encoded).replace(
        "\x7f", "\\u007f"
    )


def spreadsheet(text: str) -> str:
    """Return `text` as a cell of CSV on one line, with a quote before what a spreadsheet would run as a formula.

    Control characters become escapes: the table may be printed to a terminal.
    """
    shown = visible(text)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@", "\t"} else shown


def xml_text(text: str) -> str:
    """Return `text` for an element or a quoted attribute of XML, harmless in a log that the file is printed to."""
    shown = re.sub("[\ufffe\uffff]", "\ufffd", terminal(text))  # what is not a character of XML
    return reduce(lambda done, pair: done.replace(*pair), _ENTITIES, shown)


def markdown_code(text: str, *, in_table: bool = False) -> str:
    r"""Return `text` as a code span: nothing in it is markup, a mention or a link.

    A code span has no escapes: its fence is one backtick longer than any run in the text. A row of a table is cut at
    `|` even inside one, so there (`in_table`) it becomes `\|`, which GitHub's tables undo.
    """
    shown = terminal(text) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    span = f"{fence}{pad}{shown}{pad}{fence}"
    return span.replace("|", "\\|") if in_table else span


def markdown_text(text: str, *, is_start: bool = True) -> str:
    """Return `text` as plain words in Markdown: no markup, HTML, mention, reference or link is made of it.

    `is_start`: the text begins a line, so blanks before it are dropped.
    """
    shown = terminal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub makes links of `@name`, `#12`, `GH-12`, `www.` and addresses in the rendered text, after escapes are gone
    # already: a zero-width space parts them.
    shown = re.sub(_MARKDOWN, r"\\\g<0>", shown.lstrip() if is_start else shown)
    return re.sub(_LINKED, "\\g<0>\u200b", shown)


def markdown_message(text: str) -> str:
    """Return a message of ours with what it has between backticks as code, and all else as plain words."""
    parts = text.split("`")
    is_paired = len(parts) % 2 == 1 and all(parts[1::2])  # two backticks in a row hold nothing
    return "".join(
        markdown_code(part) if number % 2 and part else markdown_text(part, is_start=number == 0)
        for number, part in enumerate(parts if is_paired else [text])
    )
