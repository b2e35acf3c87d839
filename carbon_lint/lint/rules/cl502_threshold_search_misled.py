"""CL502: a number that the search by emissions reads wrongly."""

from __future__ import annotations

from carbon_lint.card.scalars import emissions_thresholds_value, pyyaml_value
from carbon_lint.lint.context import number
from carbon_lint.lint.diagnostic import Hit
from carbon_lint.lint.rule import Rule
from carbon_lint.text import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.lint.context import Context


def check(context: Context) -> Iterator[Hit]:
    """
    ## What it does
    Reports a figure that `list_models(emissions_thresholds=...)` of huggingface_hub takes for another number. It
    looks for the first digits in the value's text: 0.00002 is `2e-05` to Python, and 2 to the search.

    ## Why is this bad?
    The model is filtered by a figure that is wrong by orders of magnitude.

    ## Known problems
    A figure under 0.0001 g cannot be written so that this search reads it.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 0.00002
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 0.0002
      source: codecarbon
      training_type: fine-tuning
      geographical_location: Paris, France
      hardware_used: 1 x NVIDIA H100
    ```
    """
    node = context.emissions
    value = number(node)
    if node is None or value is None or not 0 < value < float("inf") or "CL501" in context.codes:
        return
    python = pyyaml_value(node.text, node.style)[1]
    found = emissions_thresholds_value(str(python))[1]
    if found is not None and found != value:
        message = f"emissions {node.text}: the search by emissions_thresholds reads {found} from {quoted(str(python))}"
        yield Hit(message, node.start, node.end)


RULE = Rule(summary="huggingface_hub's search by emissions reads another number", since="0.1.0", check=check)
