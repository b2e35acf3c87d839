"""Render an estimate, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict

from carbon_lint.estimate.job import Estimate
from carbon_lint.report.layout import json_text
from carbon_lint.report.run.phrases import with_range
from carbon_lint.text import terminal
from carbon_lint.units import format_emissions

FORMAT = "carbon-lint/estimate@2"
_OF_INTENSITY = ("g_per_kwh", "source", "year", "basis", "location")


def estimate_text(estimate: Estimate) -> str:
    """Return the estimate in a few lines: figures with their range, what they leave out and rest on."""
    lines = [f"estimate: {terminal(estimate.basis)}"]
    if estimate.emissions_g is not None:
        lines.append(f"  emissions  about {with_range('g', estimate.emissions_g)} CO2eq")
    lines.append(f"  energy     about {with_range('kWh', estimate.energy_kwh)}")
    lines += [f"  left out   {terminal(text)}" for text in estimate.left_out]
    lines += [f"  source     {terminal(text)}" for text in estimate.sources]
    if estimate.emissions_g is None:
        lines.append("  no location was given, so no grams: --location FRA")
    else:
        most = format_emissions(estimate.emissions_g.high)
        lines.append(f"  a budget that stops a runaway: --max-emissions '{most}'")
    return "\n".join(lines) + "\n"


def estimate_json(estimate: Estimate) -> str:
    """Return the estimate as a JSON document of the format `FORMAT`."""
    intensity, left_out, grams = estimate.intensity, estimate.left_out_share, estimate.emissions_g
    whole = {
        "format": FORMAT,
        "basis": estimate.basis,
        "energy_kwh": asdict(estimate.energy_kwh),
        "left_out_share": left_out and asdict(left_out),
        "emissions_g": grams and asdict(grams),
        "intensity": intensity and {name: getattr(intensity, name) for name in _OF_INTENSITY},
        "left_out": list(estimate.left_out),
        "sources": list(estimate.sources),
    }
    return json_text(whole)
