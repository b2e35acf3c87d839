"""CL502: huggingface_hub's search by emissions reads another number."""

from decimal import Decimal

from carbon_lint.card.yaml.scalars import emissions_thresholds_value, pyyaml_value
from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Edit, Fix, Hit, Hits
from carbon_lint.text import quoted
from carbon_lint.units import plain


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure that `list_models(emissions_thresholds=...)` of huggingface_hub takes for another number, if it can
    be written so that the search reads it. The search looks for the first digits in the value's text: 1.5e+16 is
    `1.5e+16` to Python, and 1.5 to the search.

    ## Why is this bad?
    The model is filtered by a figure that is wrong by orders of magnitude.

    ## Known problems
    A figure under 0.0001 g has an exponent in Python however it is written (0.00002 is `2e-05`, and 2 to the search).
    Nothing on the card can change that, so nothing is reported.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 1.5e+16
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 15000000000000000
      ...
    ```

    ## Fix safety
    Safe: the same number without its exponent.
    """
    node = context.emissions
    value = number(node)
    if node is None or value is None or not 0 < value < float("inf") or "CL501" in context.codes:
        return
    python = pyyaml_value(node.text, node.style)[1]
    found = emissions_thresholds_value(str(python))[1]
    written = Decimal(repr(value))
    # Without its exponent the number must be the same to all readers, and to the search.
    if found is None or found == value or written != Decimal(value) or written < 1:
        return
    number_text = plain(written)
    message = f"emissions {node.text}: the search by emissions_thresholds reads {found} from {quoted(str(python))}"
    fix = Fix(f"write {number_text}", (Edit(*node.span, number_text),), is_safe=True)
    yield Hit(message, *node.span, fix)
