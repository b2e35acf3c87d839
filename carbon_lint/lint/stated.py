"""Compare the figure that a card states with the evidence for it."""

from __future__ import annotations

from carbon_lint.lint.evidence import agrees, close

TYPE_CHECKING = False
if TYPE_CHECKING:
    from carbon_lint.lint.context import Context
    from carbon_lint.lint.evidence import Evidence


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
