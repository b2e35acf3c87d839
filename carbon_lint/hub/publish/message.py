"""Write what a commit and a pull request say: grams, energy, intensity, place.

A record may be a stranger's: no string of it makes a line of its own (the mark is one), nor markup in a pull
request, whose text the Hub renders as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from carbon_lint import __version__
from carbon_lint.card.from_record import is_modelled
from carbon_lint.records.intensity import source_in_words, vintage_in_words
from carbon_lint.records.ranges import energy_range
from carbon_lint.records.record import Record
from carbon_lint.text import markdown_text, terminal
from carbon_lint.units import format_emissions, format_energy, format_energy_range, significant

_RUN_URL = re.compile(r"https?://[\w.:-]+/[\w./-]+", re.ASCII)

MARKER = "Carbon-Lint-Publication: "


def title_of(record: Record | None, emissions_g: float | None) -> str:
    """Return a commit's first line: `emissions_g` is what the card states, of a run group the sum of its runs."""
    grams = record.emissions_g if record is not None and emissions_g is None else emissions_g
    if grams is None:
        return "Update the model card"
    return f"State the carbon emissions: {format_emissions(grams)} CO2eq"


def description_of(
    record: Record | None, emissions_g: float | None, publication: str, *, is_markdown: bool = False
) -> str:
    """Return a commit's text: one fact a line, and the mark by which this very publication is known again.

    `emissions_g` is what the card states: rounded if it is modelled, and of a run group the sum of its runs.
    """
    lines = [] if record is None else _facts(record, emissions_g, markdown_text if is_markdown else terminal)
    facts = (line.rstrip() for line in lines)  # two blanks at an end would break the line in Markdown
    return "\n".join([*facts, f"Written by carbon-lint {__version__}", "", MARKER + publication])


def _facts(record: Record, emissions_g: float | None, show: Callable[[str], str]) -> list[str]:
    lines = []
    if emissions_g is not None:
        lines.append(f"Emissions: {format_emissions(emissions_g)} CO2eq ({_plain(emissions_g)} g)")
    if (energy_kwh := record.energy_kwh.total) is not None:
        # A model does not know the digits behind; they are in the record.
        exact = "" if is_modelled(record) else f" ({_plain(energy_kwh)} kWh)"
        whose = "Energy of this run" if record.run_group is not None else "Energy"
        known = energy_range(record)
        shown = format_energy(energy_kwh) if known is None else format_energy_range(known.likely, known.low, known.high)
        lines.append(f"{whose}: {shown}{exact}")
    if record.intensity is not None:
        place = record.intensity.location_name or record.intensity.location
        where = f", {show(place)}" if place else ""
        of = vintage_in_words(record.intensity, record.started_at)
        figure = f"{significant(record.intensity.g_per_kwh)} g/kWh"
        lines.append(f"Carbon intensity: {figure}: {show(source_in_words(record.intensity))}{where}{of}")
    lines.append(f"Outcome: {record.outcome}")
    if record.provenance.run_url:
        url = record.provenance.run_url
        lines.append(f"Run: {url if _RUN_URL.fullmatch(url) else show(url)}")
    if record.provenance.repository and record.provenance.commit:
        lines.append(f"Source: {show(f'{record.provenance.repository}@{record.provenance.commit}')}")
    return lines


def _plain(value: float) -> str:
    """Return all digits of `value` and no exponent, as the card writes it."""
    return f"{Decimal(repr(value)):f}"
