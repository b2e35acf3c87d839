"""Propose a first budget by what a first run took."""

from __future__ import annotations

import math

from carbon_lint.units import format_emissions, format_energy

HEADROOM = 1.25
"""A proposed budget over the first measurement: runs of the same code differ by less, a regression by more."""


def proposed_line(emissions_g: float | None, energy_kwh: float | None) -> str | None:
    """Return what the first run took x 1.25, rounded up to two digits, as a line of the configuration.

    In grams, else in energy if the record states no grams; `None` without a record.
    """
    key, measured = ("max-energy", energy_kwh) if emissions_g is None else ("max-emissions", emissions_g)
    if measured is None:
        return None
    words = format_energy if emissions_g is None else format_emissions
    line = (
        f'{key} = "{words(_two_digits_up(measured * HEADROOM))}" # {HEADROOM} x the {words(measured)} of the first run'
    )
    return line.replace("µ", "u")  # a file of ASCII


def _two_digits_up(value: float) -> float:
    """Return `160` for `154.25`."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(round(value / step, 9)) * step
