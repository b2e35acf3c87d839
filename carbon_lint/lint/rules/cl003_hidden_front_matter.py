"""CL003: The Hub does not see the front matter."""

import re

from carbon_lint.card.document import Problem
from carbon_lint.card.read import read_card
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits, edited

_FENCE = "---"
_CLOSING = re.compile(r"^[ \t]*(?P<line>-{3,}[ \t]*)$", re.MULTILINE)


def check(context: Context) -> Hits:
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
      ...
    ---
    <!-- A comment below the front matter -->
    # A model
    ```

    ## Fix safety
    Safe for blanks behind the opening fence and invisible characters before it. Unsafe for dashes too many and for a
    closing fence that is indented: the Hub begins to read a block that it has not read before. None if text stands
    above the fence, if the closing one is missing, or if something else would still hide the front matter.
    """
    for problem in context.card.problems:
        if problem.kind == "laxer-reader":
            fix = _fix(context.text, problem)
            is_enough = fix is not None and _is_read(context.text, fix)
            yield Hit(problem.message, problem.start, problem.end, fix if is_enough else None)


def _fix(text: str, problem: Problem) -> Fix | None:
    start, end = problem.start, problem.end
    if problem.detail == "opening-not-alone" and not text[start + len(_FENCE) : end].strip():
        return Fix("remove the blanks", (Edit(start + len(_FENCE), end, ""),), is_safe=True)
    if problem.detail == "invisible-character-before":
        return Fix("remove the invisible characters", (Edit(0, end - len(_FENCE), ""),), is_safe=True)
    if problem.detail in {"closing-indented", "closing-dashes"} and set(text[start:end]) <= set("- \t"):
        return Fix("write ---", (Edit(start, end, _FENCE),), is_safe=False)
    if problem.detail == "opening-dashes" and set(text[start:end]) <= set("- \t"):
        closing = _CLOSING.search(text, end)
        edits = (Edit(start, end, _FENCE), *((Edit(*closing.span("line"), _FENCE),) if closing else ()))
        return Fix("write ---", edits, is_safe=False)
    return None


def _is_read(text: str, fix: Fix) -> bool:
    """Return whether the Hub reads the front matter once the fix is made: more may be in its way."""
    card = read_card(edited(text, fix.edits).encode(), "")
    return not card.problems and card.root is not None
