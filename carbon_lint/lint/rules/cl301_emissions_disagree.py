"""CL301: The card states other emissions than were measured."""

from carbon_lint.lint.context import Context
from carbon_lint.lint.diagnostic import Hit, Hits
from carbon_lint.lint.evidence import Evidence, agrees, close, older_with
from carbon_lint.units import significant


def check(context: Context) -> Hits:
    """
    ## What it does
    Compares the figure with the emissions of `--record` or `--emissions-csv`. They agree within 0.5 %, or within
    the rounding of the figure on the card. A table's energy priced at the place that the card names agrees too, if the
    table's own place cannot be believed (Quebec, the world's average, CodeCarbon 1.x) or is the same.

    ## Why is this bad?
    The card says something else than the evidence. An older run's figure is CL306.

    ## Example
    ```csv
    timestamp,run_id,duration,emissions,energy_consumed,gpu_energy,country_name,country_iso_code,gpu_model,cpu_model
    2026-01-05T10:00:00,run-1,3600,0.0125,0.223,0.2,France,FRA,1 x NVIDIA H100,AMD EPYC 7R13
    ```

    ```yaml
    co2_eq_emissions:
      emissions: 99.1
      ...
    ```
    """
    evidence, stated = context.evidence, context.emissions_g
    node = context.emissions
    if evidence is None or node is None or stated is None:
        return
    if is_stated(context) or older_with(evidence, stated, node.text) is not None:
        return
    if evidence.doubt is not None:
        yield Hit(
            f"emissions is {node.text} g, and no grams confirm it: {evidence.doubt}; state the location of the run",
            *node.span,
        )
    elif evidence.emissions_g is not None:
        yield Hit(
            f"emissions is {node.text} g, {evidence.label} has {significant(evidence.emissions_g, 6)} g", *node.span
        )


def is_stated(context: Context) -> bool:
    """Return whether the card's figure is the evidence's, or its energy priced at the place that the card names."""
    evidence, node, stated = context.evidence, context.emissions, context.emissions_g
    if evidence is None or node is None or stated is None:
        return False
    if agrees(evidence, "emissions_g", stated, node.text):
        return True
    place = context.field("geographical_location")
    if place is None or not isinstance(place.value, str) or not evidence.is_table:
        return False
    energies = [each.energy_kwh for each in (evidence, evidence.or_sum) if each is not None]
    return any(
        close(stated, energy_kwh * g_per_kwh, node.text)
        for energy_kwh in energies
        if energy_kwh is not None
        for g_per_kwh in _prices_at(place.value, evidence)
    )


def _prices_at(name: str, evidence: Evidence) -> set[float]:
    """Return the carbon intensities of the place that the card names, unless the evidence names another one.

    If the table's place is in doubt, Quebec is too: the card may have it from there.
    """
    from carbon_lint.places import every_place

    wanted, known = name.strip().casefold(), {each.casefold() for each in evidence.location_names}
    if evidence.doubt is not None and "quebec" in wanted:
        return set()
    found = set()
    for place in every_place():
        names = {each.casefold() for each in (place.code, place.name) if each}
        if wanted in names and (not known or names & known):
            found |= {place.g_per_kwh, place.in_codecarbon_g_per_kwh}
    return found
