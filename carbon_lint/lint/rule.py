"""What a rule's file declares.

A rule is a function from a card to hits. It knows neither its severity nor the path, and never raises on content. The
docstring of its `check` is the rule's page in the documentation, with these headings in this order: What it does,
Why is this bad?, [Known problems], Example, Use instead, [Fix safety], [References]. The examples run as tests.
"""

from __future__ import annotations

from importlib import import_module

from carbon_lint.lint.rules import TABLE, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbon_lint.lint.context import Context
    from carbon_lint.lint.diagnostic import Hit

    Check = Callable[[Context], Iterator[Hit]]


class Rule:
    """A rule: `RULE = Rule(summary="...", since="0.1.0", check=check, fix="safe")` at the end of its file.

    `fix` says what its fixes are: `safe`, `unsafe`, `both` or None. `code`, `name` and `severity` are filled in by
    `load` from the one table.
    """

    __slots__ = ("check", "code", "fix", "name", "severity", "since", "summary")

    code: str
    name: str
    severity: str

    def __init__(self, *, summary: str, since: str, check: Check, fix: str | None = None) -> None:
        self.summary = summary
        self.since = since
        self.check = check
        self.fix = fix

    @property
    def docs(self) -> str:
        """The rule's page, in Markdown."""
        from inspect import cleandoc

        return cleandoc(self.check.__doc__ or "")


def load(module: str) -> Rule:
    """Return the rule of one module of `TABLE`, with its code, name and severity filled in."""
    rule: Rule = import_module(f"carbon_lint.lint.rules.{module}").RULE
    rule.code = module[:5].upper()
    rule.name = name_of(module)
    rule.severity = TABLE[module][1]
    return rule


def load_all() -> tuple[Rule, ...]:
    """Return every rule, by code: for the documentation and the reporters; `check` does not call it."""
    return tuple(load(module) for module in sorted(TABLE))
