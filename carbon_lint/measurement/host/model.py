"""Compute the modelled energy of a reading again from a record's assumptions, as `host.counting` computed it. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carbon_lint.measurement.host.cpu import UNKNOWN_WIDENING
from carbon_lint.measurement.host.power import MEMORY_W_PER_GIB, CpuModel
from carbon_lint.measurement.host.processor import GENERATION_WIDENING
from carbon_lint.records.ranges import SENSORS, uncertainty_of_parts
from carbon_lint.records.record import Method
from carbon_lint.records.uncertainty import Bounds, Range
from carbon_lint.units import JOULES_PER_KWH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbon_lint.measurement.meter import Reading
    from carbon_lint.records.record import Methods
    from carbon_lint.records.uncertainty import Assumptions, Uncertainty

EXACT = 1e-9
"""Relative: what was computed from the same numbers, added up in another order."""
_NARROW = (1.0, 1.0)
_CPU_INPUTS = ("cpu_full_power_w", "cpu_thread_share", "cpu_idle_factor", "cpu_load_factor")


def recomputed(reading: Reading, methods: Methods, known: Assumptions, pue: float) -> str | None:
    """Return the first figure of the reading that the models do not give, and what they give; `None` if all agree."""
    missing = [name for name in _CPU_INPUTS if getattr(known, name) is None] if _has_cpu_model(reading, methods) else []
    if missing:
        return f"the cpu energy is {reading.energy_kwh.cpu!r} kWh, and the record does not state its {missing[0]}"
    factor = reading.elapsed_s * pue / JOULES_PER_KWH
    differences = (
        _difference(reading, methods, _parts(reading, methods, known, widening, factor))
        for widening in (_NARROW, GENERATION_WIDENING, UNKNOWN_WIDENING)
    )
    first = next(differences)
    return first if first is not None and all(differences) else None


def _has_cpu_model(reading: Reading, methods: Methods) -> bool:
    return methods.cpu is not None and methods.cpu not in SENSORS and reading.cpu_mean_load is not None


def _parts(
    reading: Reading, methods: Methods, known: Assumptions, widening: tuple[float, float], factor: float
) -> dict[str, Range]:
    """Return the modelled components in kWh, PUE included."""
    parts = {}
    if _has_cpu_model(reading, methods) and reading.cpu_mean_load is not None:
        model = CpuModel(
            full_power_w=known.cpu_full_power_w or 0.0,
            share=known.cpu_thread_share or 0.0,
            idle_factor=known.cpu_idle_factor or 0.0,
            load_factor=known.cpu_load_factor or 0.0,
            is_stated=methods.cpu is Method.USER,
            widening=widening,
        )
        parts["cpu"] = model.power_w(reading.cpu_mean_load).times(factor)
    if methods.ram is not None and methods.ram not in SENSORS and known.memory_power_w is not None:
        likely = known.memory_power_w
        ends = MEMORY_W_PER_GIB.times(likely / MEMORY_W_PER_GIB.likely)
        stated = Range(low=likely, likely=likely, high=likely)
        parts["ram"] = (stated if methods.ram is Method.USER else ends).times(factor)
    return parts


def _difference(reading: Reading, methods: Methods, parts: dict[str, Range]) -> str | None:
    for name, part in parts.items():
        stated = getattr(reading.energy_kwh, name)
        if not is_close(stated, part.likely):
            return f"the {name} energy is {stated!r} kWh, and the model gives {part.likely!r}"
    if reading.uncertainty is None:
        return None
    bounds = {f"{name}_kwh": Bounds(low=part.low, high=part.high) for name, part in parts.items()}
    expected = uncertainty_of_parts(reading.energy_kwh, methods, g_per_kwh=None, **bounds)
    return next(_ends(reading.uncertainty, expected), None)


def _ends(stated: Uncertainty, expected: Uncertainty | None) -> Iterator[str]:
    for name in ("cpu_kwh", "gpu_kwh", "ram_kwh", "energy_kwh"):
        one, other = getattr(stated, name), getattr(expected, name, None)
        for end in ("low", "high"):
            mine, theirs = getattr(one, end, None), getattr(other, end, None)
            if not is_close(mine, theirs):
                yield f"the {end} end of {name} is {mine!r}, and the model gives {theirs!r}"


def is_close(one: float | None, other: float | None) -> bool:
    """Return whether two figures are the same but for the order of a sum, or both are not known."""
    return one is other or (one is not None and other is not None and math.isclose(one, other, rel_tol=EXACT))
