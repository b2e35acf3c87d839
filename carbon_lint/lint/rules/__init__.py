"""The rules, and how bad each finding is. Adding a rule: its file, one line here, and a folder in `tests/corpus`.

The table is all that a start of `check` loads: a rule's module is imported when a card first has what the rule `needs`.
Code and name are those of the module: `cl105_emissions_not_a_number` is CL105, `emissions-not-a-number`. Both are
permanent; a code is never used again.
"""

from __future__ import annotations

from importlib import import_module

from carbon_lint.lint.diagnostic import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.lint.rule import Rule

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

# module -> (what a card must have for the rule to be able to fire, severity unless the configuration says otherwise).
# The words are explained, and found out, in `lint.context`. Order is the order in which the rules run.
TABLE: dict[str, tuple[str, str]] = {}

# Raised by the engine itself, about a file or a comment and not about a card's content: they have a page, but no check.
ENGINE_RULES = ()

CODES = {module[:5].upper(): module for module in TABLE}
"""Code -> module, without importing any."""


def name_of(module: str) -> str:
    """`cl105_emissions_not_a_number` -> `emissions-not-a-number`."""
    return module[6:].replace("_", "-")


def load(module: str) -> Rule:
    """The rule of one module of `TABLE`, with its code, name and severity filled in."""
    rule: Rule = import_module(f"carbon_lint.lint.rules.{module}").RULE
    rule.code = module[:5].upper()
    rule.name = name_of(module)
    rule.severity = TABLE[module][1]
    return rule


def load_all() -> tuple[Rule, ...]:
    """Every rule, by code. For the documentation and the reporters that list all rules; `check` does not call it."""
    return tuple(load(module) for module in sorted(TABLE))
