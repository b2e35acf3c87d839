"""CL306: The card states the figure of an earlier run."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import older_with
from carbon_lint.lint.rules.cl301_emissions_disagree import is_stated
from carbon_lint.units import significant


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a figure that is not that of the newest run among `--record` files or rows of `--emissions-csv`, and is
    that of an earlier one.

    ## Why is this bad?
    The card was not written again after the last training, or a tool wrote it back from an older copy.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    2026-01-06T10:00:00,run-2,3600,0.0991,1.768,1.6,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 99.1
      ...
    ```
    """
    evidence, stated = context.evidence, context.emissions_g
    node = context.emissions
    if evidence is None or node is None or stated is None or is_stated(context):
        return
    older = older_with(evidence, stated, node.text)
    if older is not None:
        newest = "is newer" if evidence.emissions_g is None else f"has {significant(evidence.emissions_g, 6)} g"
        yield Hit(f"emissions is {node.text} g, that of {older.label}; {evidence.label} {newest}", *node.span)
