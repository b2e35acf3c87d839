"""CL303: The card names another place than the evidence."""

from carbon_lint.lint.context import Context, string
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import other_place
from carbon_lint.text import quoted, visible


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares `geographical_location` with the location of `--record` or `--emissions-csv`. Only a text that names
    another known country counts as another place: `Paris` does not contradict France.

    ## Why is this bad?
    Grams are energy times the carbon intensity of a place. With another place the figure does not follow.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 12.5
      geographical_location: Warsaw, Poland
      ...
    ```
    """
    evidence, node = context.evidence, context.field("geographical_location")
    text = string(node)
    if evidence is None or node is None or text is None or not evidence.location_names:
        return
    other = other_place(text, evidence.location_names)
    if other is not None:
        names = " / ".join(evidence.location_names)
        message = f"geographical_location is {quoted(text)}, {evidence.label} was measured in {visible(names)}"
        yield Hit(message, *node.span)
