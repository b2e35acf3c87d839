"""CL001: The front matter is not valid YAML."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.template import named


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports front matter that the Hub cannot parse. YAML is read as the Hub reads it (js-yaml 4).

    ## Why is this bad?
    One error loses the whole front matter: the Hub shows a card without licence, tags and carbon figure.

    ## Example
    ```yaml
    license: mit
    tags: [text-classification
    co2_eq_emissions: 12.5
    ```

    ## Use instead
    ```yaml
    license: mit
    tags: [text-classification]
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    for problem in context.card.problems:
        if problem.kind == "yaml-error":
            message = named(context.text, problem.start, problem.end, problem.message)
            yield Hit(message, problem.start, problem.end)
