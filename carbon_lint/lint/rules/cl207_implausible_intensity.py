"""CL207: Emissions and energy do not fit together."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.figure import as_kilograms
from carbon_lint.units import LEAST_GRID_G_PER_KWH, MOST_GRID_G_PER_KWH, significant

# Under this, a thousand times the figure would still be an unusual grid: no guess is made.
LEAST_USUAL_G_PER_KWH = 5


def check(context: Context) -> Hits:
    """
    ## What it does
    Divides `emissions` by `energy_consumed` and reports a carbon intensity outside 1 to 1,500 g/kWh.

    ## Why is this bad?
    Every grid lies in between: from under 2 g/kWh (hydropower, Quebec) to somewhat over 1,000 (coal). A figure
    outside is in another unit; a thousandth of a usual intensity means kilograms in place of grams.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 0.0123
      energy_consumed: 0.0309
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.3
      energy_consumed: 0.0309
      ...
    ```

    ## Fix safety
    Unsafe: offered if a thousand times the figure gives a usual intensity. That is a guess, if a good one.

    ## References
    * Ember, Yearly Electricity Data; CodeCarbon `global_energy_mix.json`: countries from 2 to about 1,100 g/kWh.
    """
    emissions_g, node = context.emissions_g, context.emissions
    energy_kwh = number(context.field("energy_consumed"))
    if not emissions_g or node is None or energy_kwh is None or not 0 < energy_kwh < float("inf"):
        return
    intensity = emissions_g / energy_kwh
    if LEAST_GRID_G_PER_KWH <= intensity <= MOST_GRID_G_PER_KWH or "CL203" in context.codes:
        return
    is_kilograms = LEAST_USUAL_G_PER_KWH <= intensity * 1000 <= MOST_GRID_G_PER_KWH
    guess = f"; if this is kilograms, the intensity is {significant(intensity * 1000)} g/kWh" if is_kilograms else ""
    yield Hit(
        f"emissions {node.text} g / energy_consumed {significant(energy_kwh, 4)} kWh = {significant(intensity)} g/kWh, "
        f"expected {LEAST_GRID_G_PER_KWH:g} to {MOST_GRID_G_PER_KWH:g}{guess}",
        *node.span,
        as_kilograms(node) if is_kilograms else None,
    )
