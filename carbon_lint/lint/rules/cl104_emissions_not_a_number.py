"""CL104: `emissions` is not a number."""

from carbon_lint.card.document import Node
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.lint.figure import Figure, read
from carbon_lint.lint.schema import TYPES_IN_WORDS
from carbon_lint.lint.template import is_mark
from carbon_lint.text import quoted
from carbon_lint.units import plain


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure that the Hub does not read as a number: empty, a quoted number, a word, a date, a list.

    ## Why is this bad?
    The Hub's type for the field is a number of grams. Anything else is not shown, and not found by a search.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: "12.5"
      ...
    ```

    ## Fix safety
    Safe: only quotes around a number are taken away.
    """
    node = context.emissions
    if node is None or (node is context.block and "CL102" in context.codes):
        return
    figure = read(node)
    if figure.kind in {"number", "unit", "separated"}:
        return
    start, end = context.spot(node)
    yield Hit(f"emissions is {_found(node, figure)}, expected a number of grams", start, end, _fix(node, figure))


def _found(node: Node, figure: Figure) -> str:
    mark = node.text if node.kind == "scalar" else node.raw
    if is_mark(mark):
        return f"the placeholder {mark.strip()} of a template"
    if figure.kind in TYPES_IN_WORDS:
        shown = f" ({quoted(node.text)})" if node.kind == "scalar" and node.text else ""
        return TYPES_IN_WORDS[figure.kind] + shown
    if figure.kind == "quoted" and node.style is None:
        why = "too large for a number" if figure.grams is None else "its tag makes it one"
        return f"{quoted(node.text)}, a string to the Hub ({why})"
    return f"the string {quoted(node.text)}"


def _fix(node: Node, figure: Figure) -> Fix | None:
    if figure.kind != "quoted" or node.style not in {"'", '"'} or figure.grams is None:
        return None
    return Fix("remove the quotes", (Edit(*node.span, plain(figure.grams)),), is_safe=True)
