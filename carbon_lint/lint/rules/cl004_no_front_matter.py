"""CL004: The card has no front matter."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a card that was named and has no front matter. A README.md that was only found in a folder and has none
    is not a model card, and is skipped.

    ## Why is this bad?
    The Hub takes licence, tags and the carbon figure from the front matter and from nowhere else.

    ## Example
    ```markdown
    # A model

    It classifies sentences.
    ```

    ## Use instead
    ```markdown
    ---
    license: mit
    ---
    # A model

    It classifies sentences.
    ```
    """
    if any(problem.kind == "not-utf8" for problem in context.card.problems):
        return
    for problem in context.card.problems:
        if problem.kind == "no-front-matter":
            yield Hit(problem.message, problem.start, problem.end)
