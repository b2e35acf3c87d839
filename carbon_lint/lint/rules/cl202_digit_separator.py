"""CL202: `emissions` is written with separators."""

import re

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.lint.figure import read
from carbon_lint.text import quoted
from carbon_lint.units import plain

_UNDERSCORES = re.compile(r"[1-9]\d*(?:_\d+)+(?:\.\d+)?", re.ASCII)


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure with separators of thousands or a decimal comma: `4,009.5`, `43,24`, `24_700_000`, `1 234`.

    ## Why is this bad?
    It is a string to the Hub. Others read a wrong number from it: huggingface_hub's search takes `4,009.5` for 4,
    and PyYAML takes `24_700_000` for a number, so that the mistake shows up on the Hub only.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 4,009.5
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 4009.5
      ...
    ```

    ## Fix safety
    Safe for underscores between digits. Unsafe for commas, dots and blanks, whose meaning depends on the country;
    not offered for a lone comma before three digits (`1,000`), which may be one or a thousand.
    """
    node = context.emissions
    figure = read(node) if node is not None else None
    if node is None or figure is None or figure.kind != "separated":
        return
    fix = None
    if figure.grams is not None and node.style not in {"|", ">"}:
        number = plain(figure.grams)
        is_safe = _UNDERSCORES.fullmatch(node.text) is not None
        fix = Fix(f"write {number}", (Edit(*node.span, number),), is_safe=is_safe)
    message = f"emissions is written {quoted(node.text)}, a string to the Hub, expected digits and at most one dot"
    yield Hit(message, *node.span, fix)
