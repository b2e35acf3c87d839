"""CL302: The card states another energy than was measured."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import agrees
from carbon_lint.units import significant


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares `energy_consumed` with the energy of `--record` or `--emissions-csv`, in kWh.

    ## Why is this bad?
    Energy is what was measured; grams follow from it. If it differs, the card describes another run.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      energy_consumed: 1.7
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      energy_consumed: 0.223
    ```
    """
    evidence, node = context.evidence, context.field("energy_consumed")
    stated = number(node)
    if evidence is None or node is None or stated is None or evidence.energy_kwh is None:
        return
    if not agrees(evidence, "energy_kwh", stated, node.text):
        yield Hit(
            f"energy_consumed is {node.text} kWh, {evidence.label} has {significant(evidence.energy_kwh, 6)} kWh",
            *node.span,
        )
