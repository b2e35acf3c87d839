"""Hold what the runs of a window took together against the budget of that window. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from carbon_lint.gate.verdict import LimitResult, Status, Verdict, worst
from carbon_lint.limits import WindowBudget
from carbon_lint.records.ledger_sum import Counted, Total, total_of
from carbon_lint.records.periods import Period
from carbon_lint.records.uncertainty import Range
from carbon_lint.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the runs that a budget counts took in its window.

    `unreadable` is how many files of the ledger could be records of the window and cannot be read. `source` is the file
    that states the budget.
    """

    budget: WindowBudget
    period: Period
    total: Total
    unreadable: int = 0
    source: str | None = None

    @property
    def limits(self) -> tuple[LimitResult, ...]:
        """Each limit of the budget beside the sum, which is 0 if no run has the figure: see `missing`."""
        budget, total, nothing = self.budget, self.total, Range(low=0.0, likely=0.0, high=0.0)
        rows = (
            ("g", total.emissions_g or nothing, budget.max_emissions_g),
            ("kWh", total.energy_kwh or nothing, budget.max_energy_kwh),
        )
        return tuple(
            LimitResult(
                name=f"budget {budget.name}, {self.period.name}",
                unit=unit,
                measured=sum_.likely,
                allowed=allowed,
                source=self.source,
                measured_share=total.measured_share,
                bounds=sum_.bounds,
                is_of_window=True,
                is_incomplete=self.missing(unit) > 0,
            )
            for unit, sum_, allowed in rows
            if allowed is not None
        )

    def missing(self, unit: str) -> int:
        """Return how many runs have no figure in `g` or `kWh`, those that cannot be read among them."""
        total = self.total
        return len(total.without_emissions if unit == "g" else total.without_energy) + self.unreadable


def spent_in(
    budget: WindowBudget, period: Period, counted: Iterable[Counted], *, source: str | None = None, unreadable: int = 0
) -> Spent:
    """Return what a budget's runs took, of runs that were counted already and ended in the period."""
    of_budget = [each for each in counted if budget.counts(each.entry.record.provenance.model_names)]
    return Spent(budget=budget, period=period, total=total_of(of_budget), unreadable=unreadable, source=source)


def with_budget(verdict: Verdict, spent: Spent) -> Verdict:
    """Return the verdict with a budget of a window in it. With a run that has no figure it is undecided at best."""
    status, reasons = verdict.status, list(verdict.reasons)
    for limit in spent.limits:
        missing = plural(spent.missing(limit.unit), "run")
        of = "emissions" if limit.unit == "g" else "energy"
        if replace(limit, is_incomplete=False).status is Status.INCONCLUSIVE:
            reasons.append(f"{limit.name}: the limit of {of} lies within the range of the sum: too close to call")
        if limit.is_incomplete and limit.status is Status.INCONCLUSIVE:
            reasons.append(f"{limit.name}: {missing} without a figure, so the sum is larger than stated")
        status = worst(status, limit.status)
    return Verdict(status=status, limits=(*verdict.limits, *spent.limits), reasons=tuple(reasons))
