"""CL009: `co2_eq_emissions` stands in the text, not in the front matter."""

import re

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits

_BLOCK = re.compile(r"^[\s>*+-]*[`*_\"']*(?P<key>co2_eq_emissions)[`*_\"']*[ \t]*:", re.IGNORECASE | re.MULTILINE)


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports `co2_eq_emissions:` in the text of a card whose front matter has none.

    ## Why is this bad?
    The Hub reads the figure from the front matter only. In the text it is prose: the search and the widget do not
    see it.

    ## Example
    ````markdown
    ---
    license: mit
    ---
    # A model

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
    ```
    ````

    ## Use instead
    ```yaml
    license: mit
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    if not context.is_model_card:
        return
    if "CL003" in context.codes:  # that finding covers all of the metadata
        return
    match = _BLOCK.search(context.text, context.card.body[0])
    if match:
        message = "co2_eq_emissions stands in the text of the card; the Hub reads it from the front matter only"
        yield Hit(message, match.start("key"), match.end("key"))
