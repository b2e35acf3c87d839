"""List the rules, or show the page of one.

  carbon-lint rules
  carbon-lint rules CL203
  carbon-lint rules zero-emissions
  carbon-lint rules --format json

Name a rule by its code or by its name.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from difflib import get_close_matches
from shutil import get_terminal_size

from carbon_lint.cli.flags import add_format_argument
from carbon_lint.errors import UsageError
from carbon_lint.lint.rule import Rule, load_all
from carbon_lint.report.layout import json_text
from carbon_lint.report.rule_page import find, terminal_page, terminal_table
from carbon_lint.text import quoted

_MAX_WIDTH = 110
_FACTS = ("code", "name", "severity", "fix", "since", "summary", "docs")
"""What JSON says of a rule; `docs` is its page, in Markdown."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `carbon-lint rules`."""
    parser.add_argument("rules", metavar="RULE", nargs="*", help="codes or names of rules (default: list all)")
    add_format_argument(parser)


def run(arguments: Namespace) -> int:
    """Print the table or the pages; return 0."""
    rules = load_all()
    width = min(get_terminal_size().columns, _MAX_WIDTH)
    wanted = [_find(rules, name) for name in arguments.rules]
    if arguments.format == "json":
        facts = [{name: getattr(rule, name) for name in _FACTS} for rule in wanted or rules]
        sys.stdout.write(json_text({"format": 1, "rules": facts}))
    elif wanted:
        sys.stdout.write("\n".join(terminal_page(rule, width) for rule in wanted))
    else:
        sys.stdout.write(terminal_table(rules, width))
    return 0


def _find(rules: Sequence[Rule], name: str) -> Rule:
    rule = find(rules, name)
    if rule is not None:
        return rule
    known = [rule.code for rule in rules] + [rule.name for rule in rules]
    near = get_close_matches(name.upper(), known, n=1) or get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"there is no rule {quoted(name)}", hint=f"{hint}`carbon-lint rules` lists all")
