"""Answer what a run is held to: the tighter of option and configuration, limit by limit."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from carbon_lint.config import Settings
from carbon_lint.errors import UsageError
from carbon_lint.gate.budget import OnModelled
from carbon_lint.gate.verdict import Budget
from carbon_lint.limits import BudgetException, MaxIncrease, Source, WindowBudget
from carbon_lint.measurement.request import OnLoss, StopWhen
from carbon_lint.pipeline.options import Options, Surroundings, check_tick
from carbon_lint.records.ledger_url import LEDGER_VARIABLE

_A_LIMIT = (("max-emissions", "1 kg"), ("max-energy", "2 kWh"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run is held to.

    Attributes:
        budget: the tighter of option and configuration, each with its source.
        increases: limits on the increase over the baseline, each of which must hold.
        baseline: what the run is compared with; `None` compares nothing.
        max_age_s: the age from which a baseline is shown and not judged.
        exceptions: limits that are lifted until a day, which may be past.
        uncertainty: the user's own, for every modelled component; `None` takes the gate's.
        today: the day by which exceptions hold.
        windows: budgets of the runs of a window, which are judged with what the ledger holds; empty without a ledger.
        windows_source: the file that states them.
        is_share: the budgets are a whole job's, of which the run is one node: they stop it, and judge no record.
    """

    budget: Budget = field(default_factory=Budget)
    increases: tuple[MaxIncrease, ...] = ()
    baseline: Source | None = None
    max_age_s: float | None = None
    exceptions: tuple[BudgetException, ...] = ()
    on_exceed: OnLoss = OnLoss.STOP
    stop_when: StopWhen = StopWhen.LIKELY
    on_modelled: OnModelled = OnModelled.FIGURE
    grace_s: float = 30.0
    uncertainty: float | None = None
    today: date
    windows: tuple[WindowBudget, ...] = ()
    windows_source: str | None = None
    is_share: bool = False

    @property
    def hard_budget(self) -> Budget:
        """The limits that stop a running job: those that no exception lifts today."""
        lifted = {exception.limit for exception in self.exceptions if exception.holds_on(self.today)}
        return replace(
            self.budget,
            max_emissions_g=None if "max-emissions" in lifted else self.budget.max_emissions_g,
            max_energy_kwh=None if "max-energy" in lifted else self.budget.max_energy_kwh,
        )

    @property
    def asks(self) -> bool:
        """True if there is anything to judge by."""
        own = self.own
        return bool(own.budget or own.increases or own.windows)

    @property
    def own(self) -> Limits:
        """The limits that the record of this run alone is judged by."""
        return replace(self, budget=Budget(), windows=()) if self.is_share else self


def budget_of(options: Options, settings: Settings) -> Budget:
    """Return the tighter of option and configuration, limit by limit. Raises ConfigError."""
    given, configured = (
        Budget(
            max_emissions_g=each.max_emissions_g,
            max_energy_kwh=each.max_energy_kwh,
            emissions_source=each.source("max-emissions"),
            energy_source=each.source("max-energy"),
        )
        for each in (options, settings)
    )
    return given.tightened(configured)


def check_together(options: Options, budget: Budget) -> None:
    """Raise UsageError for options of a job that do not go together."""
    if options.expected_duration_s is not None and not options.forecast:
        raise UsageError(
            "is for a forecast", option="expected-duration", hint="leave it out, or add", suggest=(("forecast", ""),)
        )
    for option in ("budget-folder", "forecast"):
        if getattr(options, option.replace("-", "_")) and not budget:
            raise UsageError("needs a limit to hold the job to", option=option, suggest=_A_LIMIT)
    check_tick(options)


def _has_ledger(options: Options, around: Surroundings) -> bool:
    """Return whether there is a ledger: one that somebody names must be there, the usual folder need not."""
    return bool(options.ledger or around.environ.get(LEDGER_VARIABLE)) or os.path.isdir(around.ledger_folder)


def limits_of(options: Options, settings: Settings, around: Surroundings) -> Limits:
    """Return what a run is held to. Raises ConfigError."""
    baseline = options.baseline or settings.baseline
    if baseline is None and options.max_increase is not None:
        raise UsageError(
            "needs a baseline", option="max-increase", suggest=(("baseline", "card"), ("baseline", "ledger:main"))
        )
    if baseline is None and settings.max_increase is not None:
        raise settings.error("max-increase", "needs a baseline", hint='add the key, as in baseline = "ledger:main"')
    given = options.max_increase and options.max_increase._replace(source=options.source("max-increase"))
    max_age_s = options.baseline_max_age_s
    return Limits(
        budget=budget_of(options, settings),
        increases=tuple(dict.fromkeys(one for one in (given, settings.max_increase) if one is not None)),
        baseline=baseline,
        max_age_s=settings.baseline_max_age_s if max_age_s is None else max_age_s,
        exceptions=(*settings.exception, *around.exceptions),
        on_exceed=OnLoss(options.on_exceed or settings.on_exceed),
        stop_when=StopWhen(options.stop_when or settings.stop_when),
        on_modelled=OnModelled(options.on_modelled or settings.on_modelled),
        grace_s=settings.grace_s if options.grace_s is None else options.grace_s,
        uncertainty=options.uncertainty,
        today=datetime.now(UTC).date(),
        windows=settings.budget if around.needs_windows or _has_ledger(options, around) else (),
        windows_source=settings.path,
        is_share=options.budget_folder is not None,
    )
