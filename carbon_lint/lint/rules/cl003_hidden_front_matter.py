"""CL003: a block that only a laxer reader sees."""

from __future__ import annotations

from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports metadata that a person, or a laxer reader, takes for front matter, and the Hub does not: text or a
    comment before it, an opening fence that is not exactly `---`, a closing fence that is indented or missing.

    ## Why is this bad?
    The Hub reads no metadata at all from such a card, whatever stands in it. It looks right in an editor.

    ## Example
    ```markdown
    <!-- A comment above the front matter -->
    ---
    license: mit
    co2_eq_emissions: 12.5
    ---
    # A model
    ```

    ## Use instead
    ```markdown
    ---
    license: mit
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ---
    <!-- A comment below the front matter -->
    # A model
    ```
    """
    for problem in context.card.problems:
        if problem.kind == "laxer-reader":
            yield Hit(problem.message, problem.start, problem.end)


RULE = Rule(summary="The Hub does not see the front matter", since="0.1.0", check=check)
