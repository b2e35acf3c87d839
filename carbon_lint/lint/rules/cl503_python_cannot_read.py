"""CL503: PyYAML cannot read the front matter."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.template import named


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports front matter that the Hub's parser takes and PyYAML refuses, such as a TAB after a colon.

    ## Why is this bad?
    huggingface_hub, and every Python program that reads cards, fails on it: the next `push_to_hub` may replace the
    card's metadata.

    ## Example
    ```yaml
    license: mit
    title: =
    ```

    ## Use instead
    ```yaml
    license: mit
    ```
    """
    error = context.card.pyyaml_error
    if error is not None:
        message = named(context.text, error.start, error.end, f"the Hub reads this, PyYAML does not: {error.message}")
        yield Hit(message, error.start, error.end)
