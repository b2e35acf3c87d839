"""CL402: `energy_consumed` is over the budget `max-energy`."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.units import format_energy


def check(context: Context) -> Hits:
    """
    ## What it does
    Holds the card's `energy_consumed` against `max-energy` of the configuration.

    ## Why is this bad?
    The budget is the team's own. A card over it comes from a run that the gate would have stopped. While an
    `[[exception]]` of the configuration lifts the limit, this is a note and names it.

    ## Example
    ```toml
    max-energy = "20 Wh"
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.3
      energy_consumed: 0.0309
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 7.4
      energy_consumed: 0.0186
      ...
    ```
    """
    value, node = number(context.field("energy_consumed")), context.field("energy_consumed")
    limit = context.settings.max_energy_kwh
    if node is None or value is None or limit is None or value <= limit:
        return
    yield Hit(
        f"energy_consumed is {format_energy(value)}, over the budget of {format_energy(limit)} "
        f"({context.limit_in_words('max-energy')})",
        *node.span,
    )
