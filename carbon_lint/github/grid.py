"""A zone of Electricity Maps in place of a location: the input or the configuration names it, a secret opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbon_lint.errors import MeasurementError
from carbon_lint.measure.grid.electricity_maps import ElectricityMaps
from carbon_lint.measure.grid.hour_watch import steady_clock
from carbon_lint.measure.job.environment import GRID_TOKEN_VARIABLE

if TYPE_CHECKING:
    from carbon_lint.config import Settings
    from carbon_lint.github.results import Step

_ADD_IT = f"add `electricity-maps-token: ${{{{ secrets.{GRID_TOKEN_VARIABLE} }}}}`, or use `location: FRA`"
_FORK = "`location: FRA` needs no secret; docs/github.md has the lines that use it for forks alone"


def grid_of(step: Step, settings: Settings) -> ElectricityMaps | None:
    """The grid that prices the run; `None` where a place or an intensity is named, or nothing is.

    Not asked yet, but for a job whose `setup` would run in vain. Raises MeasurementError.
    """
    inputs = step.inputs
    zone = inputs.electricity_maps
    if zone is None and inputs.location is None and inputs.carbon_intensity_g_per_kwh is None:
        zone = settings.electricity_maps
    if zone is None:
        return None
    token = inputs.electricity_maps_token or step.environ.get(GRID_TOKEN_VARIABLE)
    if not token:
        why = ": a pull request from a fork is given no secrets" if step.context.is_fork else ""
        raise MeasurementError(
            f"`electricity-maps: {zone}` needs a token, and none is given{why}",
            hint=_FORK if step.context.is_fork else _ADD_IT,
        )
    is_allowed = inputs.allow_unusual_intensity or settings.allow_unusual_intensity
    grid = ElectricityMaps(zone, token, clock=steady_clock(), allow_unusual=is_allowed)
    if inputs.setup is not None:
        grid.first()
    return grid
