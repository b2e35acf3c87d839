"""Put a run beside its baseline: rows of figures, energy and grid apart, and what bears on them. Plain text."""

from __future__ import annotations

from carbon_lint.gate.baseline import Comparison, format_change, other_basis, why_not
from carbon_lint.report.run import phrases
from carbon_lint.units import format_duration, significant

HEADS = ("Figure", "Baseline", "This run", "Change")


def rows(compared: Comparison) -> list[tuple[str, ...]]:
    """Return emissions, energy and carbon intensity: before, now and the change."""
    now, then = compared.current, compared.baseline
    found = (
        ("emissions", phrases.emissions, then.emissions_g, now.emissions_g, compared.emissions_change),
        ("energy", phrases.energy, then.energy_kwh, now.energy_kwh, compared.energy_change),
        ("carbon intensity", _intensity, then.intensity_g_per_kwh, now.intensity_g_per_kwh, compared.grid_change),
    )
    return [(name, show(before), show(after), format_change(change)) for name, show, before, after, change in found]


def notes(compared: Comparison) -> list[str]:
    """Return which baseline it is, and why the difference says little or nothing."""
    found = [f"Baseline: {compared.baseline.origin}{_age(compared)}."]
    if (note := other_basis(compared)) is not None:
        found.append(f"Carbon intensity on {note}; part of its change is what is counted.")
    if not compared.can_be_judged:
        found.append(f"The change was not judged: {why_not(compared)}.")
    return found


def _intensity(value: float | None) -> str:
    return "not stated" if value is None else f"{significant(value)} g/kWh"


def _age(compared: Comparison) -> str:
    age = compared.age
    if age is None or age.total_seconds() <= 0:
        return ""
    return f", {f'{age.days} days' if age.days else format_duration(age.total_seconds())} older"
