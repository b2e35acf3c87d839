"""Hold a run's figures against its budget. Pure: nothing is read, printed or waited for."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.uncertainty import Doubt, modelled_components, uncertain_energy_kwh
from carbon_lint.gate.verdict import Budget, LimitResult, Status, Verdict
from carbon_lint.records.record import Outcome
from carbon_lint.units import format_emissions, format_energy

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


class OnModelled(StrEnum):
    """What an inconclusive verdict does: the figure decides, with a warning; it fails; it gets the doubt's benefit."""

    WARN = "warn"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105  a policy, not a password


def limit_results(budget: Budget, emissions_g: float | None, energy_kwh: float | None) -> tuple[LimitResult, ...]:
    """Each limit of `budget` beside the figure it is held against. Raises MeasurementError where there is none."""
    pairs = (
        ("max-emissions", "g", emissions_g, budget.max_emissions_g),
        ("max-energy", "kWh", energy_kwh, budget.max_energy_kwh),
    )
    results = []
    for name, unit, measured, allowed in pairs:
        if allowed is None:
            continue
        if measured is None or not math.isfinite(measured):
            raise _unmeasured(name)
        results.append(LimitResult(name=name, unit=unit, measured=measured, allowed=allowed))
    return tuple(results)


def used_share(limits: tuple[LimitResult, ...]) -> float | None:
    """The used part of the tightest limit, 1.0 at the limit. `None` without one; infinite where the limit is 0."""
    return max((_share(limit) for limit in limits), default=None)


def judge(record: Record, budget: Budget, *, uncertainty: float | None = None) -> Verdict:
    """The verdict on a record.

    Args:
        record: the run's evidence.
        budget: the limits; no limit passes.
        uncertainty: relative, for every modelled component; `None` takes `gate.uncertainty`'s by method.

    Raises:
        MeasurementError: the record holds no figure for one of the limits. It never counts as 0.
    """
    if record.outcome is Outcome.UNMEASURED and budget:
        raise _unmeasured("max-emissions" if budget.max_emissions_g is not None else "max-energy")
    limits = limit_results(budget, record.emissions_g, record.energy_kwh.total)
    doubts = {limit.name: _doubt(record, limit, uncertainty_in_unit(record, limit, uncertainty)) for limit in limits}
    if any(limit.is_over and doubts[limit.name] is None for limit in limits):
        return Verdict(status=Status.FAIL, limits=limits)
    reasons = tuple(reason for reason in doubts.values() if reason is not None)
    status = Status.INCONCLUSIVE if reasons else Status.PASS
    return Verdict(status=status, limits=limits, reasons=reasons)


def uncertainty_in_unit(record: Record, limit: LimitResult, relative: float | None = None) -> Doubt:
    """By how much the modelled part of the measured figure may be off, in the limit's unit."""
    doubt_kwh = uncertain_energy_kwh(record, relative)
    if limit.unit == "kWh":
        return doubt_kwh
    total_kwh = record.energy_kwh.total
    return doubt_kwh.times(limit.measured / total_kwh if total_kwh else 0.0)


def is_failing(verdict: Verdict, on_modelled: OnModelled) -> bool:
    """Whether the verdict fails the build. Where it is inconclusive, `on_modelled` decides."""
    if verdict.status is not Status.INCONCLUSIVE:
        return verdict.status is Status.FAIL
    if on_modelled is OnModelled.WARN:
        return any(limit.is_over for limit in verdict.limits)
    return on_modelled is OnModelled.FAIL


def format_limit(limit: LimitResult) -> str:
    """`max-emissions: 1.2 kg measured, 1 kg allowed, over by 200 g`."""
    show = format_emissions if limit.unit == "g" else format_energy
    margin = f"over by {show(-limit.margin)}" if limit.is_over else f"{show(limit.margin)} left"
    return f"{limit.name}: {show(limit.measured)} measured, {show(limit.allowed)} allowed, {margin}"


def _share(limit: LimitResult) -> float:
    if limit.allowed == 0:
        return math.inf if limit.measured > 0 else 0.0
    return limit.measured / limit.allowed


def _doubt(record: Record, limit: LimitResult, doubt: Doubt) -> str | None:
    """Why the limit is not decided; `None` where the truth lies on the figure's side of it anyway."""
    uncertainty = doubt.below if limit.is_over else doubt.above
    if abs(limit.margin) >= uncertainty:
        return None
    show = format_emissions if limit.unit == "g" else format_energy
    parts = " and ".join(modelled_components(record))
    return (
        f"{limit.name}: {show(limit.measured)} is within {show(uncertainty)} of the limit of {show(limit.allowed)}, "
        f"and that much of it hangs on a model ({parts})"
    )


def _unmeasured(name: str) -> MeasurementError:
    if name == "max-emissions":
        return MeasurementError(
            "the record holds no emissions, so --max-emissions cannot be judged",
            hint="measure again with --location, or gate the energy with --max-energy",
        )
    return MeasurementError(
        "the record holds no energy, so --max-energy cannot be judged",
        hint="the run was not measured: its warnings say why",
    )
