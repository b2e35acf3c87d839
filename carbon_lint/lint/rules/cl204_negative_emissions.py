"""CL204: a figure below zero."""

from __future__ import annotations

from collections.abc import Iterator

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.rule import Rule


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports a negative figure.

    ## Why is this bad?
    Training a model takes carbon dioxide out of no air. Offsets that were bought are no part of the figure.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: -12.5
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
    if node is not None and value is not None and float("-inf") < value < 0:
        yield Hit(f"emissions is {node.text}, expected zero or more", *node.span)


RULE = Rule(summary="`emissions` is negative", since="0.1.0", check=check)
