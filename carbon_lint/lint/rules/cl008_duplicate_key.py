"""CL008: A key stands twice in one map."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.template import named


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a key that stands twice in the same map of the front matter.

    ## Why is this bad?
    The Hub's parser refuses the whole front matter. PyYAML, and with it huggingface_hub, silently takes the last
    value: which of two carbon figures counts would depend on the reader.

    ## Example
    ```yaml
    license: mit
    co2_eq_emissions: 12.5
    license: apache-2.0
    ```

    ## Use instead
    ```yaml
    license: apache-2.0
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    for problem in context.card.problems:
        if problem.kind == "duplicate-key":
            message = named(context.text, problem.start, problem.end, problem.message)
            yield Hit(message, problem.start, problem.end)
