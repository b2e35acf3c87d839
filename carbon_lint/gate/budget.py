"""Hold a run's figures against its budget. Pure: nothing is read, printed or waited for."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from enum import StrEnum

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.verdict import INCREASE, Budget, LimitResult, Status, Verdict
from carbon_lint.records.ranges import measured_share, uncertainty_of
from carbon_lint.records.record import Outcome, Record
from carbon_lint.records.uncertainty import Uncertainty
from carbon_lint.units import format_emissions, format_emissions_range, format_energy, format_energy_range

_LEAST_SHARE = 0.005  # less is 0 % when it is shown


class OnModelled(StrEnum):
    """What an inconclusive verdict does: the figure decides; it fails the build; it passes."""

    FIGURE = "figure"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105  a policy, not a password


def limit_results(budget: Budget, emissions_g: float | None, energy_kwh: float | None) -> tuple[LimitResult, ...]:
    """Put each limit of `budget` beside the figure it is for. Raises MeasurementError if there is no such figure."""
    rows = (
        ("max-emissions", "g", emissions_g, budget.max_emissions_g, budget.emissions_source),
        ("max-energy", "kWh", energy_kwh, budget.max_energy_kwh, budget.energy_source),
    )
    results = []
    for name, unit, measured, allowed, source in rows:
        if allowed is None:
            continue
        if measured is None or not math.isfinite(measured):
            raise _unmeasured(name)
        results.append(LimitResult(name=name, unit=unit, measured=measured, allowed=allowed, source=source))
    return tuple(results)


def used_share(limits: tuple[LimitResult, ...]) -> float | None:
    """Return the used part of the tightest limit, 1.0 at the limit. `None` without one; infinite if the limit is 0."""
    return max((_share(limit) for limit in limits), default=None)


def judge(record: Record, budget: Budget, *, uncertainty: float | None = None) -> Verdict:
    """Return the verdict on a record.

    Args:
        record: the run's evidence.
        budget: the limits; no limit passes.
        uncertainty: relative, for every modelled component; `None` takes the record's own range.

    Raises:
        MeasurementError: the record holds no figure for one of the limits. It never counts as 0.
    """
    if record.outcome is Outcome.UNMEASURED and budget:
        raise _unmeasured("max-emissions" if budget.max_emissions_g is not None else "max-energy")
    known = uncertainty_of(record, relative=uncertainty)
    limits = with_bounds(
        limit_results(budget, record.emissions_g, record.energy_kwh.total), known, measured_share(record)
    )
    if any(limit.status is Status.FAIL for limit in limits):
        return Verdict(status=Status.FAIL, limits=limits)
    reasons = tuple(
        f"{limit.name}: {figure(limit)}, limit {_show(limit)(limit.allowed)}: too close to call"
        for limit in limits
        if limit.status is Status.INCONCLUSIVE
    )
    status = Status.INCONCLUSIVE if reasons else Status.PASS
    return Verdict(status=status, limits=limits, reasons=reasons)


def with_bounds(
    limits: tuple[LimitResult, ...], known: Uncertainty | None, share: float | None = None
) -> tuple[LimitResult, ...]:
    """Return the limits with the bounds of their figures, and the share of them that a sensor read."""
    bounds = {} if known is None else {"kWh": known.energy_kwh, "g": known.emissions_g}
    return tuple(replace(limit, measured_share=share, bounds=bounds.get(limit.unit)) for limit in limits)


def is_failing(verdict: Verdict, on_modelled: OnModelled, lifted: Collection[str] = ()) -> bool:
    """Return whether the verdict fails the build. If it is inconclusive, `on_modelled` decides.

    `lifted`: names of the limits that an exception lifts.
    """
    if verdict.status is not Status.INCONCLUSIVE:
        return verdict.status is Status.FAIL
    if on_modelled is OnModelled.FIGURE:
        return any(limit.is_over and limit.name not in lifted for limit in verdict.limits)
    return on_modelled is OnModelled.FAIL


def format_limit(limit: LimitResult) -> str:
    """Return `max-emissions: 1.2 kg (1.1 to 1.3) measured, 1 kg allowed (carbon-lint.toml:3), over by 200 g`."""
    show = _show(limit)
    margin = f"over by {show(-limit.margin)}" if limit.is_over else f"{show(limit.margin)} left"
    source = f" ({limit.source})" if limit.source else ""
    if limit.name == INCREASE:
        more = "more" if limit.measured >= 0 else "less"
        text = f"{show(abs(limit.measured))} {more} than the baseline, {show(limit.allowed)} more allowed{source}"
        return f"{limit.name}: {text}, {margin}" if limit.is_over else f"{limit.name}: {text}"
    return f"{limit.name}: {figure(limit)}{_found(limit)}, {show(limit.allowed)} allowed{source}, {margin}"


def figure(limit: LimitResult) -> str:
    """Return the figure that the limit is compared with, with its range: `1.2 kg (1.1 to 1.3)`."""
    if limit.bounds is None:
        return _show(limit)(limit.measured)
    with_range = format_emissions_range if limit.unit == "g" else format_energy_range
    return with_range(limit.measured, limit.bounds.low, limit.bounds.high)


def _show(limit: LimitResult) -> Callable[[float], str]:
    return format_emissions if limit.unit == "g" else format_energy


def _found(limit: LimitResult) -> str:
    """Say how the figure came about: `measured` is only what a sensor read."""
    share = limit.measured_share
    if share is None:
        return " used"
    if share < _LEAST_SHARE:
        return " estimated"
    return " measured" if share > 1 - _LEAST_SHARE else f", {share * 100:.0f} % of it measured"


def _share(limit: LimitResult) -> float:
    if limit.allowed == 0:
        return math.inf if limit.measured > 0 else 0.0
    return limit.measured / limit.allowed


def _unmeasured(name: str) -> MeasurementError:
    if name == "max-emissions":
        return MeasurementError(
            "the record holds no emissions, so max-emissions cannot be judged",
            hint="measure again at a place, or limit the energy",
            suggest=(("location", "FRA"), ("max-energy", "2 kWh")),
        )
    return MeasurementError(
        "the record holds no energy, so max-energy cannot be judged",
        hint="the run was not measured: its warnings say why",
    )
