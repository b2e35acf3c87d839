"""CL005: The front matter is not a map of keys and values."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports front matter that is valid YAML, and a list or a text instead of keys and values.

    ## Why is this bad?
    The Hub reads no metadata from it, and `ModelCard.load` of huggingface_hub raises an error.

    ## Example
    ```yaml
    - license: mit
    - language: en
    ```

    ## Use instead
    ```yaml
    license: mit
    language: en
    ```
    """
    for problem in context.card.problems:
        if problem.kind == "not-a-mapping":
            yield Hit(problem.message, problem.start, problem.end)
