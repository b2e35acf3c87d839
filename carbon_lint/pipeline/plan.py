"""Resolve options and configuration into one plan of a run: every value once, with its source, before the job."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from carbon_lint import debug
from carbon_lint.config import DEFAULT, Settings
from carbon_lint.errors import PlaceError
from carbon_lint.gate.baseline import RunFigures
from carbon_lint.lint.policy import check_rules
from carbon_lint.measurement.meter import Meter
from carbon_lint.measurement.recover import recover_earlier
from carbon_lint.measurement.request import OnLoss, RunRequest
from carbon_lint.pipeline.baseline import find_baseline
from carbon_lint.pipeline.card import check_card_can_be_written
from carbon_lint.pipeline.limits import Limits, limits_of
from carbon_lint.pipeline.options import Options, Surroundings, option_of
from carbon_lint.pipeline.place import NAME_ONE, place_of_run
from carbon_lint.pipeline.windows import check_ledger, counting
from carbon_lint.records.comparable import Identity
from carbon_lint.records.folder import check_group, check_name
from carbon_lint.records.ledger_url import LEDGER_FOLDER, LEDGER_VARIABLE
from carbon_lint.records.record import Provenance

if TYPE_CHECKING:
    from carbon_lint.measurement.grid.location import LocatedPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What will be done.

    Attributes:
        limits: what the run is held to; each limit names its source.
        place: where the energy comes from; `None` if nothing is measured.
        baseline: what the run is compared with, or why there is nothing; `None` if nothing was asked for.
        record_path: where the record goes, or is.
        only_own_group: records of another repository beside the record are an error, and not part of the sum.
        card_body: the card's text gets the section "Environmental Impact" too.
        sources: option -> who states its value: `--pue`, `carbon-lint.toml:3`, `default`; every option is in it.
    """

    options: Options
    limits: Limits
    place: LocatedPlace | None = None
    baseline: RunFigures | str | None = None
    pue: float = 1.0
    cpu_power_w: float | None = None
    ram_power_w: float | None = None
    require: tuple[str, ...] = ()
    record_path: str | None = None
    run_group: str | None = None
    only_own_group: bool = False
    card: str | None = None
    card_body: bool = False
    training_type: str | None = None
    pass_env: tuple[str, ...] = ()
    ledger: str = LEDGER_FOLDER
    sources: Mapping[str, str]


def plan_run(options: Options, settings: Settings, around: Surroundings) -> RunPlan:
    """Answer every question of a run before it begins.

    Raises UsageError, ConfigError, InputError, OutputError; MeasurementError if grams are asked for and no place is.
    """
    check_rules(settings)  # before the job: the card is linted after it
    limits = limits_of(options, settings, around)
    run_group = options.run_group or settings.run_group or around.default_group
    if around.is_measuring and around.record_path is not None and run_group is not None:
        check_name(around.record_path)
    if around.is_measuring:
        check_ledger(limits, around.run, ledger_of(options, around))
    cpu_power_w, ram_power_w = powers_w(options, settings)
    plan = RunPlan(
        options=options,
        limits=limits,
        baseline=find_baseline(options, settings, limits, around),
        place=_place(options, settings, limits, around) if around.is_measuring else None,
        pue=settings.pue if options.pue is None else options.pue,
        cpu_power_w=cpu_power_w,
        ram_power_w=ram_power_w,
        require=options.require or settings.require,
        record_path=around.record_path,
        run_group=run_group,
        only_own_group=around.only_own_group,
        card=around.card,
        card_body=options.card_body or settings.card_body,
        training_type=options.training_type or settings.training_type,
        pass_env=(*options.pass_env, *settings.pass_env),
        ledger=ledger_of(options, around),
        sources=_sources(options, settings, limits, around),
    )
    debug.log("plan", "place: %s", plan.place and (plan.place.shown or plan.place.place))
    debug.log("plan", "limits: %s; baseline: %s", limits.budget, plan.baseline)
    for option, source in plan.sources.items():
        if source != DEFAULT:
            debug.log("plan", "%s is stated by %s", option, source)
    return plan


def _place(options: Options, settings: Settings, limits: Limits, around: Surroundings) -> LocatedPlace:
    """Return where the energy comes from. Raises PlaceError if nothing says it and a limit is in grams."""
    located = place_of_run(options, settings, limits.budget)
    in_grams = limit_in_grams(limits, around.run)
    if located.place is None and in_grams is not None:
        raise PlaceError(f"{in_grams} limits grams, and no location is used", suggest=NAME_ONE)
    return located


def limit_in_grams(limits: Limits, run: Identity) -> str | None:
    """Return what limits grams beside `max-emissions`, in words: max-increase, or a window's budget that counts a run.

    Returns `None` if neither does.
    """
    if any(increase.emissions_g is not None for increase in limits.own.increases):
        return "max-increase"
    found = counting(limits.own, Provenance(model=run.model).model_names)
    return next((f"the budget {one.name!r}" for one in found if one.max_emissions_g is not None), None)


def ledger_of(options: Options, around: Surroundings) -> str:
    """Return the ledger that is named, else the usual folder."""
    return options.ledger or around.environ.get(LEDGER_VARIABLE) or around.ledger_folder


