"""CL204: `emissions` is negative."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a negative figure.

    ## Why is this bad?
    Training a model takes no carbon dioxide out of the air. Offsets that were bought are not part of the figure.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: -12.5
      ...
    ```
    """
    node = context.emissions
    value = number(node)
    if node is not None and value is not None and float("-inf") < value < 0:
        yield Hit(f"emissions is {node.text}, expected zero or more", *node.span)
