"""CL201: `emissions` holds a unit or prose."""

import re

from carbon_lint.card.document import Node
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.lint.figure import Figure, read
from carbon_lint.text import quoted
from carbon_lint.units import plain


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure written as a string with a number and a unit, or words: `17g`, `0.1069 Kg`, `28.53 in grams of
    CO2`.

    ## Why is this bad?
    The Hub takes a number of grams. It has been seen to keep the number and drop the unit: `0.1069 Kg` became
    `0.1069`.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5 g
      ...
    ```

    ## Fix safety
    Safe if only the unit grams is removed. Unsafe if the number is converted from another unit,
    or if words stand around it. None if no unit is stated, or if the text has several meanings (`17 tons`,
    `1,500 kg`, `0.3 g/request`).
    """
    node = context.emissions
    figure = read(node) if node is not None else None
    if node is None or figure is None or figure.kind != "unit":
        return
    meaning = f" ({figure.doubt})" if figure.doubt else ""
    if figure.grams is not None and figure.unit and not _is_grams(figure.unit):
        meaning = f" ({figure.number_text} {figure.unit} is {plain(figure.grams)} g)"
    yield Hit(
        f"emissions is the string {quoted(node.text)}, expected a bare number of grams{meaning}",
        *node.span,
        _fix(node, figure),
    )


def _is_grams(unit: str) -> bool:
    return unit.lower() in {"g", "gr", "gram", "grams", "gramme", "grammes"}


def _fix(node: Node, figure: Figure) -> Fix | None:
    if figure.grams is None or figure.unit is None or node.style in {"|", ">"}:
        return None
    number = plain(figure.grams)
    is_bare = re.fullmatch(r"[-+\d.eE]+\s*g(rams?)?", node.text.strip()) is not None
    converted = "" if _is_grams(figure.unit) else f", {figure.number_text} {figure.unit} in grams"
    return Fix(f"write {number}{converted}", (Edit(*node.span, number),), is_safe=is_bare and figure.grams >= 0)
