"""How far a figure may lie from the truth, by the method that gave it. The gate's default for `--uncertainty`.

Only modelled parts have one here: a limit is held against a counter's figure as it stands.

* `load-model`, `user` 0.40: CodeCarbon against a wall meter over hundreds of AI runs was off by up to 40 %
  (arXiv 2509.22092). `--cpu-power` states the maximum; the curve below it is the same model.
* `constant` 0.50: the two published rules for memory, 3 W per 8 GB (CodeCarbon 2) and a wattage by the number of
  modules (CodeCarbon 3), differ by a factor of about two for the 16 to 32 GB of a CI runner.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from carbon_lint.records.record import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbon_lint.records.record import Record

RELATIVE: Mapping[Method, float] = MappingProxyType(
    {Method.LOAD_MODEL: 0.40, Method.USER: 0.40, Method.CONSTANT: 0.50},
)
"""Relative uncertainty, a fraction of the component's energy. A method that is not listed is not modelled."""

COMPONENTS = ("cpu", "gpu", "ram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """By how much the truth may lie below and above a figure, in the figure's unit."""

    below: float
    above: float

    def times(self, factor: float) -> Doubt:
        """In another unit, or as a share."""
        return Doubt(below=self.below * factor, above=self.above * factor)


def modelled_components(record: Record) -> tuple[str, ...]:
    """The components of the record whose energy comes from a model, in a fixed order."""
    return tuple(name for name in COMPONENTS if getattr(record.methods, name) in RELATIVE)


def estimated_share(record: Record) -> float | None:
    """The part of the energy that no sensor read, 0 to 1; `None` if a figure that it takes is missing."""
    total_kwh = record.energy_kwh.total
    parts: list[float | None] = [getattr(record.energy_kwh, name) for name in modelled_components(record)]
    if not total_kwh or None in parts:
        return None
    modelled_kwh = sum(part for part in parts if part is not None)
    return min(1.0, modelled_kwh / total_kwh)  # the parts are rounded apart from their total


def uncertain_energy_kwh(record: Record, relative: float | None = None) -> Doubt:
    """How many kWh of the record hang on a model's error: the parts' errors added, as they may all lie one way.

    `relative` is the user's own fraction for every modelled part; `None` takes the method's own.
    """
    below_kwh = above_kwh = 0.0
    for name in modelled_components(record):
        energy_kwh = getattr(record.energy_kwh, name)
        if energy_kwh is None:
            continue
        part_kwh = energy_kwh * (RELATIVE[getattr(record.methods, name)] if relative is None else relative)
        below_kwh += part_kwh
        above_kwh += part_kwh
    return Doubt(below=below_kwh, above=above_kwh)
