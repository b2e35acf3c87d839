"""CL209: a figure that the card's text contradicts."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.prose import agrees, shown
from carbon_lint.lint.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Compares the figure with the emissions that the card's text states, and warns where the text states one figure
    and it is another. A factor of 1000 is CL203.

    ## Why is this bad?
    One of the two is wrong, and a reader cannot tell which. Usually the card was trained again and one place
    forgotten.

    ## Example
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ---
    # A model

    - CO2 Emissions (in grams): 99.1
    ```

    ## Use instead
    ```markdown
    ---
    co2_eq_emissions:
      emissions: 99.1
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ---
    # A model

    - CO2 Emissions (in grams): 99.1
    ```
    """
    emissions_g, node = context.emissions_g, context.emissions
    stated = {figure.grams for figure in context.figures}
    if not emissions_g or node is None or len(stated) != 1 or "CL203" in context.codes:
        return
    figure = context.figures[0]
    if agrees(figure, emissions_g) or agrees(figure, emissions_g * 1000):
        return
    yield Hit(
        f"emissions is {node.text} g and the text states {shown(figure)}",
        node.start,
        node.end,
        related=(("stated here", figure.start, figure.end),),
    )


RULE = Rule(summary="The text of the card states another figure", since="0.1.0", check=check)
