"""CL307: What was measured is not on the card."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.units import significant


def check(context: Context) -> Hits:
    """
    ## What it does
    Reports a card without `co2_eq_emissions` if `--record` or `--emissions-csv` has a figure for it.

    ## Why is this bad?
    The figure was measured and then lost: `push_to_hub` of a training framework writes the whole card again.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    license: mit
    ```

    ## Use instead
    ```yaml
    license: mit
    co2_eq_emissions:
      emissions: 12.5
      ...
    ```
    """
    evidence = context.evidence
    if evidence is None or evidence.emissions_g is None or context.block_key is not None or context.card.root is None:
        return
    message = f"the card states no emissions, {evidence.label} has {significant(evidence.emissions_g, 6)} g"
    yield Hit(message, *context.place())
