"""The flags of `carbon-lint run`, and the request, the meter and the place that they and the configuration ask for.

A flag wins over `carbon-lint.toml`, but for budgets: there the tighter of the two holds.
"""

from __future__ import annotations

import os
import platform
import sys
from argparse import REMAINDER
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from carbon_lint.cli.place import add_place_arguments, check_one_place, grid_from, place_from
from carbon_lint.config import PLACE_KEYS
from carbon_lint.config_file import REQUIRABLE
from carbon_lint.errors import MeasurementError, UsageError
from carbon_lint.text import quoted
from carbon_lint.units import parse_duration_s, parse_emissions_g, parse_energy_kwh, parse_power_w

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from carbon_lint.config import Settings
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.measure.grid.electricity_maps import ElectricityMaps
    from carbon_lint.measure.meter import Meter
    from carbon_lint.measure.request import RunRequest
    from carbon_lint.places import Place

_PLACE_FLAGS = tuple(key.replace("-", "_") for key in PLACE_KEYS)
LEAST_TICK_S = 0.01
MOST_TICK_S = 60.0  # a package's RAPL counter of 65 kJ wraps within 5 minutes, and may do so once between two readings


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint run`."""
    where = parser.add_argument_group("location (needed for grams)")
    add_place_arguments(where, is_run=True)
    where.add_argument("--energy-only", action="store_true", help="measure energy, state no emissions")
    where.add_argument("--pue", metavar="N", help="power usage effectiveness of the building, 1 or more")
    where.add_argument("--cpu-power", metavar="QUANTITY", help="power of the CPU at full load, e.g. '15 W'")
    where.add_argument(
        "--require",
        action="append",
        choices=REQUIRABLE,
        help="do not start unless this is measured; none: go on without a GPU that is here and cannot be read",
    )
    _add_budget_arguments(parser)
    out = parser.add_argument_group("what is written")
    out.add_argument(
        "--record", metavar="FILE", help="the run's evidence, as JSON (its journal lies beside it); or a folder/"
    )
    out.add_argument("--card", metavar="FILE", help="model card to write the figures into when the job has completed")
    out.add_argument("--training-type", metavar="TEXT", help="for the card: pre-training or fine-tuning")
    out.add_argument(
        "--run-group",
        metavar="NAME",
        help="joins resumed, retried and failed runs: the card states "
        "the sum over those whose records lie in one folder",
    )
    out.add_argument(
        "--hub-repo",
        metavar="OWNER/MODEL",
        help="a model that the job may push to; if the run does not complete, the commits pushed during it are listed",
    )
    job = parser.add_argument_group("the job")
    job.add_argument(
        "--pass-env", metavar="NAME", action="append", help="hand on a variable that is withheld, as HF_TOKEN"
    )
    job.add_argument("--tick", metavar="DURATION", default="1s", help="between two readings (default 1s)")
    job.add_argument("command", nargs=REMAINDER, metavar="-- COMMAND ...", help="the program and its arguments")


def _add_budget_arguments(parser: ArgumentParser) -> None:
    limits = parser.add_argument_group("the budget")
    limits.add_argument("--max-emissions", metavar="QUANTITY", help="e.g. '1 kg', '500 g'")
    limits.add_argument("--max-energy", metavar="QUANTITY", help="e.g. '2 kWh', '250 Wh'")
    limits.add_argument("--on-exceed", choices=("stop", "finish"), help="stop the job over a limit (default), or not")
    limits.add_argument("--on-unmeasured", choices=("stop", "finish"), help="the same when readings fail")
    limits.add_argument("--grace", metavar="DURATION", help="from SIGTERM to SIGKILL (default 30s)")
    limits.add_argument(
        "--forecast",
        action="store_true",
        help="warn when the job is heading over the limit, by the progress that it prints (tqdm, Trainer, Keras, "
        "'Epoch 3/10', 'step 420/1000') or writes (0.4, 40%% or 12/30) into the file that CARBON_LINT_PROGRESS names",
    )
    limits.add_argument(
        "--expected-duration", metavar="DURATION", help="for --forecast, where the job tells no progress"
    )


def request_from(arguments: Namespace, settings: Settings) -> RunRequest:
    """What is asked for. Raises UsageError, ConfigError."""
    from carbon_lint.measure.job.environment import own_venv
    from carbon_lint.measure.job.job import inherited_descriptors
    from carbon_lint.measure.job.ranks import stray_rank, whole_node
    from carbon_lint.measure.request import OnLoss, RunRequest
    from carbon_lint.records.provenance import provenance_of

    budget = budget_from(arguments, settings)
    expected_s = _given("--expected-duration", parse_duration_s, arguments.expected_duration)
    if expected_s is not None and not arguments.forecast:
        raise UsageError("--expected-duration is for --forecast", hint="add --forecast, or leave it out")
    if arguments.forecast and not budget:
        raise UsageError("--forecast needs a limit to forecast", hint="give --max-emissions or --max-energy")
    record_path, run_group = _record_and_group(arguments, settings)
    return RunRequest(
        command=_command(arguments),
        environ=dict(os.environ),
        own_prefix=own_venv(sys.prefix, sys.base_prefix, os.environ, os.getcwd()).prefix,
        pass_env=(*(arguments.pass_env or ()), *settings.pass_env),
        pass_fds=inherited_descriptors(),
        budget=budget,
        on_exceed=OnLoss(arguments.on_exceed or settings.on_exceed),
        on_unmeasured=OnLoss(arguments.on_unmeasured or OnLoss.STOP),
        grace_s=settings.grace_s if (given := _given("--grace", parse_duration_s, arguments.grace)) is None else given,
        tick_s=_tick_s(arguments),
        record_path=record_path,
        run_group=run_group,
        forecast=arguments.forecast,
        expected_duration_s=expected_s,
        provenance=replace(provenance_of(os.environ, os.getcwd()), model=arguments.hub_repo or arguments.card),
        warnings=(*whole_node(os.environ)[1], *filter(None, [stray_rank(os.environ)])),
    )


def _tick_s(arguments: Namespace) -> float:
    tick_s = _read("--tick", parse_duration_s, arguments.tick)
    if tick_s < LEAST_TICK_S:
        raise UsageError(f"--tick {arguments.tick!r} is too short", hint="a reading takes 1 to 15 ms; 1s is plenty")
    if tick_s > MOST_TICK_S:
        raise UsageError(
            f"--tick {arguments.tick!r} is too long",
            hint=f"limits are checked once per tick: use {MOST_TICK_S:g}s or less",
        )
    return tick_s


def budget_from(arguments: Namespace, settings: Settings) -> Budget:
    """The tighter of flag and configuration, limit by limit. Raises UsageError."""
    from carbon_lint.gate.verdict import Budget
    from carbon_lint.pipeline.story import configured_budget

    given = Budget(
        max_emissions_g=_given("--max-emissions", parse_emissions_g, arguments.max_emissions),
        max_energy_kwh=_given("--max-energy", parse_energy_kwh, arguments.max_energy),
        emissions_source="--max-emissions",
        energy_source="--max-energy",
    )
    return given.tightened(configured_budget(settings))


def place_for(arguments: Namespace, settings: Settings, budget: Budget) -> Place | ElectricityMaps | None:
    """Where the energy comes from, a grid not asked yet; `None` where no grams are asked for.

    Raises MeasurementError, UsageError, ConfigError.
    """
    wants_grams = budget.max_emissions_g is not None or arguments.card is not None
    if arguments.energy_only and wants_grams:
        raise UsageError(
            "--energy-only states no grams, and --max-emissions or --card need them",
            hint=f"leave it out, or limit the energy by --max-energy{_said_in(settings, 'max-emissions')}",
        )
    if arguments.energy_only:
        return None
    place = _place(arguments, settings)
    if place is not None or (budget.max_energy_kwh is not None and not wants_grams):
        return place
    raise MeasurementError(
        "no location was given, and grams depend on it (France 44 g/kWh, Poland 615)",
        hint="--location FRA (or USA/virginia, gcp/us-central1, auto, ...), --carbon-intensity 56.04, or --energy-only",
    )


def _place(arguments: Namespace, settings: Settings) -> Place | ElectricityMaps | None:
    """What the flags say, else the configuration, which an error of its value then names."""
    check_one_place(arguments)
    arguments.allow_unusual_intensity |= settings.allow_unusual_intensity
    key = None
    if all(getattr(arguments, name) is None for name in _PLACE_FLAGS):
        key = settings.place_key
    if key is not None:
        setattr(arguments, key.replace("-", "_"), settings.stated(key))
    try:
        return grid_from(arguments) or place_from(arguments)
    except MeasurementError as error:
        if key is None:
            raise
        raise MeasurementError(f"{settings.source(key)}: {key}: {error.message}", hint=error.hint) from error


def _pue(arguments: Namespace, settings: Settings) -> float:
    if arguments.pue is not None:
        return _number("--pue", arguments.pue)
    return settings.pue


def meter_for(arguments: Namespace, settings: Settings, place: Place | ElectricityMaps | None) -> Meter:
    """CodeCarbon's meter as it is asked for, priced hour by hour on a grid. Raises UsageError, MeasurementError."""
    from carbon_lint.measure.grid.electricity_maps import ElectricityMaps

    if isinstance(place, ElectricityMaps):
        from carbon_lint.measure.grid.hourly import hourly

        return hourly(meter_for(arguments, settings, None), place)
    from carbon_lint.measure.codecarbon.meter import CodeCarbonMeter
    from carbon_lint.measure.job.ranks import whole_node

    environ, _ = whole_node(os.environ)
    return CodeCarbonMeter(
        place,
        pue=_pue(arguments, settings),
        cpu_power_w=_given("--cpu-power", parse_power_w, arguments.cpu_power),
        environ=environ,
        require=arguments.require or settings.require,
    )


def _command(arguments: Namespace) -> tuple[str, ...]:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise UsageError("no command to run", hint="carbon-lint run --location FRA -- python train.py")
    return tuple(command)


def _record_and_group(arguments: Namespace, settings: Settings) -> tuple[str | None, str | None]:
    """The record's path and its run group. Raises UsageError where the sum over the group would not find the record."""
    from carbon_lint.records.attempts import check_name

    if arguments.run_group is not None and arguments.record is None:
        raise UsageError(
            "--run-group sums the records of its runs, and none is kept of this one",
            hint="add --record records/, the same folder for every attempt",
        )
    record_path, run_group = _record_path(arguments.record), arguments.run_group or settings.run_group
    if record_path and run_group is not None:
        check_name(record_path)
    return record_path, run_group


def _record_path(text: str | None) -> str | None:
    """A folder stands for a file of its own in it: every node of a job can be given the same `--record records/`.

    Raises UsageError for a URL.
    """
    from carbon_lint.records.storage import is_url

    if text is not None and is_url(text):
        url = text if text.endswith(".json") else f"{text.rstrip('/')}/NAME.json"
        raise UsageError(
            f"--record {quoted(text)}: the journal beside it is written while the job runs, so it lies on this machine",
            hint=f"--record r.json, and when the job has ended: carbon-lint merge r.json -o {url}",
        )
    if text is None or not (text.endswith(os.sep) or os.path.isdir(text)):
        return text
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return os.path.join(text, f"{platform.node() or 'node'}-{stamp}-{os.getpid()}.json")


def _said_in(settings: Settings, key: str) -> str:
    return "" if not settings.states(key) else f" ({key} is set in {settings.source(key)})"


def _number(flag: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{flag} {quoted(text)} is not a number", hint=f"write a number, like {flag} 1.2") from None


def _given(flag: str, parse: Callable[[str], float], text: str | None) -> float | None:
    return None if text is None else _read(flag, parse, text)


def _read(flag: str, parse: Callable[[str], float], text: str) -> float:
    """The value of a flag, which its error names."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{flag}: {error.message}", hint=error.hint) from None
