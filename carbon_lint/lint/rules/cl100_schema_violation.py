"""CL100: `co2_eq_emissions` does not fit its JSON Schema."""

from __future__ import annotations

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.rule import load
from carbon_lint.lint.rules import CODES
from carbon_lint.lint.schema import block_value, misfits
from carbon_lint.text import quoted

EXPLAINING = frozenset(("CL101", "CL102", "CL103", "CL104", "CL105", "CL109", "CL201", "CL202", "CL204", "CL205"))
"""Rules that say what the schema would say, in better words."""


def check(context: Context) -> Hits:
    """
    ## What it does
    Checks a block against `schemas/co2_eq_emissions.schema.json` if no other rule has found anything in it.

    ## Why is this bad?
    The Hub documents two shapes: a number of grams, or a map that holds it as `emissions`. Readers rely on them.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      energy_consumed: -0.4
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      energy_consumed: 0.04
    ```
    """
    if context.block is None or context.codes & EXPLAINING:
        return
    found = misfits(block_value(context.block))
    if not found or _is_explained_by_a_rule_that_was_not_asked(context):
        return
    for name, message in found:
        node = context.field(name) or context.block
        held = f"{name} is {quoted(node.raw)}" if name else "co2_eq_emissions does not fit the schema"
        yield Hit(f"{held}, {message}", *context.spot(node))


def _is_explained_by_a_rule_that_was_not_asked(context: Context) -> bool:
    """Return whether a rule that the settings switch off explains the misfit: it must not come back under this code."""
    return any(
        any(True for _ in load(CODES[code]).check(context)) for code in sorted(EXPLAINING) if code not in context.active
    )
