"""Front matter that is plainly fine: decided in a few microseconds, so that most cards need no node.

`is_plainly_fine` may say False of anything, but True only of YAML that every reader takes, that is one map, and that no
reader sees a duplicate key in. A test compares it with `compose`.
"""

from __future__ import annotations

import re

from carbon_lint.card.yaml.parser import is_well_formed

# Lines of block style: keys that are names, values on one line. What else YAML has (anchors, tags, merges, flow maps,
# quoted keys, folded text, TABs, directives) and what PyYAML takes otherwise than js-yaml (dates, `=`) is left to
# `compose`. Indentation and flow depth are bounded, so the depth of nesting is.
_LINES = re.compile(
    r"""(?:
      [ ]*+(?:\#[^\n\t]*+)?\n
    | [ ]{0,19}+
      (?: -[ ]{1,4}+(?:KEY)?+ | KEY )
      [ ]*+
      (?: (?![0-9]{4}-[0-9])
          (?: -?+[\w./(~$^+][^\n\t:#]*+(?:(?::(?![ \n])|(?<![ ])\#)[^\n\t:#]*+)*+
            | "[^"\\\n\t]*+(?:\\[^\n\t][^"\\\n\t]*+)*+"(?![ ]*+:)[ ]*+
            | '[^'\n\t]*+'(?![ ]*+[:'])[ ]*+
            | \[
              (?:[^][{}\n\t&*!?|>'":\#=<%@`-]++|"[^"\\\n\t]*+"(?!:)|'[^'\n\t]*+'(?![':])|(?<=\w)-(?=[A-Za-z]))*+
              \][ ]*+
          ) (?:(?<=[ ])\#[^\n\t]*+)?
        | \#[^\n\t]*+
      )?+
      \n
    )*+""".replace(
        "KEY", r"(?!(?:[Tt]rue|TRUE|[Ff]alse|FALSE|[Nn]ull|NULL)[ ]?:)[A-Za-z_][\w./-]{0,99}+(?<!-)[ ]?:(?=[ \n])"
    ),
    re.VERBOSE,
)
# 921 real cards (Unity ml-agents) are indented as a whole.
_FIRST = re.compile(r"(?:[ ]*+(?:\#[^\n]*+)?\n)*+[ ]*+[A-Za-z_]", re.VERBOSE)
_KEY = re.compile(r"^([ ]*+[A-Za-z_][\w./-]*+)[ ]*+:(?=[ \n])", re.MULTILINE)
# Few cards need these two, so `re` compiles them when one does.
_DASHED_KEY = r"(?m)^([ ]*+)((?:-[ ]++)?+)([A-Za-z_][\w./-]*+)[ ]?:(?=[ \n])"
_ODD_BREAKS = "[\x85\u2028\u2029\ufeff]"


def is_plainly_fine(yaml: str) -> bool:
    """Return whether the YAML is certainly a map without fault. False says nothing."""
    lines = yaml.replace("\r\n", "\n") + "\n"
    if not _LINES.fullmatch(lines) or not _FIRST.match(lines):
        return False
    if not lines.isascii() and re.search(_ODD_BREAKS, lines):
        return False
    # Two entries of one map start in the same column, be it behind a dash. No key ends in a dash: see _LINES.
    keys = _KEY.findall(lines.replace("- ", "  "))
    return (len(set(keys)) == len(keys) or not _repeats_a_key(lines)) and is_well_formed(lines)


def _repeats_a_key(lines: str) -> bool:
    """Follow block maps by the column of their keys: a `- ` starts a new map, a key ends the maps further right."""
    columns: list[int] = [-1]
    names: list[set[str]] = [set()]
    for indent, dash, name in re.findall(_DASHED_KEY, lines):
        column = len(indent) + len(dash)
        while columns[-1] > column or (dash and columns[-1] == column):
            columns.pop()
            names.pop()
        if columns[-1] < column:
            columns.append(column)
            names.append({name})
        elif name in names[-1]:
            return True
        else:
            names[-1].add(name)
    return False
