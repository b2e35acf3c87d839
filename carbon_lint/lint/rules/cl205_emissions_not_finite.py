"""CL205: `emissions` is not a finite number."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits

_INFINITE = float("inf")


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports `.nan` and `.inf`.

    ## Why is this bad?
    Generators of cards write `.nan` if a tracker returned nothing: the run was not measured. A field that is not
    known is left out.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: .nan
      ...
    ```
    """
    node = context.emissions
    value = number(node)
    if node is not None and value is not None and (not -_INFINITE < value < _INFINITE):
        yield Hit(f"emissions is {node.text}, expected a finite number of grams", *node.span)
