"""Choose what the page of a run draws: power, sums beside their limits, and the energy of epochs and phases."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial

from carbon_lint.measurement.course import Course
from carbon_lint.records.record import PhaseKind, Record
from carbon_lint.report.plot import Bars, Plot
from carbon_lint.report.run import phrases
from carbon_lint.report.run.curve import Curve, curve_of
from carbon_lint.report.run.run_report import RunReport
from carbon_lint.units import format_duration, format_energy, format_power, mean_power_w

_NAMES = {"gpu": "GPU", "cpu": "CPU", "ram": "memory"}
_LIMITS = {"g": "max_emissions_g", "kWh": "max_energy_kwh"}
_MOST_BARS = 20
_MOST_TIMES = 5.0  # a limit that is higher by more would flatten the curve: it is stated in words instead


def over_time(ending: RunReport, course: Course) -> list[tuple[Plot, list[str]]]:
    """Return the charts along time, each with notes; none without enough readings."""
    curve = curve_of(course.readings)
    if curve is None:
        return []
    limits = _limits(ending, course)
    plots = [_power(ending, curve, limits)] if curve.power_w else []
    if curve.emissions_g:
        plots.append(_sum(curve, curve.emissions_g, "g", limits, course))
    if not curve.emissions_g or "kWh" in limits:
        plots.append(_sum(curve, curve.energy_kwh, "kWh", limits, course))
    return plots


def _limits(ending: RunReport, course: Course) -> dict[str, float]:
    """Return the limit by unit: those of the verdict, else those under which the run was measured."""
    known = {unit: course.limits.get(key) for unit, key in _LIMITS.items()}
    known |= {limit.unit: limit.allowed for limit in ending.verdict.limits} if ending.verdict is not None else {}
    return {unit: limit for unit, limit in known.items() if limit is not None}


def _power(ending: RunReport, curve: Curve, limits: dict[str, float]) -> tuple[Plot, list[str]]:
    """Return the power by component, with the mean power that would use the budget up in the time of the run."""
    watts = {_NAMES[name]: values for name, values in curve.power_w.items()}
    top = max(sum(values) for values in zip(*watts.values(), strict=True))
    allowed_w = _budget_w(ending, limits)
    is_drawn = allowed_w is not None and allowed_w <= _MOST_TIMES * top
    plot = Plot(
        title="Power",
        show=format_power,
        labels=_times(curve),
        series=watts,
        limit=allowed_w if is_drawn else None,
        limit_name="budget",
        is_stacked=True,
    )
    if allowed_w is None:
        return plot, []
    higher = "" if is_drawn else ", which is too far above the curve to be drawn"
    return plot, [f"The budget is used up by a mean of {format_power(allowed_w)} over the time of this run{higher}."]


def _budget_w(ending: RunReport, limits: dict[str, float]) -> float | None:
    record = ending.record
    if record is None or not record.duration_s:
        return None
    grams, kwh = record.emissions_g, record.energy_kwh.total
    allowed_kwh = [limits["kWh"]] if "kWh" in limits else []
    if "g" in limits and grams and kwh:
        allowed_kwh.append(limits["g"] * kwh / grams)
    return mean_power_w(min(allowed_kwh, default=None), record.duration_s)


def _sum(
    curve: Curve, values: tuple[float, ...], unit: str, limits: dict[str, float], course: Course
) -> tuple[Plot, list[str]]:
    show = partial(phrases.amount, unit)
    limit, notes = limits.get(unit), []
    expected = _forecast(curve, unit, course)
    top = max(*values, *(value for value in expected if value is not None), values[-1])
    is_drawn = limit is not None and limit <= _MOST_TIMES * top
    if limit is not None and not is_drawn:
        notes.append(f"The limit is {show(limit)}, which is too far above the curve to be drawn.")
    plot = Plot(
        title="Emissions so far" if unit == "g" else "Energy so far",
        show=show,
        labels=_times(curve),
        series={"this run": values},
        expected={"forecast": expected} if expected else {},
        limit=limit if is_drawn else None,
    )
    return plot, notes


def _forecast(curve: Curve, unit: str, course: Course) -> tuple[float | None, ...]:
    """Return at each step what the forecast of that moment gave for the end; empty without one for this unit."""
    last = course.readings[-1]
    allowed = {name: limit for name, key in _LIMITS.items() if (limit := course.limits.get(key))}
    so_far = {"g": last.emissions_g, "kWh": last.energy_kwh.total}
    used = {name: value / allowed[name] for name, value in so_far.items() if name in allowed and value is not None}
    if not course.forecasts or not used or max(used, key=used.__getitem__) != unit:
        return ()  # a forecast is of the limit that is used most
    times = [at_s for at_s, _ in course.forecasts]
    at = [bisect_right(times, end_s) - 1 for end_s in curve.ends_s]
    return tuple(None if index < 0 else course.forecasts[index][1] * allowed[unit] for index in at)


def by_phase(record: Record, kind: PhaseKind) -> Bars | None:
    """Return the energy of each epoch or phase by component; `None` with fewer than two, or too many to draw."""
    listed = [phase for phase in record.phases if phase.kind is kind]
    if not 1 < len(listed) <= _MOST_BARS:
        return None
    energies = [phase.energy_kwh for phase in listed]
    parts = {_NAMES[name]: tuple(getattr(energy, name) for energy in energies) for name in _NAMES}
    known = {name: values for name, values in parts.items() if any(value is not None for value in values)}
    return Bars(
        title=f"By {kind}",
        show=format_energy,
        labels=tuple(phase.name for phase in listed),
        series=known or {"energy": tuple(energy.total for energy in energies)},
        of=str(kind),
    )


def _times(curve: Curve) -> tuple[str, ...]:
    return tuple(format_duration(end_s) for end_s in curve.ends_s)
