"""CL111: The text states emissions, the front matter does not."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits

_SAID_ALREADY = frozenset(("CL001", "CL003", "CL004", "CL005", "CL007", "CL008", "CL009", "CL106", "CL107"))


def check(context: Context) -> Hits:
    """
    ## What it does
    Notes that the card's text states emissions while the front matter has no `co2_eq_emissions`. Cards of data sets and
    Spaces are left alone.

    ## Why is this bad?
    Only the front matter is read by the Hub, its search, and those who count emissions over many models.

    ## Example
    ```markdown
    ---
    license: mit
    ---
    # A model

    - **Carbon Emitted**: 0.420 kg of CO2
    ```

    ## Use instead
    ```markdown
    ---
    license: mit
    co2_eq_emissions:
      emissions: 420
      ...
    ---
    # A model

    - **Carbon Emitted**: 0.420 kg of CO2
    ```
    """
    if context.codes & _SAID_ALREADY or not context.figures or not context.is_model_card:
        return
    figure = context.figures[0]
    message = f"the text states {figure.number_text} {figure.unit}, the front matter has no co2_eq_emissions"
    yield Hit(message, figure.start, figure.end)
