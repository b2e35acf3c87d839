"""CL209: The text of the card states another figure."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.figure import agrees, shown
from carbon_lint.units import GRAMS_PER


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares the figure with the emissions that the card's text states, and warns if the text states one figure and
    it is another, or if it is one of several figures in tonnes. A factor of 1000 is CL203.

    ## Why is this bad?
    One of the two is wrong, and a reader cannot tell which. Usually the card was trained again and one place
    forgotten.

    ## Example
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 12.5
      ...
    ---
    # A model

    - CO2 Emissions (in grams): 99.1
    ```

    ## Use instead
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 99.1
      ...
    ---
    # A model

    - CO2 Emissions (in grams): 99.1
    ```
    """
    emissions_g, node = context.emissions_g, context.emissions
    if not emissions_g or node is None or not context.figures or "CL203" in context.codes:
        return
    if any(agrees(figure, emissions_g) for figure in context.figures):
        return
    # several figures contradict nothing, unless this is one of them with its tonnes left out
    likeliest = [figure._replace(alternatives=()) for figure in context.figures if figure.unit_g >= GRAMS_PER["t"]]
    tonnes = [figure for figure in likeliest if agrees(figure, emissions_g * figure.unit_g)]
    if not tonnes and any(agrees(figure, emissions_g * 1000) for figure in context.figures):
        return
    if not tonnes and len({figure.grams for figure in context.figures}) > 1:
        return
    figure = tonnes[0] if tonnes else context.figures[0]
    yield Hit(
        f"emissions is {node.text} g and the text states {shown(figure)}",
        *node.span,
        related=(("stated here", figure.start, figure.end),),
    )
