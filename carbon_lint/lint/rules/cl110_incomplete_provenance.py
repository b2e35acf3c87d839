"""CL110: Recommended fields are missing."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.rules.cl105_misspelt_field import meant_by
from carbon_lint.lint.schema import RECOMMENDED

_SAID_ALREADY = frozenset(("CL102", "CL103", "CL104"))


def check(context: Context) -> Hits:
    """
    ## What it does
    Notes which of the fields `source`, `training_type`, `geographical_location` and `hardware_used` are missing.
    Cards of data sets and Spaces are left alone.

    ## Why is this bad?
    If a card states neither method, nor hardware, nor place, nobody can compare its figure with another one.

    ## Example
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      source: codecarbon
    ```
    """
    if context.codes & _SAID_ALREADY or context.card.problems or not context.is_model_card:
        return
    meant = {meant_by(name)[0] for name in context.fields} if "CL105" in context.codes else set()
    missing = [name for name in RECOMMENDED if name not in context.fields and name not in meant]
    if missing:
        yield Hit(f"the figure has no {', '.join(missing)}", *context.place())
