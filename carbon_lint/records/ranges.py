"""Say how far a run's figures may lie from the truth: one answer for the gate, the reports, sums and estimates. Pure.

A run states its own bounds (`Record.uncertainty`). The bounds of a record that states none (format 1, or one that
CodeCarbon wrote) follow from its methods, by `DERIVED`.

The ends of a sum are the sums of the ends: models err the same way on every machine and in every run, so their errors
are taken as fully correlated and never cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from carbon_lint.records.record import COMPONENTS, Energy, Method, Methods, Record
from carbon_lint.records.uncertainty import Assumptions, Bounds, Range, Uncertainty

SENSORS: Mapping[Method, Bounds] = MappingProxyType(
    {Method.COUNTER: Bounds(low=0.95, high=1.05), Method.SAMPLED_POWER: Bounds(low=0.90, high=1.10)},
)
"""The truth over the figure of a sensor.

* `counter` 5 %: the error of the power sensor of over 70 NVIDIA GPUs against an external meter (arXiv 2312.02741). RAPL
  of server processors since Haswell measures too, and follows the plug as closely (Khan et al., RAPL in Action, 2018;
  Desrochers et al., A Validation of DRAM RAPL Power Measurements, 2016).
* `sampled-power` 10 %: the same sensors, read once a second: of A100 and H100 they see 25 % of the time.
"""

DERIVED: Mapping[Method, Bounds] = MappingProxyType(
    {
        **SENSORS,
        Method.LOAD_MODEL: Bounds(low=0.5, high=5.3),
        Method.USER: Bounds(low=0.5, high=5.3),
        Method.CONSTANT: Bounds(low=0.12, high=2.4),
    },
)
"""The truth over the figure, if the record does not say. Its models are CodeCarbon 3's then.

* `load-model`, `user`: the cube of the load times the TDP. RAPL at full load was 0.51 to 0.93 of the TDP, and at 5 to
  55 % of the load up to 5.3 times the cube's figure (four CPUs). `--cpu-power` replaces the TDP and keeps the curve.
* `constant`: watts by DIMM. 0.1 W/GiB is 0.12 of its 20 W for 24 GiB; 0.3 W/GiB for 128 GiB and 0.15 W/GiB for the rest
  is 2.4 times its 54 W for 755 GiB.
"""

_UNSTATED = MappingProxyType({"cpu": Method.LOAD_MODEL, "gpu": Method.SAMPLED_POWER, "ram": Method.CONSTANT})

LEFT_OUT = Range(low=0.10, likely=0.22, high=0.60)
"""Board, fans, disks, network and power supply, as shares of what is counted.

At least 0.10 (Microsoft: 1.05 / 0.95 for regulators and power supply; ISCA 2024), at most 0.60 (Teads: 48 to 55 W a
socket beside CPU and memory). 0.22 lies between Microsoft's 0.10 and Boavizta's 0.33.
"""


def uncertainty_of(record: Record, *, relative: float | None = None) -> Uncertainty | None:
    """Return the bounds of a record's figures, its own or those of its methods; `None` if it holds no energy.

    `relative` is the user's own error of every modelled component, 0.2 for 20 %; it takes the place of the models'.
    """
    energy = record.energy_kwh
    if energy.total is None:
        return None
    g_per_kwh = None if record.emissions_g is None else _g_per_kwh(record)
    if relative is not None:
        own = Bounds(low=max(0.0, 1 - relative), high=1 + relative)
        cpu_kwh, ram_kwh = (own.times(getattr(energy, name) or 0.0) for name in ("cpu", "ram"))
        return uncertainty_of_parts(energy, record.methods, g_per_kwh=g_per_kwh, cpu_kwh=cpu_kwh, ram_kwh=ram_kwh)
    return record.uncertainty or uncertainty_of_parts(energy, record.methods, g_per_kwh=g_per_kwh)


def uncertainty_at(
    energy: Energy, methods: Methods, emissions_g: float | None, known: Uncertainty | None
) -> Uncertainty:
    """Return the bounds of figures that were just read: `known` are the meter's of the energy, if it states them."""
    found = known or uncertainty_of_parts(energy, methods, g_per_kwh=None)
    return priced(found or Uncertainty(energy_kwh=Bounds(low=0.0, high=0.0)), energy, emissions_g)


def uncertainty_of_parts(
    energy: Energy,
    methods: Methods,
    *,
    g_per_kwh: float | None,
    cpu_kwh: Bounds | None = None,
    ram_kwh: Bounds | None = None,
) -> Uncertainty | None:
    """Return the bounds of a run's figures; `None` if there is no energy. Without `g_per_kwh` they state no grams.

    A component without a method is CodeCarbon's, and taken as `_UNSTATED` says. `cpu_kwh` and `ram_kwh` are the least
    and the most that the models of CPU and memory allow, PUE included; `None` takes the method's.
    """
    if energy.total is None:
        return None
    given = {"cpu": cpu_kwh, "ram": ram_kwh}
    parts: dict[str, Bounds] = {}
    for name, value in energy.parts.items():
        method = getattr(methods, name) or _UNSTATED[name]
        modelled = None if method in SENSORS else given.get(name)
        parts[f"{name}_kwh"] = (modelled or DERIVED[method].times(value)).around(value)
    total = _total(energy, list(parts.values()))
    return Uncertainty(energy_kwh=total, emissions_g=None if g_per_kwh is None else total.times(g_per_kwh), **parts)


