"""CL006: The card is not UTF-8."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a card whose bytes are not UTF-8, such as one saved as Latin-1 or UTF-16.

    ## Why is this bad?
    The Hub replaces what it cannot decode; huggingface_hub fails to load the card.

    ## Example
    ```text
    license: mit, in a file that an editor saved as UTF-16
    ```

    ## Use instead
    ```yaml
    license: mit
    ```
    """
    for problem in context.card.problems:
        if problem.kind == "not-utf8":
            yield Hit(problem.message, problem.start, problem.end)
