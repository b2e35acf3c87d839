"""Render what the runs of a ledger add up to, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from carbon_lint.gate.budget import format_limit, used_share
from carbon_lint.gate.verdict import LimitResult
from carbon_lint.records.ledger_sum import Reason, Total
from carbon_lint.report.layout import json_text
from carbon_lint.report.ledger.month import Group
from carbon_lint.report.run.phrases import energy, percent, with_range
from carbon_lint.text import plural
from carbon_lint.units import format_emissions

_LEFT_OUT = {
    Reason.SAME: ("is another state of a run that is counted", "are other states of runs that are counted"),
    Reason.PART: ("is part of a merged one, and counted there", "are parts of a merged one, and counted there"),
    Reason.HELD: ("ran inside another run, and adds nothing", "ran inside other runs, and add nothing"),
    Reason.SHARED: (
        "shared a machine or a GPU with another, and that time counts once",
        "shared a machine or a GPU with others, and that time counts once",
    ),
}


def sum_text(total: Total, limits: Sequence[LimitResult], period: str) -> str:
    """Return the sum in a few lines: the figures, what was left out and why, and each limit."""
    figures = ", ".join(figures_of(total))
    share = "" if total.measured_share is None else f", {percent(total.measured_share)} of the energy measured"
    lines = [f"{period}: {figures} in {plural(total.runs, 'run')}{share}"]
    shared = [each for each in total.left_out if each in {Reason.HELD, Reason.SHARED}]
    for reason, count in total.left_out.items():
        in_full = _each_in_full(total) if shared[-1:] == [reason] else ""
        lines.append(f"  {plural(count, 'record')} {_LEFT_OUT[reason][count != 1]}{in_full}")
    if total.without_emissions or total.without_energy:
        lines.append(f"  {len(total.without_emissions)} without emissions, {len(total.without_energy)} without energy")
    if len(total.bases) > 1:
        lines.append(f"  the grams are of two bases, {' and '.join(total.bases)}: compare months by their energy")
    for limit in limits:
        part = used_share((limit,))
        used = f" ({percent(part)})" if part is not None and part != float("inf") else ""
        lines.append(f"  {format_limit(limit)}{used}")
    return "\n".join(lines) + "\n"


def figures_of(some: Total | Group, *, is_whole: bool = True) -> tuple[str, str]:
    """Return grams and energy for a person: at least so much if a run has none of them, or the sum is not whole."""
    grams, energy_kwh = with_range("g", some.emissions_g), with_range("kWh", some.energy_kwh)
    if some.emissions_g is not None and (some.without_emissions or not is_whole):
        grams = f"at least {grams}"
    if some.energy_kwh is not None and (some.without_energy or not is_whole):
        energy_kwh = f"at least {energy_kwh}"
    return grams, energy_kwh


def _each_in_full(total: Total) -> str:
    """Return the sum without any sharing, which a set-back clock or two machines of one name can make the true one."""
    figures = [format_emissions(total.each_in_full_g)] if total.each_in_full_g is not None else []
    return f" (each in full: {', '.join([*figures, energy(total.each_in_full_kwh)])})"


def sum_json(total: Total, limits: Sequence[LimitResult], asked: dict[str, str | None]) -> str:
    """Return the sum as a JSON document. `asked` is what the runs were chosen by."""
    document = {
        "format": 2,
        **asked,
        "runs": total.runs,
        "emissions_g": total.emissions_g and asdict(total.emissions_g),
        "energy_kwh": total.energy_kwh and asdict(total.energy_kwh),
        "measured_share": total.measured_share,
        "bases": list(total.bases),
        "without_emissions": list(total.without_emissions),
        "without_energy": list(total.without_energy),
        "left_out": {str(reason): total.left_out.get(reason, 0) for reason in Reason},
        "each_in_full": {"emissions_g": total.each_in_full_g, "energy_kwh": total.each_in_full_kwh},
        "over_budget": any(limit.is_over for limit in limits),
    }
    return json_text(document)
