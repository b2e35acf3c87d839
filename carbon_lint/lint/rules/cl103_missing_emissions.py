"""CL103: The map has no `emissions`."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.rules.cl105_misspelt_field import meant_by
from carbon_lint.lint.template import is_mark


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a map under `co2_eq_emissions` that does not hold `emissions`.

    ## Why is this bad?
    The figure is what the block is for. huggingface_hub's search by emissions fails with a KeyError on such a card.

    ## Example
    ```yaml
    co2_eq_emissions:
      ...
    ```
    """
    block = context.block
    if block is None or block.kind != "map" or context.emissions is not None:
        return
    if "CL105" in context.codes and any(meant_by(name)[0] == "emissions" for name in context.fields):
        return
    if is_mark(block.raw):
        message = f"co2_eq_emissions is the placeholder {block.raw} of a template, expected a number of grams"
        yield Hit(message, *block.span)
        return
    yield Hit("co2_eq_emissions has no field emissions, expected a number of grams", *context.place())
