"""What `--location`, `--carbon-intensity` and `--electricity-maps` mean, for every verb that takes them."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

from carbon_lint.errors import MeasurementError, UsageError
from carbon_lint.measure.job.environment import GRID_TOKEN_VARIABLE
from carbon_lint.text import quoted, terminal

if TYPE_CHECKING:
    from argparse import Namespace, _ActionsContainer

    from carbon_lint.limits import Machine
    from carbon_lint.measure.grid.electricity_maps import ElectricityMaps
    from carbon_lint.places import Place


def add_place_arguments(parser: _ActionsContainer, *, is_run: bool = False) -> None:
    """The flags that say where the energy comes from. A run may span hours, an estimate is made in one."""
    parser.add_argument(
        "--location", metavar="PLACE", help="FRA, USA/virginia, gcp/us-central1, ..., or auto: ask this machine's cloud"
    )
    parser.add_argument("--carbon-intensity", metavar="G_PER_KWH", help="carbon intensity in g/kWh, e.g. 56.04")
    add_unusual_argument(parser)
    parser.add_argument("--intensity-source", metavar="TEXT", help="whose figure --carbon-intensity is")
    figure = "every hour at its own" if is_run else "all hours at the present one's"
    parser.add_argument(
        "--electricity-maps",
        metavar="ZONE",
        help=f"e.g. FR: {figure} figure of Electricity Maps; the token in {GRID_TOKEN_VARIABLE}",
    )


def add_unusual_argument(parser: _ActionsContainer) -> None:
    """The flag that accepts what is most likely an error of unit."""
    parser.add_argument(
        "--allow-unusual-intensity",
        action="store_true",
        help="accept a carbon intensity outside 1 to 1,500 g/kWh, where every grid lies",
    )


def check_one_place(arguments: Namespace) -> None:
    """Raises UsageError where the flags say the intensity twice."""
    named = [arguments.location, arguments.carbon_intensity, arguments.electricity_maps]
    if sum(value is not None for value in named) > 1:
        raise UsageError(
            "--location, --carbon-intensity and --electricity-maps each say the intensity", hint="give one of them"
        )
    if arguments.intensity_source is not None and arguments.carbon_intensity is None:
        raise UsageError("--intensity-source needs --carbon-intensity", hint="a --location has its own source")


def place_from(arguments: Namespace) -> Place | None:
    """The place that the flags name, `None` where they name none; a grid as it is in this hour.

    Raises MeasurementError, UsageError, ConfigError.
    """
    check_one_place(arguments)
    if arguments.location is not None:
        return named_place(arguments.location)
    g_per_kwh = parse_intensity(arguments.carbon_intensity)
    if g_per_kwh is not None:
        from carbon_lint.places import custom_place

        return custom_place(
            g_per_kwh, source=arguments.intensity_source, allow_unusual=arguments.allow_unusual_intensity
        )
    grid = grid_from(arguments)
    return None if grid is None else _this_hour(grid)


def named_place(text: str) -> Place:
    """`text` as a location; `auto` is found and shown. Raises MeasurementError, ConfigError."""
    from carbon_lint.measure.grid.location import is_auto, resolve

    machines: tuple[Machine, ...] = ()
    if is_auto(text):
        from carbon_lint.config import load

        machines = load(os.getcwd()).machine
    found = resolve(text, machines, platform.node())
    if found.how is not None:
        sys.stderr.write(f"carbon-lint: {terminal(str(found))}\n")
    return found.place


def parse_intensity(text: str | None) -> float | None:
    """`--carbon-intensity` as g/kWh. Raises UsageError."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"--carbon-intensity {quoted(text)} is not a number", hint="write it in g/kWh: 56.04"
        ) from None


def grid_from(arguments: Namespace) -> ElectricityMaps | None:
    """The grid of `--electricity-maps`, not asked yet; `None` where it was not given. Raises MeasurementError."""
    if arguments.electricity_maps is None:
        return None
    return named_grid(arguments.electricity_maps, allow_unusual=arguments.allow_unusual_intensity)


def named_grid(zone: str, *, allow_unusual: bool = False) -> ElectricityMaps:
    """A zone of Electricity Maps, with the token of the environment. Raises MeasurementError."""
    from carbon_lint.measure.grid.electricity_maps import ElectricityMaps
    from carbon_lint.measure.grid.hour_watch import steady_clock

    token = os.environ.get(GRID_TOKEN_VARIABLE)
    if not token:
        raise MeasurementError(
            f"--electricity-maps needs a token in {GRID_TOKEN_VARIABLE}", hint="or use --location FRA"
        )
    return ElectricityMaps(zone, token, clock=steady_clock(), allow_unusual=allow_unusual)


def _this_hour(grid: ElectricityMaps) -> Place:
    """The grid as a place whose figure is the newest hour's."""
    from carbon_lint.places import custom_place

    hour = grid.first()
    kind = "estimated" if hour.is_estimated else "measured"
    source = f"{hour.basis}, the one hour of {hour.label}, {kind}"
    return custom_place(
        hour.g_per_kwh, source=source, name=hour.zone, year=hour.start.year, allow_unusual=grid.allow_unusual
    )
