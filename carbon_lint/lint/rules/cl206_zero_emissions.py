"""CL206: a figure of zero."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.rule import Rule


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Asks about a figure of exactly zero.

    ## Why is this bad?
    Every training uses energy. AutoTrain wrote 0 if its tracker was switched off, and templates hold 0 to be
    filled in: not measured is not zero.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 0
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```
    """
    node = context.emissions
    value = number(node)
    if node is not None and value == 0:
        yield Hit(
            f"emissions is {node.text}; training always emits something; if it was not measured, remove the field",
            *node.span,
        )


RULE = Rule(summary="`emissions` is zero", since="0.1.0", check=check)
