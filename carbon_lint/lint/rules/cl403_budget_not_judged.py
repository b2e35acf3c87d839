"""CL403: The card has no figure to compare with the budget."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Notes that the configuration has `max-emissions` and the card states no emissions. Cards of data sets and Spaces are
    left alone.

    ## Why is this bad?
    A card that passes for lack of a figure has not been found within the budget.

    ## Example
    ```toml
    max-emissions = "20 g"
    ```

    ```yaml
    license: mit
    ```

    ## Use instead
    ```yaml
    license: mit
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    if context.settings.max_emissions_g is None or context.block is not None or context.card.root is None:
        return
    if not context.is_model_card:
        return
    yield Hit("the card states no emissions, so the budget max-emissions was not judged", *context.place())
