"""CL100: what only the schema has against a block."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.rule import Rule
from carbon_lint.text import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


_EXPLAINING = ("CL1", "CL2")


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Holds a block against `schemas/co2_eq_emissions.schema.json`, where no other rule has found anything in it.

    ## Why is this bad?
    The Hub documents two shapes: a number of grams, or a map that holds it as `emissions`. Readers rely on them.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
      energy_consumed: -0.4
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
      energy_consumed: 0.04
    ```
    """
    if context.block is None or any(code[:3] in _EXPLAINING for code in context.codes - {"CL110"}):
        return
    from carbon_lint.lint.schema import plain_value, schema_errors

    for name, message in schema_errors(plain_value(context.block)):
        node = context.field(name) or context.block
        yield Hit(f"{name or 'co2_eq_emissions'}: {quoted(message, 200)}", node.start, node.end)


RULE = Rule(summary="`co2_eq_emissions` does not fit its JSON Schema", since="0.1.0", check=check)