def powers_w(options: Options, settings: Settings) -> tuple[float | None, float | None]:
    """Return the power of CPU and memory in W: an option's, else what the configuration states for this machine."""
    machine = settings.on_machine(platform.node())
    return (
        machine.cpu_power_w if options.cpu_power_w is None else options.cpu_power_w,
        machine.ram_power_w if options.ram_power_w is None else options.ram_power_w,
    )


def group_note(plan: RunPlan) -> str | None:
    """Return a line on the run group if the scheduler's job gave it; `None` if somebody named it, or there is none."""
    if plan.run_group is None or plan.sources["run-group"] != DEFAULT:
        return None
    return (
        f"run group {plan.run_group}: attempts of this job and tasks of its array count together "
        f"({plan.options.named('run-group')} names another)"
    )


def recover_attempts(plan: RunPlan, where: Provenance) -> Iterator[str]:
    """Make the records of the killed attempts of a requeued job, if its runs count together; yield a line on each."""
    if plan.record_path is not None and group_note(plan) is not None:
        yield from recover_earlier(plan.record_path, where)


def sources_of_powers(options: Options, settings: Settings) -> dict[str, str]:
    """Return who states the power of CPU and memory: the option, a line or a table of the configuration."""
    machine = settings.on_machine(platform.node())
    rows = (
        ("cpu-power", options.cpu_power_w, settings.cpu_power_w, machine.cpu_power_w),
        ("ram-power", options.ram_power_w, settings.ram_power_w, machine.ram_power_w),
    )
    return {
        option: options.source(option)
        if given_w is not None
        else settings.source(option)
        if here_w == configured_w
        else f"[[machine]] of {settings.path}"
        for option, given_w, configured_w, here_w in rows
    }


def check_outputs(plan: RunPlan) -> bool:
    """Find out before the job what could not be written after it. Returns whether a new card will be made."""
    from carbon_lint.measurement.run import prepare_record_path  # noqa: PLC0415  `gate` and `card` measure nothing

    if plan.record_path is not None:
        prepare_record_path(plan.record_path)
    if plan.card is None:
        return False
    is_new = check_card_can_be_written(plan.card, record_path=plan.record_path, run_group=plan.run_group)
    if plan.run_group is not None and plan.record_path is not None:
        check_group(plan.run_group, plan.record_path)
    return is_new


def request_of(plan: RunPlan, **given: Any) -> RunRequest:
    """Return the request of the job, with what the front end alone knows of it."""
    options, limits = plan.options, plan.limits
    return RunRequest(
        budget=limits.hard_budget,
        budget_folder=options.budget_folder,
        on_exceed=limits.on_exceed,
        stop_when=limits.stop_when,
        on_unmeasured=OnLoss(options.on_unmeasured or OnLoss.STOP),
        grace_s=limits.grace_s,
        tick_s=options.tick_s,
        record_path=plan.record_path,
        run_group=plan.run_group,
        expected_duration_s=options.expected_duration_s,
        remote_ok=options.remote_ok,
        leave_containers=options.leave_containers,
        **given,
    )


def meter_of(plan: RunPlan, environ: Mapping[str, str], *, is_shared: bool = False) -> Meter:
    """Return CodeCarbon's meter as the plan has it, priced hour by hour on a grid.

    `is_shared`: what is measured runs in this process.
    """
    from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter  # noqa: PLC0415  it takes a second
    from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps  # noqa: PLC0415
    from carbon_lint.measurement.grid.hourly import hourly  # noqa: PLC0415

    place = None if plan.place is None else plan.place.place
    meter = CodeCarbonMeter(
        None if isinstance(place, ElectricityMaps) else place,
        pue=plan.pue,
        cpu_power_w=plan.cpu_power_w,
        ram_power_w=plan.ram_power_w,
        stated_by=plan.sources,
        environ=environ,
        require=plan.require,
        is_shared=is_shared,
    )
    return hourly(meter, place) if isinstance(place, ElectricityMaps) else meter


_NO_VALUES = {"spelling", "typed", "grid_token", "grid_token_hint", "publishes"}
"""Fields of `Options` that state nothing of the run, or that must not be shown."""


def _sources(options: Options, settings: Settings, limits: Limits, around: Surroundings) -> dict[str, str]:
    """Say of the value of every option who states it: the option, the configuration's line, or `default`."""
    sources = {}
    for field in fields(Options):
        if field.name not in _NO_VALUES:
            option = option_of(field.name)
            is_given = getattr(options, field.name) not in (None, (), False, field.default)
            sources[option] = options.source(option) if is_given else settings.source(option)
    budget = limits.budget
    if budget.max_emissions_g is not None:
        sources["max-emissions"] = budget.emissions_source or DEFAULT
    if budget.max_energy_kwh is not None:
        sources["max-energy"] = budget.energy_source or DEFAULT
    if sources["ledger"] == DEFAULT and around.environ.get(LEDGER_VARIABLE):
        sources["ledger"] = LEDGER_VARIABLE
    return sources | sources_of_powers(options, settings)
