"""CL100: `co2_eq_emissions` does not fit its JSON Schema."""

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
    # A rule that the settings switch off may explain the misfit: it must not come back under this code.
    silent = sorted(EXPLAINING - context.active) if found else ()
    if any(next(load(CODES[code]).check(context), None) for code in silent):
        return
    for name, message in found:
        node = context.field(name) or context.block
        held = f"{name} is {quoted(node.raw)}" if name else "co2_eq_emissions does not fit the schema"
        yield Hit(f"{held}, {message}", *context.spot(node))
