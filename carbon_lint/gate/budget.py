"""Hold a run's figures against its budget. Pure: nothing is read, printed or waited for."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from carbon_lint.errors import MeasurementError
from carbon_lint.gate.uncertainty import Doubt, estimated_share, modelled_components, uncertain_energy_kwh
from carbon_lint.gate.verdict import INCREASE, Budget, LimitResult, Status, Verdict
from carbon_lint.records.record import Outcome
from carbon_lint.units import format_emissions, format_energy

if TYPE_CHECKING:
    from carbon_lint.records.record import Record


_LEAST_SHARE = 0.005  # less is 0 % when it is shown
_SAME = 0.005
_PART_WORDS = {"cpu": "CPU", "gpu": "GPU", "ram": "memory"}


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
    limits = tuple(
        _with_doubt(record, limit, uncertainty)
        for limit in limit_results(budget, record.emissions_g, record.energy_kwh.total)
    )
    doubts = {limit.name: _doubt(record, limit) for limit in limits}
    if any(limit.is_over and doubts[limit.name] is None for limit in limits):
        return Verdict(status=Status.FAIL, limits=limits)
    reasons = tuple(reason for reason in doubts.values() if reason is not None)
    status = Status.INCONCLUSIVE if reasons else Status.PASS
    return Verdict(status=status, limits=limits, reasons=reasons)


def _with_doubt(record: Record, limit: LimitResult, uncertainty: float | None) -> LimitResult:
    doubt = uncertainty_in_unit(record, limit, uncertainty)
    return replace(limit, estimated_share=estimated_share(record), below=doubt.below, above=doubt.above)


def uncertainty_in_unit(record: Record, limit: LimitResult, relative: float | None = None) -> Doubt:
    """By how much the modelled part of the measured figure may be off, in the limit's unit."""
    doubt_kwh = uncertain_energy_kwh(record, relative)
    if limit.unit == "kWh":
        return doubt_kwh
    total_kwh = record.energy_kwh.total
    return doubt_kwh.times(limit.measured / total_kwh if total_kwh else 0.0)


def is_failing(verdict: Verdict, on_modelled: OnModelled) -> bool:
    """Whether the verdict fails the build. If it is inconclusive, `on_modelled` decides."""
    if verdict.status is not Status.INCONCLUSIVE:
        return verdict.status is Status.FAIL
    if on_modelled is OnModelled.FIGURE:
        return any(limit.is_over for limit in verdict.limits)
    return on_modelled is OnModelled.FAIL


def format_limit(limit: LimitResult) -> str:
    """`max-emissions: 1.2 kg measured, 1 kg allowed (carbon-lint.toml:3), over by 200 g`."""
    show = format_emissions if limit.unit == "g" else format_energy
    margin = f"over by {show(-limit.margin)}" if limit.is_over else f"{show(limit.margin)} left"
    source = f" ({limit.source})" if limit.source else ""
    if limit.name == INCREASE:
        more = "more" if limit.measured >= 0 else "less"
        said = f"{show(abs(limit.measured))} {more} than the baseline, {show(limit.allowed)} more allowed{source}"
        return f"{limit.name}: {said}, {margin}" if limit.is_over else f"{limit.name}: {said}"
    return f"{limit.name}: {show(limit.measured)} {_found(limit)}, {show(limit.allowed)} allowed{source}, {margin}"


def _found(limit: LimitResult) -> str:
    """How the figure came about: `measured` is only what a sensor read."""
    share = limit.estimated_share
    if share is None:
        return "used"
    if share < _LEAST_SHARE:
        return "measured"
    return "estimated" if share > 1 - _LEAST_SHARE else f"({share * 100:.0f} % of it estimated)"


def _share(limit: LimitResult) -> float:
    if limit.allowed == 0:
        return math.inf if limit.measured > 0 else 0.0
    return limit.measured / limit.allowed


def _doubt(record: Record, limit: LimitResult) -> str | None:
    """Say why the limit is not decided; `None` if the truth lies on the figure's side of it anyway."""
    if limit.status is not Status.INCONCLUSIVE:
        return None
    show = format_emissions if limit.unit == "g" else format_energy
    figure = f"{show(limit.measured)} ± {show(limit.below)}"
    if not math.isclose(limit.below, limit.above, rel_tol=_SAME):
        figure = f"{show(limit.measured)} (-{show(limit.below)}, +{show(limit.above)})"
    parts = ", ".join(_PART_WORDS[name] for name in modelled_components(record))
    return f"{limit.name}: {figure} ({parts} estimated), limit {show(limit.allowed)}: too close to call"


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