def _total(energy: Energy, parts: list[Bounds]) -> Bounds:
    """Return the sum of the parts' bounds; without any part the total is taken as a load model's."""
    total_kwh = energy.total or 0.0
    if not parts:
        return DERIVED[Method.LOAD_MODEL].times(total_kwh)
    total = parts[0]
    for bounds in parts[1:]:
        total = total.plus(bounds)
    return total.around(total_kwh)  # the parts are rounded apart from their total


def priced(known: Uncertainty, energy: Energy, emissions_g: float | None) -> Uncertainty:
    """Return the bounds with those of the grams that the energy was priced at."""
    if emissions_g is None or not energy.total:
        return replace(known, emissions_g=None)
    return replace(known, emissions_g=known.energy_kwh.times(emissions_g / energy.total))


def energy_range(record: Record) -> Range | None:
    """Return the record's energy in kWh with its bounds; `None` if it holds no energy."""
    return ranges_of(record)[1]


def emissions_range(record: Record) -> Range | None:
    """Return the record's grams with their bounds; `None` if it holds no grams."""
    return ranges_of(record)[0]


def ranges_of(record: Record) -> tuple[Range | None, Range | None]:
    """Return the record's grams and its energy in kWh, each with its bounds; `None` for what it does not hold."""
    known, likely_kwh = uncertainty_of(record), record.energy_kwh.total
    if known is None or likely_kwh is None:
        return None, None
    grams = None
    if record.emissions_g is not None:
        grams = _range(record.emissions_g, known.emissions_g or known.energy_kwh.times(_g_per_kwh(record)))
    return grams, _range(likely_kwh, known.energy_kwh)


def _range(likely: float, bounds: Bounds) -> Range:
    return Range(low=bounds.low, likely=likely, high=bounds.high)


def _g_per_kwh(record: Record) -> float:
    if record.energy_kwh.total and record.emissions_g is not None:
        return record.emissions_g / record.energy_kwh.total
    return record.intensity.g_per_kwh if record.intensity is not None else 0.0


def left_out_of(record: Record) -> Range:
    """Return the size of what the record's energy leaves out, its own or `LEFT_OUT`."""
    return record.left_out or LEFT_OUT


def least_power_w(known: Assumptions | None, pue: float) -> float | None:
    """Return the modelled power in W at no load, PUE included: less is never counted; `None` if nothing is modelled."""
    if known is None:
        return None
    cpu_w = (known.cpu_full_power_w or 0.0) * (known.cpu_thread_share or 0.0) * (known.cpu_idle_factor or 0.0)
    return (cpu_w + (known.memory_power_w or 0.0)) * pue or None


def measured_share(record: Record) -> float | None:
    """Return the part of the energy that a sensor read, 0 to 1; `None` if any is missing."""
    energy, methods = record.energy_kwh, record.methods
    parts = [(getattr(energy, name), getattr(methods, name)) for name in COMPONENTS]
    there = [(energy_kwh, method) for energy_kwh, method in parts if energy_kwh is not None or method is not None]
    if not energy.total or not there or any(None in part for part in there):
        return None
    read_kwh = [energy_kwh for energy_kwh, method in there if method in SENSORS]
    if len(read_kwh) == len(there):
        return 1.0
    return min(1.0, float(sum(read_kwh)) / energy.total)


def sum_of(records: Iterable[Record]) -> Uncertainty | None:
    """Return the bounds of the sum of the records' figures; `None` if one of them has none."""
    total: Uncertainty | None = None
    for record in records:
        known = uncertainty_of(record)
        if known is None:
            return None
        total = known if total is None else _plus(total, known)
    return total


def _plus(one: Uncertainty, other: Uncertainty) -> Uncertainty:
    def both(name: str) -> Bounds | None:
        mine: Bounds | None = getattr(one, name)
        theirs: Bounds | None = getattr(other, name)
        if mine is None or theirs is None:
            return theirs if mine is None else mine
        return mine.plus(theirs)

    has_grams = one.emissions_g is not None and other.emissions_g is not None
    return Uncertainty(
        energy_kwh=one.energy_kwh.plus(other.energy_kwh),
        emissions_g=both("emissions_g") if has_grams else None,
        **{f"{name}_kwh": both(f"{name}_kwh") for name in COMPONENTS},
    )


def scaled_to(
    known: Uncertainty | None, before: Energy, after: Energy, emissions_g: float | None
) -> Uncertainty | None:
    """Return the bounds of the part of a run's energy that is left, each component's scaled as its figure was."""
    if known is None or not after.total:
        return None
    parts: dict[str, Bounds | None] = {}
    for name in COMPONENTS:
        bounds, old, new = getattr(known, f"{name}_kwh"), getattr(before, name), getattr(after, name)
        parts[f"{name}_kwh"] = bounds if bounds is None or not old else bounds.times((new or 0.0) / old)
    there = [bounds for bounds in parts.values() if bounds is not None]
    scaled = known.energy_kwh.times(after.total / before.total) if before.total else known.energy_kwh
    total = _total(after, there) if there else scaled.around(after.total)
    return Uncertainty(
        energy_kwh=total,
        emissions_g=None if emissions_g is None else total.times(emissions_g / after.total),
        **parts,
    )
