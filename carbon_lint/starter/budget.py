"""Propose a first budget by what a first run took."""

from __future__ import annotations

import math

HEADROOM = 1.25
"""A proposed budget over the first measurement: runs of the same code differ by less, a regression by more."""


def proposed_line(emissions_g: float | None, energy_kwh: float | None) -> str | None:
    """Return what the first run took x 1.25, rounded up to two digits, as a line of the configuration.

    In grams, else in energy if the record states no grams; `None` without a record.
    """
    if emissions_g is not None:
        measured, budget = f"{emissions_g:.3g} g", proposed_budget(emissions_g)
        return f'max-emissions = "{budget}" # {HEADROOM} x the {measured} of the first run'
    if energy_kwh is not None:
        measured, budget = f"{energy_kwh:.3g} kWh", proposed_budget(energy_kwh, _ENERGY_UNITS)
        return f'max-energy = "{budget}" # {HEADROOM} x the {measured} of the first run'
    return None


_MASS_UNITS = (("t", 1e6), ("kg", 1e3), ("g", 1.0), ("mg", 1e-3), ("ug", 1e-6))
_ENERGY_UNITS = (("MWh", 1e3), ("kWh", 1.0), ("Wh", 1e-3), ("mWh", 1e-6))


def proposed_budget(measured: float, units: tuple[tuple[str, float], ...] = _MASS_UNITS) -> str:
    """Return `160 g` for `123.4`."""
    wanted = measured * HEADROOM
    if wanted <= 0:
        return f"0 {next(name for name, size in units if size == 1)}"
    unit, factor = next(((name, size) for name, size in units if wanted >= size), units[-1])
    step = 10 ** (math.floor(math.log10(wanted / factor)) - 1)
    rounded = math.ceil(round(wanted / factor / step, 9)) * step
    return f"{rounded:.6g} {unit}"
