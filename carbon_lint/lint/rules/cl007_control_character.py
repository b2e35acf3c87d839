"""CL007: The front matter holds a character that YAML forbids."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports NUL and other control characters in the front matter.

    ## Why is this bad?
    The Hub's parser refuses the whole front matter for one of them. Most editors do not show it.

    ## Example
    ```text
    title: A model, with a BEL character at its end
    ```

    ## Use instead
    ```yaml
    license: mit
    title: A model
    ```
    """
    for problem in context.card.problems:
        if problem.kind in {"nul", "control-character"}:
            yield Hit(problem.message, problem.start, problem.end)
