"""CL304: The card names other hardware than the evidence."""

from carbon_lint.lint.context import Context, string
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import models_in
from carbon_lint.text import quoted


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares the models of accelerators in `hardware_used` (`H100`, `RTX 3090`) with those of `--record` or
    `--emissions-csv`.

    ## Why is this bad?
    A reader judges the figure by the hardware. With another model it is the figure of another run.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      hardware_used: 1 x NVIDIA T4
      ...
    ```
    """
    evidence, node = context.evidence, context.field("hardware_used")
    text = string(node)
    if evidence is None or node is None or text is None:
        return
    stated, measured = models_in(text), models_in(" ".join(evidence.hardware))
    if stated and measured and not stated & measured:
        names = ", ".join(sorted(measured))
        message = f"hardware_used is {quoted(text)}, {evidence.label} was measured on {names}"
        yield Hit(message, *node.span)
