"""CL208: The hardware cannot have emitted this in its hours."""

from carbon_lint.lint.context import Context, number, string
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.figure import as_kilograms
from carbon_lint.lint.hardware import bounds
from carbon_lint.units import significant


def check(context: Context) -> Hits:
    """
    ## What it does
    Multiplies the rated power of the accelerators in `hardware_used` by the hours that the block (`hours_used`) or
    the text of the card states, and by the carbon intensity of the place, and reports a figure far outside.

    ## Why is this bad?
    A figure that is a thousandth of what the hardware must have emitted is kilograms in place of grams, or was
    copied from another model.

    ## Known problems
    The bounds are wide: from a tenth of the rated power to somewhat more than all of it with host and cooling, and any
    grid if the place is not known. Too much is reported only if `hours_used` stands in the block and the accelerators
    are counted (`8 x`).

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 32.1
      hours_used: 24.5
      geographical_location: Warsaw, Poland
      hardware_used: 8 x NVIDIA A100
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 32100
      hours_used: 24.5
      geographical_location: Warsaw, Poland
      hardware_used: 8 x NVIDIA A100
      ...
    ```

    ## Fix safety
    Unsafe: offered if the figure fits as kilograms. That is a guess.
    """
    emissions_g, node = context.emissions_g, context.emissions
    hardware, hours = string(context.field("hardware_used")), _hours(context)
    if not emissions_g or node is None or hardware is None or hours is None or context.codes & {"CL203", "CL207"}:
        return
    fits = bounds(hardware, hours, string(context.field("geographical_location")))
    if fits is None or fits.least_g <= emissions_g <= fits.most_g:
        return
    if emissions_g > fits.most_g and not (fits.is_counted and "hours_used" in context.fields):
        return
    is_kilograms = fits.least_g <= emissions_g * 1000 <= fits.most_g
    yield Hit(
        f"emissions is {node.text} g, but {fits.reason} is {significant(fits.least_g)} to {significant(fits.most_g)} g"
        + ("; as kilograms it fits" if is_kilograms else ""),
        *node.span,
        as_kilograms(node) if is_kilograms else None,
    )


_LEAST_HOURS = 0.05
"""SetFit and SpanMarker round hours to three digits; under this the rounding counts."""


def _hours(context: Context) -> float | None:
    hours = number(context.field("hours_used"))
    if hours is None:
        from carbon_lint.card.prose import hours as hours_in

        stated = set(hours_in(context.text, context.card.body[0]))
        hours = stated.pop() if len(stated) == 1 else None
    return hours if hours is not None and _LEAST_HOURS <= hours < float("inf") else None
