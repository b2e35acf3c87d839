"""CL206: `emissions` is zero."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
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
      ...
    ```
    """
    node = context.emissions
    value = number(node)
    if node is not None and value == 0:
        yield Hit(
            f"emissions is {node.text}; training always emits something; if it was not measured, remove the field",
            *node.span,
        )
