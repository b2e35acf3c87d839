"""CL401: `emissions` is over the budget `max-emissions`."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.units import format_emissions


def check(context: Context) -> Hits:
    """
    ## What it does
    Holds the card's `emissions` against `max-emissions` of the configuration.

    ## Why is this bad?
    The budget is the team's own. A card over it comes from a run that the gate would have stopped. While an
    `[[exception]]` of the configuration lifts the limit, this is a note and names it.

    ## Example
    ```toml
    max-emissions = "10 g"
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 9.8
      ...
    ```
    """
    value, node = context.emissions_g, context.emissions
    limit = context.settings.max_emissions_g
    if node is None or value is None or limit is None or value <= limit:
        return
    yield Hit(
        f"emissions is {format_emissions(value)}, over the budget of {format_emissions(limit)} "
        f"({context.limit_in_words('max-emissions')})",
        *node.span,
    )
