"""CL305: The card states another duration than was measured."""

from carbon_lint.lint.context import Context, number
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import close
from carbon_lint.units import significant

_RELATIVE = 0.02


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares `hours_used` with the duration of `--record` or `--emissions-csv`, within 2 % or its rounding.

    ## Why is this bad?
    If the hours differ, the card describes another run.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      hours_used: 7.5
    ```

    ## Use instead
    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      ...
      hours_used: 1.0
    ```
    """
    evidence, node = context.evidence, context.field("hours_used")
    stated = number(node)
    if evidence is None or node is None or stated is None or evidence.duration_s is None:
        return
    hours = evidence.duration_s / 3600
    total = evidence.or_sum.duration_s if evidence.or_sum else None
    if not any(close(stated, known / 3600, node.text, _RELATIVE) for known in (evidence.duration_s, total) if known):
        message = f"hours_used is {node.text}, {evidence.label} took {significant(hours, 4)} h"
        yield Hit(message, *node.span)
