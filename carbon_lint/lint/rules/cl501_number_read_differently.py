"""CL501: Readers of YAML disagree about a number."""

from decimal import Decimal

from carbon_lint.card.document import Node
from carbon_lint.card.yaml import scalars
from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.text import quoted
from carbon_lint.units import plain

_SPECIAL = frozenset((".nan", ".inf", "+.inf", "-.inf"))  # CL205
READERS = (
    ("PyYAML", scalars.pyyaml_value),
    ("js-yaml 3", scalars.js_yaml_3_value),
    ("js-yaml 5", scalars.js_yaml_5_value),
    ("YAML 1.2", scalars.yaml12_value),
)


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure that the Hub reads as a number, and PyYAML, js-yaml 3 or 5, or YAML 1.2 read as another number
    or as a string: `1e-5`, `017`, `0b101`.

    ## Why is this bad?
    Python programs get another value than the Hub shows. PyYAML needs a dot and a signed exponent, and takes a
    leading zero for octal.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 1e3
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 1000
      ...
    ```

    ## Fix safety
    Safe: the number that the Hub reads is written so that all read the same.
    """
    for name in ("emissions", "energy_consumed"):
        node = context.emissions if name == "emissions" else context.field(name)
        if node is None or not node.is_number or node.style:
            continue
        others = [(reader, read(node.text)) for reader, read in READERS]
        different = [f"{reader} {_shown(found)}" for reader, found in others if found[1] != node.value]
        if different and node.text.lower() not in _SPECIAL:
            message = (
                f"{name} {node.text} is {_shown((node.type, node.value))} to the Hub, but to {', to '.join(different)}"
            )
            yield Hit(message, *node.span, _fix(node))


def _shown(found: tuple[str, object]) -> str:
    kind, value = found
    return f"the string {quoted(str(value))}" if kind == "str" else str(value)


def _fix(node: Node) -> Fix | None:
    value = node.value
    if not isinstance(value, int | float) or value in {float("inf"), float("-inf")}:
        return None
    number = plain(Decimal(repr(value)))
    if "." not in number and int(number) != value:
        number += ".0"  # a reader of integers would not round it to the same double
    return Fix(f"write {number}", (Edit(*node.span, number),), is_safe=True)
