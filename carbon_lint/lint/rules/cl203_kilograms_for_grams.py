"""CL203: The text of the card shows that `emissions` holds kilograms."""

from carbon_lint.card.prose import BodyFigure
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.figure import agrees, as_kilograms, last_digit_g, shown
from carbon_lint.units import KG_TO_G


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares the figure with the emissions that the card's text states, and reports a figure that is a thousandth of
    them.

    ## Why is this bad?
    CodeCarbon counts kilograms, the card states grams. A figure that was copied without the conversion makes a
    model look a thousand times cleaner than it is.

    ## Example
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 0.42
      ...
    ---
    # A model

    - **Carbon Emitted**: 0.420 kg of CO2
    ```

    ## Use instead
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 420
      ...
    ---
    # A model

    - **Carbon Emitted**: 0.420 kg of CO2
    ```

    ## Fix safety
    Unsafe: which of the two is wrong is a guess, if a good one.
    """
    emissions_g, node = context.emissions_g, context.emissions
    if not emissions_g or node is None or any(agrees(figure, emissions_g) for figure in context.figures):
        return
    for stated in context.figures:
        figure = _as_meant(stated, emissions_g)
        if agrees(figure, emissions_g * 1000) and last_digit_g(figure) < emissions_g * 500:
            yield Hit(
                f"emissions is {node.text} and the text states {shown(figure)}, 1000 times as much; "
                "expected grams, this looks like kilograms",
                *node.span,
                as_kilograms(node),
                related=(("stated here", figure.start, figure.end),),
            )
            return


def _as_meant(figure: BodyFigure, emissions_g: float) -> BodyFigure:
    """Return the figure with the reading that is 1000 times as much, unless it is this number in another unit.

    A figure of 2040 and a text of `2,040 tons` have the tons left out: 2.04 tons were not meant.
    """
    likeliest = figure._replace(alternatives=())
    if figure.unit_g != KG_TO_G and agrees(likeliest, emissions_g * figure.unit_g):
        return likeliest
    likely = min((figure.grams, *figure.alternatives), key=lambda grams: abs(grams - emissions_g * 1000))
    return figure._replace(grams=likely)
